"""The folder in which a project's results are kept: caches, and what must outlive them."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stackproof.config.settings import STATE_VARIABLE
from stackproof.core.errors import ConfigError
from stackproof.core.file_store import ignore_in_git

__all__ = ["CacheUse", "cache_use", "clean_cache", "state_folder"]

_CACHES: Final = ("fleet", "scan.lock", "store", "synth")
"""What a run computes again if it is absent. Everything else in the folder is kept."""
_IGNORE: Final = ".gitignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheUse:
    """The size of a project's caches, and the names of what is beside them in the same folder, sorted."""

    files: int
    bytes: int
    others: tuple[str, ...] = ()


def state_folder(directory: Path) -> Path:
    """The folder of a project's state, made if it does not exist; raises ConfigError if it cannot be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        ignore_in_git(directory)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        raise ConfigError(
            f"{directory}: cannot be written ({error.strerror}): stackproof keeps its state there; "
            f"name a folder that can be written with the environment variable {STATE_VARIABLE}"
        ) from error
    return directory


def cache_use(directory: Path) -> CacheUse:
    """Count the files and bytes of the caches in a state folder."""
    files = [file for name in _CACHES for file in _files(directory / name)]
    others = [
        path.name
        for path in (directory.iterdir() if directory.is_dir() else ())
        if path.name not in {*_CACHES, _IGNORE} and _files(path)
    ]
    return CacheUse(files=len(files), bytes=sum(file.stat().st_size for file in files), others=tuple(sorted(others)))


def clean_cache(directory: Path) -> None:
    """Remove the caches of a state folder, and the folder itself if nothing else is in it; raises ConfigError."""
    try:
        for name in _CACHES:
            _remove(directory / name)
    except OSError as error:
        raise ConfigError(f"{error.filename or directory}: cannot be removed ({error.strerror})") from error
    if directory.is_dir() and not cache_use(directory).others:
        _remove(directory / _IGNORE)
        empty = sorted((path for path in directory.rglob("*") if path.is_dir()), reverse=True)
        for folder in (*empty, directory):
            with contextlib.suppress(OSError):  # a run may have written to it just now
                folder.rmdir()


def _files(path: Path) -> list[Path]:
    """The file itself, or all files of a folder."""
    return [path] if path.is_file() else [below for below in path.rglob("*") if below.is_file()]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
