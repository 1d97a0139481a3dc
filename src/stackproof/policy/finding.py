"""What a policy engine reports of a template: findings, denominators, and what it could not evaluate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from stackproof.core.json import JsonObject, JsonValue, as_int, as_object, as_objects, canonical, digest, optional_str
from stackproof.core.notification import Level, Notification
from stackproof.template.location import Location

__all__ = [
    "EngineAnswer",
    "Finding",
    "Kind",
    "Origin",
    "RuleCount",
    "Suppression",
    "SuppressionKind",
    "Waiver",
]


class Kind(StrEnum):
    """SARIF's words for the outcome of a rule."""

    PASS = "pass"  # noqa: S105 - SARIF's word, no password
    FAIL = "fail"
    OPEN = "open"
    NOT_APPLICABLE = "notApplicable"


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
    """A decision of people to accept findings: who, why, and until when (the day itself included).

    It names a rule or a control. `stack` and `construct_path` may be globs; `file` and `line` are its place.
    """

    rule: str | None = None
    control: str | None = None
    stack: str
    construct_path: str
    reason: str
    owner: str
    expires: date
    ticket: str | None = None
    file: str | None = None
    line: int | None = None

    @property
    def named(self) -> str:
        """The rule's or the control's id."""
        return self.rule or self.control or ""

    @property
    def where(self) -> str | None:
        """`policies/waivers.yaml:7`, or None for a waiver without a file."""
        return self.file if self.file is None or self.line is None else f"{self.file}:{self.line}"

    @property
    def trace(self) -> Suppression:
        """What it leaves on a finding that it covers."""
        return Suppression(
            reason=self.reason, owner=self.owner, expires=self.expires, ticket=self.ticket, where=self.where
        )


class SuppressionKind(StrEnum):
    """SARIF's words for the place of a suppression, and our word for a finding of the baseline."""

    EXTERNAL = "external"
    IN_SOURCE = "inSource"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Why people accept a finding: a waiver, a suppression in the template, or the baseline.

    A fact that its source does not give is None; a missing reason is empty.
    """

    kind: SuppressionKind = SuppressionKind.EXTERNAL
    reason: str
    owner: str | None = None
    expires: date | None = None
    ticket: str | None = None
    where: str | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "kind": self.kind.value,
            "reason": self.reason,
            "owner": self.owner,
            "expires": self.expires.isoformat() if self.expires else None,
            "ticket": self.ticket,
            "where": self.where,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Suppression:
        expires = optional_str(data["expires"])
        return cls(
            kind=SuppressionKind(str(data["kind"])),
            reason=str(data["reason"]),
            owner=optional_str(data["owner"]),
            expires=date.fromisoformat(expires) if expires else None,
            ticket=optional_str(data["ticket"]),
            where=optional_str(data["where"]),
        )

    def __str__(self) -> str:
        """For a person: until when, or where it stands, and the reason."""
        reason = self.reason or "no reason given"
        if self.kind is SuppressionKind.BASELINE:
            return "in the baseline"
        if self.kind is SuppressionKind.IN_SOURCE:
            return f"in {self.where}: {reason}" if self.where else reason
        return f"until {self.expires}: {reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact about one place, reported by one or several engines.

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
        """The same from run to run while rule and place are the same; neither lines nor messages go into it.

        A finding outside of templates, such as one of a waiver, has its file and message in it. Without a construct
        path the template is in it: another stack may have the name of the stack.
        """
        place = self.location
        if place.stack_name is None and place.template_file is None:
            return digest([self.rule_id, place.file, place.logical_id, place.construct_path, self.message])[:32]
        parts = [
            self.rule_id,
            place.stack_name or place.template_file,
            place.construct_path or place.logical_id,
            place.property_path,
        ]
        if place.construct_path is None and place.stack_name is not None and place.template_file is not None:
            parts.append(place.template_file)
        return digest(parts)[:32]

    @property
    def rules(self) -> frozenset[str]:
        """The ids of its rule and of those of its origins."""
        return frozenset({self.rule_id, *(origin.rule_id for origin in self.origins)})

    def suppressed_by(self, waiver: Waiver) -> Finding:
        """The finding with the waiver's trace on it."""
        return self.suppressed(waiver.trace)

    def suppressed(self, trace: Suppression) -> Finding:
        """The finding with this trace on it."""
        return replace(self, suppression=trace)

    def reworded(self, words: Callable[[str], str]) -> Finding:
        """The finding with every message of it, its own and those of its origins, as `words` has it."""
        message = words(self.message)
        origins = tuple(replace(origin, message=words(origin.message)) for origin in self.origins)
        if (message, origins) == (self.message, self.origins):
            return self
        return replace(self, message=message, origins=tuple(sorted(origins)))

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
            "" if trace is None else canonical(trace.to_dict()),
        )

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "rule_id": self.rule_id,
            "kind": self.kind.value,
            "level": self.level.value,
            "message": self.message,
            "control": self.control,
            "origins": [origin.to_dict() for origin in self.origins],
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
            origins=tuple(Origin.from_dict(origin) for origin in as_objects(data["origins"])),
            location=Location.from_dict(as_object(data["location"])),
            generated=bool(data["generated"]),
            suppression=Suppression.from_dict(as_object(suppression)) if suppression else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RuleCount:
    """A rule's denominator, and its findings by outcome; `looked_at` is the number of places that it evaluated.

    `project` marks a rule of `policies/`: it is counted also where it is not applicable and evaluated nothing.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAnswer:
    """All that one engine reported of one template."""

    findings: tuple[Finding, ...] = ()
    counts: tuple[RuleCount, ...] = ()
    notifications: tuple[Notification, ...] = ()

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "findings": [finding.to_dict() for finding in self.findings],
            "counts": [count.to_dict() for count in self.counts],
            "notifications": [notification.to_dict() for notification in self.notifications],
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> EngineAnswer:
        return cls(
            findings=tuple(Finding.from_dict(finding) for finding in as_objects(data["findings"])),
            counts=tuple(RuleCount.from_dict(count) for count in as_objects(data["counts"])),
            notifications=tuple(
                Notification.from_dict(notification) for notification in as_objects(data["notifications"])
            ),
        )
