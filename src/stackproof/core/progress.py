"""How a use case reports what it is doing, without knowing where that is shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

__all__ = ["Progress", "no_progress"]

Progress: TypeAlias = Callable[[str], AbstractContextManager[None]]
"""Opens a block of work that takes its time; the text names the work: "deploying"."""


def no_progress(_work: str) -> AbstractContextManager[None]:
    """Shows nothing."""
    return nullcontext()
