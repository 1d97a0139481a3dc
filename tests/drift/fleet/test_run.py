"""Tasks of a fleet are done whatever becomes of the workers, in whatever order they come."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.json import JsonValue, canonical
from stackproof.core.notification import Level
from stackproof.core.secret_values import MASK
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.episode import shown_time
from stackproof.drift.fleet.executors import process_workers, thread_workers
from stackproof.drift.fleet.run import (
    Done,
    FleetRun,
    WorkerFailure,
    Workers,
    account_regions_of,
    audit_tasks,
    done,
    list_stacks,
    mask_audit,
    tasks_of,
    with_discovered,
)
from stackproof.drift.fleet.task import (
    EVERY_STACK,
    AccountRegion,
    Failure,
    Fleet,
    FleetAccount,
    FleetTask,
    ListedStack,
    Organization,
    StackFilter,
    StackListing,
    TaskResult,
)
from stackproof.drift.stack_audit import StackAudit
from stackproof.proof.observation import Change, DriftStatus, PropertyDifference, ResourceProof
from stackproof.template.location import Location

HERE = AccountRegion(account="111111111111", region="eu-west-1")


def seen(task: FleetTask) -> TaskResult:
    """Every stack of the task in sync."""
    return TaskResult(
        audits=tuple(
            StackAudit(
                stack_name=name,
                stack_id=f"{task.account_region.account}/{task.account_region.region}/{name}",
                account=task.account_region.account,
                region=task.account_region.region,
                stack_status="CREATE_COMPLETE",
                proofs=(
                    ResourceProof(location=Location(logical_id="Queue"), physical_id="q", status=DriftStatus.IN_SYNC),
                ),
            )
            for name in task.stack_names
        )
    )


def audit_text(task: FleetTask) -> str:
    return canonical(seen(task).to_dict())


def dies_once(folder: Path, number: int) -> int:
    """Ends the process that does it, the first time."""
    mark = folder / str(number)
    if not mark.exists():
        mark.touch()
        if number % 3 == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return number * 2


def dies(_: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def dies_at(last: int, number: int) -> int:
    """Ends the process that does this one task, each time."""
    if number == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * 2


class Memory(dict[FleetTask, TaskResult]):
    """Tasks that are done."""

    def keep(self, task: FleetTask, result: TaskResult) -> None:
        self[task] = result


class Shuffled(Executor):
    """Does everything at once, and gives the results in another order."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@contextmanager
def shuffled() -> Iterator[Executor]:
    yield Shuffled()


class Breaking(Executor):
    """Takes one task and is broken then."""

    def __init__(self) -> None:
        self._taken = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._taken += 1
        if self._taken > 1:
            raise BrokenExecutor("gone")
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@contextmanager
def breaking() -> Iterator[Executor]:
    yield Breaking()


def results(found: Iterator[Done[int, int]]) -> dict[int, int | WorkerFailure]:
    return {done.task: done.result for done in found}


@pytest.mark.usefixtures("processes")
def test_a_worker_that_is_killed_costs_nothing_but_time(tmp_path: Path) -> None:
    found = results(done(partial(dies_once, tmp_path), range(7), partial(process_workers, 2)))
    assert found == {number: number * 2 for number in range(7)}


@pytest.mark.usefixtures("processes")
def test_a_task_that_ends_every_worker_is_given_up_and_says_so() -> None:
    found = results(done(dies, [1], partial(process_workers, 1)))
    assert isinstance(found[1], WorkerFailure)
    assert found[1].detail.startswith("its worker ended 3 times: BrokenProcessPool: ")


@pytest.mark.parametrize("last", [0, 3])
@pytest.mark.usefixtures("processes")
def test_a_task_that_ends_every_worker_costs_no_other_task(last: int) -> None:
    found = results(done(partial(dies_at, last), range(6), partial(process_workers, 2)))
    assert {name: member for name, member in found.items() if name != last} == {
        number: number * 2 for number in range(6) if number != last
    }
    lost = found[last]
    assert isinstance(lost, WorkerFailure)
    assert lost.detail.startswith("its worker ended 3 times: BrokenProcessPool: ")


