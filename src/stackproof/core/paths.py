"""Paths as messages show them."""

from __future__ import annotations

from pathlib import Path

__all__ = ["shown_path"]


def shown_path(file: Path) -> str:
    """The path as a person would type it: relative to the working directory if it is below it."""
    try:
        return str(file.relative_to(Path.cwd()))
    except ValueError:
        return str(file)
