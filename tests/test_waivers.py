"""A waiver suppresses exactly what it names until its last day, and never does nothing in silence."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.fakes import TODAY, finding, waiver

from stackproof.model.finding import Finding, Level, Origin, Waiver
from stackproof.waivers import Waived, apply_waivers, covers


def applied(*findings: Finding, waivers: tuple[Waiver, ...], on: date = TODAY) -> Waived:
    return apply_waivers(findings, waivers, on=on, stacks=frozenset({"S"}))


def said(waived: Waived) -> list[str]:
    assert all(each.level is Level.WARNING for each in waived.notifications)
    return [each.message for each in waived.notifications]


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


def test_what_is_waived_carries_the_trace_and_the_rest_does_not() -> None:
    waived = applied(finding(), finding("E2"), waivers=(waiver(),))
    assert [each.suppression is not None for each in waived.findings] == [True, False]
    assert waived.notifications == ()


def test_a_waiver_holds_on_its_last_day_and_not_on_the_next() -> None:
    last = waiver().expires
    assert applied(finding(), waivers=(waiver(),), on=last).findings[0].suppression is not None
    expired = applied(finding(), waivers=(waiver(),), on=last + timedelta(days=1))
    assert expired.findings[0].suppression is None
    assert said(expired) == ["the waiver of E1 at Topic expired on 2026-12-31 (owner platform)"]


def test_a_waiver_that_matches_nothing_is_said() -> None:
    waived = applied(finding(), waivers=(waiver(), waiver(rule="E9")))
    assert said(waived) == ["the waiver of E9 at Topic matches nothing: remove it (owner platform)"]


def test_a_second_waiver_of_the_same_finding_is_one_too_many() -> None:
    waived = applied(finding(), waivers=(waiver(), waiver(owner="data")))
    assert said(waived) == ["the waiver of E1 at Topic matches nothing: remove it (owner data)"]


def test_waivers_of_stacks_that_were_not_judged_are_not_mentioned() -> None:
    old = date(2020, 1, 1)
    assert said(applied(waivers=(waiver(stack="T"), waiver(stack="T", expires=old)))) == []


def test_notifications_are_sorted_whatever_the_order_in_the_ledger() -> None:
    unused = tuple(waiver(rule=rule) for rule in ("B", "A", "C"))
    assert said(applied(waivers=unused)) == said(applied(waivers=unused[::-1]))
