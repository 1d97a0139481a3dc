"""A fleet audit: its tasks, their execution even if workers end, and the joined result."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future, as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Generic, TypeVar

from stackproof.calls.log import CallLog
from stackproof.core.globs import matches
from stackproof.core.notification import Level, Notification
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.audit.auditing import AuditedStacks
from stackproof.drift.episode import shown_time
from stackproof.drift.fleet.task import (
    EVERY_STACK,
    AccountRegion,
    Failure,
    Fleet,
    FleetAccount,
    FleetTask,
    ListedStack,
    StackFilter,
    StackListing,
    TaskResult,
)
from stackproof.drift.ports import TaskMemory
from stackproof.drift.stack_audit import StackAudit
from stackproof.drift.stack_list import StackList
from stackproof.proof.redaction import mask_difference

__all__ = [
    "NO_STACK",
    "Done",
    "FleetRun",
    "WorkerFailure",
    "Workers",
    "account_regions_of",
    "audit_tasks",
    "done",
    "failed_audit",
    "failed_task",
    "list_stacks",
    "mask_audit",
    "tasks_of",
    "with_discovered",
]


NO_STACK: Final = "no stack matches the filters"
"""The message for a region that was listed and has no stack to audit."""

_FRUITLESS: Final = 3  # rounds in a row in which workers ended and nothing was done

_AT_ONCE: Final = 10  # stacks of a task: more cost fewer calls, fewer keep more workers busy

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFailure:
    """A task whose worker ended at every attempt."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Generic[_Task, _Result]):
    """A task and its result."""

    task: _Task
    result: _Result | WorkerFailure


def done(
    work: Callable[[_Task], _Result],
    tasks: Iterable[_Task],
    start: Callable[[], AbstractContextManager[Executor]],
) -> Iterator[Done[_Task, _Result]]:
    """Each task with its result, as they come. `start` gives workers, a second time if the first have ended.

    `work` answers for its own errors: one that is raised here is of a worker that has gone, and its task is done again.
    """
    waiting = list(tasks)
    fruitless, detail = 0, "there is no worker"
    while waiting and fruitless < _FRUITLESS:
        again: list[_Task] = []
        apart = [[task] for task in waiting] if fruitless else [waiting]  # one of them may end the workers of all
        fruitless += 1
        for together in apart:
            with start() as executor:
                for task, future in _ended(executor, work, together):
                    if future is None:
                        again.append(task)
                    elif (error := _failure(future)) is not None:
                        again.append(task)
                        detail = error
                    else:
                        fruitless = 0
                        yield Done(task=task, result=future.result())
        waiting = again
    for task in waiting:
        yield Done(task=task, result=WorkerFailure(detail=f"its worker ended {_FRUITLESS} times: {detail}"))


def _failure(future: Future[_Result]) -> str | None:
    """The error of a cluster or a pool about a lost worker; None for a task that is done."""
    error = CancelledError("the task was taken back") if future.cancelled() else future.exception()
    return None if error is None else f"{type(error).__name__}: {' '.join(str(error).split())}"


def _ended(
    executor: Executor, work: Callable[[_Task], _Result], tasks: Sequence[_Task]
) -> Iterator[tuple[_Task, Future[_Result] | None]]:
    """Each task with its future, which is done; None where there was no one left to take it."""
    futures: dict[Future[_Result], _Task] = {}
    left = iter(tasks)
    try:
        for task in left:
            try:
                futures[executor.submit(work, task)] = task
            except RuntimeError:  # a pool that is broken, or that its end has shut down
                yield task, None
                break
        for future in as_completed(list(futures)):
            yield futures.pop(future), future
        for task in left:
            yield task, None
    except BaseException:
        for future in futures:
            future.cancel()
        raise


# -- a run


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """What is done elsewhere: each work takes a value and gives the text of one, in whatever process.

    `listing` gives the stacks of a place, `auditing` what was seen of a stack; `start` gives those who do it.
    """

    start: Callable[[], AbstractContextManager[Executor]]
    listing: Callable[[AccountRegion], str]
    auditing: Callable[[FleetTask], str]


