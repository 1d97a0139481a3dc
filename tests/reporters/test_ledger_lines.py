"""The ledger shows for each waiver what it covers, its owner and its expiry."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from stackproof.policy.ledger import LedgerEntry, WaiverState
from stackproof.reporters.ledger import ledger_lines

ENTRY = LedgerEntry(
    source="waivers.yaml",
    where="policies/waivers.yaml:3",
    rule="E1",
    control=None,
    stack="S",
    construct_path="S/Topic",
    reason="a known exception",
    owner="platform",
    ticket="OPS-1",
    expires=date(2026, 12, 31),
    days_left=38,
    covers=1,
    state=WaiverState.ACTIVE,
)


def test_a_waiver_is_told_with_all_that_it_says() -> None:
    assert list(ledger_lines([ENTRY])) == [
        "waivers: 1",
        "    active: E1 at S/Topic in S",
        "        covers 1 finding, owner: platform, 38 days left, OPS-1,",
        "        policies/waivers.yaml:3: a known exception",
    ]


def test_what_is_not_known_is_not_made_up() -> None:
    bare = replace(
        ENTRY, source="cdk", where=None, rule=None, control="C-1", stack=None, construct_path=None, reason="",
        owner=None, ticket=None, expires=None, days_left=None, covers=0, state=WaiverState.NOT_JUDGED,
    )  # fmt: skip
    assert list(ledger_lines([bare]))[1:] == [
        "    not judged: control C-1 at everything in the app",
        "        covers 0 findings, by cdk: no reason given",
    ]


def test_days_are_counted_also_when_they_are_over() -> None:
    for days, text in ((1, "1 day left"), (0, "0 days left"), (-1, "expired 1 day ago"), (-3, "expired 3 days ago")):
        assert any(text in line for line in ledger_lines([replace(ENTRY, days_left=days)]))


def test_an_empty_ledger_takes_no_line() -> None:
    assert list(ledger_lines([])) == []
