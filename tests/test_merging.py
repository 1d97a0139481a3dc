"""Merging joins what engines say about one fact; it is idempotent, knows no order, and loses no origin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes import finding
from tests.model import strategies as of

from stackproof.merging import merge
from stackproof.model.finding import Finding, Kind, Level, Origin

CONTROLS = {"E1": "ENC-1", "CKV_1": "ENC-1"}
many = st.lists(of.findings, max_size=6)
controls = st.sampled_from([None, CONTROLS])


@given(many, controls)
def test_merging_twice_is_merging_once(findings: list[Finding], named: dict[str, str] | None) -> None:
    once = merge(findings, controls=named)
    assert merge(once, controls=named) == once


@given(many, controls, st.randoms(use_true_random=False))
def test_the_order_of_engines_does_not_matter(
    findings: list[Finding], named: dict[str, str] | None, random: object
) -> None:
    shuffled = list(findings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(shuffled, controls=named) == merge(findings, controls=named)


@given(many, many, controls)
def test_parts_that_were_merged_before_merge_to_the_same(
    one: list[Finding], other: list[Finding], named: dict[str, str] | None
) -> None:
    parts = (*merge(one, controls=named), *merge(other, controls=named))
    places = {(each.rule_id, each.location.logical_id, each.location.line) for each in merge(parts, controls=named)}
    whole = merge([*one, *other], controls=named)
    assert {(each.rule_id, each.location.logical_id, each.location.line) for each in whole} == places


@given(many, controls)
def test_no_origin_is_lost_and_none_is_made_up(findings: list[Finding], named: dict[str, str] | None) -> None:
    before = {origin for each in findings for origin in each.origins}
    merged = merge(findings, controls=named)
    assert {origin for each in merged for origin in each.origins} == before
    assert all(list(each.origins) == sorted(set(each.origins)) for each in merged)


@given(many, controls)
def test_a_failure_is_never_merged_away(findings: list[Finding], named: dict[str, str] | None) -> None:
    failed = any(each.kind is Kind.FAIL for each in findings)
    assert any(each.kind is Kind.FAIL for each in merge(findings, controls=named)) == failed


def test_engines_that_serve_one_control_make_one_finding() -> None:
    one = finding("E1", engine="cfn-lint", level=Level.WARNING, message="not encrypted")
    other = finding("CKV_1", engine="checkov", level=Level.ERROR, message="Ensure encryption")
    (merged,) = merge([one, other], controls=CONTROLS)
    assert (merged.rule_id, merged.level, merged.control) == ("CKV_1", Level.ERROR, "ENC-1")
    assert merged.origins == (
        Origin(engine="cfn-lint", rule_id="E1", message="not encrypted"),
        Origin(engine="checkov", rule_id="CKV_1", message="Ensure encryption"),
    )


def test_a_control_that_the_engine_names_itself_counts() -> None:
    (merged,) = merge([finding("X", control="ENC-1"), finding("E1")], controls=CONTROLS)
    assert len(merged.origins) == 2


def test_a_sure_failure_is_not_open_because_another_engine_could_not_tell() -> None:
    unsure = finding("CKV_1", kind=Kind.OPEN, level=Level.ERROR)
    (merged,) = merge([unsure, finding("E1", level=Level.WARNING)], controls=CONTROLS)
    assert (merged.kind, merged.level) == (Kind.FAIL, Level.WARNING)


@pytest.mark.parametrize(
    "other",
    [
        finding("E2"),
        finding(logical_id="Queue"),
        finding(stack_name="T"),
        finding(template_file="u.json"),
        finding(property_path="/A"),
        finding(message="another fact"),
    ],
)
def test_another_rule_place_or_fact_stays_a_finding_of_its_own(other: Finding) -> None:
    assert len(merge([finding(), other])) == 2


def test_without_a_resource_the_line_tells_facts_apart() -> None:
    one, other = (finding(logical_id=None, file="t.json", line=line) for line in (3, 9))
    assert len(merge([one, other])) == 2
    assert len(merge([one, one])) == 1


def test_the_line_of_a_known_resource_does_not_tell_facts_apart() -> None:
    assert len(merge([finding(line=3), finding(line=9)])) == 1