def test_a_task_that_breaks_a_whole_pool_costs_no_other_task() -> None:
    class Whole(Shuffled):
        """Breaks for good as soon as it is given the first task of all."""

        def __init__(self) -> None:
            self._is_broken = False

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            self._is_broken = self._is_broken or args == (0,)
            if self._is_broken:
                raise BrokenExecutor("gone")
            return super().submit(fn, *args, **kwargs)

    @contextmanager
    def start() -> Iterator[Executor]:
        yield Whole()

    found = results(done(abs, range(4), start))
    assert isinstance(found.pop(0), WorkerFailure)
    assert found == {1: 1, 2: 2, 3: 3}


def test_what_a_broken_pool_does_not_take_goes_to_the_next_one() -> None:
    assert results(done(abs, [-1, -2, -3], breaking)) == {-1: 1, -2: 2, -3: 3}


def test_a_task_that_was_taken_back_is_done_again() -> None:
    class Cancelling(Shuffled):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ARG002
            future: Future[Any] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    pools = [Cancelling(), Shuffled()]

    @contextmanager
    def start() -> Iterator[Executor]:
        yield pools.pop(0)

    assert results(done(abs, [-1], start)) == {-1: 1}


def test_an_interrupted_run_begins_nothing_more() -> None:
    began: list[int] = []

    def work(number: int) -> int:
        began.append(number)
        return number

    found = done(work, range(1000), partial(thread_workers, 1))
    next(found)
    with pytest.raises(KeyboardInterrupt):
        found.throw(KeyboardInterrupt)  # type: ignore[attr-defined]


# -- which tasks


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (StackFilter(), ["A", "B", "C"]),
        (StackFilter(names=("A", "C*")), ["A", "C"]),
        (StackFilter(tags=(("app", "tap"),)), ["A", "B"]),
        (StackFilter(tags=(("app", "tap"), ("owner", "me"))), ["B"]),
        (StackFilter(owners=("me", "you")), ["B"]),
        (StackFilter(owners=("me",), owner_tag="team"), ["C"]),
    ],
)
def test_stacks_are_taken_by_name_tag_and_owner(wanted: StackFilter, names: list[str]) -> None:
    listed = [
        ListedStack(name="C", tags={"team": "me"}),
        ListedStack(name="B", tags={"app": "tap", "owner": "me"}),
        ListedStack(name="A", tags={"app": "tap"}),
    ]
    [task] = tasks_of(HERE, FleetAccount(account=HERE.account, stacks=wanted), listed)
    assert list(task.stack_names) == names


def test_a_place_with_many_stacks_is_several_tasks() -> None:
    listed = [ListedStack(name=f"S{index:02}") for index in range(23)]
    tasks = tasks_of(HERE, FleetAccount(account=HERE.account), listed)
    assert [len(task.stack_names) for task in tasks] == [10, 10, 3]
    assert len({task.key for task in tasks}) == 3
    assert tasks_of(HERE, FleetAccount(account=HERE.account), ()) == ()


def test_roles_are_of_the_account_and_of_the_partition_of_the_region() -> None:
    account = FleetAccount(account="1", role="audit", regions=("us-gov-west-1", "cn-north-1", "eu-west-1"))
    assert [account_region.role_arn for account_region in account_regions_of(Fleet(accounts=(account,)))] == [
        "arn:aws-cn:iam::1:role/audit",
        "arn:aws:iam::1:role/audit",
        "arn:aws-us-gov:iam::1:role/audit",
    ]
    [own] = account_regions_of(Fleet(accounts=(FleetAccount(account="1", regions=("eu-west-1",)),)))
    assert own.role_arn is None


def test_an_organization_adds_accounts_and_changes_none_that_is_named() -> None:
    named = FleetAccount(account="1", role="own", regions=("eu-west-1",))
    asked = Organization(exclude=("3",), role="audit", regions=("us-east-1",), may_be_empty=True)
    found = with_discovered(Fleet(accounts=(named,), organization=asked), [("3", "no"), ("2", "two"), ("1", "one")])
    two = FleetAccount(account="2", name="two", role="audit", regions=("us-east-1",), may_be_empty=True)
    assert found == Fleet(accounts=(named, two))
    assert with_discovered(found, [("4", "four")]) == found


# -- a run


def workers(start: Callable[[], AbstractContextManager[Executor]] = shuffled) -> Workers:
    def listing(account_region: AccountRegion) -> str:
        if account_region.account == "2":
            return StackListing(failure=Failure(reason=UnprovenReason.DENIED, detail="no")).text
        return StackListing(stacks=(ListedStack(name="One", tags={"a": "b"}), ListedStack(name="Two"))).text

    return Workers(start=start, listing=listing, auditing=audit_text)


