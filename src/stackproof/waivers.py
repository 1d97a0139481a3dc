"""Applies waivers to findings: exact matches, on a date; a waiver that does nothing is said, never silent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from stackproof.model.finding import Finding, Level, Notification, Waiver

__all__ = ["Waived", "apply_waivers", "covers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """Findings with their suppressions, and what has to be said about the waivers."""

    findings: tuple[Finding, ...]
    notifications: tuple[Notification, ...]


def covers(waiver: Waiver, finding: Finding) -> bool:
    """Whether the waiver names this very finding: a rule of one of its origins, its stack and its construct."""
    rules = {finding.rule_id, *(each.rule_id for each in finding.origins)}
    place = finding.location
    return (
        waiver.rule in rules
        and waiver.stack == place.stack_name
        and waiver.construct_path == (place.construct_path or place.logical_id)
    )


def apply_waivers(
    findings: Iterable[Finding], waivers: Sequence[Waiver], *, on: date, stacks: frozenset[str]
) -> Waived:
    """Suppress what is waived; `stacks` are the judged ones: a waiver for another stack had nothing to match."""
    active = [each for each in waivers if on <= each.expires]
    used: set[Waiver] = set()
    judged: list[Finding] = []
    for finding in findings:
        waiver = next((each for each in active if covers(each, finding)), None)
        if waiver is not None:
            used.add(waiver)
        judged.append(finding.suppressed_by(waiver) if waiver else finding)
    notifications = [_expired(each) for each in waivers if each not in active and each.stack in stacks]
    notifications += [_unused(each) for each in active if each not in used and each.stack in stacks]
    return Waived(findings=tuple(judged), notifications=tuple(sorted(notifications, key=lambda each: each.message)))


def _expired(waiver: Waiver) -> Notification:
    message = (
        f"the waiver of {waiver.rule} at {waiver.construct_path} expired on {waiver.expires} (owner {waiver.owner})"
    )
    return Notification(level=Level.WARNING, message=message)


def _unused(waiver: Waiver) -> Notification:
    message = (
        f"the waiver of {waiver.rule} at {waiver.construct_path} matches nothing: remove it (owner {waiver.owner})"
    )
    return Notification(level=Level.WARNING, message=message)
