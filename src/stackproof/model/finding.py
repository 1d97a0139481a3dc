"""What a policy engine says of a template: findings, counts of what was looked at, and what could not be judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from stackproof.model.json import JsonObject, JsonValue, as_int, as_object, as_objects, digest
from stackproof.model.location import Location, optional_str

__all__ = [
    "EngineAnswer",
    "Finding",
    "Kind",
    "Level",
    "Notification",
    "Origin",
    "RuleCount",
    "Suppression",
    "Waiver",
]


class Kind(StrEnum):
    """SARIF's words for the outcome of a rule."""

    PASS = "pass"  # noqa: S105 - SARIF's word, no password
    FAIL = "fail"
    OPEN = "open"
    NOT_APPLICABLE = "notApplicable"


class Level(StrEnum):
    """SARIF's levels, the gravest first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NONE = "none"

    @property
    def rank(self) -> int:
        """0 for none, 3 for error."""
        return {"none": 0, "note": 1, "warning": 2, "error": 3}[self.value]

    def reaches(self, other: Level) -> bool:
        """Whether it is at least as grave as the other."""
        return self.rank >= other.rank


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Origin:
    """One engine's own words about a finding."""

    engine: str
    rule_id: str
    message: str

    def to_dict(self) -> dict[str, JsonValue]:
        return {"engine": self.engine, "rule_id": self.rule_id, "message": self.message}

    @classmethod
    def from_dict(cls, data: JsonObject) -> Origin:
        return cls(engine=str(data["engine"]), rule_id=str(data["rule_id"]), message=str(data["message"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A decision of people to live with one finding: who, why, and until when (the day itself included)."""

    rule: str
    stack: str
    construct_path: str
    reason: str
    owner: str
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """The trace of a waiver on a finding."""

    reason: str
    owner: str
    expires: date

    def to_dict(self) -> dict[str, JsonValue]:
        return {"reason": self.reason, "owner": self.owner, "expires": self.expires.isoformat()}

    @classmethod
    def from_dict(cls, data: JsonObject) -> Suppression:
        return cls(
            reason=str(data["reason"]), owner=str(data["owner"]), expires=date.fromisoformat(str(data["expires"]))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact about one place, said by one or several engines.

    `generated` marks a resource that CDK added by itself: shown apart, never a reason to fail.
    """

    rule_id: str
    kind: Kind
    level: Level
    message: str
    location: Location
    origins: tuple[Origin, ...]
    control: str | None = None
    generated: bool = False
    suppression: Suppression | None = None

    @property
    def fingerprint(self) -> str:
        """The same from run to run while rule and place are the same; neither lines nor messages go into it."""
        place = self.location
        return digest(
            [
                self.rule_id,
                place.stack_name or place.template_file,
                place.construct_path or place.logical_id,
                place.property_path,
            ]
        )[:32]

    def suppressed_by(self, waiver: Waiver) -> Finding:
        """The finding with the waiver's trace on it."""
        trace = Suppression(reason=waiver.reason, owner=waiver.owner, expires=waiver.expires)
        return replace(self, suppression=trace)

    def violates(self, fail_level: Level) -> bool:
        """Whether it is a reason for exit code 1."""
        return (
            self.kind is Kind.FAIL
            and self.level.reaches(fail_level)
            and self.suppression is None
            and not self.generated
        )

    def sort_key(self) -> tuple[object, ...]:
        """A total order over findings."""
        trace = self.suppression
        return (
            *self.location.sort_key(),
            self.rule_id,
            self.kind.value,
            self.message,
            self.origins,
            self.level.value,
            self.control or "",
            self.generated,
            () if trace is None else (trace.reason, trace.owner, trace.expires),
        )

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "rule_id": self.rule_id,
            "kind": self.kind.value,
            "level": self.level.value,
            "message": self.message,
            "control": self.control,
            "origins": [each.to_dict() for each in self.origins],
            "location": self.location.to_dict(),
            "generated": self.generated,
            "suppression": self.suppression.to_dict() if self.suppression else None,
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Finding:
        suppression = data["suppression"]
        return cls(
            rule_id=str(data["rule_id"]),
            kind=Kind(str(data["kind"])),
            level=Level(str(data["level"])),
            message=str(data["message"]),
            control=optional_str(data["control"]),
            origins=tuple(Origin.from_dict(each) for each in as_objects(data["origins"])),
            location=Location.from_dict(as_object(data["location"])),
            generated=bool(data["generated"]),
            suppression=Suppression.from_dict(as_object(suppression)) if suppression else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RuleCount:
    """A rule's denominator: at how many places it looked, and what it said there.

    `project` marks a rule of `policies/`, counted also where it is not applicable and looked at nothing.
    """

    rule_id: str
    engine: str
    looked_at: int
    failed: int = 0
    open: int = 0
    waived: int = 0
    project: bool = False

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "rule_id": self.rule_id,
            "engine": self.engine,
            "looked_at": self.looked_at,
            "failed": self.failed,
            "open": self.open,
            "waived": self.waived,
            "project": self.project,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> RuleCount:
        return cls(
            rule_id=str(data["rule_id"]),
            engine=str(data["engine"]),
            looked_at=as_int(data["looked_at"]),
            failed=as_int(data["failed"]),
            open=as_int(data["open"]),
            waived=as_int(data["waived"]),
            project=bool(data["project"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Notification:
    """Something about the run, not about the stack. At level error, something was not judged: exit code 3."""

    level: Level
    message: str
    engine: str | None = None
    file: str | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        return {"level": self.level.value, "message": self.message, "engine": self.engine, "file": self.file}

    @classmethod
    def from_dict(cls, data: JsonObject) -> Notification:
        return cls(
            level=Level(str(data["level"])),
            message=str(data["message"]),
            engine=optional_str(data["engine"]),
            file=optional_str(data["file"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAnswer:
    """All that one engine said of one template."""

    findings: tuple[Finding, ...] = ()
    counts: tuple[RuleCount, ...] = ()
    notifications: tuple[Notification, ...] = ()

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "findings": [each.to_dict() for each in self.findings],
            "counts": [each.to_dict() for each in self.counts],
            "notifications": [each.to_dict() for each in self.notifications],
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> EngineAnswer:
        return cls(
            findings=tuple(Finding.from_dict(each) for each in as_objects(data["findings"])),
            counts=tuple(RuleCount.from_dict(each) for each in as_objects(data["counts"])),
            notifications=tuple(Notification.from_dict(each) for each in as_objects(data["notifications"])),
        )
