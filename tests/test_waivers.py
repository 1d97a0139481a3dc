"""A waiver suppresses exactly what it names until its last day, and never does nothing in silence."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from stackproof.model.finding import Finding, Kind, Level, Origin, Waiver
from stackproof.waivers import WaiverResult, covers, waived
from tests.fakes import TODAY, finding, waiver

NAME = "the waiver of E1 at Topic in S (owner: platform)"


def applied(*findings: Finding, waivers: tuple[Waiver, ...], on: date = TODAY, complete: bool = True) -> WaiverResult:
    return waived(findings, waivers, on=on, stacks={"S"}, complete=complete)


def said(result: WaiverResult) -> list[tuple[Level, str]]:
    return [(each.level, each.message) for each in result.notifications]


def test_a_waiver_covers_its_rule_at_its_construct() -> None:
    assert covers(waiver(construct_path="S/Topic/Resource"), finding(construct_path="S/Topic/Resource"))


def test_a_waiver_covers_a_rule_of_any_origin() -> None:
    merged = finding("E1", origins=(Origin(engine="checkov", rule_id="CKV_1", message="m"),))
    assert covers(waiver(rule="CKV_1"), merged)
    assert covers(waiver(rule="E1"), merged)


@pytest.mark.parametrize(
    "other",
    [
        waiver(rule="E2"),
        waiver(rule="e1"),
        waiver(stack="T"),
        waiver(construct_path="Top"),
        waiver(construct_path="S/Topic"),
        waiver(construct_path="*"),
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


def test_what_is_waived_carries_the_trace_and_the_rest_does_not() -> None:
    result = applied(finding(), finding("E2"), waivers=(waiver(),))
    assert [each.suppression is not None for each in result.findings] == [True, False]
    assert said(result) == []


def test_a_waiver_holds_on_its_last_day_and_not_on_the_next() -> None:
    last = waiver().expires
    assert applied(finding(), waivers=(waiver(),), on=last).findings[0].suppression is not None
    expired = applied(finding(), waivers=(waiver(),), on=last + timedelta(days=1))
    assert expired.findings[0].suppression is None
    assert said(expired) == [(Level.WARNING, f"{NAME} expired on 2026-12-31")]


def test_a_waiver_that_matches_nothing_is_said() -> None:
    assert said(applied(finding("E2"), waivers=(waiver(),))) == [(Level.WARNING, f"{NAME} matches nothing")]


def test_a_waiver_is_not_called_useless_when_not_everything_was_judged() -> None:
    assert said(applied(finding("E2"), waivers=(waiver(),), complete=False)) == []


def test_a_waiver_of_a_stack_that_was_not_judged_is_a_note() -> None:
    ((level, message),) = said(applied(waivers=(waiver(stack="T"),)))
    assert level is Level.NOTE
    assert message.endswith("in T (owner: platform) is for a stack that was not judged")


def test_of_several_waivers_that_match_the_longest_counts_and_all_are_of_use() -> None:
    short, long = waiver(expires=date(2026, 12, 1), owner="a"), waiver(owner="b")
    result = applied(finding(), waivers=(short, long))
    assert result == applied(finding(), waivers=(long, short))
    assert result.findings[0].suppression is not None
    assert result.findings[0].suppression.owner == "b"
    assert said(result) == []


def test_notifications_are_sorted_whatever_the_order_in_the_ledger() -> None:
    unused = tuple(waiver(rule=rule) for rule in ("B", "A", "C"))
    assert said(applied(waivers=unused)) == said(applied(waivers=unused[::-1]))


def test_findings_leave_sorted() -> None:
    result = applied(finding("Z"), finding("A"), waivers=())
    assert [each.rule_id for each in result.findings] == ["A", "Z"]
