"""Reads that are repeated while a service is busy or out of reach, until the target must be taken for dead."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from stackproof.errors import UnreachableError
from stackproof.model.observation import UnprovenReason
from stackproof.targets.failures import reason_of, reason_of_answer
from stackproof.targets.guard import reads_only

__all__ = ["Breaker", "Retries", "repeat_reads"]

_PASSING: Final = frozenset({UnprovenReason.THROTTLED, UnprovenReason.UNREACHABLE})
_SLOW: Final = frozenset({"cloudformation", "lambda"})
"""Services that may answer only when a stack is made or a function has run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How a client insists. `attempts` are all of one call, the SDK's own among them; times are in seconds.

    A target is taken for dead when `failures` calls in a row got no answer at all, over at least `silence` seconds.
    """

    attempts: int = 8
    delay: float = 0.05
    longest: float = 1.0
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    slow_read_timeout: float = 300.0
    failures: int = 12
    silence: float = 5.0
    jitter: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic

    def pause(self, attempt: int) -> float:
        """Seconds to wait after an attempt that failed, counted from 1: twice as long each time, less some chance."""
        full = min(self.delay * 2.0 ** (attempt - 1), self.longest)
        return full * (0.5 + 0.5 * self.jitter())

    def read_timeout_of(self, service: str) -> float:
        """Seconds to wait for an answer of the service."""
        return self.slow_read_timeout if service in _SLOW else self.read_timeout


class Breaker:
    """Whether a target is dead: it opens once, for all clients of the target, and stays open."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._lock = threading.Lock()
        self._failures = 0
        self._silent_since = 0.0
        self._open = False

    @property
    def is_open(self) -> bool:
        """Whether nothing more is to be asked."""
        return self._open

    def answered(self) -> None:
        """There was an answer, be it an error."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """There was none: a connection was refused or reset, or ran out of time."""
        now = self._retries.clock()
        with self._lock:
            if not self._failures:
                self._silent_since = now
            self._failures += 1
            silent = now - self._silent_since >= self._retries.silence
            self._open = self._open or (silent and self._failures >= self._retries.failures)


def repeat_reads(events: Any, retries: Retries, breaker: Breaker) -> None:  # noqa: ANN401 - botocore's event system
    """Hook into a client's events: what is transient of a call that only reads is tried again.

    The SDK's own retries come first. A call that changes something is never sent twice from here.
    """

    def before(**_: object) -> None:
        if breaker.is_open:
            raise UnreachableError(
                f"the target is taken for dead: {retries.failures} calls in a row or more got no answer"
            )

    def again(
        response: Any,  # noqa: ANN401 - botocore's, None if there was none
        operation: Any,  # noqa: ANN401
        attempts: int,
        caught_exception: Exception | None,
        **_: object,
    ) -> float | None:
        if isinstance(caught_exception, UnreachableError):
            return None
        if caught_exception is None:
            breaker.answered()
            reason = reason_of_answer(response[1])
        else:
            reason = reason_of(caught_exception)
            if reason is UnprovenReason.UNREACHABLE:
                breaker.failed()
        if reason not in _PASSING or attempts >= retries.attempts or breaker.is_open:
            return None
        return retries.pause(attempts) if reads_only(str(operation.name), {}) else None

    events.register("before-send", before)
    events.register("needs-retry", again)
