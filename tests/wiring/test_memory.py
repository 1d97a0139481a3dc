"""The store of audits that a project and its command line name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stackproof.config.settings import load_settings
from stackproof.core.errors import ConfigError
from stackproof.wiring.memory import audit_store
from stackproof.wiring.project import Project


def project(folder: Path, *settings: str) -> Project:
    (folder / "pyproject.toml").write_text("\n".join(["[tool.stackproof]", *settings]), encoding="utf-8")
    return Project(settings=load_settings(folder))


def test_a_file_of_the_settings_is_relative_to_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    where = project(tmp_path, 'audit_store = "sqlite:///mine.db"')
    assert audit_store(where).shown == f"sqlite:///{tmp_path / 'mine.db'}"
    assert audit_store(where, "sqlite:///here.db").shown == f"sqlite:///{elsewhere / 'here.db'}"
    assert audit_store(project(tmp_path)).shown == f"sqlite:///{tmp_path / '.stackproof' / 'audits.db'}"


def test_a_store_without_sqlalchemy_is_refused_with_the_command_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ConfigError, match=r"pip install 'stackproof\[drift\]'"):
        audit_store(project(tmp_path))