REGIONS = account_regions_of(
    Fleet(accounts=tuple(FleetAccount(account=account, regions=("eu-west-1", "us-east-1")) for account in "123"))
)


def run_of(memory: Memory, found: Workers) -> FleetRun:
    *_, run = audit_tasks(list_stacks(REGIONS, found), found, memory)
    return run


def test_a_place_that_fails_is_not_checked_and_stops_no_other() -> None:
    run = run_of(Memory(), workers())
    audits = [audit for stacks in run.audited() for audit in stacks.audits]
    assert run.stacks == 8
    assert {(audit.account, audit.stack_name) for audit in audits} == {
        ("1", "One"), ("1", "Two"), ("2", EVERY_STACK), ("3", "One"), ("3", "Two"),
    }  # fmt: skip
    [dark, _] = [audit for audit in audits if audit.stack_name == EVERY_STACK]
    assert (dark.status, dark.reason) == (DriftStatus.NOT_CHECKED, UnprovenReason.DENIED)
    assert dark.detail == "account 2, region eu-west-1: no"


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_tasks_are_done_does_not_show(chance: random.Random) -> None:
    known = run_of(Memory(), workers())
    tasks = list(known.results)
    chance.shuffle(tasks)
    other = FleetRun(failures=dict(chance.sample(sorted(known.failures.items(), key=repr), len(known.failures))))
    for task in tasks:
        other = other.with_result(task, seen(task))
    assert sorted(map(repr, other.audited())) == sorted(map(repr, known.audited()))
    assert other.audited()[: len(tasks)] == known.audited()[: len(tasks)]


def test_what_is_done_is_not_done_again_and_what_was_not_complete_is_not_kept() -> None:
    memory = Memory()
    run_of(memory, workers())
    assert len(memory) == 4
    asked: list[FleetTask] = []

    def auditing(task: FleetTask) -> str:
        asked.append(task)
        return audit_text(task)

    first = min(memory)
    del memory[first]
    again = run_of(memory, Workers(start=shuffled, listing=workers().listing, auditing=auditing))
    assert asked == [first]
    assert again.stacks == 8

    def failing(task: FleetTask) -> str:
        return canonical(TaskResult().to_dict() if task == first else seen(task).to_dict())

    forgetful = Memory()
    run_of(forgetful, Workers(start=shuffled, listing=workers().listing, auditing=failing))
    assert first not in forgetful


def test_the_run_so_far_comes_after_each_task_and_an_interrupted_one_keeps_its_results() -> None:
    memory = Memory()
    listed = list_stacks(REGIONS, workers())
    runs = audit_tasks(listed, workers(), memory)
    assert next(runs).results == {}
    assert len(next(runs).results) == len(memory) == 1
    runs.close()
    assert [len(run.results) for run in audit_tasks(listed, workers(), memory)] == [1, 2, 3, 4]
    assert listed.results == {}


def test_a_task_and_a_place_whose_workers_end_are_not_checked() -> None:
    @contextmanager
    def dead() -> Iterator[Executor]:
        class Dead(Executor):
            def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ARG002
                raise BrokenExecutor("gone")

        yield Dead()

    run = list_stacks(REGIONS, workers(dead))
    assert run.tasks == ()
    assert {failure.reason for failure in run.failures.values()} == {UnprovenReason.UNREACHABLE}
    task = FleetTask(account_region=HERE, stack_names=("One", "Two"))
    *_, run = audit_tasks(replace(run, tasks=(task,)), workers(dead), Memory())
    assert [audit.status for audit in run.results[task].audits] == [DriftStatus.NOT_CHECKED] * 2


