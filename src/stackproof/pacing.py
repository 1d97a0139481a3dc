"""How fast an account is asked: a bucket of tokens for each account, region and service.

AWS counts calls for a whole account: an audit that takes all there is would have the account's own calls refused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["CALLS_PER_SECOND", "DEFAULT", "TokenBucket", "TokenBuckets"]

DEFAULT: Final = "default"
"""The rate of every service that has none of its own."""

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


class TokenBucket:
    """`rate` tokens a second flow in, and no more than `burst` are kept; one call takes one token."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now

    def reserve(self, now: float) -> float:
        """Take a token, if need be one that has yet to flow in; the seconds until it is there."""
        now = max(now, self._at)
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - 1.0
        self._at = now
        return max(0.0, -self._tokens / self._rate)


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
        self._rates = {**CALLS_PER_SECOND, **(rates or {})}
        self._processes = processes
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def wait(self, account: str, region: str, service: str) -> None:
        """Return as soon as a request may be sent; the service is named as IAM does."""
        key = (account, "" if service in _GLOBAL else region, service)
        with self._lock:
            now = self._clock()
            if key not in self._buckets:
                rate = self._rates.get(service, self._rates[DEFAULT]) / self._processes
                self._buckets[key] = TokenBucket(rate, max(1.0, rate * _BURST), now)
            pause = self._buckets[key].reserve(now)
        if pause > 0:
            self._sleep(pause)
