"""A finding says what fails, and is known again in the next run."""

from __future__ import annotations

import pytest

from stackproof.model.finding import Finding, Kind, Level, Origin
from tests.fakes import finding, waiver


def test_the_fingerprint_is_the_one_that_baselines_already_hold() -> None:
    assert finding().fingerprint == "a905c72f1f5666facd1a22a476f8c73e"


@pytest.mark.parametrize(
    "same",
    [
        finding(message="other words"),
        finding(level=Level.NOTE),
        finding(file="infra/app.py", line=41),
        finding(line=2, template_line=3),
        finding(template_file="other.json"),
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


def test_without_a_stack_the_template_stands_in_the_fingerprint() -> None:
    one, other = (finding(stack_name=None, template_file=name) for name in ("dev.json", "prod.json"))
    assert one.fingerprint != other.fingerprint


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


def test_a_suppression_carries_the_reason_the_owner_and_the_day() -> None:
    trace = finding().suppressed_by(waiver()).suppression
    assert trace is not None
    assert trace.to_dict() == {"reason": "a known exception", "owner": "platform", "expires": "2026-12-31"}
