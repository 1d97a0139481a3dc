"""Counts the calls of one process while it runs, from any thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from stackproof.model.call_log import CallCount, CallKind, CallLog

__all__ = ["CallRecorder"]


class CallRecorder:
    """What the targets of one process have called so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str, CallKind, str]] = Counter()

    def record(self, target: str, service: str, operation: str, kind: CallKind, declared: str = "") -> None:
        """Count one call."""
        with self._lock:
            self._counts[target, service, operation, kind, declared] += 1

    def log(self) -> CallLog:
        """The calls so far."""
        with self._lock:
            counted = sorted(self._counts.items())
        return _logged(counted)

    def drained(self) -> CallLog:
        """The calls so far, which are forgotten: the next log is of those after them."""
        with self._lock:
            counted = sorted(self._counts.items())
            self._counts.clear()
        return _logged(counted)


def _logged(counted: Sequence[tuple[tuple[str, str, str, CallKind, str], int]]) -> CallLog:
    return CallLog(
        counts=tuple(
            CallCount(target=target, service=service, operation=operation, kind=kind, declared=declared, count=count)
            for (target, service, operation, kind, declared), count in counted
        )
    )
