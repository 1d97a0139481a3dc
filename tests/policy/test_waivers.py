"""A waiver suppresses what it names until its last day, and never does nothing, or too much, in silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.notification import Level
from stackproof.policy.finding import Finding, Kind, Origin, RuleCount, SuppressionKind, Waiver
from stackproof.policy.ledger import InSourceWaiver, LedgerEntry, WaiverState
from stackproof.policy.waivers import Evaluated, Ledger, WaiverResult, covers, waived
from stackproof.template.location import Location
from tests.fakes import TODAY, finding, in_source_waiver, waiver

NAME = "the waiver of E1 at Topic in S (owner: platform)"
JUDGED = Evaluated(stacks={"S"}, engines={"fake", "cfn-lint"})
ABOUT_WAIVERS = {"SPW001", "SPW002", "SPW003", "SPW005", "SPW006"}


def applied(
    *findings: Finding,
    waivers: tuple[Waiver, ...] = (),
    in_source: tuple[InSourceWaiver, ...] = (),
    not_waivable: frozenset[str] = frozenset(),
    on: date = TODAY,
    judged: Evaluated = JUDGED,
) -> WaiverResult:
    ledger = Ledger(waivers=waivers, in_source=in_source, not_waivable=not_waivable)
    return waived(findings, ledger, on=on, judged=judged)


def said(result: WaiverResult) -> list[tuple[str, Level, str]]:
    return [
        (finding.rule_id, finding.level, finding.message)
        for finding in result.findings
        if finding.rule_id in ABOUT_WAIVERS
    ]


def about(result: WaiverResult) -> list[str]:
    return [rule_id for rule_id, _, _ in said(result)]


def states(result: WaiverResult) -> list[tuple[WaiverState, int]]:
    return [(ledger_entry.state, ledger_entry.covers) for ledger_entry in result.entries]


def suppressed(result: WaiverResult) -> list[str]:
    return [finding.rule_id for finding in result.findings if finding.suppression is not None]


# --- what a waiver covers


def test_a_waiver_covers_its_rule_at_its_construct() -> None:
    assert covers(waiver(construct_path="S/Topic/Resource"), finding(construct_path="S/Topic/Resource"))


def test_a_waiver_covers_a_rule_of_any_origin() -> None:
    merged = finding("E1", origins=(Origin(engine="checkov", rule_id="CKV_1", message="m"),))
    assert covers(waiver(rule="CKV_1"), merged)
    assert covers(waiver(rule="E1"), merged)


def test_a_waiver_of_a_control_covers_every_rule_of_it_and_nothing_else() -> None:
    one = waiver(rule=None, control="NET-1")
    assert covers(one, finding("E1", control="NET-1"))
    assert covers(one, finding("CKV_1", control="NET-1"))
    assert not covers(one, finding("NET-1"))
    assert not covers(one, finding("E1", control="NET-2"))
    assert not covers(waiver(rule="NET-1"), finding("E1", control="NET-1"))


def test_a_glob_covers_all_that_it_names() -> None:
    one = waiver(stack="S-*", construct_path="S/*/Resource")
    assert covers(one, finding(stack_name="S-dev", construct_path="S/Topic/Resource"))
    assert not covers(one, finding(stack_name="S-dev", construct_path="S/A/Topic/Resource"))
    assert not covers(one, finding(stack_name="S", construct_path="S/Topic/Resource"))


@pytest.mark.parametrize(
    "other",
    [
        waiver(rule="E2"),
        waiver(rule="e1"),
        waiver(stack="T"),
        waiver(construct_path="Top"),
        waiver(construct_path="S/Topic"),
        waiver(construct_path="Queue*"),
    ],
)
def test_a_waiver_of_anything_else_does_not_cover(other: Waiver) -> None:
    assert not covers(other, finding())


def test_the_logical_id_does_not_stand_for_a_construct_path_that_is_known() -> None:
    assert not covers(waiver(construct_path="Topic"), finding(construct_path="S/Topic/Resource"))


@pytest.mark.parametrize("kind", [Kind.PASS, Kind.NOT_APPLICABLE])
def test_what_did_not_fail_needs_no_waiver(kind: Kind) -> None:
    assert not covers(waiver(), finding(kind=kind))
    assert covers(waiver(), finding(kind=Kind.OPEN))


def test_a_template_by_itself_is_named_by_its_file_and_logical_id() -> None:
    assert covers(waiver(stack="t.json"), finding(stack_name=None))
    assert not covers(waiver(stack="t.json"), finding(stack_name="S"))


def test_a_finding_without_a_place_is_covered_by_none() -> None:
    assert not covers(waiver(), finding(stack_name=None, template_file=None, logical_id=None))


# --- what is waived


def test_what_is_waived_carries_the_trace_and_the_rest_does_not() -> None:
    result = applied(finding(), finding("E2"), waivers=(waiver(),))
    assert [finding.suppression is not None for finding in result.findings] == [True, False]
    assert said(result) == []
    assert states(result) == [(WaiverState.ACTIVE, 1)]


def test_of_several_waivers_that_match_the_longest_counts_and_all_are_of_use() -> None:
    short, long = waiver(expires=date(2026, 12, 1), owner="a"), waiver(owner="b")
    result = applied(finding(), waivers=(short, long))
    assert result.findings == applied(finding(), waivers=(long, short)).findings
    assert result.findings[0].suppression is not None
    assert result.findings[0].suppression.owner == "b"
    assert said(result) == []


def test_findings_leave_sorted() -> None:
    assert [found.rule_id for found in applied(finding("Z"), finding("A")).findings] == ["A", "Z"]


@given(st.permutations([waiver(rule=rule) for rule in ("B", "A", "E1")]))
def test_the_order_of_the_ledger_plays_no_part(waivers: list[Waiver]) -> None:
    one, other = (applied(finding(), waivers=tuple(waiver)) for waiver in (waivers, waivers[::-1]))
    assert one == other


# --- a waiver that is out of date, of no use, or too wide


def test_a_waiver_holds_on_its_last_day_and_not_on_the_next() -> None:
    last = waiver().expires
    assert suppressed(applied(finding(), waivers=(waiver(),), on=last)) == ["E1"]
    expired = applied(finding(), waivers=(waiver(),), on=last + timedelta(days=1))
    assert suppressed(expired) == []
    assert said(expired) == [("SPW001", Level.WARNING, f"{NAME} expired on 2026-12-31 and no longer covers 1 finding")]
    assert states(expired) == [(WaiverState.EXPIRED, 1)]
    assert [ledger_entry.days_left for ledger_entry in expired.entries] == [-1]


def test_an_expired_waiver_is_said_also_where_it_covers_nothing_any_more_or_its_stack_was_not_judged() -> None:
    late = waiver().expires + timedelta(days=1)
    for unfit in (waiver(rule="E2"), waiver(stack="T")):
        assert about(applied(finding(), waivers=(unfit,), on=late)) == ["SPW001"]


def test_a_waiver_that_matches_nothing_is_a_finding_at_its_line() -> None:
    result = applied(finding("E2"), waivers=(waiver(file="policies/waivers.yaml", line=7),))
    assert said(result) == [("SPW002", Level.WARNING, f"{NAME} matches nothing")]
    assert (
        str(next(finding for finding in result.findings if finding.rule_id == "SPW002").location)
        == "policies/waivers.yaml:7"
    )
    assert states(result) == [(WaiverState.UNUSED, 0)]


@pytest.mark.parametrize(
    ("one", "judged"),
    [
        (waiver(), Evaluated(stacks={"S"}, engines={"fake"}, complete=False)),
        (waiver(stack="T"), JUDGED),
        (waiver(rule="CKV_AWS_1"), JUDGED),
        (waiver(rule="F3002"), JUDGED),
        (waiver(rule="W3005"), JUDGED),
        (waiver(rule="cdk:deprecated-api/x"), JUDGED),
    ],
    ids=[
        "not everything was judged",
        "another stack",
        "no Checkov",
        "no cloudformation-validate",
        "one of two linters",
        "no app",
    ],
)
def test_a_waiver_is_not_called_useless_where_no_one_looked(one: Waiver, judged: Evaluated) -> None:
    result = applied(waivers=(one,), judged=judged)
    assert said(result) == []
    assert states(result) == [(WaiverState.NOT_JUDGED, 0)]


def test_a_waiver_of_a_rule_whose_engine_looked_is_called_useless() -> None:
    both = replace(JUDGED, engines={"cfn-lint", "cloudformation-validate"})
    assert about(applied(waivers=(waiver(rule="W3005"),), judged=both)) == ["SPW002"]
    assert about(applied(waivers=(waiver(rule="W3005"),), judged=replace(JUDGED, rules={"W3005"}))) == ["SPW002"]
    assert about(applied(waivers=(waiver(stack="?"),))) == ["SPW002", "SPW003"]


def test_a_broad_waiver_is_a_note_that_says_how_much_it_covers() -> None:
    both = (finding(), finding(logical_id="Table"))
    result = applied(*both, waivers=(waiver(construct_path="T*"),))
    assert suppressed(result) == ["E1", "E1"]
    name = NAME.replace("Topic", "T*")
    assert said(result) == [("SPW003", Level.NOTE, f"{name} is broad: it covers 2 findings")]


def test_what_is_said_of_waivers_has_a_denominator() -> None:
    result = applied(finding("E2"), waivers=(waiver(), waiver(rule="E2")), in_source=(in_source_waiver(rule="E2"),))
    assert result.counts == tuple(
        RuleCount(rule_id=rule, engine="stackproof", looked_at=looked, failed=failed)
        for rule, looked, failed in (
            ("SPW001", 2, 0),
            ("SPW002", 3, 1),
            ("SPW003", 3, 0),
            ("SPW005", 3, 0),
            ("SPW006", 3, 0),
        )
    )
    assert applied(finding()).counts == ()


# --- what is not waivable


@pytest.mark.parametrize("name", ["E1", "C-1", "CKV_1"])
def test_what_is_not_waivable_is_not_waived_and_the_waiver_is_a_finding(name: str) -> None:
    """By its rule, its control, or the rule of any of its origins."""
    held = finding("E1", control="C-1", origins=(Origin(engine="fake", rule_id="CKV_1", message="m"),))
    result = applied(
        held, waivers=(waiver(),), in_source=(in_source_waiver(rule="CKV_1"),), not_waivable=frozenset({name})
    )
    assert suppressed(result) == []
    assert about(result) == ["SPW005", "SPW005"]
    assert {level for _, level, _ in said(result)} == {Level.ERROR}
    assert states(result) == [(WaiverState.NOT_WAIVABLE, 0), (WaiverState.NOT_WAIVABLE, 0)]


def test_a_waiver_of_what_is_not_waivable_is_a_finding_also_where_it_covers_nothing() -> None:
    result = applied(waivers=(waiver(), waiver(rule=None, control="C-1")), not_waivable=frozenset({"E1", "C-1"}))
    assert about(result) == ["SPW005", "SPW005"]
    assert "this control has to hold" in said(result)[0][2] + said(result)[1][2]


def test_a_waiver_that_covers_this_and_may_not_cover_that_is_active_and_a_finding() -> None:
    held = finding("E1", control="C-1", logical_id="Table")
    result = applied(finding(), held, waivers=(waiver(construct_path="T*"),), not_waivable=frozenset({"C-1"}))
    assert about(result) == ["SPW003", "SPW005"]
    assert states(result) == [(WaiverState.ACTIVE, 1)]


# --- what the sources say


def test_what_a_source_silences_is_waived_with_its_place_and_reason() -> None:
    result = applied(finding(), in_source=(in_source_waiver(),))
    trace = result.findings[0].suppression
    assert trace is not None
    assert (trace.kind, trace.reason, trace.where) == (SuppressionKind.IN_SOURCE, "because", "t.json:3: Metadata")
    assert said(result) == []
    assert result.entries == (
        LedgerEntry(
            source="cfn-lint",
            where="t.json:3: Metadata",
            rule="E1",
            control=None,
            stack="S",
            construct_path="Topic",
            reason="because",
            owner=None,
            ticket=None,
            expires=None,
            days_left=None,
            covers=1,
            state=WaiverState.ACTIVE,
        ),
    )


def test_the_ledger_goes_before_the_source_until_its_waiver_expires() -> None:
    for on, kind in ((TODAY, SuppressionKind.EXTERNAL), (date(2027, 1, 1), SuppressionKind.IN_SOURCE)):
        result = applied(finding(), waivers=(waiver(),), in_source=(in_source_waiver(),), on=on)
        one = next(finding for finding in result.findings if finding.rule_id == "E1")
        assert one.suppression is not None
        assert one.suppression.kind is kind


def test_of_two_sources_that_say_so_the_first_place_is_named() -> None:
    pair = (in_source_waiver(where="b"), in_source_waiver(where="a"))
    for in_source in (pair, pair[::-1]):
        trace = applied(finding(), in_source=in_source).findings[0].suppression
        assert trace is not None
        assert trace.where == "a"


def test_the_beginning_of_an_id_is_not_heeded_and_fails() -> None:
    result = applied(finding(), in_source=(in_source_waiver(rule="E", is_prefix=True, is_broad=True),))
    assert suppressed(result) == []
    assert [(rule, level) for rule, level, _ in said(result)] == [("SPW003", Level.WARNING)]
    assert states(result) == [(WaiverState.OVER_BROAD, 0)]


def test_silence_over_a_whole_template_is_a_note() -> None:
    result = applied(finding(), in_source=(in_source_waiver(logical_id=None, is_broad=True),))
    assert suppressed(result) == ["E1"]
    assert [(rule, level) for rule, level, _ in said(result)] == [("SPW003", Level.NOTE)]


def test_silence_that_is_of_no_use_is_a_note_where_its_engine_looked() -> None:
    assert [(rule, level) for rule, level, _ in said(applied(in_source=(in_source_waiver(),)))] == [
        ("SPW002", Level.NOTE)
    ]
    elsewhere = in_source_waiver(engines=frozenset({"checkov"}))
    assert states(applied(in_source=(elsewhere,))) == [(WaiverState.NOT_JUDGED, 0)]
    broken = Evaluated(stacks={"S"}, engines={"cfn-lint"}, complete=False)
    assert states(applied(in_source=(in_source_waiver(),), judged=broken)) == [(WaiverState.NOT_JUDGED, 0)]


def test_of_what_cdk_heeded_itself_no_one_can_tell_the_use() -> None:
    result = applied(in_source=(in_source_waiver(is_final=True),))
    assert said(result) == []
    assert states(result) == [(WaiverState.UNSEEN, 0)]


def test_what_cdk_wrote_on_its_own_resource_is_no_ones_fault() -> None:
    result = applied(in_source=(in_source_waiver(rule="E", is_prefix=True, generated=True),))
    (one,) = result.findings
    assert one.generated
    assert not one.violates(Level.NOTE)


def test_the_ledger_lists_the_file_first_then_the_sources() -> None:
    app = in_source_waiver(source="cdk", location=Location(), logical_id=None, where="app.py:3", construct_path="")
    result = applied(waivers=(waiver(rule="B"), waiver(rule="A")), in_source=(in_source_waiver(), app))
    assert [(ledger_entry.source, ledger_entry.rule) for ledger_entry in result.entries] == [
        ("waivers.yaml", "A"),
        ("waivers.yaml", "B"),
        ("cdk", "E1"),
        ("cfn-lint", "E1"),
    ]
    assert (result.entries[2].stack, result.entries[2].construct_path) == (None, None)


def test_a_waiver_of_one_rule_lends_nothing_to_another_that_says_the_same() -> None:
    both = replace(
        finding("CKV_1", engine="checkov"),
        control="IAM-ADMIN",
        origins=tuple(Origin(engine="checkov", rule_id=rule_id, message="m") for rule_id in ("CKV_1", "CKV_2")),
    )
    one = waived([both], Ledger(waivers=(waiver(rule="CKV_2"),)), on=TODAY, judged=Evaluated(stacks={"S"}))
    (left,) = [finding for finding in one.findings if finding.rule_id == "CKV_1"]
    assert left.suppression is None
    assert [finding.message for finding in one.findings if finding.rule_id == "SPW006"] == [
        "the waiver of CKV_2 at Topic in S (owner: platform) is not enough: CKV_1 reports the same there"
    ]
    told = in_source_waiver(rule="CKV_2", engines=frozenset({"checkov"}))
    judged = Evaluated(stacks={"S"}, engines={"checkov"})
    source = waived([both], Ledger(in_source=(told,)), on=TODAY, judged=judged)
    assert [ledger_entry.state for ledger_entry in source.entries] == [WaiverState.PARTIAL]
    assert [finding.message for finding in source.findings if finding.rule_id == "SPW006"] == [
        "the suppression of CKV_2 in t.json:3: Metadata is not enough: CKV_1 reports the same there"
    ]
    two = waived(
        [both], Ledger(waivers=(waiver(rule="CKV_2"), waiver(rule="CKV_1"))), on=TODAY, judged=Evaluated(stacks={"S"})
    )
    assert all(finding.suppression is not None for finding in two.findings)
    whole = waived(
        [both], Ledger(waivers=(waiver(rule=None, control="IAM-ADMIN"),)), on=TODAY, judged=Evaluated(stacks={"S"})
    )
    assert all(finding.suppression is not None for finding in whole.findings)


def test_without_construct_paths_a_waiver_is_of_one_of_two_stacks_of_one_name() -> None:
    eu, us = (finding(template_file=f"shop-{name}.json") for name in ("eu", "us"))
    judged = replace(JUDGED, stacks={"S", "shop-eu.json", "shop-us.json"}, shared_names={"S"})
    result = applied(eu, us, waivers=(waiver(),), judged=judged)
    assert [finding.suppression for finding in result.findings if finding.rule_id == "E1"] == [None, None]
    assert about(result) == ["SPW002"]
    result = applied(eu, us, waivers=(waiver(stack="shop-eu.json"),), judged=judged)
    assert [finding.location.template_file for finding in result.findings if finding.suppression is None] == [
        "shop-us.json"
    ]
    assert about(result) == []


@pytest.mark.parametrize("stack", ["S", "*"])
def test_a_construct_path_or_a_glob_says_enough_of_stacks_of_one_name(stack: str) -> None:
    eu, us = (finding(template_file=f"{name}.json", construct_path=f"{name}/Topic") for name in ("eu", "us"))
    judged = replace(JUDGED, shared_names={"S"})
    result = applied(eu, us, waivers=(waiver(stack=stack, construct_path="eu/Topic"),), judged=judged)
    assert [
        finding.location.template_file for finding in result.findings if finding.rule_id == "E1" and finding.suppression
    ] == ["eu.json"]
    every = applied(finding(), waivers=(waiver(stack="*"),), judged=judged)
    assert [finding.suppression is None for finding in every.findings if finding.rule_id == "E1"] == [False]
