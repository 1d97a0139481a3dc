"""The ledger of waivers as text: what each waiver covers, its owner, and its expiry."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from stackproof.policy.ledger import LedgerEntry

__all__ = ["ledger_lines"]

_WIDTH = 80


def ledger_lines(entries: Sequence[LedgerEntry]) -> Iterator[str]:
    """Two paragraphs for each waiver: state and place, then what it covers; empty without waivers."""
    if entries:
        yield f"waivers: {len(entries)}"
    for ledger_entry in entries:
        name = ledger_entry.rule or f"control {ledger_entry.control}"
        place = ledger_entry.construct_path or "everything"
        yield from _indented(
            f"{ledger_entry.state.value.replace('_', ' ')}: {name} at {place} in {ledger_entry.stack or 'the app'}", 4
        )
        yield from _indented(f"{', '.join(_facts(ledger_entry))}: {ledger_entry.reason or 'no reason given'}", 8)


def _facts(entry: LedgerEntry) -> Iterator[str]:
    yield "covers 1 finding" if entry.covers == 1 else f"covers {entry.covers} findings"
    if entry.any_value is not None:
        yield "holds for any value" if entry.any_value else "holds for one value alone"
    yield f"owner: {entry.owner}" if entry.owner else f"by {entry.source}"
    if entry.days_left is not None:
        yield _time_left(entry.days_left)
    if entry.ticket:
        yield entry.ticket
    if entry.where:
        yield entry.where


def _time_left(days: int) -> str:
    """The days that a waiver still holds; 0 is its last day."""
    number = f"{abs(days)} day{'s' * (abs(days) != 1)}"
    return f"{number} left" if days >= 0 else f"expired {number} ago"


def _indented(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=" " * width,
        subsequent_indent=" " * width,
        break_long_words=False,
        break_on_hyphens=False,
    )
