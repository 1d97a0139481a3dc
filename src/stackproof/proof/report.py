"""The report of `prove` as a value; `to_dict` is report format 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stackproof.calls.log import CallLog
from stackproof.core.json import JsonValue
from stackproof.core.notification import Level, Notification
from stackproof.core.report import report_header
from stackproof.proof.minimum import MinimumProof
from stackproof.proof.observation import Coverage, DriftStatus, ResourceProof, TypeCoverage, unproven_reasons

__all__ = ["ProveReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProveReport:
    """What `prove` saw. `proofs` are united over all targets; `by_target` are those of each of several.

    `minimum` is how much has to be proven at least, if the project sets it.
    """

    target: str
    proofs: tuple[ResourceProof, ...]
    notifications: tuple[Notification, ...] = ()
    strict: bool = False
    by_target: Mapping[str, tuple[ResourceProof, ...]] = field(default_factory=dict)
    calls: CallLog = field(default_factory=CallLog)
    minimum: MinimumProof | None = None

    @property
    def shortfalls(self) -> tuple[str, ...]:
        """The shares that are below their minimum."""
        return self.minimum.shortfalls(self.proofs) if self.minimum else ()

    @property
    def coverage(self) -> Coverage:
        return Coverage.of(self.proofs)

    @property
    def exit_code(self) -> int:
        """1 if something differs, is gone or is proven too little; 3 if one could not be read, or a call was refused.

        A property that was denied, or a target that did not answer in the end, is not made good by another target.
        """
        differs = any(proof.status in {DriftStatus.MODIFIED, DriftStatus.DELETED} for proof in self.proofs)
        nothing = not any(proof.is_proven or proof.status is DriftStatus.DELETED for proof in self.proofs)
        every = [*self.proofs, *(proof for proofs in self.by_target.values() for proof in proofs)]
        unread = any(proof.status is DriftStatus.NOT_CHECKED and not proof.custom for proof in self.proofs)
        unread = unread or any(proof.is_unanswered and not proof.custom for proof in every)
        broken = bool(self.calls.refused) or any(
            notification.level is Level.ERROR for notification in self.notifications
        )
        incomplete = nothing or unread or broken
        if incomplete or (self.strict and self.coverage.properties_unproven):
            return 3
        return 1 if differs or self.shortfalls else 0

    @property
    def reasons(self) -> Mapping[str, int]:
        """How many properties are unproven, by reason."""
        return unproven_reasons(self.proofs)

    @property
    def types(self) -> tuple[TypeCoverage, ...]:
        """The coverage of each resource type."""
        return TypeCoverage.of(self.proofs)

    def to_dict(self) -> dict[str, JsonValue]:
        coverage = self.coverage.to_dict()
        return {
            **report_header("prove"),
            "summary": {
                "target": self.target,
                **coverage,
                "reasons": dict(self.reasons),
                "minimum_proof": self.minimum.to_dict() if self.minimum else None,
                "shortfalls": list(self.shortfalls),
            },
            "coverage": {**coverage, "types": [resource_type.to_dict() for resource_type in self.types]},
            "targets": {
                name: {
                    **Coverage.of(proofs).to_dict(),
                    "unproven": [row for proof in _placed(proofs) for row in _unproven_rows(proof)],
                }
                for name, proofs in self.by_target.items()
            },
            "differences": [row for proof in self.proofs for row in _difference_rows(proof)],
            "unproven": [row for proof in self.proofs for row in _unproven_rows(proof)],
            "calls": self.calls.to_dict(),
            "notifications": [notification.to_dict() for notification in self.notifications],
            "exit_code": self.exit_code,
        }


def _placed(proofs: Sequence[ResourceProof]) -> list[ResourceProof]:
    return sorted(proofs, key=lambda proof: proof.location.sort_key())


def _difference_rows(proof: ResourceProof) -> list[JsonValue]:
    """One row for each property that differs; a resource that is gone is one row by itself first."""
    place = proof.location
    head = {
        "stack_name": place.stack_name,
        "logical_id": place.logical_id,
        "physical_id": proof.physical_id,
        "resource_type": place.resource_type,
        "status": proof.status.value,
        "location": place.to_dict(),
    }
    gone = {**head, "property_path": None, "change": "REMOVE", "expected": None, "actual": None}
    rows: list[JsonValue] = [gone] if proof.status is DriftStatus.DELETED else []
    rows.extend(
        {
            **head,
            "property_path": difference.path,
            "change": difference.change.value,
            "expected": difference.expected,
            "actual": difference.actual,
        }
        for difference in proof.differences
    )
    return rows


def _unproven_rows(proof: ResourceProof) -> list[JsonValue]:
    place = proof.location
    return [
        {
            "stack_name": place.stack_name,
            "logical_id": place.logical_id,
            "resource_type": place.resource_type,
            "property_path": unproven.path or None,
            "reason": unproven.reason.value,
            "detail": unproven.detail,
        }
        for unproven in proof.unproven
    ]
