from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.backoff import growing_pauses

SECONDS = st.floats(min_value=0.001, max_value=100.0)


def test_pauses_double_up_to_the_longest() -> None:
    assert list(islice(growing_pauses(first=0.5, longest=3.0), 5)) == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_another_factor_grows_faster() -> None:
    assert list(islice(growing_pauses(first=1.0, longest=16.0, factor=4.0), 3)) == [1.0, 4.0, 16.0]


def test_the_first_pause_is_capped_too() -> None:
    assert next(growing_pauses(first=5.0, longest=2.0)) == 2.0


def test_jitter_is_asked_for_each_pause_and_takes_up_to_half() -> None:
    chances = iter((0.0, 1.0, 0.5))
    pauses = growing_pauses(first=1.0, longest=2.0, jitter=lambda: next(chances))
    assert list(islice(pauses, 3)) == [0.5, 2.0, 1.5]


def test_pauses_go_on_for_ever() -> None:
    assert next(islice(growing_pauses(first=0.05, longest=1.0), 5000, None)) == 1.0


@given(first=SECONDS, longest=SECONDS, factor=st.floats(min_value=1.0, max_value=10.0), chance=st.floats(0.0, 1.0))
def test_no_pause_is_longer_than_the_longest_or_shorter_than_half_the_first(
    first: float, longest: float, factor: float, chance: float
) -> None:
    pauses = islice(growing_pauses(first=first, longest=longest, factor=factor, jitter=lambda: chance), 20)
    assert all(min(first, longest) / 2 <= pause <= longest for pause in pauses)
