"""Observations of live resources, and verdicts on them, as separate values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from stackproof.core.json import (
    JsonObject,
    JsonValue,
    as_bool,
    as_int,
    as_object,
    as_objects,
    as_str,
    as_strings,
    optional_str,
)
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.template.location import Location

__all__ = [
    "UNANSWERED",
    "Change",
    "Coverage",
    "DriftStatus",
    "PropertyDifference",
    "Reading",
    "ResourceProof",
    "TypeCoverage",
    "Unproven",
    "unproven_reasons",
]


UNANSWERED: Final = frozenset(
    {UnprovenReason.DENIED, UnprovenReason.THROTTLED, UnprovenReason.UNREACHABLE, UnprovenReason.BUSY}
)
"""Reasons that are of this run, and not of the property: a later read, or one with more rights, may succeed."""


class DriftStatus(StrEnum):
    """AWS's drift API has these words for a resource."""

    IN_SYNC = "IN_SYNC"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    NOT_CHECKED = "NOT_CHECKED"


class Change(StrEnum):
    """AWS's drift API has these words for a property."""

    ADD = "ADD"
    REMOVE = "REMOVE"
    NOT_EQUAL = "NOT_EQUAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader read of one live resource: CloudFormation's property names, and the values of its `Fn::GetAtt`.

    `attributes` maps attribute names ("Arn", "Endpoint.Address") to values; `reference` is what `Ref` gives
    where that is not the physical id. `unread` maps JSON pointers of properties to why they could not be read.
    A property that is in neither `properties` nor `unread` is not set on the live resource, but for those that the
    schema calls write-only where the source `hides_write_only` ones.
    """

    properties: JsonObject
    attributes: JsonObject = field(default_factory=dict)
    reference: str | None = None
    unread: Mapping[str, UnprovenReason] = field(default_factory=dict)
    hides_write_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyDifference:
    """One property that differs from the template; `path` is a JSON pointer below `Properties`."""

    path: str
    expected: JsonValue
    actual: JsonValue
    change: Change

    def to_dict(self) -> dict[str, JsonValue]:
        return {"path": self.path, "expected": self.expected, "actual": self.actual, "change": self.change.value}

    @classmethod
    def from_dict(cls, data: JsonObject) -> PropertyDifference:
        return cls(
            path=as_str(data["path"]),
            expected=data["expected"],
            actual=data["actual"],
            change=Change(str(data["change"])),
        )


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Unproven:
    """An unproven property and the reason; the path "" is the whole resource."""

    path: str
    reason: UnprovenReason
    detail: str = ""

    def to_dict(self) -> dict[str, JsonValue]:
        return {"path": self.path, "reason": self.reason.value, "detail": self.detail}

    @classmethod
    def from_dict(cls, data: JsonObject) -> Unproven:
        return cls(path=as_str(data["path"]), reason=UnprovenReason(str(data["reason"])), detail=as_str(data["detail"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceProof:
    """The verdict on one resource. Every property that the template sets is in exactly one of the three tuples."""

    location: Location
    physical_id: str | None
    status: DriftStatus
    custom: bool = False
    proven: tuple[str, ...] = ()
    differences: tuple[PropertyDifference, ...] = ()
    unproven: tuple[Unproven, ...] = ()

    @property
    def is_unanswered(self) -> bool:
        """Whether a read of it failed for a reason of this run: another read may succeed."""
        return any(unproven.reason in UNANSWERED for unproven in self.unproven)

    @property
    def is_proven(self) -> bool:
        """Whether the resource was read live (its properties are counted by themselves)."""
        return self.status in {DriftStatus.IN_SYNC, DriftStatus.MODIFIED}

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "location": self.location.to_dict(),
            "physical_id": self.physical_id,
            "status": self.status.value,
            "custom": self.custom,
            "proven": list(self.proven),
            "differences": [difference.to_dict() for difference in self.differences],
            "unproven": [unproven.to_dict() for unproven in self.unproven],
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> ResourceProof:
        return cls(
            location=Location.from_dict(as_object(data["location"])),
            physical_id=optional_str(data["physical_id"]),
            status=DriftStatus(str(data["status"])),
            custom=as_bool(data["custom"]),
            proven=as_strings(data["proven"]),
            differences=tuple(
                PropertyDifference.from_dict(difference) for difference in as_objects(data["differences"])
            ),
            unproven=tuple(Unproven.from_dict(unproven) for unproven in as_objects(data["unproven"])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Proof coverage: of what the template sets, how much a live probe has confirmed.

    Custom resources are not in `resources_total` (their handler is not run on emulators) and are counted apart.
    """

    resources_total: int = 0
    resources_proven: int = 0
    custom_resources: int = 0
    properties_total: int = 0
    properties_proven: int = 0
    properties_differ: int = 0
    properties_unproven: int = 0

    @classmethod
    def of(cls, proofs: tuple[ResourceProof, ...]) -> Coverage:
        """The sum over resources."""
        counted = [proof for proof in proofs if not proof.custom]
        proven = sum(len(proof.proven) for proof in counted)
        differ = sum(len(proof.differences) for proof in counted)
        unproven = sum(len([unproven for unproven in proof.unproven if unproven.path]) for proof in counted)
        return cls(
            resources_total=len(counted),
            resources_proven=sum(proof.is_proven for proof in counted),
            custom_resources=len(proofs) - len(counted),
            properties_total=proven + differ + unproven,
            properties_proven=proven,
            properties_differ=differ,
            properties_unproven=unproven,
        )

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "resources": {
                "total": self.resources_total,
                "proven": self.resources_proven,
                "custom": self.custom_resources,
            },
            "properties": {
                "total": self.properties_total,
                "proven": self.properties_proven,
                "differs": self.properties_differ,
                "unproven": self.properties_unproven,
            },
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Coverage:
        resources, properties = as_object(data["resources"]), as_object(data["properties"])
        return cls(
            resources_total=as_int(resources["total"]),
            resources_proven=as_int(resources["proven"]),
            custom_resources=as_int(resources["custom"]),
            properties_total=as_int(properties["total"]),
            properties_proven=as_int(properties["proven"]),
            properties_differ=as_int(properties["differs"]),
            properties_unproven=as_int(properties["unproven"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCoverage:
    """Proof coverage of all resources of one type; `reasons` counts its unproven properties."""

    resource_type: str
    coverage: Coverage
    reasons: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, proofs: Iterable[ResourceProof]) -> tuple[TypeCoverage, ...]:
        """The coverage of each type, sorted by its name; together they make that of all."""
        by_type: dict[str, list[ResourceProof]] = {}
        for proof in proofs:
            by_type.setdefault(proof.location.resource_type or "", []).append(proof)
        return tuple(
            cls(resource_type=name, coverage=Coverage.of(tuple(found)), reasons=unproven_reasons(found))
            for name, found in sorted(by_type.items())
        )

    def to_dict(self) -> dict[str, JsonValue]:
        return {"resource_type": self.resource_type, **self.coverage.to_dict(), "reasons": dict(self.reasons)}


def unproven_reasons(proofs: Iterable[ResourceProof]) -> dict[str, int]:
    """How many properties are unproven, by reason; those of custom resources are left out."""
    found = Counter(
        unproven.reason.value for proof in proofs if not proof.custom for unproven in proof.unproven if unproven.path
    )
    return dict(sorted(found.items()))
