"""The values in a store of audits: runs, their records of stacks, and how long each difference has existed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, Final

from stackproof.core.json import (
    JsonObject,
    JsonValue,
    as_object,
    as_objects,
    as_strings,
    canonical,
    canonical_values,
    digest,
)
from stackproof.core.secret_values import MASK
from stackproof.drift.difference import Difference, DriftOrigin

__all__ = [
    "HASH",
    "Alarm",
    "Episode",
    "Gap",
    "Memory",
    "Outcome",
    "Run",
    "RunScope",
    "StackKey",
    "StackRecord",
    "is_masked",
    "is_same",
    "shown_time",
    "value_of",
]


HASH: Final = re.compile(r"hmac-sha256:[0-9a-f]{64}")
"""How a store keeps a secret."""

_SECRETS: Final = re.compile(rf"({HASH.pattern}|{re.escape(MASK)})")


def shown_time(at: datetime) -> str:
    """A moment as stores and reports have it: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScope:
    """The target of a run: an account and region, or the accounts of a fleet file; all empty if unknown."""

    account: str = ""
    region: str = ""
    fleet: str = ""

    def to_dict(self) -> dict[str, JsonValue]:
        return {"account": self.account or None, "region": self.region or None, "fleet": self.fleet or None}

    @classmethod
    def from_dict(cls, data: JsonObject) -> RunScope:
        return cls(**{name: str(data[name]) for name in ("account", "region", "fleet") if data.get(name)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a run before notifications: its exit code and the figures behind it.

    `differences` counts those that are not waived. `checked` is the share of checked properties, in percent. `earlier`
    counts the stacks that only an interrupted run audited.
    """

    exit_code: int
    differences: int
    waived: int
    checked: float
    properties: int
    stacks: int
    earlier: int = 0

    @property
    def verdict(self) -> str:
        """The verdict in the history; if only waivers made the exit code 1, nothing has drifted."""
        if self.exit_code == 1 and not self.differences:
            return "waivers out of date"
        return {0: "clean", 1: "drifted"}.get(self.exit_code, "not complete")

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "differences": self.differences,
            "waived": self.waived,
            "checked": self.checked,
            "properties": self.properties,
            "stacks": self.stacks,
            "earlier": self.earlier,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outcome:
        return cls(
            exit_code=int(data["exit_code"]),
            differences=int(data["differences"]),
            waived=int(data["waived"]),
            checked=float(data["checked"]),
            properties=int(data["properties"]),
            stacks=int(data["stacks"]),
            earlier=int(data.get("earlier", 0)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One audit. The store numbers runs in the order in which they start; `ended_at` is None for an unfinished run.

    Only runs of one target and one expectation (`against`) are compared. `outcome` is None until the run has ended.
    """

    number: int
    target: str
    against: str
    started_at: datetime
    ended_at: datetime | None = None
    tool: str = ""
    scope: RunScope = field(default_factory=RunScope)
    outcome: Outcome | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "number": self.number,
            "target": self.target,
            "against": self.against,
            "began": shown_time(self.started_at),
            "ended": shown_time(self.ended_at) if self.ended_at else None,
            "tool": self.tool,
            **self.scope.to_dict(),
            "outcome": self.outcome.to_dict() if self.outcome else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class StackKey:
    """The identity of a stack: account, region and name; the name "" is for resources in no stack."""

    account: str
    region: str
    stack_name: str

    @classmethod
    def of(cls, difference: Difference) -> StackKey:
        """The place of the difference."""
        return cls(
            account=difference.account, region=difference.region, stack_name=difference.location.stack_name or ""
        )


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Gap:
    """The unchecked part of one resource: a JSON pointer, a family of children, or "" for all of it."""

    logical_id: str
    question: str = ""

    def hides(self, difference: Difference) -> bool:
        """Whether an existing difference there might have been missed."""
        if self.logical_id != difference.location.logical_id:
            return False
        if not self.question:
            return True
        if difference.path is not None:
            return _overlap(self.question, difference.path)
        family = difference.family
        if difference.child_id is None or self.question.startswith("/"):
            return False
        return family is None or self.question in {family, f"{family}: {difference.child_id}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRecord:
    """What one run saw of one stack; nothing if it `is_unreadable`.

    For resources in no stack, `listed` are the resource types and `scopes` the scopes that were listed. `filters` are
    the tags and owners that selected the stack, "" without any.
    """

    stack_key: StackKey
    status: str
    certificate: JsonObject = field(default_factory=dict)
    is_unreadable: bool = False
    gaps: tuple[Gap, ...] = ()
    differences: tuple[Difference, ...] = ()
    scopes: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    filters: str = ""

    def covers(self, difference: Difference, *, scopes: tuple[str, ...] = ()) -> bool:
        """Whether a difference that an earlier run found (in these scopes) would be here if it still existed."""
        if self.is_unreadable:
            return False
        if not self.stack_key.stack_name:
            return difference.location.resource_type in self.listed and set(scopes) <= set(self.scopes)
        gone = {
            difference.location.logical_id
            for difference in self.differences
            if difference.origin is DriftOrigin.DELETED
        }
        if None in gone:  # the stack itself
            return difference.location.logical_id is None
        if difference.origin is not DriftOrigin.DELETED and difference.location.logical_id in gone:
            return False
        return not any(gap.hides(difference) for gap in self.gaps)

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "account": self.stack_key.account,
            "region": self.stack_key.region,
            "stack_name": self.stack_key.stack_name,
            "status": self.status,
            "certificate": dict(self.certificate),
            "is_unreadable": self.is_unreadable,
            "gaps": [[gap.logical_id, gap.question] for gap in self.gaps],
            "differences": [difference.to_dict() for difference in self.differences],
            "scopes": list(self.scopes),
            "listed": list(self.listed),
            "filters": self.filters,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> StackRecord:
        gaps = data["gaps"]
        if not isinstance(gaps, list | tuple):
            raise TypeError(f"Unexpected type {type(gaps).__name__} (expected list)")
        return cls(
            stack_key=StackKey(
                account=str(data["account"]), region=str(data["region"]), stack_name=str(data["stack_name"])
            ),
            status=str(data["status"]),
            certificate=as_object(data["certificate"]),
            is_unreadable=bool(data["is_unreadable"]),
            gaps=tuple(Gap(logical_id=logical_id, question=two) for logical_id, two in map(as_strings, gaps)),
            differences=tuple(Difference.from_dict(difference) for difference in as_objects(data["differences"])),
            scopes=as_strings(data["scopes"]),
            listed=as_strings(data["listed"]),
            filters=str(data.get("filters", "")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A difference from the run that saw it first to the one that saw that it is gone.

    `difference` is as it was seen last, without values that may be secrets; `changed` is when its live value became
    another one, None if it is the first. One that comes back begins a new episode.
    """

    difference: Difference
    since: datetime
    first_run: int
    last_seen: datetime
    last_run: int
    scopes: tuple[str, ...] = ()
    changed: datetime | None = None
    resolved: datetime | None = None
    resolved_run: int | None = None

    @property
    def fingerprint(self) -> str:
        """That of the difference."""
        return self.difference.fingerprint

    @property
    def value(self) -> str:
        """Equal for equal live values, as far as they are stored."""
        return value_of(self.difference)

    @property
    def stack_key(self) -> StackKey:
        """Where it is."""
        return StackKey.of(self.difference)

    def sort_key(self) -> tuple[object, ...]:
        """By place and name, then by time."""
        return (self.difference.sort_key(), self.first_run)

    def row(self) -> dict[str, JsonValue]:
        """The row of a report."""
        return {
            **self.difference.row(),
            "since": shown_time(self.since),
            "changed": shown_time(self.changed) if self.changed else None,
            "last_seen": shown_time(self.last_seen),
            "resolved": shown_time(self.resolved) if self.resolved else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The store's facts about the differences of one run.

    `since` is by fingerprint. `new` are differences that the last record of their stack lacks, `changed` those that it
    has with another live value, `carried` those that this run could not check. `previous` is the last finished run
    before this one.
    """

    run: Run
    previous: int | None = None
    since: Mapping[str, datetime] = field(default_factory=dict)
    new: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    resolved: tuple[Episode, ...] = ()
    carried: tuple[Episode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """The differences of a run to report to a channel: those that are new to it, or have a new value.

    Without differences there is nothing to report.
    """

    run: Run
    episodes: tuple[Episode, ...]

    @property
    def identity(self) -> str:
        """Equal for equal news, so that a receiver recognizes a repetition."""
        return digest(
            [
                [
                    episode.fingerprint,
                    shown_time(episode.since),
                    *([shown_time(episode.changed)] if episode.changed else []),
                ]
                for episode in self.episodes
            ]
        )[:32]

    @property
    def subject(self) -> str:
        """One line."""
        stacks = sorted(
            {(episode.stack_key.stack_name or "(in no stack)", episode.stack_key) for episode in self.episodes}
        )
        more = f" and {len(stacks) - 1} more" if len(stacks) > 1 else ""
        counts = {
            "new": sum(episode.changed is None for episode in self.episodes),
            "changed": sum(episode.changed is not None for episode in self.episodes),
        }
        text = " and ".join(f"{count} {word}" for word, count in counts.items() if count)
        s = "s" if len(self.episodes) != 1 else ""
        return f"{text} difference{s} in {stacks[0][0]}{more}" if stacks else "nothing new"

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "format": 1,
            "kind": "drift",
            "id": self.identity,
            "subject": self.subject,
            "run": self.run.to_dict(),
            "differences": [episode.row() for episode in self.episodes],
        }


def value_of(difference: Difference) -> str:
    """Equal for equal live values; the order of a list does not count."""
    return digest([canonical_values(difference.actual)])[:32]


def is_masked(value: JsonValue) -> bool:
    """Whether the value has a mask in place of a secret, which is not stored."""
    return MASK in canonical(value)


def is_same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two stored values may be equal: a mask equals any secret at the same place."""
    left, right = (_SECRETS.split(canonical(canonical_values(element))) for element in (one, other))
    return len(left) == len(right) and all(
        a == b or (is_secret and MASK in {a, b})
        for is_secret, a, b in zip(cycle((False, True)), left, right, strict=False)
    )


def _overlap(one: str, other: str) -> bool:
    """Whether one JSON pointer is the other, or leads to it."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