def test_what_an_interrupted_run_has_seen_is_said_with_the_time() -> None:
    times = [datetime(2026, 1, 1, 8, minute, tzinfo=UTC) for minute in (0, 30)]
    tasks = [FleetTask(account_region=HERE, stack_names=stack_names) for stack_names in (("A", "B"), ("C",), ("D",))]
    run = FleetRun()
    run = run.with_result(tasks[0], replace(seen(tasks[0]), kept_since=times[1]))
    run = run.with_result(tasks[2], seen(tasks[2]))
    [once] = [notification.message for stacks in run.audited() for notification in stacks.notifications]
    assert once == (
        f"the interrupted run, not this run, audited 2 of 3 stacks at {shown_time(times[1])}: "
        "later changes there do not show, and they are not recorded"
    )
    run = run.with_result(tasks[1], replace(seen(tasks[1]), kept_since=times[0]))
    [note] = [notification for stacks in run.audited() for notification in stacks.notifications]
    assert note.level is Level.WARNING
    assert note.message.startswith("the interrupted run, not this run, audited 3 of 4 stacks from ")
    assert f" from {shown_time(times[0])} to {shown_time(times[1])}: " in note.message
    assert run.earlier == {(HERE.account, HERE.region, letter): times[letter != "C"] for letter in "ABC"}


def test_a_single_stack_that_an_interrupted_run_has_seen_is_called_one() -> None:
    task = FleetTask(account_region=HERE, stack_names=("A",))
    run = FleetRun()
    run = run.with_result(task, replace(seen(task), kept_since=datetime(2026, 1, 1, tzinfo=UTC)))
    [note] = [notification for stacks in run.audited() for notification in stacks.notifications]
    assert note.message.startswith("the interrupted run, not this run, audited 1 of 1 stack at 2026-01-01T")
    assert "and it is not recorded" in note.message


def test_a_fleet_without_a_stack_says_so() -> None:
    [found] = FleetRun().audited()
    assert [notification.level for notification in found.notifications] == [Level.ERROR]


def test_a_place_that_answers_without_a_stack_is_an_error_unless_it_may_be_empty() -> None:
    def listing(account_region: AccountRegion) -> str:
        return StackListing(stacks=(ListedStack(name="One"),) if account_region.account == "1" else ()).text

    places = account_regions_of(
        Fleet(
            accounts=(
                FleetAccount(account="1", regions=("eu-west-1",)),
                FleetAccount(account="2", regions=("us-east-1", "eu-west-1")),
                FleetAccount(account="3", regions=("eu-west-1",), may_be_empty=True),
            )
        )
    )
    found = Workers(start=shuffled, listing=listing, auditing=audit_text)
    *_, run = audit_tasks(list_stacks(places, found), found, Memory())
    notifications = [notification for stacks in run.audited() for notification in stacks.notifications]
    assert [(notification.level, notification.message) for notification in notifications] == [
        (
            Level.ERROR,
            f"account 2, region {name}: no stack matches the filters; if intended, set may_be_empty: true there",
        )
        for name in ("eu-west-1", "us-east-1")
    ]
    assert run.stacks == 1


def test_what_may_be_a_secret_crosses_no_process() -> None:
    location = Location(logical_id="Db", resource_type="AWS::RDS::DBInstance")
    secret = PropertyDifference(path="/MasterUserPassword", expected="hunter2", actual="x", change=Change.NOT_EQUAL)
    actual: JsonValue = [{"AuthenticateOidcConfig": {"ClientSecret": "hunter22", "ClientId": "i"}}]
    nested = PropertyDifference(path="/Actions", expected=None, actual=actual, change=Change.ADD)
    plain = PropertyDifference(path="/Port", expected=1, actual=2, change=Change.NOT_EQUAL)
    audit = StackAudit(
        stack_name="S", stack_id="s", account="1", region="r", stack_status="",
        proofs=tuple(
            ResourceProof(location=location, physical_id="d", status=DriftStatus.MODIFIED, differences=differences)
            for differences in ((secret, plain), (plain,), (nested,))
        ),
        differences=tuple(
            Difference(
                account="1", region="r", origin=DriftOrigin.DECLARED, location=location, physical_id="d",
                status=DriftStatus.MODIFIED,
                change=difference.change,
                path=difference.path,
                expected=difference.expected,
                actual=difference.actual, is_secret=difference is secret,
            )
            for difference in (secret, plain, nested)
        ),
    )  # fmt: skip
    found = mask_audit(audit)
    assert "hunter2" not in json.dumps(found.to_dict())
    assert [difference.row() for difference in found.differences] == [
        difference.row() for difference in audit.differences
    ]
    assert found.differences[0].expected == MASK
    assert found.differences[2].actual == [{"AuthenticateOidcConfig": {"ClientSecret": MASK, "ClientId": "i"}}]
    assert audit.differences[2].row()["actual"] == found.differences[2].actual
    assert found.proofs[1] == audit.proofs[1]
    assert found.coverage == audit.coverage
