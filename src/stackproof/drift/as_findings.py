"""Converts an audit to findings of `check`: a difference fails, what could not be checked is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from stackproof.core.json import canonical
from stackproof.core.notification import Level, Notification
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_audit import StackAudit
from stackproof.policy.finding import Finding, Kind, Origin, RuleCount
from stackproof.policy.report import CheckReport
from stackproof.proof.observation import UNANSWERED, DriftStatus
from stackproof.template.location import Location

__all__ = ["RULES", "as_check"]

RULES: Final[Mapping[DriftOrigin, str]] = {
    DriftOrigin.DECLARED: "SPD001",
    DriftOrigin.UNDECLARED: "SPD002",
    DriftOrigin.CHILD: "SPD003",
    DriftOrigin.UNMANAGED: "SPD004",
    DriftOrigin.DELETED: "SPD005",
}
"""The rule of each kind of difference."""

_NOT_CHECKED: Final = "SPD006"
_ENGINE: Final = "stackproof"


def as_check(report: DriftReport) -> CheckReport:
    """The audit for reporters of findings, with the same exit code; every difference is an error."""
    notifications = report.notifications
    if report.exit_code == 3 and all(notification.level is not Level.ERROR for notification in notifications):  # noqa: PLR2004
        incomplete = Notification(level=Level.ERROR, message="not everything could be checked", engine=_ENGINE)
        notifications = (*notifications, incomplete)
    found = (
        *(_of_difference(difference) for difference in report.differences),
        *(finding for audit in report.audits for finding in _of_audit(audit)),
    )
    findings = tuple(
        sorted((*found, *report.findings), key=lambda finding: (finding.location.sort_key(), finding.rule_id))
    )
    counted = {
        rule: [finding for finding in findings if finding.rule_id == rule] for rule in {*RULES.values(), _NOT_CHECKED}
    }
    looked_at = report.coverage.resources_total
    return CheckReport(
        findings=findings,
        rules=tuple(
            RuleCount(
                rule_id=rule,
                engine=_ENGINE,
                looked_at=looked_at,
                failed=sum(row.kind is Kind.FAIL and row.suppression is None for row in rows),
                open=sum(row.kind is Kind.OPEN for row in rows),
                waived=sum(row.suppression is not None for row in rows),
            )
            for rule, rows in sorted(counted.items())
        ),
        notifications=notifications,
        fail_level=report.fail_level,
        strict=report.strict,
        inputs=tuple(audit.stack_name for audit in report.audits),
        waivers=report.waivers,
    )


def _of_difference(each: Difference) -> Finding:
    place = replace(each.location, property_path=each.path or each.child_id)
    return _finding(RULES[each.origin], Kind.FAIL, _message(each), place, each)


def _message(each: Difference) -> str:
    actual = canonical(each.shown(each.actual))
    text = {
        DriftOrigin.DECLARED: f"{each.path} is {actual}, the template says {canonical(each.shown(each.expected))}",
        DriftOrigin.UNDECLARED: f"{each.path} is {actual}; the template does not set it, and this is not the default",
        DriftOrigin.CHILD: f"nobody declared the {each.child_type} {each.child_id}",
        DriftOrigin.UNMANAGED: f"{each.location.resource_type} {each.physical_id} is in no stack",
        DriftOrigin.DELETED: f"{each.physical_id} does not exist any more"
        + (f"; {each.detail}" if each.detail else ""),
    }[each.origin]
    return f"{text} (account {each.account}, region {each.region})"


def _of_audit(audit: StackAudit) -> Iterator[Finding]:
    if audit.reason is not None:
        message = f"the stack could not be audited: {audit.reason.value}: {audit.detail}"
        yield _finding(_NOT_CHECKED, Kind.OPEN, message, Location(stack_name=audit.stack_name))
        return
    for proof in audit.unchecked:
        reasons = ", ".join(sorted({unproven.reason.value for unproven in proof.unproven})) or "unknown"
        yield _finding(_NOT_CHECKED, Kind.OPEN, f"could not be checked: {reasons}", proof.location)
    for proof in audit.proofs:
        if proof.status is DriftStatus.NOT_CHECKED or proof.custom:
            continue
        for missed in proof.unproven:
            if missed.reason in UNANSWERED:
                yield _unanswered(missed.path, missed.reason, missed.detail, proof.location)
    places = {proof.location.logical_id: proof.location for proof in audit.proofs}
    for unread in audit.unread:
        place = places.get(unread.logical_id) or Location(stack_name=audit.stack_name, logical_id=unread.logical_id)
        yield _unanswered(unread.question, unread.reason, unread.detail, place)


def _unanswered(question: str, reason: UnprovenReason, detail: str, place: Location) -> Finding:
    """The open finding of a property or of a family of children; both are in the location's property path."""
    message = f"{question} could not be checked: {reason.value}{f': {detail}' if detail else ''}"
    return _finding(_NOT_CHECKED, Kind.OPEN, message, replace(place, property_path=question or place.property_path))


def _finding(rule: str, kind: Kind, message: str, place: Location, of: Difference | None = None) -> Finding:
    return Finding(
        rule_id=rule,
        kind=kind,
        level=Level.ERROR,
        message=message,
        location=place,
        origins=(Origin(engine=_ENGINE, rule_id=rule, message=message),),
        suppression=of.suppression if of else None,
    )
