"""Checkov's environment is found without importing anything, and a half-made one does not count."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from stackproof.core.errors import ConfigError, EngineError
from stackproof.policy.engines import tools

FAILING = "0.0.0"

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
@pytest.mark.usefixtures("processes")
def test_a_configured_interpreter_without_checkov_is_told() -> None:
    with pytest.raises(ConfigError, match="has no checkov"):
        tools.find_python(sys.executable)


def test_installing_what_is_there_does_nothing() -> None:
    python = made()
    said: list[str] = []
    assert "is already installed: " in tools.install(said.append)
    assert said == []
    assert python.is_symlink()


@pytest.fixture
def interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for this interpreter, alone in its folder: it notes its arguments and makes an environment like it."""
    file = tmp_path / "bin" / "python"
    file.parent.mkdir()
    file.write_text(
        "#!/bin/sh\n"
        f'echo "$0 $*" >> {tmp_path}/calls\n'
        f'case "$*" in\n*"{FAILING}"*) echo "no such index" >&2; exit 7;;\n'
        '"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python";;\nesac\n',
        encoding="utf-8",
    )
    file.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(file))
    monkeypatch.setenv("PATH", f"{file.parent}:/usr/bin:/bin")
    return file


def calls(folder: Path) -> list[str]:
    return [line.replace(str(folder), "") for line in (folder / "calls").read_text(encoding="utf-8").splitlines()]


@pytest.mark.usefixtures("processes")
def test_it_is_installed_with_pip_where_there_is_no_uv(tmp_path: Path, interpreter: Path, folder: Path) -> None:
    interrupted = tools.checkov_directory() / "bin" / "python"
    interrupted.parent.mkdir(parents=True)
    interrupted.touch()
    told: list[str] = []
    assert tools.install(told.append) == f"checkov {tools.CHECKOV_VERSION} is installed: {tools.checkov_directory()}"
    where, requirement = str(tools.checkov_directory()).replace(str(tmp_path), ""), f"checkov=={tools.CHECKOV_VERSION}"
    assert calls(tmp_path) == [
        f"/bin/python -m venv {where}",
        f"{where}/bin/python -m pip install --quiet --disable-pip-version-check --no-input {requirement}",
        f"{where}/bin/python -c import checkov.cloudformation.runner",
    ]
    assert told[0].startswith("removing an incomplete environment: ")
    assert "with pip into" in told[1]
    assert "is already installed: " in tools.install(told.append)
    assert len(calls(tmp_path)) == 3
    assert interpreter.exists()
    assert folder.is_dir()


@pytest.mark.usefixtures("processes")
def test_it_is_installed_with_the_uv_that_lies_beside(tmp_path: Path, interpreter: Path) -> None:
    uv = interpreter.with_name("uv")
    uv.write_text(
        f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/calls\n'
        f'[ "$1" = venv ] && mkdir -p "$5/bin" && cp {interpreter} "$5/bin/python"\nexit 0\n',
        encoding="utf-8",
    )
    uv.chmod(0o755)
    told: list[str] = []
    tools.install(told.append)
    where = str(tools.checkov_directory()).replace(str(tmp_path), "")
    assert calls(tmp_path)[:2] == [
        f"/bin/uv venv --quiet --python /bin/python {where}",
        f"/bin/uv pip install --quiet --python {where}/bin/python checkov=={tools.CHECKOV_VERSION}",
    ]
    assert "with uv into" in told[0]


@pytest.mark.usefixtures("interpreter")
@pytest.mark.usefixtures("processes")
def test_an_installation_that_fails_says_why_and_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "CHECKOV_VERSION", FAILING)
    with pytest.raises(EngineError, match="python ended with exit code 7: no such index"):
        tools.install(lambda _: None)
    assert not (tools.checkov_directory() / tools._MARKER).exists()


@pytest.mark.usefixtures("processes")
def test_a_configured_interpreter_that_has_checkov_is_taken_as_given(tmp_path: Path, interpreter: Path) -> None:
    assert tools.find_python(str(interpreter)) == interpreter
    assert tools.find_python("python") == interpreter
    assert calls(tmp_path)[0].startswith("/bin/python -c import importlib.metadata")


def test_checkov_beside_us_needs_no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = tmp_path / "checkov-3.0.dist-info"
    found.mkdir()
    (found / "METADATA").write_text("Name: checkov\nVersion: 3.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert tools.find_python() == Path(sys.executable)


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
