"""What a synth depends on, as one hash: the app's files, its command, context and environment, what is installed."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from stackproof.core.json import JsonValue, digest

__all__ = ["ABSENT", "files_digest", "installed", "synth_key", "tree_digest"]

ABSENT = "absent"
_FORMAT = 4
_NEVER_INPUTS = frozenset(
    {
        ".git",
        ".stackproof",
        ".tox",
        ".nox",
        "cdk.out",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        "node_modules",
    }
)


def tree_digest(root: Path, *, without: Path | None = None) -> str:
    """SHA-256 over names and contents of all files of the app.

    Virtual environments, version control, earlier output and caches are left out, and the folder `without`. The lock
    file represents what npm installed.
    """
    total = hashlib.sha256()
    for file in _files(root, without):
        total.update(str(file.relative_to(root)).encode("utf-8", "surrogateescape") + b"\0")
        total.update(_content(file).encode() + b"\0")
    return total.hexdigest()


def files_digest(files: Iterable[str]) -> dict[str, str]:
    """Hash of each file's content; ABSENT for one that is gone."""
    return {name: _content(Path(name)) for name in sorted(files)}


def installed() -> tuple[str, ...]:
    """Name and version of every distribution that this interpreter can import, read from folder names alone."""
    found: set[str] = set()
    for text in sys.path:
        try:
            names = os.listdir(text or ".")  # noqa: PTH208 - names are all we need
        except OSError:
            continue
        found.update(name for name in names if name.endswith((".dist-info", ".egg-info")))
    return tuple(sorted(found))


def synth_key(
    *,
    root: Path,
    without: Path | None,
    command: str,
    context: JsonValue,
    environment: dict[str, str],
    coverage: bool,
) -> str:
    """The hash of everything that is known before the app runs."""
    return digest(
        {
            "format": _FORMAT,
            "tree": tree_digest(root, without=without),
            "command": command,
            "context": context,
            "environment": dict(environment),
            "coverage": coverage,
            "installed": installed(),
            "python": platform.python_version(),
        }
    )


def _files(root: Path, without: Path | None) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(
            folder
            for folder in folders
            if folder not in _NEVER_INPUTS and here / folder != without and not (here / folder / "pyvenv.cfg").is_file()
        )
        for name in sorted(names):
            if not name.endswith((".pyc", ".pyo")) and not name.startswith(".coverage"):
                yield here / name
        lock = here / "node_modules" / ".package-lock.json"
        if lock.is_file():
            yield lock


def _content(file: Path) -> str:
    try:
        if not file.is_file():
            return ABSENT
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        return f"unreadable: {error.errno}"
