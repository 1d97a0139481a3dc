"""Values of engine versions go through JSON and back unchanged."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import date
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.json import JsonObject, WrittenFloat, WrittenInt
from stackproof.policy.versions.engine_version import (
    AllowList,
    AppliesTo,
    Claim,
    Cycle,
    DateChange,
    Decision,
    Family,
    Match,
    OnAbsent,
    Override,
    Overrides,
    Source,
    Status,
    Unlisted,
    Version,
    day_of,
)

texts = st.text(max_size=6)
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))
maybe_days = st.none() | days
stamps = days.map(date.isoformat)
ends = st.none() | st.booleans() | days
cycles = st.builds(
    Cycle,
    standard_support_end=ends,
    extended_support_end=ends,
    sources=st.lists(texts, max_size=2).map(tuple),
    as_of=st.none() | stamps,
)
moves = st.builds(DateChange, field=texts, before=maybe_days, after=maybe_days, seen=days, source=texts)
versions = st.builds(
    Version,
    status=st.sampled_from(Status),
    cycle=st.none() | texts,
    first_seen=maybe_days,
    last_seen_creatable=maybe_days,
    missing_since=maybe_days,
    deprecated_on=maybe_days,
    create_block=maybe_days,
    update_block=maybe_days,
    minor_support_end=maybe_days,
    successor=st.none() | texts,
    evidence=st.dictionaries(texts, st.sampled_from(Claim), max_size=2),
    date_history=st.lists(moves, max_size=2).map(tuple),
)
places = st.builds(AppliesTo, type=texts, version=texts, when=st.dictionaries(texts, texts, max_size=1))
families = st.builds(
    Family,
    as_of=stamps,
    match=st.sampled_from(Match),
    on_absent=st.sampled_from(OnAbsent),
    unlisted=st.sampled_from(Unlisted),
    max_age_days=st.integers(1, 366),
    applies_to=st.lists(places, max_size=2).map(tuple),
    cycles=st.dictionaries(texts, cycles, max_size=2),
    versions=st.dictionaries(texts, versions, max_size=2),
)
sources = st.builds(
    Source,
    kind=texts,
    as_of=stamps,
    sha256=texts,
    version=st.none() | texts,
    region=st.none() | texts,
    account=st.none() | texts,
    note=st.none() | texts,
)
lists = st.builds(
    AllowList,
    as_of=stamps,
    regions=st.lists(texts, max_size=2).map(tuple),
    sources=st.dictionaries(texts, sources, max_size=2),
    families=st.dictionaries(texts, families, max_size=2),
)
overrides = st.builds(
    Override,
    family=texts,
    version=st.none() | texts,
    cycle=st.none() | texts,
    decision=st.none() | st.sampled_from(Decision),
    status=st.none() | st.sampled_from(Status),
    reason=texts,
    owner=texts,
    until=days,
)
decisions = st.builds(
    Overrides,
    overrides=st.lists(overrides, max_size=2).map(tuple),
    approved_only=st.lists(texts, max_size=2).map(tuple),
)


class Value(Protocol):
    def to_dict(self) -> JsonObject: ...
    @classmethod
    def from_dict(cls, data: Any) -> Value: ...


@pytest.mark.parametrize("strategy", [lists, decisions], ids=["lists", "decisions"])
def test_to_dict_and_from_dict_are_inverse(strategy: st.SearchStrategy[Value]) -> None:
    @given(strategy)
    def holds(value: Value) -> None:
        assert type(value).from_dict(json.loads(json.dumps(value.to_dict()))) == value

    holds()


@pytest.mark.parametrize("word", ["banana", "", "Creatable"])
def test_a_word_that_is_none_of_ours_is_an_error(word: str) -> None:
    with pytest.raises(ValueError, match="Status"):
        Version.from_dict({"status": word})


def test_a_family_is_old_the_day_after_the_last_that_is_allowed() -> None:
    held = Family(as_of="2026-10-20T22:11:15Z", max_age_days=30, versions={"1": Version(status=Status.CREATABLE)})
    assert day_of(held.as_of) == date(2026, 10, 20)
    assert held.age(date(2026, 11, 19)) == 30
    assert not held.is_old(date(2026, 11, 19))
    assert held.is_old(date(2026, 11, 20))


def test_what_no_source_tells_of_is_not_old() -> None:
    assert not Family(as_of="2000-01-01").is_old(date(2026, 1, 1))


def test_an_override_is_about_one_version_or_one_cycle() -> None:
    head = {"family": "f", "reason": "r", "owner": "o", "until": "2026-01-01", "status": "creatable"}
    by_version = Override.from_dict({**head, "version": "1.1"})
    by_cycle = Override.from_dict({**head, "cycle": "1"})
    assert by_version.covers("f", "1.1", "1")
    assert not by_version.covers("f", "1.2", "1")
    assert by_cycle.covers("f", "1.2", "1")
    assert not by_cycle.covers("f", "2.1", "2")
    assert not by_cycle.covers("g", "1.1", "1")


@pytest.mark.parametrize("value", [WrittenFloat(17.1, "17.10"), WrittenInt(8, "010")])
def test_a_number_keeps_its_text_when_it_is_copied(value: WrittenFloat | WrittenInt) -> None:
    for made in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301 - our own bytes
        assert (made, made.text) == (value, value.text)
    assert json.dumps(value) == json.dumps(json.loads(json.dumps(value)))
