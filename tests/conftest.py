"""What the harness's own tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.processes import ProcessGuard

pytest_plugins = ["pytester"]

# A loaded machine is not a finding: no deadlines, and the same examples in every run.
settings.register_profile("stackproof", deadline=None, derandomize=True, database=None, max_examples=60)
settings.register_profile("quick", settings.get_profile("stackproof"), max_examples=15)
settings.load_profile("stackproof")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "process: starts processes (given to the tests that use the fixture `processes`)"
    )
    config.pluginmanager.register(ProcessGuard(), "process-guard")


def pytest_collection_finish() -> None:
    """Collecting garbage again and again among all that was imported is a tenth of a run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def processes(shared_path: Path, worker_id: str) -> Iterator[None]:
    """Lets a test start processes. A fixture that starts one uses it; `tox -e quick` has all other tests.

    Emulators are forks of one that the run has loaded (see `site/emulator_forks.py`), unless coverage measures them.
    """
    with pytest.MonkeyPatch.context() as patch:
        if hasattr(os, "pidfd_open") and "COVERAGE_PROCESS_CONFIG" not in os.environ:
            owner = os.getpid() if worker_id == "master" else os.getppid()
            patch.setenv("STACKPROOF_TEST_FORKS", f"{shared_path}:{owner}")
            patch.setenv("PYTHONPATH", str(Path(__file__).parent / "site"), prepend=os.pathsep)
        yield


@pytest.fixture
def real_emulators(processes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Emulators that this test starts are processes like those of a user."""
    monkeypatch.delenv("STACKPROOF_TEST_FORKS", raising=False)


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
