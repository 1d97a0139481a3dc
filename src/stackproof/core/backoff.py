"""Pauses between attempts: they grow up to a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Final

__all__ = ["growing_pauses", "pause_after"]

_LONGEST_GROWTH: Final = 60
"""Attempts after which a pause has reached any limit: powers beyond are too large for a float."""


def growing_pauses(
    *, first: float, longest: float, factor: float = 2.0, jitter: Callable[[], float] | None = None
) -> Iterator[float]:
    """Seconds to wait before each further attempt, without end.

    Each pause is `factor` times the one before, and none is over `longest`. `jitter` gives a number from 0 to 1 for
    each pause and takes up to half of it away; without it the pauses are exact.
    """
    return (pause_after(attempt, first=first, longest=longest, factor=factor, jitter=jitter) for attempt in count(1))


def pause_after(
    attempt: int, *, first: float, longest: float, factor: float = 2.0, jitter: Callable[[], float] | None = None
) -> float:
    """Seconds to wait after one attempt, counted from 1."""
    doublings = min(attempt - 1, _LONGEST_GROWTH)
    pause = min(first * factor**doublings, longest)
    return pause if jitter is None else pause * (0.5 + 0.5 * jitter())
