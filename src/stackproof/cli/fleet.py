"""`stackproof drift audit --fleet`: many accounts and regions, one report."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from stackproof import __version__
from stackproof.calls.connection import Connection
from stackproof.cli.options import progress
from stackproof.cli.target_options import LiveOptions
from stackproof.config.fleet import load_fleet
from stackproof.config.settings import EMULATORS
from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonValue, digest
from stackproof.deployment.ports import Target
from stackproof.drift.audit.unmanaged import Scope
from stackproof.drift.fleet.planning import FleetPlan
from stackproof.drift.fleet.run import (
    NO_STACK,
    FleetRun,
    Workers,
    account_regions_of,
    audit_tasks,
    list_stacks,
    with_discovered,
)
from stackproof.drift.fleet.task import AccountRegion, Fleet, FleetAccount, FleetOrder
from stackproof.drift.report import DriftReport
from stackproof.reporters.wording import counted, folded, visible
from stackproof.wiring.auditing import AuditOptions
from stackproof.wiring.fleet import discovered, fleet_plan, fleet_runs, fleet_workers, unmanaged_places
from stackproof.wiring.project import Project
from stackproof.wiring.targets import open_target

__all__ = [
    "FleetOptions",
    "FleetProgress",
    "OpenedFleet",
    "audited_fleet",
    "fleet_options",
    "opened_fleet",
    "plan_text",
    "planned_fleet",
]

_READS = 4  # of one task at once
_SOON, _NOW_AND_THEN = 0.2, 30.0  # seconds between two lines on a terminal, and elsewhere

_Function = TypeVar("_Function", bound=Callable[..., Any])


def fleet_options(function: _Function) -> _Function:
    """The options of a fleet."""
    for option in reversed(
        (
            click.option(
                "--fleet",
                type=click.Path(path_type=Path, dir_okay=False),
                help="Audit the accounts, regions and stacks of this file; --jobs is then the number of parallel tasks "
                "of up to ten stacks.",
            ),
            click.option(
                "--executor",
                default="threads",
                show_default=True,
                metavar="WHERE",
                help="What runs the tasks of a fleet: threads, processes, or dask://HOST:PORT.",
            ),
            click.option("--resume", is_flag=True, help="Continue the fleet's last audit, if it was interrupted."),
            click.option(
                "--plan", is_flag=True, help="Print the calls and the time of a fleet's audit, and read no resource."
            ),
        )
    ):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOptions:
    """What the command line says of a fleet."""

    file: Path
    executor: str = "threads"
    resume: bool = False
    plan: bool = False

    @classmethod
    def of(cls, file: Path | None, *, executor: str, resume: bool, plan: bool) -> FleetOptions | None:
        """None without a fleet; raises ConfigError for what makes sense with one only."""
        if file is not None:
            return cls(file=file, executor=executor, resume=resume, plan=plan)
        for name, given in (("--executor", executor != "threads"), ("--resume", resume), ("--plan", plan)):
            if given:
                raise ConfigError(f"{name} is about a fleet: give --fleet fleet.yaml")
        return None

    def refuse(self, *, against: str, **given: object) -> None:
        """Raise ConfigError for what the file says, or what is of one place only."""
        names = {"stacks": "--stack", "role_arn": "--role-arn", "region": "--region"}
        for name, value in given.items():
            if value:
                raise ConfigError(f"{names[name]} with --fleet: the file names it, leave the option out")
        if against != "template":
            raise ConfigError("--against assembly with --fleet: a fleet is compared with what was deployed")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFleet:
    """A fleet whose file has been read, and who does its tasks; nobody has been asked anything yet.

    `hand` has the credentials at hand, with which roles are assumed and topics told.
    """

    options: FleetOptions
    fleet: Fleet
    order: FleetOrder
    workers: Workers
    hand: Target
    scopes: tuple[Scope, ...] = ()

    def places(self) -> Mapping[AccountRegion, FleetAccount]:
        """Where to look, with the accounts of an organization."""
        found = self.fleet
        if found.organization is not None:
            with progress("asking the organization"):
                found = with_discovered(found, discovered(self.order, found.organization.units))
        return account_regions_of(found)


def audited_fleet(project: Project, opened: OpenedFleet, join: Callable[..., DriftReport]) -> DriftReport:
    """The report of all places; one that fails is in it, as not checked, and stops no other."""
    places, resume = opened.places(), opened.options.resume
    with progress("finding the stacks"):
        run = listed = list_stacks(places, opened.workers)
    kept = fleet_runs(project.state()).start(_identity(opened.order, opened.options), resume=resume)
    if resume and kept.is_new:
        click.echo("there is no interrupted audit of this fleet to go on with: this one is new", err=True)
    show = FleetProgress(sum(len(task.stack_names) for task in listed.tasks))
    try:
        with contextlib.closing(audit_tasks(listed, opened.workers, kept)) as runs:
            for run in runs:
                show(run)
    finally:
        show.end(run)
    with progress("listing what is in no stack") if opened.scopes else contextlib.nullcontext():
        beside = unmanaged_places(run, opened.scopes, opened.order, opened.workers)
    report = join(run.audited(), tuple(result.unmanaged for result in beside), target=opened.hand.name)
    kept.ended()
    return replace(
        report,
        calls=report.calls.merged(run.calls, *(result.calls for result in beside)),
        earlier=run.earlier,
        stack_lists=run.stack_lists,
    )


def planned_fleet(opened: OpenedFleet, *, jobs: int) -> tuple[FleetPlan, Callable[[], str]]:
    """What the audit would ask, and the same for a person."""
    places = opened.places()
    with progress("finding the stacks"):
        run = list_stacks(places, opened.workers)
        dark = [f"{account_region}: {why.detail}" for account_region, why in run.failures.items()]
        dark += [f"{account_region}: {NO_STACK}" for account_region in sorted(run.empty)]
        plan = fleet_plan(run.tasks, opened.order, opened.workers, at_once=jobs * _READS, unplanned=dark)
    return plan, lambda: plan_text(plan)


def plan_text(plan: FleetPlan) -> str:
    """The stacks, then the calls, then the sum."""
    lines = [
        f"{task.account_region.account} {task.account_region.region} {name}"
        for task in plan.tasks
        for name in task.stack_names
    ]
    lines += [f"cannot be planned: {name}" for name in plan.unplanned]
    if plan.unknown:
        lines.append(f"read through Cloud Control, or not at all: {', '.join(plan.unknown)}")
    lines += [f"{service}: about {counted(count, 'call')}" for service, count in plan.calls.items()]
    total = sum(plan.calls.values())
    stacks, resources = counted(plan.stacks, "stack"), counted(plan.resources, "resource")
    lines.append(f"{stacks}, {resources}, about {counted(total, 'call')}, about {_span(plan.seconds)}")
    return "\n".join(name for line in lines for name in folded(visible(line))) + "\n"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def opened_fleet(
    project: Project,
    options: LiveOptions,
    audited: AuditOptions,
    fleet: FleetOptions,
    *,
    topics: Sequence[str] = (),
) -> OpenedFleet:
    """The fleet of the command line; raises ConfigError for whatever can be known to be wrong before it starts.

    The sign-in uses the region of a topic that gets messages, if there is one: that region is enabled.
    """
    found = load_fleet(fleet.file)
    target = options.target or ("aws" if options.connection.endpoint_url else project.settings.targets[0])
    endpoint = options.connection.endpoint_url or (os.environ.get("AWS_ENDPOINT_URL") if target == "aws" else None)
    if target in EMULATORS and endpoint is None:
        raise ConfigError(
            f"--fleet: an emulator that is started for it ({target}) is empty: give --target aws or --endpoint-url URL"
        )
    connection = Connection(endpoint_url=endpoint, profile=options.connection.profile)
    order = FleetOrder(
        target=target,
        connection=connection,
        rates=tuple(sorted(project.settings.calls_per_second.items())),
        native=audited.native,
        reads=_READS,
    )
    workers = fleet_workers(order, fleet.executor, jobs=audited.jobs, say=_echo)
    region = next(iter(topics), _first_region(found))
    hand = open_target(project, target, replace(connection, region=region))
    return OpenedFleet(options=fleet, fleet=found, order=order, workers=workers, hand=hand, scopes=audited.scopes)


def _echo(message: str) -> None:
    click.echo(message, err=True)


def _first_region(fleet: Fleet) -> str:
    asked = () if fleet.organization is None else fleet.organization.regions
    return min(region for regions in (*(account.regions for account in fleet.accounts), asked) for region in regions)


def _identity(order: FleetOrder, fleet: FleetOptions) -> str:
    parts: Sequence[JsonValue] = (
        str(fleet.file.resolve()),
        order.target,
        order.connection.endpoint_url,
        order.native,
    )
    return digest([__version__, *parts])


class FleetProgress:
    """Shows on stderr how far a fleet audit is: one line that changes on a terminal, else a line now and then."""

    def __init__(self, total: int, *, clock: Callable[[], float] = time.monotonic, live: bool | None = None) -> None:
        self._total = total
        self._clock = clock
        self._started_at = clock()
        self._live = sys.stderr.isatty() if live is None else live
        self._shown_at = clock()
        self._quiet = "STACKPROOF_QUIET" in os.environ

    def __call__(self, run: FleetRun) -> None:
        """One more task is done."""
        now = self._clock()
        if self._quiet or now - self._shown_at < (_SOON if self._live else _NOW_AND_THEN):
            return
        self._shown_at = now
        click.echo(f"\r{self.line(run)}\x1b[K" if self._live else self.line(run), nl=not self._live, err=True)

    def end(self, run: FleetRun) -> None:
        """The last line."""
        if not self._quiet:
            click.echo(f"\r{self.line(run)}\x1b[K" if self._live else self.line(run), err=True)

    def line(self, run: FleetRun) -> str:
        """Stacks done, calls a second, drifts found; no rate before the first second is over."""
        seconds = self._clock() - self._started_at
        calls = run.calls.reads + run.calls.writes
        rate = f", {calls / seconds:.0f} calls/s" if seconds >= 1 else ""
        dark = f", {counted(len(run.failures), 'place')} not reached" if run.failures else ""
        found = counted(run.differences, "drift")
        return f"{run.stacks} of {counted(self._total, 'stack')}{rate}, {found} found{dark}"
