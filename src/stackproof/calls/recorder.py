"""Counts the calls of one process while it runs, from any thread, and knows the declared writes of each thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from stackproof.calls.iam_action import TAKEN_OUT
from stackproof.calls.log import CallCount, CallKind, CallLog

__all__ = ["CallRecorder", "is_without_secret", "without_secret"]


class _Here(threading.local):
    """A thread's declared reason to write, and the guard that allows it, the innermost last."""

    def __init__(self) -> None:
        self.declared: list[tuple[object, str]] = []


class _Reader(threading.local):
    """The action that the reader of this thread calls without its secret."""

    action: str | None = None


_READER = _Reader()


@contextmanager
def without_secret(action: str) -> Iterator[None]:
    """A block in which this thread's readers make a call that shows a secret too; what they get has none.

    Only actions of `iam_action.TAKEN_OUT` are let pass by it.
    """
    before, _READER.action = _READER.action, action
    try:
        yield
    finally:
        _READER.action = before


def is_without_secret(action: str) -> bool:
    """Whether this thread calls the action for what is beside the secret, which is taken out of the answer."""
    return _READER.action == action and action in TAKEN_OUT


class CallRecorder:
    """What the targets of one process have called so far."""

    def __init__(self) -> None:
        self._here = _Here()
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str, CallKind, str]] = Counter()

    @contextmanager
    def writing(self, leave: object, why: str) -> Iterator[None]:
        """A block in which this thread may change something, by the leave of its guard; it may hold another one.

        Threads that run beside it, or that it starts, declare their own.
        """
        self._here.declared.append((leave, why))
        try:
            yield
        finally:
            self._here.declared.pop()

    def declared(self, leave: object = None) -> str | None:
        """What this thread writes for by that leave, or by any; None if it only reads."""
        found = (why for given, why in reversed(self._here.declared) if leave is None or given is leave)
        return next(found, None)

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
