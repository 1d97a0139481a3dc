"""Waivers over findings on a day: which finding is suppressed, and which waiver is out of date or of no use."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from stackproof.model.finding import Finding, Kind, Level, Notification, Waiver

__all__ = ["WaiverResult", "covers", "waived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverResult:
    """The findings, some of them suppressed now, and what is to be said of the waivers themselves."""

    findings: tuple[Finding, ...]
    notifications: tuple[Notification, ...]


def covers(waiver: Waiver, finding: Finding) -> bool:
    """Whether rule, stack and construct path are those of the finding, letter by letter, on whatever day.

    Where a template knows neither stack nor construct path, its file and the logical id stand for them. A waiver
    names the finding's rule or that of one of its origins.
    """
    place = finding.location
    return (
        finding.kind in {Kind.FAIL, Kind.OPEN}
        and waiver.rule in {finding.rule_id, *(each.rule_id for each in finding.origins)}
        and waiver.stack == (place.stack_name or place.template_file)
        and waiver.construct_path == (place.construct_path or place.logical_id)
    )


def waived(
    findings: Iterable[Finding],
    waivers: Sequence[Waiver],
    *,
    on: date,
    stacks: Collection[str] = (),
    unwaivable: Collection[str] = (),
    complete: bool = True,
) -> WaiverResult:
    """Suppress what is waived; a waiver holds on its last day still, and not after.

    `stacks` are those that were judged, `unwaivable` the controls that no waiver suppresses. Where a run was not
    `complete`, a waiver that matched nothing may yet be of use.
    """
    found: list[Finding] = []
    used: set[Waiver] = set()
    refused: set[tuple[Waiver, str]] = set()
    for finding in findings:
        matching = [each for each in waivers if covers(each, finding)]
        used.update(matching)
        valid = [each for each in matching if each.expires >= on]
        if valid and finding.control in unwaivable:
            refused.update((each, str(finding.control)) for each in valid)
            valid = []
        best = max(valid, key=lambda each: (each.expires, each.rule, each.owner, each.reason), default=None)
        found.append(finding.suppressed_by(best) if best else finding)
    said = {_said(each, on=on, is_used=each in used, stacks=stacks, complete=complete) for each in waivers}
    return WaiverResult(
        findings=tuple(sorted(found, key=Finding.sort_key)),
        notifications=tuple(
            sorted({each for each in said if each is not None} | {_refusal(*each) for each in refused})
        ),
    )


def _said(waiver: Waiver, *, on: date, is_used: bool, stacks: Collection[str], complete: bool) -> Notification | None:
    name = _name(waiver)
    if waiver.expires < on:
        return Notification(level=Level.WARNING, message=f"{name} expired on {waiver.expires}")
    if is_used:
        return None
    if waiver.stack not in stacks:
        return Notification(level=Level.NOTE, message=f"{name} is for a stack that was not judged")
    return Notification(level=Level.WARNING, message=f"{name} matches nothing") if complete else None


def _refusal(waiver: Waiver, control: str) -> Notification:
    message = f"{_name(waiver)} was not heeded: the control {control} is not waivable"
    return Notification(level=Level.WARNING, message=message)


def _name(waiver: Waiver) -> str:
    return f"the waiver of {waiver.rule} at {waiver.construct_path} in {waiver.stack} (owner: {waiver.owner})"
