"""Applies drift waivers to the differences of an audit on a day, and finds waivers that are expired or unused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from stackproof.core.errors import ConfigError
from stackproof.core.notification import Level
from stackproof.drift.difference import Difference
from stackproof.drift.drift_waiver import DriftWaiver
from stackproof.drift.fleet.task import EVERY_STACK
from stackproof.drift.report import DriftReport, Evaluated
from stackproof.policy.finding import Finding, Kind, Origin
from stackproof.policy.ledger import LedgerEntry, WaiverState
from stackproof.template.location import Location

__all__ = ["RULE", "Evaluated", "WaivedDrift", "require_accounts", "waived_drift", "waived_report"]

RULE: Final = "drift"
"""The name of drift in the column of rules of the ledger."""
_ENGINE: Final = "stackproof"
_EXPIRED, _UNUSED = "SPW001", "SPW002"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaivedDrift:
    """The differences, some of them suppressed; findings about the waivers themselves; and the ledger."""

    differences: tuple[Difference, ...] = ()
    findings: tuple[Finding, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()


def require_accounts(waivers: Iterable[DriftWaiver]) -> None:
    """Raise ConfigError for a waiver that would hold in every account of a fleet."""
    for waiver in waivers:
        if waiver.account is None:
            where = f"{waiver.where}: " if waiver.where else ""
            raise ConfigError(f"{where}the drift waiver of {waiver.place} names no account; with --fleet it has to")


def waived_report(report: DriftReport, waivers: Sequence[DriftWaiver], *, on: date) -> DriftReport:
    """The report with the waivers applied, which happens once: after the store has named the stacks that vanished."""
    waived = waived_drift(report.differences, waivers, on=on, evaluated=report.evaluated)
    return replace(report, differences=waived.differences, waivers=waived.entries, findings=waived.findings)


def waived_drift(
    differences: Iterable[Difference], waivers: Sequence[DriftWaiver], *, on: date, evaluated: Evaluated
) -> WaivedDrift:
    """Suppress what is waived; a waiver holds on its last day still, and not after.

    A waiver that covers nothing is unused if the live value is another than the one that it accepts. Otherwise it is
    unused only if everything that it may be about was read.
    """
    covered: Counter[int] = Counter()
    other: set[int] = set()
    found: list[Difference] = []
    for difference in differences:
        about = [n for n, waiver in enumerate(waivers) if waiver.is_about(difference)]
        fitting = [n for n in about if waivers[n].covers(difference)]
        other.update(n for n in about if n not in fitting)
        covered.update(fitting)
        valid = [waivers[n] for n in fitting if waivers[n].expires >= on]
        best = max(valid, key=lambda waiver: (waiver.expires, waiver.owner, waiver.reason), default=None)
        found.append(difference if best is None else difference.suppressed(best.trace))
    findings: list[Finding] = []
    entries: list[LedgerEntry] = []
    for index, waiver in enumerate(waivers):
        is_other = index in other and not covered[index]
        state = _state(waiver, covered[index], on=on, evaluated=evaluated, is_other=is_other)
        findings.extend(_findings(waiver, state, covered[index], is_other=is_other))
        entries.append(_entry(waiver, state, covered[index], on=on))
    return WaivedDrift(
        differences=tuple(sorted(found, key=Difference.sort_key)),
        findings=tuple(sorted(findings, key=Finding.sort_key)),
        entries=tuple(sorted(entries, key=LedgerEntry.sort_key)),
    )


def _state(waiver: DriftWaiver, covers: int, *, on: date, evaluated: Evaluated, is_other: bool) -> WaiverState:
    if waiver.expires < on:
        return WaiverState.EXPIRED
    if covers:
        return WaiverState.ACTIVE
    if is_other:
        return WaiverState.UNUSED
    meant = {waiver.stack, waiver.stack and EVERY_STACK}
    looked = [
        is_whole
        for (account, region, stack), is_whole in evaluated.items()
        if stack in meant and waiver.holds_in(account, region)
    ]
    return WaiverState.UNUSED if looked and all(looked) else WaiverState.NOT_JUDGED


def _findings(waiver: DriftWaiver, state: WaiverState, covers: int, *, is_other: bool) -> Iterable[Finding]:
    place = "".join(f", {part}" for part in (waiver.account, waiver.region) if part)
    name = f"the drift waiver of {waiver.place} in {waiver.stack or 'no stack'}{place} (owner: {waiver.owner})"
    if state is WaiverState.EXPIRED:
        again = " and no longer covers a difference" if covers else ""
        yield _finding(_EXPIRED, f"{name} expired on {waiver.expires}{again}", waiver)
    elif state is WaiverState.UNUSED:
        why = ": the live value is another than the one that it accepts (actual)" if is_other else ""
        yield _finding(_UNUSED, f"{name} matches nothing{why}", waiver)


def _finding(rule_id: str, message: str, waiver: DriftWaiver) -> Finding:
    return Finding(
        rule_id=rule_id,
        kind=Kind.FAIL,
        level=Level.WARNING,
        message=message,
        location=Location(file=waiver.file, line=waiver.line),
        origins=(Origin(engine=_ENGINE, rule_id=rule_id, message=message),),
    )


def _entry(waiver: DriftWaiver, state: WaiverState, covers: int, *, on: date) -> LedgerEntry:
    return LedgerEntry(
        source="waivers.yaml",
        where=waiver.where,
        rule=RULE,
        control=None,
        stack=waiver.stack,
        construct_path=waiver.place,
        reason=waiver.reason,
        owner=waiver.owner,
        ticket=waiver.ticket,
        expires=waiver.expires,
        days_left=(waiver.expires - on).days,
        covers=covers,
        state=state,
        any_value=None if waiver.path is None and waiver.child is None else not waiver.is_exact,
    )