def list_stacks(places: Mapping[AccountRegion, FleetAccount], workers: Workers) -> FleetRun:
    """A run that knows its tasks; a region that could not be listed is a failure of it."""
    listings = {outcome.task: _listing(outcome.result) for outcome in done(workers.listing, places, workers.start)}
    listed = {account_region: listing for account_region, listing in listings.items() if listing.failure is None}
    tasks_by_place = {
        account_region: tasks_of(account_region, places[account_region], listing.stacks)
        for account_region, listing in listings.items()
    }
    return FleetRun(
        tasks=tuple(sorted(task for tasks in tasks_by_place.values() for task in tasks)),
        failures={
            account_region: listing.failure
            for account_region, listing in listings.items()
            if listing.failure is not None
        },
        empty=frozenset(
            account_region
            for account_region in listed
            if not tasks_by_place[account_region] and not places[account_region].may_be_empty
        ),
        calls=CallLog().merged(*(listing.calls for listing in listings.values())),
        stack_lists=tuple(
            _stack_list(account_region, listing, places[account_region].stacks)
            for account_region, listing in listed.items()
        ),
    )


def audit_tasks(run: FleetRun, workers: Workers, memory: TaskMemory) -> Generator[FleetRun, None, None]:
    """The run with the results that `memory` has, then with one more result after each task."""
    for task in run.tasks:
        known = memory.get(task)
        if known is not None:
            run = run.with_result(task, known)
    yield run
    for outcome in done(workers.auditing, [task for task in run.tasks if task not in run.results], workers.start):
        result = _task_result(outcome)
        if result.is_complete:
            memory.keep(outcome.task, result)
        run = run.with_result(outcome.task, result)
        yield run


def _listing(result: str | WorkerFailure) -> StackListing:
    if isinstance(result, WorkerFailure):
        return StackListing(failure=_unreachable(result.detail))
    return StackListing.from_text(result)


def _task_result(outcome: Done[FleetTask, str]) -> TaskResult:
    if isinstance(outcome.result, WorkerFailure):
        return lost_task(outcome.task, outcome.result.detail)
    return TaskResult.from_dict(json.loads(outcome.result))


# -- which tasks


def with_discovered(fleet: Fleet, found: Iterable[tuple[str, str]]) -> Fleet:
    """The fleet with the accounts (id and name) that its organization has; those that it names stay as they are."""
    asked = fleet.organization
    if asked is None:
        return fleet
    accounts = {account.account: account for account in fleet.accounts}
    for account, name in found:
        if account not in accounts and account not in asked.exclude:
            accounts[account] = FleetAccount(
                account=account,
                name=name,
                role=asked.role,
                regions=asked.regions,
                stacks=asked.stacks,
                may_be_empty=asked.may_be_empty,
            )
    return replace(fleet, accounts=tuple(accounts[account] for account in sorted(accounts)), organization=None)


def account_regions_of(fleet: Fleet) -> Mapping[AccountRegion, FleetAccount]:
    """Every region of every account, sorted."""
    return {
        AccountRegion(account=account.account, region=region, role_arn=_role_arn(account, region)): account
        for account in sorted(fleet.accounts, key=lambda account: account.account)
        for region in sorted(account.regions)
    }


def tasks_of(
    account_region: AccountRegion, account: FleetAccount, listed: Iterable[ListedStack]
) -> tuple[FleetTask, ...]:
    """The stacks that are meant, sorted, a few to a task."""
    names = sorted({stack.name for stack in listed if _takes(account.stacks, stack)})
    return tuple(
        FleetTask(account_region=account_region, stack_names=tuple(names[start : start + _AT_ONCE]))
        for start in range(0, len(names), _AT_ONCE)
    )


def _stack_list(account_region: AccountRegion, listing: StackListing, wanted: StackFilter) -> StackList:
    names = frozenset(stack.name for stack in listing.stacks)
    return StackList(account=account_region.account, region=account_region.region, there=names, wanted=wanted)


def _takes(wanted: StackFilter, stack: ListedStack) -> bool:
    return (
        (not wanted.names or any(matches(name, stack.name) for name in wanted.names))
        and all(stack.tags.get(key) == value for key, value in wanted.tags)
        and (not wanted.owners or stack.tags.get(wanted.owner_tag) in wanted.owners)
    )


def _role_arn(account: FleetAccount, region: str) -> str | None:
    return f"arn:{_partition(region)}:iam::{account.account}:role/{account.role}" if account.role else None


def _partition(region: str) -> str:
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


