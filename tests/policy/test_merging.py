"""Merging joins what engines say about one fact; it is idempotent, knows no order, and loses no origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.notification import Level
from stackproof.policy.control import Control, by_rule
from stackproof.policy.finding import Finding, Kind, Origin
from stackproof.policy.merging import merged
from tests import strategies as of
from tests.fakes import finding, waiver

ENCRYPTED = Control(id="ENC-1", title="encrypted", rules={"cfn_lint": ("E1",), "checkov": ("CKV_1",)})
CONTROLS = by_rule([ENCRYPTED])
GRAVE = by_rule([replace(ENCRYPTED, level=Level.ERROR)])
TOPIC = finding().location
Controls: TypeAlias = Mapping[str, Control] | None
# Several engines about one resource, at places in one another and beside.
close = st.builds(
    lambda drawn, path: replace(drawn, location=replace(TOPIC, property_path=path), control=None),
    of.findings,
    st.sampled_from([None, "", "/A", "/A/0", "/A/0/B", "/A/1", "/AB", "/A/"]),
)
many = st.lists(of.findings, max_size=6) | st.lists(close, max_size=6)
controls = st.sampled_from([None, CONTROLS, GRAVE])


@given(many, controls)
def test_merging_twice_is_merging_once(findings: list[Finding], named: Controls) -> None:
    once = merged(findings, named)
    assert merged(once, named) == once


@given(many, controls, st.randoms(use_true_random=False))
def test_the_order_of_engines_does_not_matter(findings: list[Finding], named: Controls, random: object) -> None:
    shuffled = list(findings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merged(shuffled, named) == merged(findings, named)


@given(many, controls)
def test_no_origin_is_lost_and_none_is_made_up(findings: list[Finding], named: Controls) -> None:
    before = {origin for finding in findings for origin in finding.origins}
    after = merged(findings, named)
    assert {origin for finding in after for origin in finding.origins} == before
    assert all(list(finding.origins) == sorted(set(finding.origins)) for finding in after)


@given(many, controls)
def test_a_failure_is_never_merged_away(findings: list[Finding], named: Controls) -> None:
    failed = any(finding.kind is Kind.FAIL for finding in findings)
    assert any(finding.kind is Kind.FAIL for finding in merged(findings, named)) == failed


def test_engines_that_serve_one_control_make_one_finding() -> None:
    one = finding("E1", engine="cfn-lint", level=Level.WARNING, message="not encrypted")
    other = finding("CKV_1", engine="checkov", level=Level.ERROR, message="Ensure encryption")
    (one_fact,) = merged([one, other], CONTROLS)
    assert (one_fact.rule_id, one_fact.level, one_fact.control) == ("CKV_1", Level.ERROR, "ENC-1")
    assert one_fact.origins == (
        Origin(engine="cfn-lint", rule_id="E1", message="not encrypted"),
        Origin(engine="checkov", rule_id="CKV_1", message="Ensure encryption"),
    )


def test_a_control_that_the_engine_names_itself_counts() -> None:
    (one_fact,) = merged([finding("X", control="ENC-1"), finding("E1")], CONTROLS)
    assert len(one_fact.origins) == 2


def test_a_control_gives_its_level_to_all_of_its_findings() -> None:
    (one_fact,) = merged([finding("E1", level=Level.NOTE), finding("CKV_1", level=Level.WARNING)], GRAVE)
    assert one_fact.level is Level.ERROR
    assert merged([finding("X", level=Level.NOTE, control="ENC-1")], GRAVE)[0].level is Level.ERROR
    assert merged([finding("E1", level=Level.NOTE, control="ENC-9")], GRAVE)[0].level is Level.NOTE


def test_engines_that_point_less_deep_join_those_that_point_deeper() -> None:
    whole = finding("CKV_1", engine="checkov")
    outer = finding("E1", engine="cfn-lint", property_path="/Rules")
    inner = finding("E1", engine="validate", property_path="/Rules/0/Cidr", file="t.json", line=7)
    (one_fact,) = merged([whole, outer, inner], CONTROLS)
    assert {origin.engine for origin in one_fact.origins} == {"checkov", "cfn-lint", "validate"}
    assert (one_fact.location.property_path, one_fact.location.line) == ("/Rules/0/Cidr", 7)


def test_what_is_said_of_the_whole_is_heard_at_each_part_that_another_engine_names() -> None:
    whole = finding("CKV_1", engine="checkov", property_path="/Rules")
    parts = [finding("E1", property_path=f"/Rules/{index}") for index in (0, 2)]
    found = merged([whole, *parts], CONTROLS)
    assert [finding.location.property_path for finding in found] == ["/Rules/0", "/Rules/2"]
    assert all(len(finding.origins) == 2 for finding in found)


def test_a_name_that_begins_like_another_is_not_inside_it() -> None:
    assert len(merged([finding("E1", property_path="/Key"), finding("CKV_1", property_path="/KeyId")], CONTROLS)) == 2


def test_without_a_control_depth_tells_facts_apart() -> None:
    assert len(merged([finding("X"), finding("X", property_path="/A")], CONTROLS)) == 2


def test_a_sure_failure_is_not_open_because_another_engine_could_not_tell() -> None:
    unsure = finding("CKV_1", kind=Kind.OPEN, level=Level.ERROR)
    (one_fact,) = merged([unsure, finding("E1", level=Level.WARNING)], CONTROLS)
    assert (one_fact.kind, one_fact.level) == (Kind.FAIL, Level.WARNING)


def test_a_control_is_found_by_any_origin() -> None:
    seen = finding("X", origins=(Origin(engine="checkov", rule_id="CKV_1", message="m"),))
    assert merged([seen], CONTROLS)[0].control == "ENC-1"


def test_the_gravest_level_counts_whoever_says_it() -> None:
    (one_fact,) = merged([finding("CKV_1", level=Level.WARNING), finding("E1", level=Level.ERROR)], CONTROLS)
    assert (one_fact.rule_id, one_fact.level) == ("E1", Level.ERROR)


def test_all_that_one_rule_says_of_one_place_is_heard() -> None:
    (one_fact,) = merged([finding(message="b"), finding(message="a")])
    assert one_fact.message == "a; b"
    assert [origin.message for origin in one_fact.origins] == ["a", "b"]


def test_another_engines_words_stay_with_their_origin() -> None:
    (one_fact,) = merged([finding("E1", message="a"), finding("CKV_1", engine="checkov", message="b")], CONTROLS)
    assert len(one_fact.message) == 1


def test_what_one_engine_sees_as_authored_is_authored() -> None:
    (one_fact,) = merged([finding(generated=True), finding(generated=False)])
    assert not one_fact.generated


def test_a_suppression_survives() -> None:
    waived = finding().suppressed_by(waiver())
    assert merged([finding(), waived])[0].suppression == waived.suppression


def test_the_place_with_a_line_is_the_place() -> None:
    (one_fact,) = merged([finding(file="t.json"), finding(file="t.json", line=9), finding(file="t.json", line=12)])
    assert one_fact.location.line == 9


@pytest.mark.parametrize(
    "other",
    [
        finding("E2"),
        finding(logical_id="Queue"),
        finding(stack_name="T"),
        finding(template_file="u.json"),
        finding(property_path="/A"),
        finding(control="ENC-9"),
    ],
)
def test_another_rule_place_or_control_stays_a_finding_of_its_own(other: Finding) -> None:
    assert len(merged([finding(), other])) == 2


def test_without_a_resource_line_and_wording_tell_facts_apart() -> None:
    one, other = (finding(logical_id=None, file="t.json", line=line) for line in (3, 9))
    assert len(merged([one, other])) == 2
    assert len(merged([one, finding(logical_id=None, file="t.json", line=3, message="else")])) == 2
    assert len(merged([one, one])) == 1
