"""What is known of the versions of databases and runtimes, and what people decided about them: values only.

Two axes, as AWS has them: the status of a version (may it be created?) and the dates of its cycle (is it supported?).
Statuses are facts of a list on a day; dates are judged against a clock that is given from outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeAlias, TypeVar

from stackproof.core.json import JsonObject, JsonValue, as_int, as_object, as_objects, as_strings, optional_str

__all__ = [
    "AllowList",
    "AppliesTo",
    "Claim",
    "Cycle",
    "DateChange",
    "Decision",
    "Family",
    "Match",
    "OnAbsent",
    "Override",
    "Overrides",
    "Source",
    "Status",
    "SupportEnd",
    "Unlisted",
    "Version",
    "day_of",
]

SupportEnd: TypeAlias = date | bool | None
"""A last day. True: ended, no date published; False: not ended (standard), never offered (extended); None: unknown."""

_Word = TypeVar("_Word", bound=StrEnum)


class Status(StrEnum):
    """Whether a version can be created: deprecated is known but refused, withdrawn is no longer listed at all."""

    CREATABLE = "creatable"
    DEPRECATED = "deprecated"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


class Claim(StrEnum):
    """One source's claim about one version."""

    CREATABLE = "creatable"
    DEPRECATED = "deprecated"
    ABSENT = "absent"
    WITHDRAWN = "withdrawn"


class Match(StrEnum):
    """How a template's value finds its entry: letter by letter, also by the major alone, or by its cycle."""

    EXACT = "exact"
    EXACT_OR_MAJOR = "exact-or-major"
    CYCLE = "cycle"


class OnAbsent(StrEnum):
    """The verdict on a template that names no version, so that AWS chooses."""

    ALLOW = "allow"
    WARN = "warn"
    ERROR = "error"


class Unlisted(StrEnum):
    """What it means that a version is not in the family's list: AWS does not know it, or no source lists it."""

    REFUSED = "refused"
    OPEN = "open"


class Decision(StrEnum):
    """An organization's decision about a version."""

    APPROVED = "approved"
    HOLD = "hold"
    BANNED = "banned"


