"""The report of a drift audit as a value; `to_dict` is report format 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from stackproof.calls.log import CallLog
from stackproof.core.json import JsonValue
from stackproof.core.notification import Level, Notification
from stackproof.core.report import report_header
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.episode import Memory, Outcome, shown_time
from stackproof.drift.stack_audit import StackAudit, total_coverage
from stackproof.drift.stack_list import StackList
from stackproof.policy.finding import Finding
from stackproof.policy.ledger import LedgerEntry
from stackproof.proof.observation import Coverage, DriftStatus, TypeCoverage

__all__ = ["DriftReport", "Evaluated"]


Evaluated: TypeAlias = Mapping[tuple[str, str, str | None], bool]
"""By account, region and stack (None: what is in no stack), whether all of it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """What an audit saw. `differences` are those of all audits and what is unmanaged, with the waivers applied.

    `minimum_coverage` is the share of properties, in percent, below which an audit has not seen enough. `listed` are
    account, region and type of what was listed outside of stacks, `undecided` how many of those may be of a stack
    that was not asked; `earlier` account, region and name of the stacks that an interrupted run has seen, and when;
    `stack_lists` say which stacks there are; `evaluated` is what a waiver could have matched; `memory` is what the
    store knows, if there is one.
    """

    target: str
    audits: tuple[StackAudit, ...]
    differences: tuple[Difference, ...] = ()
    scopes: tuple[str, ...] = ()
    waivers: tuple[LedgerEntry, ...] = ()
    findings: tuple[Finding, ...] = ()
    notifications: tuple[Notification, ...] = ()
    strict: bool = False
    minimum_coverage: float | None = None
    fail_level: Level = Level.WARNING
    calls: CallLog = field(default_factory=CallLog)
    listed: tuple[tuple[str, str, str], ...] = ()
    earlier: Mapping[tuple[str, str, str], datetime] = field(default_factory=dict)
    stack_lists: tuple[StackList, ...] = ()
    undecided: int = 0
    evaluated: Evaluated = field(default_factory=dict)
    memory: Memory | None = None

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Accounts and regions that it is about, sorted."""
        seen = {(audit.account, audit.region) for audit in self.audits}
        return tuple(sorted(seen | {(difference.account, difference.region) for difference in self.differences}))

    @property
    def coverage(self) -> Coverage:
        """The sum over all stacks."""
        return total_coverage(self.audits)

    @property
    def types(self) -> tuple[TypeCoverage, ...]:
        """The coverage of each resource type, over all stacks."""
        return TypeCoverage.of(proof for audit in self.audits for proof in audit.proofs)

    @property
    def checked(self) -> float:
        """The share of the properties that was read, in percent, rounded down to a tenth: 100 means all."""
        found = self.coverage
        seen = found.properties_proven + found.properties_differ
        return seen * 1000 // found.properties_total / 10 if found.properties_total else 0.0

    @property
    def open_differences(self) -> tuple[Difference, ...]:
        """The differences that no waiver accepts."""
        return tuple(difference for difference in self.differences if difference.suppression is None)

    @property
    def is_enough(self) -> bool:
        """Whether the minimum was reached, by each stack: in a sum the hole in one drowns in the others."""
        minimum = self.minimum_coverage
        return minimum is None or (self.checked >= minimum and all(map(self.has_enough_of, self.audits)))

    def has_enough_of(self, audit: StackAudit) -> bool:
        """Whether the minimum was reached by this stack."""
        return self.minimum_coverage is None or _share(audit) >= self.minimum_coverage

    def kept_since(self, audit: StackAudit) -> datetime | None:
        """When an interrupted run read the stack; None if this run did."""
        return self.earlier.get((audit.account, audit.region, audit.stack_name))

    @property
    def is_complete(self) -> bool:
        """Whether everything could be judged, and nothing tried what no audit may."""
        broken = bool(self.calls.refused) or any(
            notification.level is Level.ERROR for notification in self.notifications
        )
        return bool(self.audits) and not broken and all(audit.is_complete for audit in self.audits)

    @property
    def exit_code(self) -> int:
        """1 for a difference or a finding about a waiver, 3 if something could not be judged or too little was seen."""
        unanswered = (
            any(audit.coverage.properties_unproven or audit.unread for audit in self.audits) or self.undecided > 0
        )
        if not self.is_complete or not self.is_enough or (self.strict and unanswered):
            return 3
        return 1 if self.open_differences or self.outdated_waivers else 0

    @property
    def outdated_waivers(self) -> int:
        """How many waivers are expired or of no use, as far as that fails; each has one finding."""
        return sum(finding.violates(self.fail_level) for finding in self.findings)

    @property
    def outcome(self) -> Outcome:
        """What came of it, in figures that are remembered."""
        is_open = len(self.open_differences)
        return Outcome(
            exit_code=self.exit_code,
            differences=is_open,
            waived=len(self.differences) - is_open,
            checked=self.checked,
            properties=self.coverage.properties_total,
            stacks=len(self.audits),
            earlier=sum(self.kept_since(audit) is not None for audit in self.audits),
        )

    @property
    def reasons(self) -> Mapping[str, int]:
        """Why something was not read, counted over all stacks."""
        found: Counter[str] = Counter()
        for audit in self.audits:
            found.update(audit.reasons)
        return dict(sorted(found.items()))

    @property
    def by_origin(self) -> Mapping[str, int]:
        """How many differences there are of each origin, less the waived ones."""
        found = Counter(difference.origin for difference in self.open_differences)
        return {origin.value: found[origin] for origin in DriftOrigin}

    def to_dict(self) -> dict[str, JsonValue]:
        coverage = self.coverage.to_dict()
        status = Counter(audit.status for audit in self.audits)
        return {
            **report_header("drift audit"),
            "summary": {
                "target": self.target,
                **coverage,
                "checked": self.checked,
                "minimum_coverage": self.minimum_coverage,
                "complete": self.is_complete and self.is_enough,
                "clean": self.exit_code == 0,
                "verdict": self.outcome.verdict,
                "outdated_waivers": self.outdated_waivers,
                "stacks": {"total": len(self.audits), **{word.value: status[word] for word in DriftStatus}},
                "origins": dict(self.by_origin),
                "waived": len(self.differences) - len(self.open_differences),
                "reasons": dict(self.reasons),
                "undecided": self.undecided,
                "new": len(self.memory.new) if self.memory else None,
                "changed": len(self.memory.changed) if self.memory else None,
                "resolved": len(self.memory.resolved) if self.memory else None,
            },
            "run": self.memory.run.to_dict() if self.memory else None,
            "previous_run": self.memory.previous if self.memory else None,
            "coverage": {**coverage, "types": [resource_type.to_dict() for resource_type in self.types]},
            "scopes": list(self.scopes),
            "stacks": [{**audit.certificate(), "looked_at": self._looked_at(audit)} for audit in self.audits],
            "differences": [{**difference.row(), **self._history(difference)} for difference in self.differences],
            "resolved": [episode.row() for episode in self.memory.resolved] if self.memory else [],
            "unproven": [row for audit in self.audits for row in _unproven(audit)],
            "native": [row for audit in self.audits for row in _native(audit)],
            "calls": self.calls.to_dict(),
            "waivers": [waiver.to_dict() for waiver in self.waivers],
            "findings": [finding.to_dict() for finding in self.findings],
            "notifications": [notification.to_dict() for notification in self.notifications],
            "exit_code": self.exit_code,
        }

    def _looked_at(self, audit: StackAudit) -> str | None:
        since = self.kept_since(audit)
        return shown_time(since) if since else None

    def _history(self, each: Difference) -> dict[str, JsonValue]:
        since = self.memory.since.get(each.fingerprint) if self.memory else None
        is_new = each.fingerprint in self.memory.new if self.memory and since else None
        is_changed = each.fingerprint in self.memory.changed if self.memory and since else None
        return {"since": shown_time(since) if since else None, "is_new": is_new, "is_changed": is_changed}


def _unproven(audit: StackAudit) -> Iterable[JsonValue]:
    """Properties that were not seen, then questions that were not answered."""
    place: dict[str, JsonValue] = {
        "account": audit.account,
        "region": audit.region,
        "stack_name": audit.stack_name,
    }
    for proof in audit.proofs:
        for unproven in proof.unproven:
            yield {
                **place,
                "logical_id": proof.location.logical_id,
                "resource_type": proof.location.resource_type,
                "property_path": unproven.path or None,
                "question": None,
                "reason": unproven.reason.value,
                "detail": unproven.detail,
            }
    types = {str(proof.location.logical_id): proof.location.resource_type for proof in audit.proofs}
    for unread in audit.unread:
        yield {
            **place,
            "logical_id": unread.logical_id,
            "resource_type": types.get(unread.logical_id),
            "property_path": unread.question if unread.question.startswith("/") else None,
            "question": None if unread.question.startswith("/") else unread.question,
            "reason": unread.reason.value,
            "detail": unread.detail,
        }


def _native(audit: StackAudit) -> Iterable[JsonValue]:
    for row in audit.native or ():
        yield {
            "account": audit.account,
            "region": audit.region,
            "stack_name": audit.stack_name,
            **row.to_dict(),
        }


def _share(audit: StackAudit) -> float:
    """The share of a stack's properties that was read, in percent; 100 for a stack without properties that was read."""
    found = audit.coverage
    seen = found.properties_proven + found.properties_differ
    return 100 * seen / found.properties_total if found.properties_total else 100.0 * (audit.reason is None)
