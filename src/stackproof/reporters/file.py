"""Writes a report to its file, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from stackproof.core.errors import ConfigError

__all__ = ["require_writable", "write_file"]

# A message may have a file name that is not UTF-8; JSON shows it as an escape.
_ERRORS = "backslashreplace"


def require_writable(path: Path, *, option: str = "--output") -> None:
    """Raise ConfigError unless a report can be written there: its folder exists and takes new files."""
    folder = path.parent
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "there is no such folder"
        raise ConfigError(f"{option} {path}: {folder}: {what}")
    if path.is_dir():
        raise ConfigError(f"{option} {path}: is a folder")
    try:
        if _is_special(path):
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ConfigError(f"{option} {path}: cannot be written: {error.strerror}") from error


def write_file(path: Path, write: Callable[[IO[str]], object]) -> None:
    """Create folders as needed; if writing fails, the old report stays."""
    try:
        if _is_special(path):
            with path.open("w", encoding="utf-8", errors=_ERRORS) as stream:
                write(stream)
            return
        _replace(path.resolve() if path.is_symlink() else path, write)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error


def _replace(path: Path, write: Callable[[IO[str]], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors=_ERRORS) as stream:
            write(stream)
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _is_special(path: Path) -> bool:
    """A device or a pipe, which is written to and never replaced by a file."""
    return path.exists() and not path.is_file() and not path.is_dir()
