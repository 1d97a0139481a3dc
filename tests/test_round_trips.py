"""What crosses processes comes back as it went, through JSON text."""

from __future__ import annotations

import json
from typing import Any, Protocol, Self, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.calls.log import CallCount, CallLog
from stackproof.core.json import JsonValue, canonical, digest, optional_int, optional_str
from stackproof.core.notification import Level, Notification
from stackproof.deployment.deployment import Deployment
from stackproof.drift.difference import Unread
from stackproof.gate.suite_facts import SuiteFacts, SuiteNotification
from stackproof.plugin.facts import ItemFacts, WorkerFacts
from stackproof.policy.finding import EngineAnswer, Finding, Origin, RuleCount, Suppression
from stackproof.policy.ledger import LedgerEntry
from stackproof.policy.report import PolicySummary
from stackproof.proof.flow_values import FlowFact
from stackproof.proof.observation import Coverage, PropertyDifference, ResourceProof, Unproven
from stackproof.template.location import Location, SourceLine
from tests import strategies as of

ANY = (
    of.locations,
    of.origins,
    of.suppressions,
    of.ledger_entries,
    of.findings,
    of.rule_counts,
    of.notifications,
    of.answers,
    of.deployments,
    of.differences,
    of.unproven,
    of.proofs,
    of.summaries,
    of.flow_facts,
    of.call_counts,
    of.call_logs,
    of.unread,
    of.coverages,
    of.suite_notifications,
    of.suite_facts,
    of.item_facts,
    of.worker_facts,
)
TYPES = frozenset(
    {
        Location,
        Origin,
        Suppression,
        LedgerEntry,
        Finding,
        RuleCount,
        Notification,
        EngineAnswer,
        Deployment,
        PropertyDifference,
        Unproven,
        ResourceProof,
        PolicySummary,
        FlowFact,
        CallCount,
        CallLog,
        Unread,
        Coverage,
        SuiteNotification,
        SuiteFacts,
        ItemFacts,
        WorkerFacts,
    }
)


class Crossing(Protocol):
    def to_dict(self) -> dict[str, JsonValue]: ...

    @classmethod
    def from_dict(cls, data: Any) -> Self: ...


@pytest.mark.parametrize("strategy", ANY)
@given(st.data())
def test_a_value_that_was_written_and_read_is_the_same_value(
    strategy: st.SearchStrategy[object], data: st.DataObject
) -> None:
    value = data.draw(strategy)
    crossing = cast("Crossing", value)
    assert type(crossing) in TYPES
    assert type(crossing).from_dict(json.loads(json.dumps(crossing.to_dict()))) == value


@given(of.json_values)
def test_canonical_text_does_not_depend_on_the_order_of_keys(value: JsonValue) -> None:
    turned = dict.fromkeys(("b", "a"), value)
    straight = dict.fromkeys(("a", "b"), value)
    assert canonical(turned) == canonical(straight)
    assert digest(turned) == digest(straight)


@given(of.json_values, of.json_values)
def test_values_of_one_digest_have_one_canonical_text(one: JsonValue, other: JsonValue) -> None:
    assert (digest(one) == digest(other)) == (canonical(one) == canonical(other))


def test_a_digest_of_a_name_that_is_no_utf8_can_be_taken() -> None:
    assert digest("\udcff.json") != digest("\udcfe.json")


def test_a_string_or_null_is_expected_of_an_optional_string() -> None:
    assert (optional_str(None), optional_str("a")) == (None, "a")
    with pytest.raises(TypeError, match=r"Unexpected type int \(expected str or null\)"):
        optional_str(3)


@pytest.mark.parametrize("value", [True, "3", 1.5])
def test_an_integer_or_null_is_expected_of_an_optional_integer(value: JsonValue) -> None:
    assert (optional_int(None), optional_int(3)) == (None, 3)
    with pytest.raises(TypeError, match=r"expected int or null"):
        optional_int(value)


def test_a_source_line_reads_as_editors_link_it() -> None:
    assert str(SourceLine(file="infra/app.py", line=12)) == "infra/app.py:12"


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Location(file="a.py", line=3, construct_path="S/A", template_file="t.json"), "a.py:3"),
        (Location(file="a.py", construct_path="S/A"), "a.py"),
        (Location(construct_path="S/A", template_file="t.json", template_line=9), "S/A"),
        (Location(template_file="t.json", template_line=9, logical_id="A"), "t.json:9"),
        (Location(template_file="t.json", logical_id="A"), "t.json"),
        (Location(logical_id="A"), "A"),
        (Location(), "(no place)"),
    ],
)
def test_a_location_reads_as_the_best_place_that_is_known(place: Location, text: str) -> None:
    assert str(place) == text


@given(of.locations, of.locations)
def test_locations_that_sort_alike_are_alike(one: Location, other: Location) -> None:
    assert (one.sort_key() == other.sort_key()) == (one == other)


@given(of.findings, of.findings)
def test_findings_that_sort_alike_are_alike(one: Finding, other: Finding) -> None:
    assert (one.sort_key() == other.sort_key()) == (one == other)


@pytest.mark.parametrize("level", Level)
def test_levels_reach_themselves_and_what_is_below(level: Level) -> None:
    assert [other for other in Level if level.reaches(other)] == [other for other in Level if other.rank <= level.rank]
    assert Level.ERROR.reaches(level)
