"""How fast an account is called: a bucket of tokens for each account, region and service.

AWS counts calls for a whole account: an audit that takes all there is would have the account's own calls refused.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = [
    "CALLS_PER_SECOND",
    "DEFAULT",
    "Level",
    "Rates",
    "TokenBucket",
    "TokenBuckets",
    "bucket_of",
    "burst_of",
]

DEFAULT: Final = "default"
"""The rate of every service that is not listed."""

CALLS_PER_SECOND: Final[Mapping[str, float]] = {
    DEFAULT: 10.0,
    "apigateway": 5.0,  # an account has 10
    "cloudformation": 5.0,
    "cloudwatch": 5.0,  # DescribeAlarms has 9
    "logs": 5.0,  # DescribeLogGroups has 10
    "route53": 2.0,  # an account has 5, for all callers and calls
}
"""About half of the tightest quota that AWS's documentation has for what is called, by IAM's name of the service."""

_GLOBAL: Final = frozenset({"cloudfront", "iam", "route53"})
"""Services with one quota for all regions."""

_BURST: Final = 2.0  # seconds' worth of calls that may be made at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How many tokens a bucket had at a moment; less than none if some are promised that have yet to flow in."""

    tokens: float
    at: float

    def reserved(self, rate: float, burst: float, now: float) -> tuple[Level, float]:
        """Take a token, if need be one that has yet to flow in: what is left, and the seconds until it is there."""
        now = max(now, self.at)
        tokens = min(burst, self.tokens + (now - self.at) * rate) - 1.0
        return Level(tokens=tokens, at=now), max(0.0, -tokens / rate)


class TokenBucket:
    """`rate` tokens a second flow in, and no more than `burst` are kept; one call takes one token."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = Level(tokens=burst, at=now)

    def reserve(self, now: float) -> float:
        """Take a token, if need be one that has yet to flow in; the seconds until it is there."""
        self._level, pause = self._level.reserved(self._rate, self._burst, now)
        return pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Calls a second by service, as IAM names it; `own` go before those of CALLS_PER_SECOND."""

    own: Mapping[str, float] = field(default_factory=dict)

    def of(self, service: str) -> float:
        """The rate of one service."""
        known = {**CALLS_PER_SECOND, **self.own}
        return known.get(service, known[DEFAULT])

    def seconds(self, calls: Mapping[tuple[str, str, str], int]) -> float:
        """How long calls by account, region and service take at least, with every bucket full at the beginning."""
        counted: Counter[tuple[str, str, str]] = Counter()
        for (account, region, service), count in calls.items():
            counted[bucket_of(account, region, service)] += count
        rates = {key: self.of(key[2]) for key in counted}
        return max((max(0.0, (counted[key] - burst_of(rate)) / rate) for key, rate in rates.items()), default=0.0)


def bucket_of(account: str, region: str, service: str) -> tuple[str, str, str]:
    """What names the bucket from which such a call takes its token."""
    return (account, "" if service in _GLOBAL else region, service)


def burst_of(rate: float) -> float:
    """How many calls may be made at once after a rest."""
    return max(1.0, rate * _BURST)


class TokenBuckets:
    """The buckets of one process, shared by its threads. `processes` share an account's rate, each takes its part."""

    def __init__(
        self,
        rates: Mapping[str, float] | None = None,
        *,
        processes: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rates = Rates(own=rates or {})
        self._processes = processes
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def wait(self, account: str, region: str, service: str) -> None:
        """Return as soon as a request may be sent; the service is named as IAM does."""
        key = bucket_of(account, region, service)
        with self._lock:
            now = self._clock()
            if key not in self._buckets:
                rate = self._rates.of(service) / self._processes
                self._buckets[key] = TokenBucket(rate, burst_of(rate), now)
            pause = self._buckets[key].reserve(now)
        if pause > 0:
            self._sleep(pause)
