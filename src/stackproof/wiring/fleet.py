"""The tasks of a fleet audit, as any worker does them: from an order, which is a value, to the text of another one."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from stackproof.calls.recorder import CallRecorder
from stackproof.core.errors import ConfigError, StackproofError
from stackproof.core.json import canonical
from stackproof.core.notification import Notification
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.fleet.task import (
    AccountRegion,
    Failure,
    FleetOrder,
    FleetTask,
    ScopeTask,
    StackListing,
    StackResources,
    TaskResult,
)
from stackproof.wiring.live import auditor, catalog, child_families, listings, schemas
from stackproof.wiring.targets import target_at

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from stackproof.calls.ports import Pace
    from stackproof.deployment.ports import Target
    from stackproof.drift.audit.unmanaged import Scope, Unmanaged
    from stackproof.drift.fleet.planning import FleetPlan
    from stackproof.drift.fleet.run import FleetRun, Workers
    from stackproof.drift.fleet.scopes import ScopeResult
    from stackproof.drift.fleet.task_results import FleetRuns
    from stackproof.template.ports import SchemaSource

__all__ = [
    "audited_stacks",
    "counted_resources",
    "discovered",
    "fleet_plan",
    "fleet_runs",
    "fleet_workers",
    "listed_stacks",
    "listed_unmanaged",
    "unmanaged_places",
]

_DASK = "dask://"
_Found = TypeVar("_Found")


def fleet_workers(
    order: FleetOrder, executor: str, *, jobs: int, say: Callable[[str], None] = lambda _: None
) -> Workers:
    """The workers of an executor: "threads", "processes" or "dask://host:port"; raises ConfigError for another word.

    `say` gets a line about what they wait for.
    """
    from stackproof.drift.fleet.run import Workers

    return Workers(
        start=_start(executor, jobs, say),
        listing=partial(listed_stacks, order),
        auditing=partial(audited_stacks, order),
    )


def _start(executor: str, jobs: int, say: Callable[[str], None]) -> Callable[[], AbstractContextManager[Executor]]:
    from stackproof.drift.fleet.executors import dask_workers, process_workers, thread_workers

    if executor in {"threads", "processes"}:
        return partial(thread_workers if executor == "threads" else process_workers, jobs)
    address = executor.removeprefix(_DASK).rstrip("/")
    if not executor.startswith(_DASK) or not address.rpartition(":")[2].isdecimal():
        raise ConfigError(f"--executor {executor}: expected threads, processes or dask://HOST:PORT")
    return partial(dask_workers, address, say=say)


def fleet_plan(
    tasks: Sequence[FleetTask], order: FleetOrder, workers: Workers, *, at_once: int, unplanned: Sequence[str] = ()
) -> FleetPlan:
    """The calls that an audit of these stacks would make; only the lists of their resources are read."""
    from stackproof.calls.pacing import Rates
    from stackproof.drift.fleet.planning import planned
    from stackproof.drift.fleet.run import WorkerFailure, done
    from stackproof.readers import READERS
    from stackproof.readers.access import LiveReader

    found: dict[FleetTask, StackResources] = {}
    missing = list(unplanned)
    for outcome in done(partial(counted_resources, order), tasks, workers.start):
        counted = None if isinstance(outcome.result, WorkerFailure) else StackResources.from_text(outcome.result)
        if counted is None or counted.failure is not None:
            why = counted.failure.detail if counted and counted.failure else "its worker ended"
            missing.append(f"{outcome.task.account_region}: {', '.join(outcome.task.stack_names)}: {why}")
        else:
            found[outcome.task] = counted
    return planned(
        found,
        {name: reader.actions for name, reader in READERS.items() if isinstance(reader, LiveReader)},
        child_families(),
        Rates(own=dict(order.rates)),
        at_once=at_once,
        native=order.native,
        unplanned=missing,
    )


def unmanaged_places(
    run: FleetRun, scopes: Sequence[Scope], order: FleetOrder, workers: Workers
) -> tuple[ScopeResult, ...]:
    """The resources in no stack, by account and region, sorted; a dark one has the reason why it was not checked."""
    from stackproof.drift.audit.unmanaged import Unmanaged
    from stackproof.drift.fleet.run import done
    from stackproof.drift.fleet.scopes import ScopeResult, scope_tasks, unmanaged_of

    found = [
        unmanaged_of(outcome.task.account_region, outcome.result)
        for outcome in done(partial(listed_unmanaged, order), scope_tasks(run, scopes), workers.start)
    ]
    dark = [
        ScopeResult(unmanaged=Unmanaged(account=failure.account, region=failure.region))
        for failure in run.failures
        if scopes
    ]
    return tuple(sorted((*found, *dark), key=lambda result: (result.unmanaged.account, result.unmanaged.region)))


def fleet_runs(state_directory: Path) -> FleetRuns:
    """Where results of tasks are kept."""
    from stackproof.drift.fleet.task_results import FleetRuns

    return FleetRuns(state_directory / "fleet")


def discovered(order: FleetOrder, units: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Accounts of the organization that the credentials at hand belong to, id and name; raises TargetError."""
    from stackproof.targets.cloudformation.fleet_accounts import accounts_of

    return accounts_of(_open_target(order, AccountRegion(account="", region="us-east-1")), units)


