"""What the harness's own tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.processes import ProcessGuard

pytest_plugins = ["pytester"]

# A loaded machine is not a finding: no deadlines, and the same examples in every run.
settings.register_profile("stackproof", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("stackproof")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "process: starts processes (given to the tests that use the fixture `processes`)"
    )
    config.pluginmanager.register(ProcessGuard(), "process-guard")


@pytest.fixture(scope="session")
def processes() -> None:
    """Lets a test start processes. A fixture that starts one uses it; `tox -e quick` has all other tests."""


@pytest.fixture(scope="session")
def shared_path(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this run share, so that what is dear is made once."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