# -- what came of them


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRun:
    """A run so far: its tasks, sorted, and what came of them; reports do not depend on the order of the results."""

    tasks: tuple[FleetTask, ...] = ()
    results: Mapping[FleetTask, TaskResult] = field(default_factory=dict)
    failures: Mapping[AccountRegion, Failure] = field(default_factory=dict)
    empty: frozenset[AccountRegion] = frozenset()
    calls: CallLog = field(default_factory=CallLog)
    stack_lists: tuple[StackList, ...] = ()

    def with_result(self, task: FleetTask, result: TaskResult) -> FleetRun:
        """The run with one more task done."""
        return replace(
            self,
            results={**self.results, task: replace(result, calls=CallLog())},
            calls=self.calls.merged(result.calls),
        )

    @property
    def stacks(self) -> int:
        """How many stacks are done, without nested ones."""
        return sum(len(result.stack_names) for result in self.results)

    @property
    def differences(self) -> int:
        """How many there are."""
        return sum(len(audit.differences) for result in self.results.values() for audit in result.audits)

    def audited(self) -> list[AuditedStacks]:
        """All audits; a region that could not be listed is one that is not checked, and an empty region is an error."""
        found = [
            AuditedStacks(audits=result.audits, notifications=result.notifications)
            for _, result in sorted(self.results.items(), key=lambda pair: pair[0].key)
        ]
        dark = [
            AuditedStacks(audits=(failed_audit(account_region, EVERY_STACK, why),))
            for account_region, why in sorted(self.failures.items(), key=lambda pair: pair[0])
        ]
        errors = [
            f"{account_region}: {NO_STACK}; if intended, set may_be_empty: true there"
            for account_region in sorted(self.empty)
        ]
        if not found and not dark and not errors:
            errors = ["no stack of the fleet matches its filters"]
        notifications = (
            *(Notification(level=Level.ERROR, message=message) for message in errors),
            *(Notification(level=Level.WARNING, message=note) for note in self._kept_notes()),
        )
        return [*found, *dark, *([AuditedStacks(notifications=notifications)] if notifications else [])]

    @property
    def earlier(self) -> Mapping[tuple[str, str, str], datetime]:
        """When an interrupted run audited a stack, by account, region and name; with nested stacks."""
        return {
            (audit.account, audit.region, audit.stack_name): result.kept_since
            for result in self.results.values()
            if result.kept_since is not None
            for audit in result.audits
        }

    def _kept_notes(self) -> Iterator[str]:
        """A note on stacks that only the interrupted run audited, with the times of its first and last task."""
        kept = [(result.kept_since, task) for task, result in self.results.items() if result.kept_since is not None]
        if kept:
            times = sorted(at for at, _ in kept)
            count = sum(len(task.stack_names) for _, task in kept)
            first, last = shown_time(times[0]), shown_time(times[-1])
            when = f"at {first}" if first == last else f"from {first} to {last}"
            stacks = f"{count} of {self.stacks} {'stack' if self.stacks == 1 else 'stacks'}"
            are = "it is" if count == 1 else "they are"
            yield (
                f"the interrupted run, not this run, audited {stacks} {when}: later changes there do not show, "
                f"and {are} not recorded"
            )


def failed_audit(account_region: AccountRegion, stack_name: str, why: Failure) -> StackAudit:
    """The audit of a stack that could not be read."""
    return StackAudit(
        stack_name=stack_name,
        stack_id="",
        account=account_region.account,
        region=account_region.region,
        stack_status="",
        reason=why.reason,
        detail=f"{account_region}: {why.detail}",
    )


def lost_task(task: FleetTask, detail: str) -> TaskResult:
    """The result of a task that could not be done."""
    return failed_task(task, _unreachable(detail))


def failed_task(task: FleetTask, why: Failure, calls: CallLog | None = None) -> TaskResult:
    """The result of a task that failed."""
    return TaskResult(
        audits=tuple(failed_audit(task.account_region, name, why) for name in task.stack_names),
        calls=calls or CallLog(),
    )


def _unreachable(detail: str) -> Failure:
    return Failure(reason=UnprovenReason.UNREACHABLE, detail=detail)


def mask_audit(audit: StackAudit) -> StackAudit:
    """The audit without secret values: it goes to other processes and into files."""
    return replace(
        audit,
        proofs=tuple(
            replace(proof, differences=tuple(mask_difference(difference) for difference in proof.differences))
            for proof in audit.proofs
        ),
        differences=tuple(
            replace(
                difference, expected=difference.shown(difference.expected), actual=difference.shown(difference.actual)
            )
            for difference in audit.differences
        ),
    )
