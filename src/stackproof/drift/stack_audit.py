"""The audit of one stack: its proofs, its differences and what was not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stackproof.core.json import JsonObject, JsonValue, as_object, as_objects, optional_str
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.difference import Difference, QuestionCount, Unread
from stackproof.drift.native_drift import NativeRow
from stackproof.proof.observation import UNANSWERED, Coverage, DriftStatus, ResourceProof

__all__ = ["StackAudit", "total_coverage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackAudit:
    """The audit of one stack; complete by itself, so that it can be stored and joined with audits of other runs.

    With `reason` the whole stack could not be audited, and its proofs are of unchecked resources. `native` is None
    if CloudFormation's own drift detection did not run.
    """

    stack_name: str
    stack_id: str
    account: str
    region: str
    stack_status: str
    parent: str | None = None
    reason: UnprovenReason | None = None
    detail: str = ""
    proofs: tuple[ResourceProof, ...] = ()
    differences: tuple[Difference, ...] = ()
    children: QuestionCount = field(default_factory=QuestionCount)
    defaults: QuestionCount = field(default_factory=QuestionCount)
    unread: tuple[Unread, ...] = ()
    native: tuple[NativeRow, ...] | None = None

    @property
    def coverage(self) -> Coverage:
        """How many resources and properties were checked."""
        return Coverage.of(self.proofs)

    @property
    def status(self) -> DriftStatus:
        """MODIFIED with any difference, waived or not; IN_SYNC only if nothing is unchecked."""
        if self.differences:
            return DriftStatus.MODIFIED
        return DriftStatus.IN_SYNC if self.is_complete else DriftStatus.NOT_CHECKED

    @property
    def reasons(self) -> Mapping[str, int]:
        """How many properties and questions were not checked, by reason."""
        return dict(
            sorted(
                Counter(
                    (
                        *(
                            unproven.reason.value
                            for proof in self.proofs
                            if not proof.custom
                            for unproven in proof.unproven
                            if unproven.path
                        ),
                        *(unread.reason.value for unread in self.unread),
                    )
                ).items()
            )
        )

    @property
    def unchecked(self) -> tuple[ResourceProof, ...]:
        """Resources that should have been read and were not."""
        return tuple(proof for proof in self.proofs if proof.status is DriftStatus.NOT_CHECKED and not proof.custom)

    @property
    def is_complete(self) -> bool:
        """Whether the stack, every resource, every property and every family of children could be judged.

        What an emulator lacks, and what cannot be read at all, is counted instead.
        """
        return (
            self.reason is None
            and not self.unchecked
            and any(proof.status is not DriftStatus.NOT_CHECKED for proof in self.proofs)
            and all(unread.reason is UnprovenReason.NOT_EMULATED for unread in self.unread)
            and not any(
                unproven.reason in UNANSWERED
                for proof in self.proofs
                if not proof.custom
                for unproven in proof.unproven
            )
        )

    def certificate(self) -> dict[str, JsonValue]:
        """How much was checked, and why the rest was not."""
        return {
            "account": self.account,
            "region": self.region,
            "stack_name": self.stack_name,
            "stack_id": self.stack_id,
            "parent": self.parent,
            "stack_status": self.stack_status,
            "status": self.status.value,
            "reason": self.reason.value if self.reason else None,
            "detail": self.detail,
            "coverage": self.coverage.to_dict(),
            "children": self.children.to_dict(),
            "defaults": self.defaults.to_dict(),
            "reasons": dict(self.reasons),
        }

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "stack_name": self.stack_name,
            "stack_id": self.stack_id,
            "account": self.account,
            "region": self.region,
            "stack_status": self.stack_status,
            "parent": self.parent,
            "reason": self.reason.value if self.reason else None,
            "detail": self.detail,
            "proofs": [proof.to_dict() for proof in self.proofs],
            "differences": [difference.to_dict() for difference in self.differences],
            "children": self.children.to_dict(),
            "defaults": self.defaults.to_dict(),
            "unread": [unread.to_dict() for unread in self.unread],
            "native": None if self.native is None else [row.to_dict() for row in self.native],
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> StackAudit:
        reason, native = optional_str(data["reason"]), data["native"]
        return cls(
            stack_name=str(data["stack_name"]),
            stack_id=str(data["stack_id"]),
            account=str(data["account"]),
            region=str(data["region"]),
            stack_status=str(data["stack_status"]),
            parent=optional_str(data["parent"]),
            reason=UnprovenReason(reason) if reason else None,
            detail=str(data["detail"]),
            proofs=tuple(ResourceProof.from_dict(proof) for proof in as_objects(data["proofs"])),
            differences=tuple(Difference.from_dict(difference) for difference in as_objects(data["differences"])),
            children=QuestionCount.from_dict(as_object(data["children"])),
            defaults=QuestionCount.from_dict(as_object(data["defaults"])),
            unread=tuple(Unread.from_dict(unread) for unread in as_objects(data["unread"])),
            native=None if native is None else tuple(NativeRow.from_dict(row) for row in as_objects(native)),
        )


def total_coverage(audits: Iterable[StackAudit]) -> Coverage:
    """The sum over stacks."""
    return Coverage.of(tuple(proof for audit in audits for proof in audit.proofs))
