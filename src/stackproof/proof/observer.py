"""Reads live resources, again for as long as a failure may pass, and states why nothing was read."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Generic, Never, TypeVar

from stackproof.core.backoff import growing_pauses
from stackproof.core.errors import UnreachableError
from stackproof.core.json import JsonObject, JsonValue
from stackproof.core.notification import Level, Notification
from stackproof.deployment.ports import Target
from stackproof.deployment.unproven_reason import TRANSIENT, UnprovenReason
from stackproof.proof.ports import ReadRequest
from stackproof.proof.snapshot import not_memoized

__all__ = ["Observation", "Observer", "RetryPolicy"]

_Read = TypeVar("_Read")
_Read_co = TypeVar("_Read_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a read is repeated that is throttled or out of reach, or whose resource does not show yet.

    Clients repeat single calls; a read that they give up on is repeated here. `settled_at` and `deadline` are times of
    `clock`: until the first a read that finds nothing, or differs from the template, is repeated, since AWS shows what
    is new only after a while, and from the second on nothing is read.
    """

    attempts: int = 6
    delay: float = 0.5
    settled_at: float = 0.0
    deadline: float = math.inf
    jitter: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def pauses(self) -> Iterator[float]:
        """Seconds to wait before each further look: twice as long each time, up to eight, less some chance."""
        return growing_pauses(first=self.delay, longest=8.0, jitter=self.jitter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation(Generic[_Read_co]):
    """One read of one resource: what the reader gave, or nothing there, or the reason why it could not be read."""

    reading: _Read_co | None = None
    reason: UnprovenReason | None = None
    detail: str = ""
    final: bool = False

    @property
    def may_pass(self) -> bool:
        """Whether another read may succeed."""
        return self.reason in TRANSIENT and not self.final


class _Watched(Mapping[str, JsonValue]):
    """The same properties, which also know which names were looked up.

    One read makes it and drops it, so nobody else sees the names: a reader is a function of its request that does not
    return what it looked up, and an answer of "not there" is worth nothing if it looked up an unknown property.
    """

    def __init__(self, properties: JsonObject) -> None:
        self._properties = properties
        self._names: set[str] = set()

    @property
    def names(self) -> frozenset[str]:
        """The names that were looked up."""
        return frozenset(self._names)

    def __getitem__(self, name: str) -> JsonValue:
        self._names.add(name)
        return self._properties[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._properties)

    def __len__(self) -> int:
        return len(self._properties)


_TOO_LATE: Final[Observation[Never]] = Observation(
    reason=UnprovenReason.UNREACHABLE, detail="not read before the deadline of the run", final=True
)


class Observer:
    """Reads for one stack on a target, from any thread; a reader that breaks is reported, and costs its resource."""

    def __init__(self, target: Target, retry_policy: RetryPolicy, *, stack_name: str) -> None:
        self._target = target
        self._retry_policy = retry_policy
        self._stack_name = stack_name
        self._lock = threading.Lock()
        self._notifications: set[Notification] = set()

    @property
    def notifications(self) -> frozenset[Notification]:
        """The readers that broke, at level error."""
        with self._lock:
            return frozenset(self._notifications)

    def read(self, reader: Callable[[ReadRequest], _Read | None], request: ReadRequest) -> Observation[_Read]:
        """One read, repeated with growing pauses while the service is busy, away, or has not caught up."""
        retry_policy = self._retry_policy
        pauses = retry_policy.pauses()
        attempt = 1
        observation: Observation[_Read] = _TOO_LATE
        while retry_policy.clock() < retry_policy.deadline:
            observation = self._attempt(reader, request)
            passing = observation.may_pass and attempt < retry_policy.attempts
            absent = observation == Observation() and retry_policy.clock() < retry_policy.settled_at
            if not passing and not absent:
                return observation
            if absent:  # what was listed before may be older than the resource
                request = replace(request, siblings=(request.physical_id,), memo=not_memoized)
            retry_policy.sleep(next(pauses))
            attempt += 1
        return observation

    def _attempt(self, reader: Callable[[ReadRequest], _Read | None], request: ReadRequest) -> Observation[_Read]:
        try:
            return _observed(reader, request)
        except Exception as error:  # noqa: BLE001 - a reader that breaks must not take the other resources with it
            reason = self._target.translated(error)
            if reason is not None:
                return Observation(reason=reason, detail=str(error), final=isinstance(error, UnreachableError))
            detail = f"the reader of {request.resource_type} broke: {type(error).__name__}: {error}"
            message = f"{self._stack_name}/{request.logical_id}: {detail}"
            with self._lock:
                self._notifications.add(Notification(level=Level.ERROR, message=message))
            return Observation(reason=UnprovenReason.NO_READER, detail=detail)


def _observed(reader: Callable[[ReadRequest], _Read | None], request: ReadRequest) -> Observation[_Read]:
    """One read; a reader that found nothing by properties that are not known may have read the wrong resource."""
    expected = _Watched(request.expected)
    reading = reader(replace(request, expected=expected))
    unknown = sorted(expected.names & request.unresolved)
    if reading is not None or not unknown:
        return Observation(reading=reading)
    return Observation(reason=UnprovenReason.UNRESOLVED, detail=f"its identifier is unknown: {', '.join(unknown)}")
