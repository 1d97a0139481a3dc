"""A pattern says which constructs it means, and one that means all of them is known as such."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.globs import is_glob, matches, matches_everything


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("S/Topic", "S/Topic"),
        ("S/*", "S/Topic"),
        ("S/*/Resource", "S/Topic/Resource"),
        ("S/**", "S/Topic/Resource"),
        ("**/Topic/Resource", "S/A/B/Topic/Resource"),
        ("TapStack-*", "TapStack-dev"),
        ("Q?", "Q1"),
        ("A[0].b*", "A[0].bc"),
    ],
)
def test_a_pattern_names_what_it_says(pattern: str, text: str) -> None:
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("S/Topic", "S/topic"),
        ("S/*", "S/Topic/Resource"),
        ("S/*", "T/Topic"),
        ("Q?", "Q/"),
        ("Q?", "Q"),
        ("A.b*", "Axb"),
        ("S/**", "S"),
    ],
)
def test_a_pattern_names_nothing_else(pattern: str, text: str) -> None:
    assert not matches(pattern, text)


@pytest.mark.parametrize(
    "pattern", ["*", "**", "?*", "*/*", "**/*", "**/Resource", "*/Default", "***", "*?", "*/", "/**"]
)
def test_a_pattern_that_means_everything_is_known(pattern: str) -> None:
    assert matches_everything(pattern)


@pytest.mark.parametrize("pattern", ["Resource", "S/*", "*/Topic", "T*", "**/Topic/Resource", ""])
def test_a_pattern_that_tells_things_apart_is_none_for_everything(pattern: str) -> None:
    assert not matches_everything(pattern)


@given(st.text("ab/*?[].", max_size=8), st.text("ab/[].", max_size=8))
def test_only_a_glob_names_more_than_itself(pattern: str, text: str) -> None:
    assert matches(pattern, pattern)
    if not is_glob(pattern):
        assert matches(pattern, text) == (pattern == text)


@given(st.text("ab/", min_size=1, max_size=8))
def test_two_stars_name_everything(text: str) -> None:
    assert matches("**", text)
