"""Checkov's environment is found without importing anything, and a half-made one does not count."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from stackproof.engines import tools
from stackproof.errors import ConfigError, EngineError

needs_no_checkov_here = pytest.mark.skipif(
    importlib.util.find_spec("checkov") is not None, reason="this interpreter has Checkov itself"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STACKPROOF_TOOLS_DIR", str(tmp_path / "tools"))
    return tmp_path / "tools"


def made() -> Path:
    python = tools.checkov_directory() / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tools.checkov_directory() / tools._MARKER).write_text("", encoding="utf-8")
    return python


@needs_no_checkov_here
def test_an_environment_counts_once_it_is_whole(folder: Path) -> None:
    assert tools.find_python() is None
    python = made()
    assert tools.find_python() == python
    assert python.is_relative_to(folder)
    (tools.checkov_directory() / tools._MARKER).unlink()
    assert tools.find_python() is None


def test_a_configured_interpreter_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no interpreter"):
        tools.find_python(str(tmp_path / "python"))


@needs_no_checkov_here
def test_a_configured_interpreter_without_checkov_is_told() -> None:
    with pytest.raises(ConfigError, match="has no checkov"):
        tools.find_python(sys.executable)


def test_installing_what_is_there_does_nothing() -> None:
    python = made()
    said: list[str] = []
    assert "already there" in tools.install(said.append)
    assert said == []
    assert python.is_symlink()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("STACKPROOF_TOOLS_DIR", str(tmp_path / "file" / "tools"))
    with pytest.raises(EngineError, match="cannot be installed"):
        tools.install(print)


def test_without_a_choice_the_users_data_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STACKPROOF_TOOLS_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert tools.checkov_directory().is_relative_to(tmp_path / "stackproof" / "tools")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert tools.checkov_directory().is_relative_to(tmp_path / "home" / ".local" / "share")
