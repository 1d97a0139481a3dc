"""Folders for as long as a run lives: they go with the run, and what a killed run left goes with the next."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from stackproof.core.scratch_folder import ScratchFolder, living_in, scratch_folder
from tests.running import environment

LIVES = (
    "from stackproof.core.scratch_folder import ScratchFolder; print(ScratchFolder().path, flush=True);"
    "import time; time.sleep(600)"
)
HOLDS = (
    "import sys; from pathlib import Path; from stackproof.core.scratch_folder import living_in\n"
    "with living_in(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def process(script: str, folder: Path, arguments: Sequence[str] = ()) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that has said its first line; it is killed at the end, if it still lives."""
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**environment(), "TMPDIR": str(folder)},
    ) as found:
        assert found.stdout is not None
        try:
            yield found, found.stdout.readline().strip()
        finally:
            found.kill()


def killed(script: str, folder: Path) -> Path:
    """The folder of a process that got no chance to clean up."""
    with process(script, folder) as (found, said):
        found.send_signal(signal.SIGKILL)
    assert Path(said).is_dir()
    return Path(said)


def test_it_is_there_while_the_context_lasts() -> None:
    with scratch_folder() as folder:
        (folder / "file").write_text("text")
    assert not folder.exists()


def test_it_is_closed_once_and_for_all() -> None:
    folder = ScratchFolder()
    folder.close()
    folder.close()
    assert not folder.path.exists()


@pytest.mark.usefixtures("processes")
def test_what_a_killed_run_left_is_removed_by_the_next_one(temporary: Path) -> None:
    left = killed(LIVES, temporary)
    with scratch_folder() as folder:
        assert [path.name for path in temporary.iterdir()] == [folder.name]
    assert not left.exists()


@pytest.mark.usefixtures("processes")
def test_a_folder_in_which_its_run_lives_is_left_alone(temporary: Path) -> None:
    with process(LIVES, temporary) as (_, said), scratch_folder():
        assert Path(said).is_dir()


@pytest.mark.usefixtures("processes")
def test_a_folder_in_which_only_an_emulator_still_lives_is_left_alone(temporary: Path) -> None:
    """As after `--keep`."""
    folder = ScratchFolder()
    with process(HOLDS, temporary, [str(folder.path)]) as (_, said):
        assert said == "held"
        folder.release()
        ScratchFolder().close()
        assert folder.path.is_dir()
    ScratchFolder().close()  # that one was killed
    assert not folder.path.exists()


def test_somebody_elses_folders_are_none_of_ours(temporary: Path) -> None:
    """Neither one of the same name without a lock, nor one that a link of such a name leads to."""
    (temporary / "stackproof-notes").mkdir()
    (temporary / "real").mkdir()
    (temporary / "real" / ".in-use").touch()
    (temporary / "stackproof-link").symlink_to(temporary / "real")
    with living_in(temporary):
        pass
    before = sorted(path.name for path in temporary.iterdir())
    ScratchFolder().close()
    assert sorted(path.name for path in temporary.iterdir()) == before
    assert (temporary / "real" / ".in-use").exists()


@pytest.mark.usefixtures("processes")
def test_one_that_is_kept_stays_for_whoever_lives_in_it(temporary: Path) -> None:
    with pytest.raises(ZeroDivisionError), scratch_folder(keep=True):
        raise ZeroDivisionError
    assert list(temporary.iterdir()) == []
    with scratch_folder(keep=True) as folder, process(HOLDS, temporary, [str(folder)]):
        pass
    assert folder.is_dir()
    ScratchFolder().close()
    assert not folder.exists()


@pytest.mark.usefixtures("processes")
def test_who_leaves_it_last_removes_it(temporary: Path) -> None:
    with scratch_folder(keep=True) as folder:
        first, second = (process(HOLDS, temporary, [str(folder)]) for _ in range(2))
        one, other = first.__enter__()[0], second.__enter__()[0]
    for holder in (one, other):
        assert folder.is_dir()
        assert holder.stdin is not None
        holder.stdin.close()
        holder.wait()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert not folder.exists()
