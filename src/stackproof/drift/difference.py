"""The result of a drift audit of running stacks: differences of every origin, and the share that was checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from stackproof.core.json import (
    JsonObject,
    JsonValue,
    as_int,
    as_object,
    as_objects,
    canonical_values,
    digest,
    optional_str,
)
from stackproof.core.secret_values import MASK, masked
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.policy.finding import Suppression, SuppressionKind
from stackproof.proof.observation import UNANSWERED, Change, Coverage, DriftStatus, ResourceProof
from stackproof.template.location import Location
from stackproof.template.template import Template

__all__ = [
    "Child",
    "Difference",
    "DriftOrigin",
    "DriftWaiver",
    "Listed",
    "LiveStack",
    "Looked",
    "NativeDrift",
    "NativeRow",
    "OtherStack",
    "StackAudit",
    "Unread",
    "total_coverage",
]


class DriftOrigin(StrEnum):
    """The origin of a difference."""

    DECLARED = "declared"
    UNDECLARED = "undeclared"
    CHILD = "child"
    UNMANAGED = "unmanaged"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStack:
    """A stack that is there, nested ones by the name `parent/LogicalId`; with `reason` it cannot be audited now.

    `changed` is when the last operation on it began, empty where that is not told.
    """

    stack_name: str
    stack_id: str
    account: str
    region: str
    status: str
    changed: str = ""
    parent: str | None = None
    template: Template | None = None
    deployment: Deployment | None = None
    reason: UnprovenReason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class OtherStack:
    """A stack of the account and region as a list shows it, nested ones too."""

    stack_id: str
    stack_name: str
    status: str
    is_settled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """Something live that hangs on a resource: what CloudFormation would call it, and what tells it from others.

    `child_id` names it for a person and a waiver. `physical_id` is what CloudFormation would have for it, empty where
    that is not known. `identity` are properties by which a resource of a template is recognised as this one.
    """

    resource_type: str
    child_id: str
    value: JsonValue
    physical_id: str = ""
    identity: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A live resource out of a list.

    `vpc_id` is None where the type knows no VPC, `region` empty where the list does not tell it.
    """

    resource_type: str
    physical_id: str
    name: str
    arn: str
    vpc_id: str | None = None
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference, in one stack of one account and region.

    `path` is a JSON pointer below `Properties`, None for a resource as a whole. `child_type` and `child_id` name what
    hangs on the resource and was not declared, `family` the question that found it, `detail` where nobody was asked. An
    unmanaged resource has no stack and no logical id.
    """

    account: str
    region: str
    origin: DriftOrigin
    location: Location
    physical_id: str | None
    status: DriftStatus
    change: Change
    path: str | None = None
    expected: JsonValue = None
    actual: JsonValue = None
    child_type: str | None = None
    child_id: str | None = None
    family: str | None = None
    is_secret: bool = False
    detail: str = ""
    suppression: Suppression | None = None

    @property
    def fingerprint(self) -> str:
        """Equal from run to run for the same difference, whatever its value."""
        place = self.location
        return digest(
            [
                self.account,
                self.region,
                place.stack_name,
                place.logical_id or self.physical_id,
                place.resource_type,
                self.origin.value,
                self.path,
                self.child_type,
                self.child_id,
            ]
        )[:32]

    def sort_key(self) -> tuple[str, ...]:
        """A total order over the differences of a run."""
        place = self.location
        return (
            self.account,
            self.region,
            place.stack_name or "~",
            place.logical_id or "",
            place.resource_type or "",
            self.origin.value,
            self.path or "",
            self.child_type or "",
            self.child_id or "",
            self.physical_id or "",
        )

    def suppressed(self, trace: Suppression) -> Difference:
        """The difference with this trace on it."""
        return replace(self, suppression=trace)

    def row(self) -> dict[str, JsonValue]:
        """The row of a report, with a mask for each value that may be a secret."""
        place = self.location
        return {
            "account": self.account,
            "region": self.region,
            "stack_name": place.stack_name,
            "logical_id": place.logical_id,
            "physical_id": self.physical_id,
            "resource_type": place.resource_type,
            "status": self.status.value,
            "origin": self.origin.value,
            "property_path": self.path,
            "child_type": self.child_type,
            "child_id": self.child_id,
            "change": self.change.value,
            "expected": self.shown(self.expected),
            "actual": self.shown(self.actual),
            "detail": self.detail,
            "location": place.to_dict(),
            "suppression": self.suppression.to_dict() if self.suppression else None,
            "fingerprint": self.fingerprint,
        }

    def shown(self, value: JsonValue) -> JsonValue:
        """The value as far as anyone may see it, to its last key."""
        return MASK if self.is_secret and value is not None else masked(value)

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "account": self.account,
            "region": self.region,
            "origin": self.origin.value,
            "location": self.location.to_dict(),
            "physical_id": self.physical_id,
            "status": self.status.value,
            "change": self.change.value,
            "path": self.path,
            "expected": self.expected,
            "actual": self.actual,
            "child_type": self.child_type,
            "child_id": self.child_id,
            "family": self.family,
            "is_secret": self.is_secret,
            "detail": self.detail,
            "suppression": self.suppression.to_dict() if self.suppression else None,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Difference:
        suppression = data["suppression"]
        return cls(
            account=str(data["account"]),
            region=str(data["region"]),
            origin=DriftOrigin(str(data["origin"])),
            location=Location.from_dict(as_object(data["location"])),
            physical_id=optional_str(data["physical_id"]),
            status=DriftStatus(str(data["status"])),
            change=Change(str(data["change"])),
            path=optional_str(data["path"]),
            expected=data["expected"],
            actual=data["actual"],
            child_type=optional_str(data["child_type"]),
            child_id=optional_str(data["child_id"]),
            family=optional_str(data["family"]),
            is_secret=bool(data["is_secret"]),
            detail=str(data.get("detail", "")),
            suppression=Suppression.from_dict(as_object(suppression)) if suppression else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Unread:
    """A question about a resource that was not answered: a family of children, or a default; and why."""

    logical_id: str
    question: str
    reason: UnprovenReason
    detail: str = ""

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "logical_id": self.logical_id,
            "question": self.question,
            "reason": self.reason.value,
            "detail": self.detail,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Unread:
        return cls(
            logical_id=str(data["logical_id"]),
            question=str(data["question"]),
            reason=UnprovenReason(str(data["reason"])),
            detail=str(data["detail"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """How many questions of one kind there were, and how many were answered."""

    total: int = 0
    looked_at: int = 0

    def __add__(self, other: Looked) -> Looked:
        return Looked(total=self.total + other.total, looked_at=self.looked_at + other.looked_at)

    def to_dict(self) -> dict[str, JsonValue]:
        return {"total": self.total, "looked_at": self.looked_at}

    @classmethod
    def from_dict(cls, data: JsonObject) -> Looked:
        return cls(total=as_int(data["total"]), looked_at=as_int(data["looked_at"]))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NativeDrift:
    """What CloudFormation's own detection says of one resource; the paths are those that it names as different."""

    logical_id: str
    status: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NativeRow:
    """One difference beside CloudFormation's own detection. `seen_by` is "both", "stackproof" or "cloudformation".

    `detail` says why the other one did not see it, as far as it says so itself.
    """

    logical_id: str
    property_path: str
    seen_by: str
    detail: str = ""

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "logical_id": self.logical_id,
            "property_path": self.property_path or None,
            "seen_by": self.seen_by,
            "detail": self.detail,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> NativeRow:
        return cls(
            logical_id=str(data["logical_id"]),
            property_path=optional_str(data["property_path"]) or "",
            seen_by=str(data["seen_by"]),
            detail=str(data["detail"]),
        )


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
    children: Looked = field(default_factory=Looked)
    defaults: Looked = field(default_factory=Looked)
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
            children=Looked.from_dict(as_object(data["children"])),
            defaults=Looked.from_dict(as_object(data["defaults"])),
            unread=tuple(Unread.from_dict(unread) for unread in as_objects(data["unread"])),
            native=None if native is None else tuple(NativeRow.from_dict(row) for row in as_objects(native)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftWaiver:
    """A waiver of one difference: exact names, no patterns.

    `stack` is None for an unmanaged resource; `resource` is then its physical id, which resources of several types may
    share. For a deleted stack, both `stack` and `resource` are its name. Without a property the waiver covers the whole
    resource, or the child that it names. Without an account or a region it covers all that are audited; without a type
    it covers a resource or a child of any type. With `is_exact` it covers only the live value `actual`, else any value.
    """

    resource: str
    reason: str
    owner: str
    expires: date
    stack: str | None = None
    resource_type: str | None = None
    path: str | None = None
    child: str | None = None
    child_type: str | None = None
    actual: JsonValue = None
    is_exact: bool = False
    account: str | None = None
    region: str | None = None
    ticket: str | None = None
    file: str | None = None
    line: int | None = None

    @property
    def where(self) -> str | None:
        """File and line."""
        return f"{self.file}:{self.line}" if self.file else None

    @property
    def place(self) -> str:
        """The subject of the waiver, for a person."""
        parts = (self.resource, (self.path or "").lstrip("/"), self.child or "")
        return "/".join(part for part in parts if part)

    @property
    def trace(self) -> Suppression:
        """What it leaves on a difference that it covers."""
        return Suppression(
            kind=SuppressionKind.EXTERNAL,
            reason=self.reason,
            owner=self.owner,
            expires=self.expires,
            ticket=self.ticket,
            where=self.where,
        )

    def holds_in(self, account: str, region: str) -> bool:
        """Whether the waiver covers this account and region."""
        return self.account in {None, account} and self.region in {None, region}

    def covers(self, difference: Difference) -> bool:
        """Whether it is about the difference, and accepts its value; no secret is accepted by its value."""
        return self.is_about(difference) and (
            not self.is_exact
            or (not difference.is_secret and canonical_values(self.actual) == canonical_values(difference.actual))
        )

    def is_about(self, difference: Difference) -> bool:
        """Whether place, stack, resource, property and child are those of the difference, on whatever day."""
        place = difference.location
        if not self.holds_in(difference.account, difference.region):
            return False
        if self.resource_type not in {None, place.resource_type}:
            return False
        if self.child_type not in {None, difference.child_type}:
            return False
        named = place.logical_id or difference.physical_id
        if difference.origin is DriftOrigin.DELETED and place.logical_id is None:
            named = place.stack_name  # the stack itself
        return (place.stack_name, named, difference.path, difference.child_id) == (
            self.stack,
            self.resource,
            self.path,
            self.child,
        )


def total_coverage(audits: Iterable[StackAudit]) -> Coverage:
    """The sum over stacks."""
    return Coverage.of(tuple(proof for audit in audits for proof in audit.proofs))
