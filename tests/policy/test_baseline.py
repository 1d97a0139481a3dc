"""A baseline hides exactly the findings that were there before, each at its own place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.notification import Level
from stackproof.policy.baseline import BaselineResult, baseline_of, key_of, with_baseline
from stackproof.policy.baseline_file import Baseline, BaselineKey
from stackproof.policy.finding import Finding, Kind, Origin, SuppressionKind
from tests import strategies as of
from tests.fakes import finding, waiver


def against(baseline: Baseline, *findings: Finding, complete: bool = True) -> BaselineResult:
    return with_baseline(findings, baseline, stacks={"S", "t.json"}, complete=complete)


def new(result: BaselineResult) -> list[Finding]:
    return [finding for finding in result.findings if finding.suppression is None]


def test_a_finding_is_known_again_by_stack_construct_and_the_rules_of_all_its_origins() -> None:
    origins = (Origin(engine="b", rule_id="Z", message="m"), Origin(engine="a", rule_id="A", message="m"))
    assert key_of(finding("E1", construct_path="S/Topic", origins=origins)) == BaselineKey(
        stack="S", file="", place="S/Topic", rules=("A", "E1", "Z")
    )


@pytest.mark.parametrize(
    "same",
    [
        finding(message="other words"),
        finding(level=Level.WARNING),
        finding(file="app.py", line=3, template_line=9),
        finding(property_path="/KmsMasterKeyId"),
        finding(template_file="moved.json"),
    ],
)
def test_words_lines_and_properties_do_not_make_it_new(same: Finding) -> None:
    assert new(against(baseline_of([finding()]), same)) == []


@pytest.mark.parametrize(
    "other",
    [
        finding("E2"),
        finding(stack_name="T"),
        finding(stack_name=None),
        finding(logical_id="Queue"),
        finding(construct_path="S/Topic"),
        finding(origins=(Origin(engine="b", rule_id="Z", message="m"),)),
    ],
)
def test_another_rule_stack_or_construct_is_new(other: Finding) -> None:
    assert new(against(baseline_of([finding()]), other)) == [other]


def test_one_templates_baseline_hides_nothing_in_another() -> None:
    dev, prod = (finding(stack_name=None, template_file=name) for name in ("dev.json", "prod.json"))
    assert new(against(baseline_of([dev]), dev, prod)) == [prod]


def test_what_lies_in_no_template_has_its_file_or_nothing() -> None:
    place = {"stack_name": None, "template_file": None, "logical_id": None}
    assert key_of(finding(file="waivers.yaml", **place)).file == "waivers.yaml"  # type: ignore[arg-type]
    assert key_of(finding(**place)) == BaselineKey(stack="", file="", place="", rules=("E1",))  # type: ignore[arg-type]


def test_one_more_of_the_same_key_is_new() -> None:
    first, second = finding(property_path="/A"), finding(property_path="/B")
    assert new(against(baseline_of([first]), second, first)) == [second]
    assert new(against(baseline_of([first, second]), second, first)) == []


@pytest.mark.parametrize(
    "left_out",
    [
        finding().suppressed_by(waiver()),
        finding(generated=True),
        finding(level=Level.NOTE),
        finding(kind=Kind.PASS),
        finding("HELD"),
        finding(control="C-1"),
    ],
    ids=["waived", "generated", "a note", "passed", "not waivable", "control not waivable"],
)
def test_what_does_not_fail_or_may_not_be_waived_is_in_no_baseline(left_out: Finding) -> None:
    protected = frozenset({"HELD", "C-1"})
    assert baseline_of([left_out], not_waivable=protected) == {}
    every: Baseline = {key_of(left_out): 9}
    result = with_baseline([left_out], every, stacks=(), not_waivable=protected)
    assert result.findings == (left_out,)


def test_what_is_open_is_in_it_too() -> None:
    one = finding(kind=Kind.OPEN)
    (held,) = against(baseline_of([one]), one).findings
    assert held.suppression is not None
    assert held.suppression.kind is SuppressionKind.BASELINE


def test_what_is_no_longer_there_is_counted_as_fixed_where_someone_looked() -> None:
    old = baseline_of([finding(), finding("E2"), finding("E3", stack_name=None), finding("E4", stack_name="Other")])
    assert against(old, finding()).fixed == 2
    assert against(old, finding(), complete=False).fixed == 0
    assert against({}, finding()).fixed == 0


@given(st.lists(of.findings, max_size=6))
def test_against_its_own_baseline_nothing_is_new_and_nothing_fixed(findings: list[Finding]) -> None:
    baseline = baseline_of(findings)
    result = with_baseline(findings, baseline, stacks={key.stack or key.file for key in baseline})
    assert baseline_of(result.findings) == {}
    assert result.fixed == 0
    assert not any(finding.violates(Level.WARNING) for finding in result.findings)


@given(st.lists(of.findings, max_size=6))
def test_against_no_baseline_everything_is_as_it_was(findings: list[Finding]) -> None:
    assert with_baseline(findings, {}, stacks=()).findings == tuple(sorted(findings, key=Finding.sort_key))


@given(st.lists(of.findings, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_findings_plays_no_part(findings: list[Finding], random: object) -> None:
    shuffled = list(findings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    half = baseline_of(findings[::2])
    assert with_baseline(findings, half, stacks=()) == with_baseline(shuffled, half, stacks=())


def test_of_two_stacks_of_one_name_the_baseline_of_one_hides_nothing_of_the_other() -> None:
    eu, us = (finding(template_file=f"shop-{name}.json") for name in ("eu", "us"))
    shared = {"S"}
    old = baseline_of([eu], shared_names=shared)
    assert old == {BaselineKey(stack="S", file="shop-eu.json", place="Topic", rules=("E1",)): 1}
    result = with_baseline([eu, us], old, stacks={"S"}, shared_names=shared)
    assert new(result) == [us]
    assert result.fixed == 0
    gone = with_baseline([us], old, stacks={"S"}, shared_names=shared)
    assert (new(gone), gone.fixed) == ([us], 1)


def test_a_baseline_of_one_stack_hides_nothing_where_two_have_its_name() -> None:
    eu, us = (finding(template_file=f"shop-{name}.json") for name in ("eu", "us"))
    result = with_baseline([eu, us], baseline_of([eu]), stacks={"S"}, shared_names={"S"})
    assert new(result) == [eu, us]


def test_what_is_of_no_shared_name_has_the_key_that_it_had() -> None:
    one = finding(template_file="t.json")
    assert key_of(one, shared_names={"T"}) == key_of(one) == key_of(finding(template_file="u.json"))
