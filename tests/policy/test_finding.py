"""A finding says what fails, and is known again in the next run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stackproof.core.notification import Level
from stackproof.policy.finding import Finding, Kind, Origin, Suppression, SuppressionKind
from stackproof.template.location import Location
from tests.fakes import finding, waiver


def test_the_fingerprint_is_the_one_that_baselines_already_hold() -> None:
    assert finding(construct_path="S/Topic").fingerprint == "ec744e75c801c92dc5ed978f1fabfb3e"


@pytest.mark.parametrize(
    "same",
    [
        finding(message="other words"),
        finding(level=Level.NOTE),
        finding(file="infra/app.py", line=41),
        finding(line=2, template_line=3),
        finding(origins=(Origin(engine="cfn-lint", rule_id="E9", message="m"),)),
        finding(generated=True, suppression=finding().suppressed_by(waiver()).suppression),
    ],
)
def test_lines_messages_and_engines_do_not_change_the_fingerprint(same: Finding) -> None:
    assert same.fingerprint == finding().fingerprint


@pytest.mark.parametrize(
    "other",
    [
        finding("E2"),
        finding(stack_name="T"),
        finding(stack_name=None),
        finding(logical_id="Queue"),
        finding(construct_path="S/Topic"),
        finding(property_path="/KmsMasterKeyId"),
    ],
)
def test_rule_stack_construct_and_property_make_the_fingerprint(other: Finding) -> None:
    assert other.fingerprint != finding().fingerprint


@pytest.mark.parametrize("stack_name", [None, "S"])
def test_without_a_construct_path_the_template_stands_in_the_fingerprint(stack_name: str | None) -> None:
    """Two stacks of one name have each the same logical ids."""
    one, other = (finding(stack_name=stack_name, template_file=name) for name in ("dev.json", "prod.json"))
    assert one.fingerprint != other.fingerprint


def test_where_there_is_a_construct_path_the_file_of_the_template_does_not_matter() -> None:
    one, other = (finding(construct_path="S/Topic", template_file=name) for name in ("a.json", "b.json"))
    assert one.fingerprint == other.fingerprint


def test_only_a_failure_that_reaches_the_level_is_a_violation() -> None:
    assert finding().violates(Level.ERROR)
    assert finding(level=Level.WARNING).violates(Level.WARNING)
    assert not finding(level=Level.WARNING).violates(Level.ERROR)
    assert not finding(level=Level.NOTE).violates(Level.WARNING)
    assert not finding(level=Level.NONE).violates(Level.WARNING)


@pytest.mark.parametrize("kind", [Kind.PASS, Kind.OPEN, Kind.NOT_APPLICABLE])
def test_what_is_no_failure_is_no_violation(kind: Kind) -> None:
    assert not finding(kind=kind).violates(Level.WARNING)


def test_what_is_waived_or_generated_is_no_violation() -> None:
    assert not finding().suppressed_by(waiver()).violates(Level.WARNING)
    assert not finding(generated=True).violates(Level.WARNING)


def test_a_suppression_carries_all_that_the_waiver_says() -> None:
    trace = finding().suppressed_by(waiver(ticket="OPS-1", file="waivers.yaml", line=3)).suppression
    assert trace is not None
    assert trace.to_dict() == {
        "kind": "external",
        "reason": "a known exception",
        "owner": "platform",
        "expires": "2026-12-31",
        "ticket": "OPS-1",
        "where": "waivers.yaml:3",
    }


@pytest.mark.parametrize(
    ("trace", "text"),
    [
        (waiver().trace, "until 2026-12-31: a known exception"),
        (Suppression(kind=SuppressionKind.IN_SOURCE, reason="", where="t.json"), "in t.json: no reason given"),
        (Suppression(kind=SuppressionKind.IN_SOURCE, reason="why"), "why"),
        (Suppression(kind=SuppressionKind.BASELINE, reason=""), "in the baseline"),
    ],
)
def test_a_suppression_reads_as_a_person_would_say_it(trace: Suppression, text: str) -> None:
    assert str(trace) == text


@pytest.mark.parametrize(
    ("changes", "where"),
    [({}, None), ({"line": 3}, None), ({"file": "w.yaml"}, "w.yaml"), ({"file": "w.yaml", "line": 3}, "w.yaml:3")],
)
def test_a_waiver_knows_where_it_stands(changes: dict[str, str | int], where: str | None) -> None:
    assert waiver(**changes).where == where


def test_a_waiver_names_a_rule_or_a_control() -> None:
    assert (waiver().named, waiver(rule=None, control="C-1").named) == ("E1", "C-1")


def test_what_lies_in_no_template_is_told_apart_by_file_and_message() -> None:
    def ledger(message: str, line: int) -> Finding:
        place = Location(file="waivers.yaml", line=line)
        return replace(finding(message=message), location=place)

    assert ledger("a", 1).fingerprint != ledger("b", 1).fingerprint
    assert ledger("a", 1).fingerprint == ledger("a", 9).fingerprint


def test_a_finding_is_reworded_in_all_its_voices_and_is_itself_where_nothing_changes() -> None:
    said = replace(
        finding("E1", message="b"),
        origins=tuple(Origin(engine=engine, rule_id="E1", message=engine) for engine in "ab"),
    )
    assert said.reworded(lambda message: message) is said
    found = said.reworded({"a": "z", "b": "y"}.__getitem__)
    assert found.message == "y"
    assert [(origin.engine, origin.message) for origin in found.origins] == [("a", "z"), ("b", "y")]
