"""Ports: reading children, lists and stacks of an account; storing and reporting audits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from stackproof.core.errors import TargetError
from stackproof.deployment.deployment import DeployedResource
from stackproof.drift.child import Child, Listed
from stackproof.drift.episode import Alarm, Episode, Memory, Run, StackKey, StackRecord
from stackproof.drift.fleet.task import FleetTask, TaskResult
from stackproof.drift.live_stack import LiveStack, OtherStack
from stackproof.drift.native_drift import NativeDrift
from stackproof.proof.ports import ReadRequest
from stackproof.template.template import Template

__all__ = [
    "AuditStore",
    "ChildFamily",
    "Listing",
    "Notifier",
    "StackCatalog",
    "TaskMemory",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildFamily:
    """A family of children of resources, and what may declare them.

    `read` gives all live children of one resource, without those that AWS creates by itself; `actions` are the IAM
    actions of its calls. `own` is the owner's property that lists them: if a template sets it, the comparison of that
    property finds an extra child. `declared_by` are resources that declare a child: (type, property that names the
    owner). With `in_stacks` the physical id decides which stack, if any, has the child. With `ids_are_shared` a child
    of another owner may have the same id; with `ids_may_differ` CloudFormation may have another id for the child. With
    `from_elsewhere` a stack of another region may have declared it.
    """

    name: str
    owners: tuple[str, ...]
    read: Callable[[ReadRequest], Iterable[Child]]
    actions: tuple[str, ...]
    own: str | None = None
    declared_by: tuple[tuple[str, str], ...] = ()
    in_stacks: bool = False
    ids_are_shared: bool = False
    ids_may_differ: bool = False
    from_elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Lists all live resources of one type, without those that AWS creates; with the IAM actions that it needs.

    `in_vpc` is True if the list has the VPC of each resource. If a list also has resources that stacks of other regions
    made, `region_of` gives the region of the stack that may have the resource, or None if AWS does not report it.
    """

    resource_type: str
    read: Callable[[Callable[[str], Any]], Iterable[Listed]]
    actions: tuple[str, ...]
    in_vpc: bool = False
    region_of: Callable[[Callable[[str], Any], Listed], str | None] | None = None


class StackCatalog(Protocol):
    """The stacks of one account and region. Everything that fails is a TargetError, botocore's error its cause."""

    def names(self) -> tuple[str, ...]:
        """Every stack that is there and not nested in another, instances of stack sets included; sorted."""

    def others(self) -> tuple[OtherStack, ...]:
        """Every stack that is there, nested ones too, sorted."""

    def template(self, stack_id: str, *, shown: str) -> Template:
        """The template of the stack as it was deployed; raises InputError as well."""

    def resources(self, stack_id: str, *, shown: str) -> tuple[DeployedResource, ...]:
        """What the stack has now, in whatever state it is."""

    def stack(self, stack_name: str, *, shown: str, parent: str | None = None) -> LiveStack:
        """The stack of this name or id, called `shown` in reports, with its template and what is deployed of it.

        One in the middle of an operation comes with that as the reason.
        """

    def states(self, stacks: Mapping[str, str]) -> Mapping[str, tuple[str, str] | TargetError]:
        """`status` and `changed` of stacks as they are now, or why one does not tell; id → what it is called."""

    def instances(self, stack_set: str) -> tuple[tuple[str, str, str], ...]:
        """Of a stack set: account, region and stack id of each instance, sorted."""

    def owner(self, resource_type: str, physical_id: str) -> str | None:
        """The stack to which a physical resource of the type belongs, None if there is none."""

    def tagged(self, key: str, value: str) -> frozenset[str]:
        """The ARNs of everything that has the tag."""

    def native_drift(self, stack_id: str) -> tuple[NativeDrift, ...]:
        """Have CloudFormation detect the drift of a stack, wait for it, and give what it says, sorted."""


class TaskMemory(Protocol):
    """The finished tasks of a fleet audit, so that an interrupted one can be resumed."""

    def get(self, task: FleetTask) -> TaskResult | None:
        """The task's result in this run, None if the task is not done."""

    def keep(self, task: FleetTask, result: TaskResult) -> None:
        """Store the task's result."""


class AuditStore(Protocol):
    """Memory of audits, for many at once; everything that fails is a StoreError, and then nothing has been written."""

    @property
    def shown(self) -> str:
        """Its name in reports, without a password."""

    def begin(self, run: Run) -> Run:
        """Record that a run has started; returns it with its number."""

    def withdraw(self, run: Run) -> None:
        """Delete a run that has started and not ended."""

    def record(self, run: Run, records: Iterable[StackRecord], *, ended_at: datetime, keep: timedelta) -> Memory:
        """Record all that a run saw, or nothing.

        Runs that started, and episodes that were resolved, more than `keep` before the run are deleted. Values that
        may be secrets are stored as salted hashes. What a run that started later could see of a stack stays as it is.
        """

    def stack_keys(self, run: Run) -> Mapping[StackKey, frozenset[str]]:
        """The stacks that comparable runs recorded which had ended when this one started, with their filters."""

    def last_record(self, run: Run, stack_key: StackKey) -> StackRecord | None:
        """The last readable record of the stack in these runs."""

    def runs(self) -> tuple[Run, ...]:
        """All runs by number, also those that did not finish."""

    def records(self, number: int) -> tuple[StackRecord, ...]:
        """The records of a run, by stack."""

    def episodes(self, *, target: str, against: str) -> tuple[Episode, ...]:
        """All differences, open and resolved, sorted."""

    def reserve(self, channel: str, run: Run, *, at: datetime) -> tuple[Episode, ...]:
        """Reserve for the channel the run's differences that no waiver covers and no run has reserved or delivered."""

    def pending(self, channel: str, run: Run) -> int:
        """How many differences of the run other runs have reserved for the channel and not yet delivered."""

    def mark_delivered(self, channel: str, run: Run, *, at: datetime) -> None:
        """The channel has what the run reserved for it."""

    def release(self, channel: str, run: Run) -> None:
        """The channel does not have it: the next run may reserve it."""

    def salt(self) -> str:
        """The store's random text, for hashes that mean nothing anywhere else."""

    def forget(self, stack_name: str, *, account: str | None = None, region: str | None = None) -> int:
        """Delete all about a stack and those nested in it; returns how many records of it there were.

        Without an account or region, it is deleted in all of them.
        """


class Notifier(Protocol):
    """A channel that notifies people: a topic, a webhook, a file."""

    @property
    def channel(self) -> str:
        """What tells it from others; a part of it may be a secret."""

    @property
    def shown(self) -> str:
        """Its name in reports."""

    def send(self, alarm: Alarm) -> None:
        """Send the alarm; raises NotifyError if it may not have arrived."""
