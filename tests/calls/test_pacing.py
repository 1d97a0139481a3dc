"""Requests are spaced as the rate says, by a clock that the test moves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from stackproof.calls.pacing import CALLS_PER_SECOND, DEFAULT, TokenBucket, TokenBuckets


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def buckets(clock: Clock, *, processes: int = 1, **rates: float) -> TokenBuckets:
    return TokenBuckets(rates, processes=processes, clock=clock, sleep=clock.sleep)


def test_a_burst_passes_at_once_and_then_one_call_at_a_time() -> None:
    clock = Clock()
    pace = buckets(clock, kms=2.0)
    for _ in range(4):
        pace.wait("1", "eu-west-1", "kms")
    assert clock.slept == []
    for _ in range(3):
        pace.wait("1", "eu-west-1", "kms")
    assert clock.slept == [0.5, 0.5, 0.5]
    clock.now += 60
    for _ in range(5):
        pace.wait("1", "eu-west-1", "kms")
    assert clock.slept[3:] == [0.5]


def test_accounts_regions_and_services_do_not_wait_for_one_another_but_global_services_have_one_bucket() -> None:
    clock = Clock()
    pace = buckets(clock, kms=0.5, sqs=0.5, iam=0.5)
    for place in (("1", "a", "kms"), ("2", "a", "kms"), ("1", "b", "kms"), ("1", "a", "sqs"), ("1", "a", "iam")):
        pace.wait(*place)
    assert clock.slept == []
    pace.wait("1", "b", "iam")
    assert clock.slept == [2.0]


def test_processes_take_their_part_and_a_service_without_a_rate_has_the_default() -> None:
    clock = Clock()
    pace = buckets(clock, processes=4, default=4.0)
    for _ in range(3):
        pace.wait("1", "a", "unheard-of")
    assert clock.slept == [1.0]
    assert all(rate <= CALLS_PER_SECOND[DEFAULT] for rate in CALLS_PER_SECOND.values())


def test_threads_that_come_at_once_are_spaced_as_well() -> None:
    slept: list[float] = []
    pace = TokenBuckets({"kms": 1.0}, clock=lambda: 5.0, sleep=slept.append)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: pace.wait("1", "a", "kms"), range(6)))
    assert sorted(slept) == [1.0, 2.0, 3.0, 4.0]


@given(
    rate=st.floats(0.1, 50),
    burst=st.floats(1, 20),
    steps=st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_no_span_has_more_calls_than_burst_and_rate_allow(rate: float, burst: float, steps: list[float]) -> None:
    bucket = TokenBucket(rate, burst, 0.0)
    now, sent = 0.0, []
    for step in steps:
        now += step
        sent.append(now + bucket.reserve(now))
    sent.sort()
    for first, began in enumerate(sent):
        for last, ended in enumerate(sent[first:], first):
            assert last - first <= burst + rate * (ended - began) + 1e-6