def day_of(as_of: str) -> date:
    """The UTC day of a date or time stamp."""
    return date.fromisoformat(as_of[:10])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """A line of versions that is supported as one: PostgreSQL 15, EKS 1.34. Ends are last days."""

    standard_support_end: SupportEnd = None
    extended_support_end: SupportEnd = None
    sources: tuple[str, ...] = ()
    as_of: str | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {
            "standard_support_end": _end_text(self.standard_support_end),
            "extended_support_end": _end_text(self.extended_support_end),
            "sources": list(self.sources),
        }
        return found if self.as_of is None else {**found, "as_of": self.as_of}

    @classmethod
    def from_dict(cls, data: JsonObject) -> Cycle:
        return cls(
            standard_support_end=_end(data.get("standard_support_end")),
            extended_support_end=_end(data.get("extended_support_end")),
            sources=as_strings(data.get("sources", [])),
            as_of=optional_str(data.get("as_of")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DateChange:
    """A date that a source moved: announced blocks are forecasts, and this is how good they were."""

    field: str
    before: date | None
    after: date | None
    seen: date
    source: str

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "field": self.field,
            "before": _day_text(self.before),
            "after": _day_text(self.after),
            "seen": self.seen.isoformat(),
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> DateChange:
        return cls(
            field=str(data["field"]),
            before=_day(data["before"]),
            after=_day(data["after"]),
            seen=date.fromisoformat(str(data["seen"])),
            source=str(data["source"]),
        )


_DATES = (
    "first_seen",
    "last_seen_creatable",
    "missing_since",
    "deprecated_on",
    "create_block",
    "update_block",
    "minor_support_end",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a family. `evidence` is each source's claim; `missing_since` the day it was first not listed."""

    status: Status
    cycle: str | None = None
    first_seen: date | None = None
    last_seen_creatable: date | None = None
    missing_since: date | None = None
    deprecated_on: date | None = None
    create_block: date | None = None
    update_block: date | None = None
    minor_support_end: date | None = None
    successor: str | None = None
    evidence: Mapping[str, Claim] = field(default_factory=dict)
    date_history: tuple[DateChange, ...] = ()

    def to_dict(self) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {"status": self.status.value}
        if self.cycle is not None:
            found["cycle"] = self.cycle
        found |= {name: day.isoformat() for name in _DATES if (day := getattr(self, name)) is not None}
        if self.successor is not None:
            found["successor"] = self.successor
        if self.evidence:
            found["evidence"] = {name: claim.value for name, claim in sorted(self.evidence.items())}
        if self.date_history:
            found["date_history"] = [change.to_dict() for change in self.date_history]
        return found

    @classmethod
    def from_dict(cls, data: JsonObject) -> Version:
        dates = {name: _day(data.get(name)) for name in _DATES}
        return cls(
            status=Status(str(data["status"])),
            cycle=optional_str(data.get("cycle")),
            successor=optional_str(data.get("successor")),
            evidence={name: Claim(str(member)) for name, member in as_object(data.get("evidence", {})).items()},
            date_history=tuple(DateChange.from_dict(change) for change in as_objects(data.get("date_history", []))),
            **dates,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliesTo:
    """Where templates carry a version of the family: a property of a type, `when` another one has a value."""

    type: str
    version: str
    when: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {"type": self.type, "version": self.version}
        return {**found, "when": dict(sorted(self.when.items()))} if self.when else found

    @classmethod
    def from_dict(cls, data: JsonObject) -> AppliesTo:
        when = {name: str(member) for name, member in as_object(data.get("when", {})).items()}
        return cls(type=str(data["type"]), version=str(data["version"]), when=when)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A snapshot that the list was made from; `sha256` is that of what was read."""

    kind: str
    as_of: str
    sha256: str
    version: str | None = None
    region: str | None = None
    account: str | None = None
    note: str | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {"kind": self.kind, "as_of": self.as_of, "sha256": self.sha256}
        more = {"version": self.version, "region": self.region, "account": self.account, "note": self.note}
        return found | {name: member for name, member in more.items() if member is not None}

    @classmethod
    def from_dict(cls, data: JsonObject) -> Source:
        return cls(
            kind=str(data["kind"]),
            as_of=str(data["as_of"]),
            sha256=str(data["sha256"]),
            version=optional_str(data.get("version")),
            region=optional_str(data.get("region")),
            account=optional_str(data.get("account")),
            note=optional_str(data.get("note")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """All versions of one engine. `as_of` is that of its version list, or of its dates where it has no list."""

    as_of: str
    match: Match = Match.EXACT
    on_absent: OnAbsent = OnAbsent.ALLOW
    unlisted: Unlisted = Unlisted.REFUSED
    max_age_days: int = 30
    applies_to: tuple[AppliesTo, ...] = ()
    cycles: Mapping[str, Cycle] = field(default_factory=dict)
    versions: Mapping[str, Version] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether any source has data on it."""
        return bool(self.cycles or self.versions)

    def age(self, on: date) -> int:
        """Whole days since its `as_of`."""
        return (on - day_of(self.as_of)).days

    def is_old(self, on: date) -> bool:
        """Whether its list is older than it may be."""
        return self.is_known and self.age(on) > self.max_age_days

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "as_of": self.as_of,
            "match": self.match.value,
            "on_absent": self.on_absent.value,
            "unlisted": self.unlisted.value,
            "max_age_days": self.max_age_days,
            "applies_to": [to.to_dict() for to in self.applies_to],
            "cycles": {name: cycle.to_dict() for name, cycle in self.cycles.items()},
            "versions": {name: version.to_dict() for name, version in self.versions.items()},
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Family:
        return cls(
            as_of=str(data["as_of"]),
            match=Match(str(data.get("match", "exact"))),
            on_absent=OnAbsent(str(data.get("on_absent", "allow"))),
            unlisted=Unlisted(str(data.get("unlisted", "refused"))),
            max_age_days=as_int(data.get("max_age_days", 30)),
            applies_to=tuple(AppliesTo.from_dict(to) for to in as_objects(data["applies_to"])),
            cycles={name: Cycle.from_dict(as_object(cycle)) for name, cycle in as_object(data["cycles"]).items()},
            versions={
                name: Version.from_dict(as_object(version)) for name, version in as_object(data["versions"]).items()
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowList:
    """Every family, with the sources it was made from and the regions that these speak of."""

    as_of: str
    regions: tuple[str, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)
    families: Mapping[str, Family] = field(default_factory=dict)

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "schema": 1,
            "as_of": self.as_of,
            "regions": list(self.regions),
            "sources": {name: source.to_dict() for name, source in self.sources.items()},
            "families": {name: family.to_dict() for name, family in self.families.items()},
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> AllowList:
        return cls(
            as_of=str(data["as_of"]),
            regions=as_strings(data["regions"]),
            sources={name: Source.from_dict(as_object(source)) for name, source in as_object(data["sources"]).items()},
            families={
                name: Family.from_dict(as_object(family)) for name, family in as_object(data["families"]).items()
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A decision of people about a version, or about a whole cycle, until a day (itself included).

    `decision` is policy (approved, hold, banned); `status` corrects the list's status.
    """

    family: str
    version: str | None = None
    cycle: str | None = None
    decision: Decision | None = None
    status: Status | None = None
    reason: str
    owner: str
    until: date

    def covers(self, family: str, version: str | None, cycle: str | None) -> bool:
        """Whether it is about this version."""
        if family != self.family:
            return False
        return version == self.version if self.version is not None else cycle == self.cycle

    def to_dict(self) -> dict[str, JsonValue]:
        what: dict[str, JsonValue] = {
            "version": self.version,
            "cycle": self.cycle,
            "decision": _word(self.decision),
            "status": _word(self.status),
        }
        return {
            "family": self.family,
            **{name: member for name, member in what.items() if member is not None},
            "reason": self.reason,
            "owner": self.owner,
            "until": self.until.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Override:
        return cls(
            family=str(data["family"]),
            version=optional_str(data.get("version")),
            cycle=optional_str(data.get("cycle")),
            decision=_optional(Decision, data.get("decision")),
            status=_optional(Status, data.get("status")),
            reason=str(data["reason"]),
            owner=str(data["owner"]),
            until=date.fromisoformat(str(data["until"])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """All decisions; in the families of `approved_only`, versions without approval are refused."""

    overrides: tuple[Override, ...] = ()
    approved_only: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "schema": 1,
            "approved_only": list(self.approved_only),
            "overrides": [override.to_dict() for override in self.overrides],
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Overrides:
        return cls(
            overrides=tuple(Override.from_dict(override) for override in as_objects(data["overrides"])),
            approved_only=as_strings(data.get("approved_only", [])),
        )


def _end(value: JsonValue) -> SupportEnd:
    if value is None or isinstance(value, bool):
        return value
    return date.fromisoformat(str(value))


def _end_text(value: SupportEnd) -> JsonValue:
    return value.isoformat() if isinstance(value, date) else value


def _day(value: JsonValue) -> date | None:
    return None if value is None else date.fromisoformat(str(value))


def _day_text(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _word(value: StrEnum | None) -> str | None:
    return None if value is None else value.value


def _optional(kind: type[_Word], value: JsonValue) -> _Word | None:
    return None if value is None else kind(str(value))
