"""Reads that are repeated while a service is busy or out of reach, until it must be taken for dead."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from stackproof.core.backoff import pause_after
from stackproof.core.errors import UnreachableError
from stackproof.deployment.unproven_reason import TRANSIENT, UnprovenReason
from stackproof.targets.failures import reason_of, reason_of_answer
from stackproof.targets.guard import is_read

__all__ = ["Breaker", "Retries", "repeat_reads"]

_READS: Final = "stackproof-reads"
"""Under this key, the context of a call has whether the call only reads."""
_SLOW: Final = frozenset({"cloudformation", "lambda"})
"""Services that may answer only when a stack is made or a function has run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often and how fast a client repeats. `attempts` include the SDK's own; times are in seconds.

    With three of ten calls lost, one call in two million is lost twelve times over.
    A service, or a target, is taken for dead when `failures` calls in a row got no answer at all, over at least
    `silence` seconds.
    """

    attempts: int = 12
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
        return pause_after(attempt, first=self.delay, longest=self.longest, jitter=self.jitter)

    def read_timeout_of(self, service: str) -> float:
        """Seconds to wait for an answer of the service."""
        return self.slow_read_timeout if service in _SLOW else self.read_timeout


class _Silence:
    """Calls in a row that got no answer, and since when."""

    def __init__(self) -> None:
        self.failures = 0
        self.is_long = False
        self._since = 0.0

    def goes_on(self, retries: Retries) -> None:
        now = retries.clock()
        self._since = self._since if self.failures else now
        self.failures += 1
        self.is_long = self.failures >= retries.failures and now - self._since >= retries.silence


class Breaker:
    """What is dead: a service that does not answer, or the whole target, for all its clients.

    If only one service is still called, its silence is not the target's. While nothing answers, another service
    counts as dead only after a call of that service has failed.
    """

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._lock = threading.Lock()
        self._target = _Silence()
        self._services: dict[str, _Silence] = {}

    def dead(self, service: str) -> str | None:
        """The service, or the target, that must not be called any more; None if it may answer."""
        with self._lock:
            of_service = self._services.get(service)
            if of_service is None or not of_service.failures:
                return None
            return service if of_service.is_long else "the target" if self._target.is_long else None

    def answered(self, service: str) -> None:
        """There was an answer, be it an error."""
        with self._lock:
            self._target = _Silence()
            self._services.pop(service, None)

    def failed(self, service: str) -> None:
        """There was none: a connection was refused or reset, or ran out of time."""
        with self._lock:
            self._target.goes_on(self._retries)
            self._services.setdefault(service, _Silence()).goes_on(self._retries)


def repeat_reads(
    events: Any,
    retries: Retries,
    breaker: Breaker,
    *,
    service: str,
) -> None:
    """Hook into the events of a client of the service: what is transient of a call that only reads is tried again.

    The SDK's own retries come first. A call that changes something is never sent twice from here.
    """

    def called(params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        context[_READS] = is_read(model, params)

    def before(request: Any = None, **_: object) -> None:
        if dead := breaker.dead(service):
            reason = f"{dead} is taken for dead: {retries.failures} calls in a row or more got no answer"
            raise UnreachableError(reason if request is None else f"{reason} from {_endpoint(str(request.url))}")

    def again(
        response: Any,
        attempts: int,
        caught_exception: Exception | None,
        request_dict: Mapping[str, Any],
        **_: object,
    ) -> float | None:
        if isinstance(caught_exception, UnreachableError):
            return None
        if caught_exception is None:
            breaker.answered(service)
            reason = reason_of_answer(response[1])
        else:
            reason = reason_of(caught_exception)
            if reason is UnprovenReason.UNREACHABLE:
                breaker.failed(service)
        if reason not in TRANSIENT or attempts >= retries.attempts or breaker.dead(service):
            return None
        return retries.pause(attempts) if request_dict["context"].get(_READS) else None

    events.register("provide-client-params", called)
    events.register("before-send", before)
    events.register("needs-retry", again)


def _endpoint(url: str) -> str:
    """The scheme and host of a URL, without path and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
