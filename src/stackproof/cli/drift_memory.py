"""The memory of drift audits: what `drift audit` records and sends, and the commands `history`, `diff` and `forget`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import click

from stackproof import __version__
from stackproof.calls.connection import Connection
from stackproof.cli.options import open_project
from stackproof.cli.outputs import ReportingCommand, Wanted, output_options, require_outputs, write_text_or_json
from stackproof.core.errors import ConfigError, TargetError
from stackproof.deployment.ports import Target
from stackproof.drift.episode import Run, RunScope, StackKey
from stackproof.drift.memory.channels import ISSUE, TOPIC, Channel, parse_channel
from stackproof.drift.memory.history import compared
from stackproof.drift.memory.remembering import begin_run, record_audit, send_alarms, withdraw_run
from stackproof.drift.memory.report import DiffReport, HistoryReport
from stackproof.drift.ports import AuditStore, Notifier
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_list import name_in
from stackproof.drift.waivers import waived_report
from stackproof.reporters.terminal_memory import diff_text, history_text
from stackproof.wiring.memory import audit_store, store_to_read
from stackproof.wiring.notifiers import notifiers, require_channels
from stackproof.wiring.policy import read_drift_waivers
from stackproof.wiring.project import Project
from stackproof.wiring.run_notifications import unique

__all__ = ["AuditMemory", "MemoryOptions", "diff", "forget", "history", "memory_options"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_SHOWN = 10
"""Runs of a history that a person is shown."""

_store_option = click.option(
    "--store",
    envvar="STACKPROOF_AUDIT_STORE",
    metavar="URL",
    help="The store of audits: sqlite:///FILE or postgresql+psycopg://HOST/NAME.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOptions:
    """What an audit is to remember and to tell, as the command line says it."""

    store: str | None = None
    no_store: bool = False
    channels: tuple[Channel, ...] = ()


def memory_options(function: _Function) -> _Function:
    """`--store`, `--no-store` and `--notify`, as one argument `memory`."""

    @click.option("--no-store", is_flag=True, help="Do not record this audit, and do not report what is new.")
    @_store_option
    @click.option(
        "--notify",
        "notify",
        multiple=True,
        metavar="CHANNEL",
        help="Send what is new: sns:TOPIC_ARN, webhook:URL, github-issue or github-issue:FILE; repeatable.",
    )
    @functools.wraps(function)
    def with_memory(*args: Any, store: str | None, no_store: bool, notify: tuple[str, ...], **kwargs: Any) -> Any:  # noqa: ANN401
        if no_store and notify:
            raise ConfigError("--no-store and --notify: what is new is known from the store; give one of them")
        channels = tuple(sorted({parse_channel(name) for name in notify}))
        options = MemoryOptions(store=store, no_store=no_store, channels=channels)
        return function(*args, memory=options, **kwargs)

    return with_memory  # type: ignore[return-value]


@dataclass(slots=True, kw_only=True)
class AuditMemory:
    """The memory of one audit: opened before anything starts, begun at its target, finished with its report."""

    project: Project
    options: MemoryOptions
    store: AuditStore | None
    run: Run | None = None
    notifiers: Sequence[Notifier] = field(default=())

    @classmethod
    def opened(cls, project: Project, options: MemoryOptions, wanted: Sequence[Wanted]) -> AuditMemory:
        """Raises ConfigError for a setting or a channel that is wrong."""
        if any(channel.kind == ISSUE and not channel.value for channel in options.channels) and any(
            output.output == "-" for output in wanted
        ):
            raise ConfigError(
                "--notify github-issue: the report goes to standard output as well; give it an --output, or the issue "
                "a file: github-issue:FILE"
            )
        require_channels(project, options.channels)
        return cls(
            project=project, options=options, store=None if options.no_store else audit_store(project, options.store)
        )

    @property
    def topic_regions(self) -> tuple[str, ...]:
        """The regions of the topics that get messages."""
        return tuple(channel.region for channel in self.options.channels if channel.kind == TOPIC)

    def begin(self, target: Target, *, against: str, connection: Connection, fleet: str = "") -> None:
        """Record that the audit begins now; `target` is the one that is audited; for a fleet, the one that signs in."""
        if self.store is None:
            return
        self.notifiers = notifiers(
            self.project,
            self.options.channels,
            target=target,
            connection=connection,
            clock=_now,
            print_text=lambda text: click.echo(text, nl=False),
        )
        # Two endpoints are two places, whose histories have nothing to do with one another.
        where = f" {connection.endpoint_url}" if target.name == "endpoint" and connection.endpoint_url else ""
        begins = Run(
            number=0,
            target=f"{target.name}{where}",
            against=against,
            started_at=_now(),
            tool=__version__,
            scope=RunScope(fleet=fleet) if fleet else _scope(target),
        )
        self.run = begin_run(self.store, begins)

    @contextmanager
    def unless_refused(self) -> Iterator[None]:
        """A block in which the run is taken back if the command line turns out to be wrong: nobody has looked then."""
        try:
            yield
        except (ConfigError, click.UsageError):
            if self.store is not None and self.run is not None:
                withdraw_run(self.store, self.run)
            raise

    def finished(self, report: DriftReport, *, on: date) -> DriftReport:
        """The waived report with what is new and what is resolved; it is recorded, and reported to the channels."""
        waive = partial(waived_report, waivers=read_drift_waivers(self.project), on=on)
        if self.store is None or self.run is None:
            return waive(report)
        keep = timedelta(days=self.project.settings.audit_retention_days)
        report = record_audit(report, self.store, self.run, ended_at=_now(), keep=keep, waive=waive)
        report = send_alarms(report, self.store, self.notifiers, at=_now())
        return replace(report, notifications=unique(report.notifications))


@click.command(cls=ReportingCommand, short_help="Show the recorded audits and open differences.")
@click.option("--stack", "stack_name", metavar="NAME", help="Only this stack, with those nested in it.")
@click.option(
    "--last",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Only the last N runs.  [default: {_SHOWN}, in JSON all]",
)
@_store_option
@output_options("terminal", "json")
def history(stack_name: str | None, last: int | None, store: str | None, *, wanted: tuple[Wanted, ...]) -> None:
    """Show the recorded audits: each open difference with its first day, and what is resolved.

    \b
    Examples:
      stackproof drift history
      stackproof drift history --last 50
      stackproof drift history --stack TapStack-prod --format json
    """
    require_outputs(wanted)
    where = store_to_read(open_project(), store)
    runs = where.runs()
    stack_name = stack_name and name_in(stack_name)
    if stack_name is not None and not _was_looked_at(stack_name, runs, where):
        raise ConfigError(f"--stack {stack_name}: no audit in {where.shown} has such a stack")
    report = HistoryReport(
        store=where.shown,
        runs=runs if last is None else runs[-last:],
        episodes=tuple(
            (track, episode)
            for track in sorted({(run.target, run.against) for run in runs})
            for episode in where.episodes(target=track[0], against=track[1])
            if stack_name is None or _is_of(episode.stack_key, stack_name)
        ),
    )
    write_text_or_json(wanted, report, lambda: _history_text(report, last or _SHOWN, count=len(runs)))


def _history_text(report: HistoryReport, last: int, *, count: int) -> str:
    """The history with its last runs alone, and how many it has before them."""
    left_out = max(count - last, 0)
    note = f"earlier runs: {left_out}; --last {count} shows all\n" if left_out else ""
    return note + history_text(replace(report, runs=report.runs[-last:]))


def _was_looked_at(stack_name: str, runs: Sequence[Run], where: AuditStore) -> bool:
    """Whether any run knows the stack, or one that it nests."""
    return any(_is_of(record.stack_key, stack_name) for run in reversed(runs) for record in where.records(run.number))


def _is_of(place: StackKey, stack_name: str) -> bool:
    return f"{place.stack_name}/".startswith(f"{stack_name}/")


@click.command(cls=ReportingCommand, short_help="Compare two recorded audits.")
@click.argument("before", type=click.IntRange(min=1), metavar="RUN")
@click.argument("after", type=click.IntRange(min=1), metavar="RUN")
@_store_option
@output_options("terminal", "json")
def diff(before: int, after: int, store: str | None, *, wanted: tuple[Wanted, ...]) -> None:
    """Compare two recorded audits; `drift history` shows their numbers.

    \b
    Examples:
      stackproof drift diff 41 42
      stackproof drift diff 1 42 --format json --output diff.json
    """
    require_outputs(wanted)
    where = store_to_read(open_project(), store)
    runs = {run.number: run for run in where.runs()}
    one, other = (_finished(runs.get(number), number, where) for number in (before, after))
    if (one.target, one.against) != (other.target, other.against):
        raise ConfigError(
            f"run {before} is of {one.target} against the {one.against}, run {after} of {other.target} against the "
            f"{other.against}: they cannot be compared"
        )
    report = DiffReport(before=one, after=other, compared=compared(where.records(before), where.records(after)))
    write_text_or_json(wanted, report, lambda: diff_text(report))


@click.command(short_help="Forget stacks that are gone for good.")
@click.option(
    "--stack",
    "stack_names",
    required=True,
    multiple=True,
    metavar="NAME",
    help="The stack, with those nested in it; repeatable.",
)
@click.option("--account", metavar="ID", help="Only in this account.")
@click.option("--region", metavar="REGION", help="Only in this region.")
@_store_option
def forget(stack_names: tuple[str, ...], account: str | None, region: str | None, store: str | None) -> None:
    """Forget stacks that are gone for good; without this, their differences stay open.

    A name that is known in several accounts or regions needs the --account or
    --region of the one that is gone.

    \b
    Examples:
      stackproof drift forget --stack TapStack-old
      stackproof drift forget --stack shop --region eu-west-1
      stackproof drift forget --stack Pr-101 --stack Pr-102
    """
    where = store_to_read(open_project(), store)
    wanted = dict.fromkeys((name_in(text), *_part_of(text, account, region)) for text in stack_names)
    for name, in_account, in_region in wanted:
        _require_one_place(name, _places_of(name, where), in_account, in_region)
    unknown = []
    for name, in_account, in_region in wanted:
        if count := where.forget(name, account=in_account, region=in_region):
            click.echo(f"forgot {name}: {count} audits of it")
        else:
            unknown.append(name)
    if unknown:
        names = " ".join(f"--stack {name}" for name in unknown)
        raise ConfigError(f"{names}: no audit in {where.shown} has such a stack")


def _part_of(asked: str, account: str | None, region: str | None) -> tuple[str | None, str | None]:
    """The account and region of a stack that is asked for: those of its ARN, else those that were given."""
    parts = asked.split(":")
    return (parts[4], parts[3]) if name_in(asked) != asked else (account, region)


def _places_of(name: str, where: AuditStore) -> frozenset[tuple[str, str]]:
    """The accounts and regions in which a stack of that name was audited."""
    records = (record for run in where.runs() for record in where.records(run.number))
    return frozenset(
        (record.stack_key.account, record.stack_key.region) for record in records if record.stack_key.stack_name == name
    )


def _require_one_place(name: str, places: frozenset[tuple[str, str]], account: str | None, region: str | None) -> None:
    """Raise ConfigError where stacks of several places would be forgotten: one of them may still be there."""
    meant = sorted(place for place in places if account in {None, place[0]} and region in {None, place[1]})
    if len(meant) > 1:
        shown = " and ".join(f"account {there}, region {here}" for there, here in meant)
        raise ConfigError(
            f"--stack {name}: {len(meant)} stacks of that name were audited: {shown}: give the --account or --region "
            "of the one that is gone"
        )


def _finished(run: Run | None, number: int, where: AuditStore) -> Run:
    if run is None:
        raise ConfigError(f"there is no run {number} in {where.shown}: 'stackproof drift history' lists the runs")
    if run.ended_at is None:
        raise ConfigError(f"run {number} did not finish, so nothing is known of it")
    return run


def _scope(target: Target) -> RunScope:
    """A target that does not answer is the audit's to say; it has begun all the same."""
    try:
        return RunScope(account=target.account, region=target.region)
    except TargetError:
        return RunScope()


def _now() -> datetime:
    return datetime.now(tz=UTC)
