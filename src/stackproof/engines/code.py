"""The code that words answers, as one hash: an answer that is kept was given by this code, or is asked for again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

__all__ = ["code_digest", "package_digest"]

_PACKAGE = Path(__file__).parents[1]
_WORDING = ("engines", "intrinsics.py", "loading", "model", "scan.py", "secrecy.py", "versions")


@cache
def code_digest() -> str:
    """SHA-256 over names and contents of what an engine's answer passes through before it is kept."""
    places = (_PACKAGE / each for each in _WORDING)
    return _digest([file for each in places for file in (sorted(each.rglob("*.py")) if each.is_dir() else [each])])


@cache
def package_digest() -> str:
    """SHA-256 over everything in the package, its data included: what a whole run's result passes through."""
    files = sorted(_PACKAGE.rglob("*"))
    return _digest([each for each in files if each.is_file() and "__pycache__" not in each.parts])


def _digest(files: list[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        total.update(f"{file.relative_to(_PACKAGE)} {len(content)}\n".encode() + content)
    return total.hexdigest()
