"""The memory of a run: one call for each key, whichever thread asks, and no memory of what failed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from stackproof.proof.snapshot import Memo, not_memoized


def test_a_call_is_made_once_for_each_key() -> None:
    memo = Memo()
    made = iter("xyz")
    assert [memo(key, lambda: next(made)) for key in "aab"] == ["x", "x", "y"]


def test_who_comes_while_the_call_is_under_way_waits_for_it() -> None:
    memo = Memo()
    started, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        started.set()
        assert go_on.wait(10)
        return "first"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(memo, "key", slow)
        assert started.wait(10)
        second = pool.submit(memo, "key", lambda: "second")
        go_on.set()
        assert (first.result(), second.result()) == ("first", "first")


def test_a_failure_is_raised_and_not_remembered() -> None:
    memo = Memo()

    def broken() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        memo("key", broken)
    assert memo("key", lambda: "now") == "now"


def test_without_memory_every_call_is_made() -> None:
    made: list[int] = []
    for _ in range(2):
        not_memoized("key", lambda: made.append(1))
    assert len(made) == 2
