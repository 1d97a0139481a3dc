"""Folders that last as long as a run; the next run removes those of a killed one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["ScratchFolder", "living_in", "scratch_folder"]

_PREFIX: Final = "stackproof-"
_IN_USE: Final = ".in-use"


class ScratchFolder:
    """A new folder under the system's temporary one. Each process that uses it holds a lock, which ends with it.

    A lock, not a process id: containers may share the temporary folder, and each numbers its own processes.
    """

    def __init__(self) -> None:
        _sweep(Path(tempfile.gettempdir()))
        self.path: Final = Path(tempfile.mkdtemp(prefix=_PREFIX))
        made = self.path / f"{_IN_USE}.new"
        self._lock = os.open(made, os.O_RDWR | os.O_CREAT, 0o600)
        with contextlib.suppress(OSError):  # a file system without locks: such a folder stays if its run is killed
            fcntl.flock(self._lock, fcntl.LOCK_SH)
            made.rename(self.path / _IN_USE)

    def close(self) -> None:
        """Remove the folder; a second call does nothing."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()

    def release(self) -> None:
        """Leave the folder to the other processes that use it."""
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)


@contextlib.contextmanager
def scratch_folder(*, keep: bool = False) -> Iterator[Path]:
    """A folder that is there while the context lasts; with `keep`, and without an error, as long as others use it."""
    folder = ScratchFolder()
    try:
        yield folder.path
        if keep:
            folder.release()
            return
    except BaseException:
        folder.close()
        raise
    folder.close()


@contextlib.contextmanager
def living_in(folder: Path) -> Iterator[None]:
    """Use the scratch folder of another process: it is not swept meanwhile, and the last user removes it.

    Any other folder is left as it is.
    """
    try:
        lock = os.open(folder / _IN_USE, os.O_RDWR)
    except OSError:
        yield
        return
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield
        with contextlib.suppress(OSError):  # other processes use it
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _sweep(parent: Path) -> None:
    """Remove this user's folders that no process uses any more."""
    for path in sorted(parent.glob(f"{_PREFIX}*/{_IN_USE}")):
        with contextlib.suppress(OSError):  # another run's sweep was faster, or it is another user's
            if path.parent.is_symlink() or path.lstat().st_uid != os.getuid():
                continue
            lock = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path.parent, ignore_errors=True)
            finally:
                os.close(lock)
