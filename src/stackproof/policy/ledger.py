"""The ledger of all waivers, those of the waiver file and those of the sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from stackproof.core.json import JsonObject, JsonValue, as_int, optional_int, optional_str
from stackproof.policy.finding import Suppression, SuppressionKind
from stackproof.template.location import Location

__all__ = ["InSourceWaiver", "LedgerEntry", "WaiverState"]


class WaiverState(StrEnum):
    """What became of a waiver in a run.

    A `partial` waiver names only some of the rules that report the same fact: the findings of the others stay. CDK
    itself applied an `unseen` one: what it covers never reached the assembly, so its use is unknown.
    """

    ACTIVE = "active"
    EXPIRED = "expired"
    UNUSED = "unused"
    NOT_JUDGED = "not_judged"
    NOT_WAIVABLE = "not_waivable"
    OVER_BROAD = "over_broad"
    PARTIAL = "partial"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class InSourceWaiver:
    """A suppression of a rule in a template or an app; it applies to findings of `engines` in the templates `files`.

    It covers one resource if it names a logical id, else everything at and below its construct path, else the whole
    template. `location` is the place of what it covers.
    """

    source: str
    rule: str
    reason: str
    where: str
    location: Location
    engines: frozenset[str]
    files: frozenset[str]
    logical_id: str | None = None
    construct_path: str | None = None
    is_prefix: bool = False
    """Whether its rule is the beginning of many ids."""
    is_broad: bool = False
    """Whether it covers a whole template, stack or app."""
    is_final: bool = False
    """Whether CDK heeds it before it writes the assembly, so that no one after it can tell its use."""
    generated: bool = False
    """Whether CDK wrote it, on a resource that it added by itself."""

    @property
    def trace(self) -> Suppression:
        """What it leaves on a finding that it covers."""
        return Suppression(kind=SuppressionKind.IN_SOURCE, reason=self.reason, where=self.where)

    def sort_key(self) -> tuple[object, ...]:
        """A total order over what one run can see."""
        return (self.where, self.source, self.rule, self.reason, sorted(self.files))


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line of the ledger: a waiver and what became of it. `covers` counts the findings that it covers.

    `source` is the file of waivers ("waivers.yaml") or the tool whose syntax the source uses. `any_value` is for a
    waiver of drift: whether it holds for any value, or for one alone.
    """

    source: str
    where: str | None
    rule: str | None
    control: str | None
    stack: str | None
    construct_path: str | None
    reason: str
    owner: str | None
    ticket: str | None
    expires: date | None
    days_left: int | None
    covers: int
    state: WaiverState
    any_value: bool | None = None

    def sort_key(self) -> tuple[object, ...]:
        """By source, then place."""
        return (
            self.source != "waivers.yaml",
            self.source,
            self.stack or "",
            self.construct_path or "",
            self.rule or self.control or "",
            self.where or "",
            self.reason,
        )

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "source": self.source,
            "where": self.where,
            "rule": self.rule,
            "control": self.control,
            "stack": self.stack,
            "construct_path": self.construct_path,
            "reason": self.reason,
            "owner": self.owner,
            "ticket": self.ticket,
            "expires": self.expires.isoformat() if self.expires else None,
            "days_left": self.days_left,
            "covers": self.covers,
            "state": self.state.value,
            **({} if self.any_value is None else {"any_value": self.any_value}),
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> LedgerEntry:
        expires = optional_str(data["expires"])
        return cls(
            source=str(data["source"]),
            where=optional_str(data["where"]),
            rule=optional_str(data["rule"]),
            control=optional_str(data["control"]),
            stack=optional_str(data["stack"]),
            construct_path=optional_str(data["construct_path"]),
            reason=str(data["reason"]),
            owner=optional_str(data["owner"]),
            ticket=optional_str(data["ticket"]),
            expires=date.fromisoformat(expires) if expires else None,
            days_left=optional_int(data["days_left"]),
            covers=as_int(data["covers"]),
            state=WaiverState(str(data["state"])),
            any_value=None if data.get("any_value") is None else bool(data["any_value"]),
        )
