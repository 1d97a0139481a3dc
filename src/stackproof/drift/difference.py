"""The result of a drift audit of running stacks: differences of every origin, and the share that was checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from stackproof.core.json import (
    JsonObject,
    JsonValue,
    as_int,
    as_object,
    digest,
    optional_str,
)
from stackproof.core.secret_values import MASK, masked
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.policy.finding import Suppression
from stackproof.proof.observation import Change, DriftStatus
from stackproof.template.location import Location

__all__ = [
    "Difference",
    "DriftOrigin",
    "QuestionCount",
    "Unread",
]


class DriftOrigin(StrEnum):
    """The origin of a difference."""

    DECLARED = "declared"
    UNDECLARED = "undeclared"
    CHILD = "child"
    UNMANAGED = "unmanaged"
    DELETED = "deleted"


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
class QuestionCount:
    """How many questions of one kind there were, and how many were answered."""

    total: int = 0
    looked_at: int = 0

    def __add__(self, other: QuestionCount) -> QuestionCount:
        return QuestionCount(total=self.total + other.total, looked_at=self.looked_at + other.looked_at)

    def to_dict(self) -> dict[str, JsonValue]:
        return {"total": self.total, "looked_at": self.looked_at}

    @classmethod
    def from_dict(cls, data: JsonObject) -> QuestionCount:
        return cls(total=as_int(data["total"]), looked_at=as_int(data["looked_at"]))
