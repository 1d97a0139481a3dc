"""Pauses between attempts: they grow up to a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

__all__ = ["growing_pauses"]


def growing_pauses(
    *, first: float, longest: float, factor: float = 2.0, jitter: Callable[[], float] | None = None
) -> Iterator[float]:
    """Seconds to wait before each further attempt, without end.

    Each pause is `factor` times the one before, and none is over `longest`. `jitter` gives a number from 0 to 1 for
    each pause and takes up to half of it away; without it the pauses are exact.
    """
    pause = min(first, longest)
    while True:
        yield pause if jitter is None else pause * (0.5 + 0.5 * jitter())
        pause = min(pause * factor, longest)
