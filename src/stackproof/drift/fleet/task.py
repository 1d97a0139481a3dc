"""A fleet of accounts, its tasks and their results: values that cross processes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from stackproof.calls.connection import Connection
from stackproof.calls.log import CallLog
from stackproof.core.json import JsonObject, JsonValue, as_object, as_objects, canonical, digest
from stackproof.core.notification import Notification
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.stack_audit import StackAudit

__all__ = [
    "EVERY_STACK",
    "AccountRegion",
    "Failure",
    "Fleet",
    "FleetAccount",
    "FleetOrder",
    "FleetTask",
    "ListedStack",
    "Organization",
    "ScopeTask",
    "StackFilter",
    "StackListing",
    "StackResources",
    "TaskResult",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedStack:
    """A stack as a list has it."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFilter:
    """Which stacks of a place are meant: those for which all that is given holds. Names may have wildcards."""

    names: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    owners: tuple[str, ...] = ()
    owner_tag: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetAccount:
    """One account: the role to assume there (None: the credentials at hand), its regions, its stacks.

    `may_be_empty` says that a region without a stack is meant, and no error.
    """

    account: str
    name: str = ""
    role: str | None = None
    regions: tuple[str, ...] = ()
    stacks: StackFilter = field(default_factory=StackFilter)
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """Accounts that AWS Organizations knows: those below `units`, or all of them."""

    units: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    role: str | None = None
    regions: tuple[str, ...] = ()
    stacks: StackFilter = field(default_factory=StackFilter)
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The content of `fleet.yaml`."""

    accounts: tuple[FleetAccount, ...] = ()
    organization: Organization | None = None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AccountRegion:
    """One region of one account, and the role that reads it."""

    account: str
    region: str
    role_arn: str | None = None

    def __str__(self) -> str:
        return f"account {self.account}, region {self.region}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FleetTask:
    """Some stacks of one place to audit, with all that are nested in them: one call answers for several of them."""

    account_region: AccountRegion
    stack_names: tuple[str, ...]

    @property
    def key(self) -> str:
        """The same for the same task."""
        account_region = self.account_region
        return digest([account_region.account, account_region.region, account_region.role_arn, *self.stack_names])


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ScopeTask:
    """What to look for beside the stacks of a place: scopes as kind and value, and type and id of what stacks have."""

    account_region: AccountRegion
    scopes: tuple[tuple[str, str], ...]
    resource_types: tuple[str, ...]
    managed: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOrder:
    """How every task of a run is done: nothing but values, so that it goes to any process.

    `target` and `connection` name what is read; each task replaces the region and the role by its own. `rates` are
    calls a second, by service. `pace` is the folder in which the workers of a machine share that rate, None for the
    machine's own. `reads` are the reads of one task that are under way at once.
    """

    target: str = "aws"
    connection: Connection = field(default_factory=Connection)
    rates: tuple[tuple[str, float], ...] = ()
    pace: str | None = None
    native: bool = False
    reads: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a region or a task could not be read."""

    reason: UnprovenReason
    detail: str

    def to_dict(self) -> dict[str, JsonValue]:
        return {"reason": self.reason.value, "detail": self.detail}

    @classmethod
    def from_dict(cls, data: JsonObject) -> Failure:
        return cls(reason=UnprovenReason(str(data["reason"])), detail=str(data["detail"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class StackListing:
    """The stacks of an account and region, or why they are not known."""

    stacks: tuple[ListedStack, ...] = ()
    failure: Failure | None = None
    calls: CallLog = field(default_factory=CallLog)

    @property
    def text(self) -> str:
        """As it goes from one process to another."""
        return canonical(
            {
                "calls": self.calls.to_dict(),
                "stacks": [{"name": stack.name, "tags": dict(stack.tags)} for stack in self.stacks],
                "failure": self.failure.to_dict() if self.failure else None,
            }
        )

    @classmethod
    def from_text(cls, text: str) -> StackListing:
        data = json.loads(text)
        return cls(
            stacks=tuple(ListedStack(name=stack["name"], tags=stack["tags"]) for stack in data["stacks"]),
            failure=Failure.from_dict(data["failure"]) if data["failure"] else None,
            calls=CallLog.from_dict(data["calls"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StackResources:
    """How many resources of each type a stack has, those of nested stacks with it, or why that is not known."""

    counts: Mapping[str, int] = field(default_factory=dict)
    stacks: int = 1
    failure: Failure | None = None

    @property
    def text(self) -> str:
        """As it goes from one process to another."""
        failure = self.failure.to_dict() if self.failure else None
        return canonical({"counts": dict(self.counts), "stacks": self.stacks, "failure": failure})

    @classmethod
    def from_text(cls, text: str) -> StackResources:
        data = json.loads(text)
        failure = Failure.from_dict(data["failure"]) if data["failure"] else None
        return cls(counts=data["counts"], stacks=data["stacks"], failure=failure)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """What came of one task. `calls` are those that its process made since the one before; no secret is in it.

    `kept_since` is when it was done, if a run did it that was interrupted.
    """

    audits: tuple[StackAudit, ...] = ()
    notifications: tuple[Notification, ...] = ()
    calls: CallLog = field(default_factory=CallLog)
    kept_since: datetime | None = None

    @property
    def is_complete(self) -> bool:
        """Whether a repetition would give the same result."""
        broken = any(notification.level.value == "error" for notification in self.notifications)
        return bool(self.audits) and not broken and all(audit.is_complete for audit in self.audits)

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "audits": [audit.to_dict() for audit in self.audits],
            "notifications": [notification.to_dict() for notification in self.notifications],
            "calls": self.calls.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> TaskResult:
        """The same texts are one text in memory: stacks of a fleet are much alike."""
        data = _shared(data)
        return cls(
            audits=tuple(StackAudit.from_dict(audit) for audit in as_objects(data["audits"])),
            notifications=tuple(
                Notification.from_dict(notification) for notification in as_objects(data["notifications"])
            ),
            calls=CallLog.from_dict(as_object(data["calls"])),
        )


def _shared(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return sys.intern(value)
    if isinstance(value, Mapping):
        return {key: _shared(member) for key, member in value.items()}
    return [_shared(element) for element in value] if isinstance(value, list) else value


EVERY_STACK: Final = "*"
"""The name under which a report has a place whose stacks are not even known."""
