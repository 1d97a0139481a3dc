"""The code that words answers, as one hash: an answer that is kept was given by this code, or is asked for again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

__all__ = ["code_digest", "package_digest"]

_PACKAGE = Path(__file__).parents[2]
_SUBJECTS = ("core", "policy", "template")


@cache
def code_digest() -> str:
    """SHA-256 over names and contents of what an engine's answer passes through before it is kept."""
    return _digest([file for subject in _SUBJECTS for file in sorted((_PACKAGE / subject).rglob("*.py"))])


@cache
def package_digest() -> str:
    """SHA-256 over everything in the package, its data included: what a whole run's result passes through."""
    files = sorted(_PACKAGE.rglob("*"))
    return _digest([file for file in files if file.is_file() and "__pycache__" not in file.parts])


def _digest(files: list[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        total.update(f"{file.relative_to(_PACKAGE)} {len(content)}\n".encode() + content)
    return total.hexdigest()