# -- in the worker


def listed_stacks(order: FleetOrder, account_region: AccountRegion) -> str:
    """The stacks of an account and region."""
    from stackproof.targets.cloudformation.fleet_accounts import stacks_of

    found = _tried(order, account_region, stacks_of)
    listing = StackListing(failure=found) if isinstance(found, Failure) else StackListing(stacks=found)
    return replace(listing, calls=_calls().drained()).text


def counted_resources(order: FleetOrder, task: FleetTask) -> str:
    """The resources of some stacks, listed but not read."""
    from stackproof.targets.cloudformation.fleet_accounts import resources_of

    found = _tried(order, task.account_region, lambda target: resources_of(target, task.stack_names))
    return (StackResources(failure=found) if isinstance(found, Failure) else found).text


def audited_stacks(order: FleetOrder, task: FleetTask) -> str:
    """The audit of some stacks."""
    from stackproof.drift.fleet.run import failed_task

    found = _tried(order, task.account_region, lambda target: _audited(order, target, task))
    if isinstance(found, Failure):
        found = failed_task(task, found, _calls().drained())
    return canonical(found.to_dict())


def listed_unmanaged(order: FleetOrder, task: ScopeTask) -> str:
    """The resources of an account and region that are in no stack."""
    from stackproof.drift.fleet.scopes import unmanaged_text

    found = _tried(order, task.account_region, lambda target: _unmanaged(target, task))
    return unmanaged_text(found, _calls().drained())


def _unmanaged(target: Target, task: ScopeTask) -> Unmanaged:
    from stackproof.drift.audit.unmanaged import Scope, unmanaged

    return unmanaged(
        [Scope(kind=kind, value=value) for kind, value in task.scopes],
        task.resource_types,
        managed=frozenset(task.managed).__contains__,
        listings=listings(),
        target=target,
        catalog=catalog(target),
    )


def _audited(order: FleetOrder, target: Target, task: FleetTask) -> TaskResult:
    from stackproof.drift.fleet.run import mask_audit

    made = auditor(target, native=order.native, jobs=order.reads, resource_schemas=_schemas())
    found = made.audited(task.stack_names)
    account_region = f"{task.account_region.account}/{task.account_region.region}"
    return TaskResult(
        audits=tuple(mask_audit(audit) for audit in found.audits),
        notifications=tuple(
            Notification(
                level=notification.level,
                message=f"{account_region}: {notification.message}",
                engine=notification.engine,
                file=notification.file,
            )
            for notification in found.notifications
        ),
        calls=_calls().drained(),
    )


def _tried(order: FleetOrder, account_region: AccountRegion, work: Callable[[Target], _Found]) -> _Found | Failure:
    """The result of the work, or its failure: an account that fails does not end the run.

    Clients are dropped at the end of the task. They refer to one another, and our processes collect such cycles too
    rarely: they would keep the clients of many accounts.
    """
    try:
        return _done(_open_target(order, account_region), account_region, work)
    except ConfigError as error:
        return Failure(reason=UnprovenReason.UNREACHABLE, detail=str(error))
    finally:
        gc.collect()


def _done(target: Target, account_region: AccountRegion, work: Callable[[Target], _Found]) -> _Found | Failure:
    try:
        if target.account != account_region.account:
            return Failure(
                reason=UnprovenReason.DENIED, detail=f"the credentials at hand are of account {target.account}"
            )
        return work(target)
    except StackproofError as error:
        return Failure(reason=_reason(target, error), detail=str(error))
    except Exception as error:  # noqa: BLE001 - one task that breaks does not stop the others, and is reported
        return Failure(reason=UnprovenReason.UNREACHABLE, detail=f"{type(error).__name__}: {error}")


def _reason(target: Target, error: StackproofError) -> UnprovenReason:
    cause = error.__cause__
    found = target.translated(cause) if isinstance(cause, Exception) else None
    return found or target.translated(error) or UnprovenReason.UNREACHABLE


def _open_target(order: FleetOrder, account_region: AccountRegion) -> Target:
    """The account and region, through the connection of the order; raises ConfigError."""
    return target_at(
        order.target,
        replace(order.connection, region=account_region.region, role_arn=account_region.role_arn),
        calls=_calls(),
        pace=_pace(order.pace, order.rates),
    )


@lru_cache(maxsize=2)
def _pace(directory: str | None, rates: tuple[tuple[str, float], ...]) -> Pace:
    from stackproof.calls.shared_pace import SharedPace, machine_directory

    return SharedPace(Path(directory) if directory else machine_directory(), dict(rates))


@lru_cache(maxsize=1)
def _calls() -> CallRecorder:
    """The recorder of this process: each task that ends takes the count so far with it, so the sum is right."""
    return CallRecorder()


@lru_cache(maxsize=1)
def _schemas() -> SchemaSource:
    return schemas()
