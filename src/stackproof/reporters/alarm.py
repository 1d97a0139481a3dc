"""Notifications of new drift: a plain message, and the body of an issue."""

from __future__ import annotations

from typing import Final

from stackproof.drift.episode import Alarm, Episode, shown_time
from stackproof.reporters.differences import at, described, named, place_of, sentence
from stackproof.reporters.markdown import escaped
from stackproof.reporters.wording import counted, visible

__all__ = ["LONGEST", "MARKER", "alarm_issue", "alarm_text"]

MARKER: Final = "<!-- stackproof:drift {} -->"
LONGEST: Final = 60_000
"""Characters: GitHub takes some more in the body of an issue, and SNS four times as many bytes."""
_RESERVE: Final = 200


def alarm_text(alarm: Alarm) -> str:
    """One line for each difference, then which run saw them."""
    lines = [visible(f"{sentence(episode.difference, at)}{_changed(episode)}") for episode in alarm.episodes]
    return _fitting(f"{alarm.subject}\n\n", lines, f"\n{_seen_by(alarm)}\n")


def alarm_issue(alarm: Alarm) -> str:
    """Markdown; the first line is a comment that identifies the same news."""
    head = (
        f"{MARKER.format(alarm.identity)}\n### Drift: {escaped(alarm.subject)}\n\n"
        "| account | region | place | what | since | fingerprint |\n|---|---|---|---|---|---|\n"
    )
    return _fitting(head, [_row(episode) for episode in alarm.episodes], f"\n{escaped(_seen_by(alarm))}\n")


def _row(each: Episode) -> str:
    difference = each.difference
    what = f"{named(difference)} {described(difference)}{_changed(each)}"
    cells = (difference.account, difference.region, place_of(difference), what, shown_time(each.since))
    return f"| {' | '.join(escaped(cell) for cell in cells)} | {each.fingerprint} |"


def _changed(each: Episode) -> str:
    """The time of the current value, if the value has changed."""
    return f", with another value since {shown_time(each.changed)}" if each.changed else ""


def _fitting(head: str, lines: list[str], foot: str) -> str:
    """As many lines as fit; the rest is counted, never dropped silently."""
    text, room = head, LONGEST - len(foot) - _RESERVE
    for number, line in enumerate(lines):
        if len(text) + len(line) >= room:
            return f"{text}\n{counted(len(lines) - number, 'more difference')}: see the report\n{foot}"
        text += f"{line}\n"
    return text + foot


def _seen_by(alarm: Alarm) -> str:
    run = alarm.run
    return f"seen by run {run.number} on {run.target} at {shown_time(run.started_at)} (stackproof drift history)"
