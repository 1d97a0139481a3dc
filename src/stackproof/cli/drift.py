"""`stackproof drift audit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from stackproof.cli.adopt import adopt
from stackproof.cli.drift_memory import AuditMemory, MemoryWish, diff, forget, history, memory_options
from stackproof.cli.drift_outputs import DRIFT_FORMATS, write_drift
from stackproof.cli.fleet import FleetWish, audited_fleet, fleet_options, opened_fleet, planned_fleet
from stackproof.cli.live import LiveOptions, live_targets, place_options
from stackproof.cli.options import cache_option, context_option, open_project, progress, verbose_option
from stackproof.cli.outputs import ReportingCommand, Wanted, output_options, require_outputs, write_text_or_json
from stackproof.config.settings import parse_context, parse_targets
from stackproof.core.errors import ConfigError
from stackproof.core.notification import Level, Notification
from stackproof.deployment.deploy import deploy as deploy_stacks
from stackproof.deployment.ports import Target
from stackproof.drift.audit.auditing import AuditedStacks
from stackproof.drift.audit.unmanaged import Scope, Unmanaged, parse_scope, unmanaged
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_list import StackList, name_in
from stackproof.drift.waivers import require_accounts, waived_drift
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.stack_names import (
    fitting,
    live_name,
    matching,
    named_one,
    naming_all,
    require_distinct_names,
    shared_names,
    with_dependencies,
    with_nested,
)
from stackproof.wiring.live import auditor, listings
from stackproof.wiring.memory import SignIn
from stackproof.wiring.notifications import unique
from stackproof.wiring.project import Project

__all__ = ["Wish", "audited", "drift", "reported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an audit is to look at, as the command line says it."""

    stacks: tuple[str, ...] = ()
    against: str = "template"
    scopes: tuple[Scope, ...] = ()
    native: bool = False
    jobs: int = 8
    strict: bool = False
    minimum_coverage: float | None = None


@click.group()
def drift() -> None:
    """Audit what runs: whether it still is what was deployed, and nothing else."""


@drift.command(cls=ReportingCommand)
@context_option
@click.option("--target", help="moto, ministack, or aws: an emulator, or an account.")
@place_options
@click.option(
    "--stack",
    "stacks",
    multiple=True,
    metavar="NAME",
    help="Only this stack, with those nested in it; repeatable. Of stacks of one name, it may be the construct path.",
)
@click.option(
    "--against",
    type=click.Choice(["template", "assembly"]),
    default="template",
    show_default=True,
    help="What is expected: the deployed template, or what the app synthesizes now.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="Where nothing may be that is in no stack: tag:KEY=VALUE, vpc:ID or prefix:NAME; repeatable.",
)
@click.option("--native", is_flag=True, help="Ask CloudFormation's own detection as well, and show both side by side.")
@click.option(
    "--minimum-coverage",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit code 3 if a smaller share of the properties was looked at.",
)
@memory_options
@output_options(*DRIFT_FORMATS)
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="How many reads at once.")
@click.option("--strict", is_flag=True, help="Exit code 3 also when anything was not looked at.")
@fleet_options
@cache_option
@verbose_option
def audit(
    context: tuple[str, ...],
    target: str | None,
    endpoint_url: str | None,
    profile: str | None,
    region: str | None,
    role_arn: str | None,
    stacks: tuple[str, ...],
    against: str,
    scopes: tuple[str, ...],
    minimum_coverage: float | None,
    jobs: int,
    fleet: Path | None,
    executor: str,
    *,
    wanted: tuple[Wanted, ...],
    memory: MemoryWish,
    native: bool,
    strict: bool,
    resume: bool,
    plan: bool,
    no_cache: bool,
    verbose: bool,
) -> None:
    """Compare stacks that run with what their templates say; nothing is changed.

    Beside properties that differ it names those that the template leaves to
    their default and that are something else, what hangs on a resource and
    was declared by nobody, and with --scope what is in no stack at all.
    Without --stack: the app's stacks, else all of the account and region.

    \b
    Examples:
      stackproof drift audit --target aws --profile audit
      stackproof drift audit --target aws --stack TapStack-prod --scope tag:app=tap
      stackproof drift audit --target aws --against assembly --minimum-coverage 95
      stackproof drift audit --target aws --native --format json --output drift.json
      stackproof drift audit --target aws --fleet fleet.yaml --plan
      stackproof drift audit --target aws --notify webhook:https://alarms.example.com/
    """
    require_outputs(wanted)
    wish = Wish(
        stacks=stacks,
        against=against,
        scopes=tuple(sorted({parse_scope(scope) for scope in scopes})),
        native=native,
        jobs=jobs,
        strict=strict,
        minimum_coverage=minimum_coverage,
    )
    project = open_project(no_cache=no_cache)
    project.drift_waivers()  # a file that is wrong is said before anything starts
    known = AuditMemory.opened(project, memory, wanted)
    options = LiveOptions(
        target=_one_target(project, target, endpoint_url),
        endpoint_url=endpoint_url,
        profile=profile,
        region=region,
        role_arn=role_arn,
    )
    fleets = FleetWish.of(fleet, executor=executor, resume=resume, plan=plan)
    if fleets is not None:
        fleets.refuse(against=against, stacks=stacks, role_arn=role_arn, region=region)
        require_accounts(project.drift_waivers())
        if fleets.plan:
            if memory.channels or scopes:
                raise ConfigError("--plan tells nobody and lists nothing beside stacks: leave out --notify and --scope")
            if any(output.format == "sarif" for output in wanted):
                raise ConfigError("--plan has no findings to write as sarif: give --format terminal or json")
            plan_report, text = planned_fleet(opened_fleet(project, options, wish, fleets), jobs=jobs)
            write_text_or_json(wanted, plan_report, text)
            raise click.exceptions.Exit(plan_report.exit_code)
        join = partial(reported, project, wish)
        opened = opened_fleet(project, options, wish, fleets, topics=known.topic_regions)
        with known.unless_refused():
            sign_in = SignIn(endpoint_url=opened.order.endpoint_url, profile=profile)
            known.begin(opened.hand, against=against, sign_in=sign_in, fleet=str(fleet))
            fleet_report = audited_fleet(project, opened, join)
        fleet_report = known.finished(fleet_report)
        write_drift(wanted, fleet_report, project.settings.root, verbose=verbose)
        raise click.exceptions.Exit(fleet_report.exit_code)
    assembly = _assembly(project, context, wish)
    _require_something_there(project, options)
    if assembly is not None and options.target is not None and options.starts(options.target):
        names = tuple(live_name(wanted, assembly.stacks) for wanted in wish.stacks)
        assembly, wish = _deployable(assembly, wish), replace(wish, stacks=names)
    elif assembly is not None:
        _require_chosen(assembly, wish)
    with live_targets(project, options) as targets:
        if options.starts(targets[0].name) and assembly is not None:
            with progress("deploying"):
                deploy_stacks(assembly.stacks, targets[0])
        sign_in = SignIn(endpoint_url=endpoint_url, profile=profile, role_arn=role_arn)
        with known.unless_refused():
            known.begin(targets[0], against=against, sign_in=sign_in)
            report = audited(project, targets[0], wish, assembly=assembly)
        report = known.finished(report)
    write_drift(wanted, report, project.settings.root, verbose=verbose)
    raise click.exceptions.Exit(report.exit_code)


for _command in (history, diff, forget):
    drift.add_command(_command)


def audited(project: Project, target: Target, wish: Wish, *, assembly: Assembly | None = None) -> DriftReport:
    """The audit of one account and region.

    Raises ConfigError, before anything is asked, where stacks of the app share a name and none of them is chosen.
    """
    stacks = assembly.stacks if assembly else ()
    if assembly is not None:
        _require_chosen(assembly, wish)
    chosen = _chosen_roots(stacks, wish, target)
    against = wish.against == "assembly"
    made = auditor(
        target, sources=_sources(stacks, chosen), against_sources=against, native=wish.native, jobs=wish.jobs
    )
    with progress("auditing"):
        asked = tuple(live_name(wanted, stacks) for wanted in wish.stacks) or _roots(stacks)
        names = asked or made.catalog.names()
        found = made.audited(names)
        beside = unmanaged(
            wish.scopes,
            found.resource_types,
            managed=found.physical_ids.__contains__,
            listings=listings(),
            target=target,
            catalog=made.catalog,
        )
    if not names:
        message = f"there is no stack in account {target.account}, region {target.region}"
        found = replace(found, notifications=(Notification(level=Level.ERROR, message=message),))
    there = StackList(
        account=target.account,
        region=target.region,
        there=frozenset(map(name_in, names)) - found.gone,
        asked=frozenset(asked) if asked else None,
    )
    return replace(reported(project, wish, [found], [beside], target=target.name), stack_lists=(there,))


def reported(
    project: Project, wish: Wish, found: Sequence[AuditedStacks], beside: Sequence[Unmanaged], *, target: str
) -> DriftReport:
    """One report of the audits of any number of accounts and regions: a waiver is of use if any of them needs it."""
    audits = [audit for stacks in found for audit in stacks.audits]
    judged: dict[tuple[str, str, str | None], bool] = {}
    for audit in audits:
        place = (audit.account, audit.region, audit.stack_name)
        judged[place] = judged.get(place, True) and audit.is_complete
    if wish.scopes:
        judged.update({(unmanaged.account, unmanaged.region, None): unmanaged.is_whole for unmanaged in beside})
    waived = waived_drift(
        (
            *(difference for audit in audits for difference in audit.differences),
            *(difference for unmanaged in beside for difference in unmanaged.differences),
        ),
        project.drift_waivers(),
        on=datetime.now(tz=UTC).date(),
        judged=judged,
    )
    return DriftReport(
        target=target,
        audits=tuple(sorted(audits, key=lambda audit: (audit.account, audit.region, audit.stack_name, audit.stack_id))),
        differences=waived.differences,
        scopes=tuple(str(scope) for scope in wish.scopes),
        waivers=waived.entries,
        findings=waived.findings,
        notifications=unique(
            (
                *(notification for stacks in found for notification in stacks.notifications),
                *(notification for unmanaged in beside for notification in unmanaged.notifications),
            )
        ),
        undecided=sum(unmanaged.undecided for unmanaged in beside),
        strict=wish.strict,
        minimum_coverage=wish.minimum_coverage,
        fail_level=project.settings.fail_level,
        calls=project.calls.log(),
        listed=tuple(sorted({scanned for unmanaged in beside for scanned in unmanaged.looked_at})),
    )


def _roots(stacks: Sequence[Stack]) -> Sequence[str]:
    return sorted(stack.name for stack in stacks if stack.parent is None)


def _require_chosen(assembly: Assembly, wish: Wish) -> None:
    """Raise ConfigError if stacks of the app share a name and all of them would be audited in one region."""
    groups = _sharing(assembly.stacks)
    if groups and not wish.stacks:
        said = "; ".join(map(naming_all, groups))
        region = next((stack.region for stack in groups[0] if stack.region), "REGION")
        raise ConfigError(
            f"{said}: an audit is of one account and region; choose one with --stack {groups[0][0].name} "
            f"--region {region}"
        )


def _sharing(stacks: Sequence[Stack]) -> list[list[Stack]]:
    roots = [stack for stack in stacks if stack.parent is None]
    return [[stack for stack in roots if stack.name == name] for name in sorted(shared_names(roots))]


def _deployable(assembly: Assembly, wish: Wish) -> Assembly:
    """What an emulator is given: all stacks, or, where some share a name, those of `--stack` with what they need.

    Raises ConfigError before it is started if stacks of one name are among them.
    """
    stacks = assembly.stacks
    if _sharing(stacks) and wish.stacks:
        wanted = [stack for text in wish.stacks if (stack := named_one(name_in(text), stacks)) is not None]
        stacks = with_dependencies(wanted, stacks)
    require_distinct_names(stacks, every=assembly.stacks)
    return replace(assembly, stacks=stacks)


def _chosen_roots(stacks: Sequence[Stack], wish: Wish, target: Target) -> Sequence[Stack]:
    """Of stacks that share a name the one that may run at the target, if `--stack` asks for it.

    Raises ConfigError if none or several may: the live stack would be compared with the template of another one.
    """
    found: list[Stack] = []
    for group in _sharing(stacks):
        artifacts = {stack.artifact for stack in group}
        for wanted in wish.stacks:
            meant = [stack for stack in matching(name_in(wanted), stacks) if stack.artifact in artifacts]
            if meant:
                found.append(_running_at(target, meant, group, wanted))
    return found


def _running_at(target: Target, meant: Sequence[Stack], group: Sequence[Stack], wanted: str) -> Stack:
    """The one of those that `--stack` means that may run at the target; raises ConfigError naming the whole group."""
    account = target.account if target.name == "aws" else None  # which account an emulator is does not matter
    fit = fitting(meant, account=account, region=target.region)
    if len(fit) != 1:
        count = "more than one of those" if fit else "none of those"
        raise ConfigError(
            f"--stack {wanted}: {naming_all(group)}, and {count} that are meant can run in account {target.account}, "
            f"region {target.region}: give the --region of the one to audit"
        )
    return fit[0]


def _sources(stacks: Sequence[Stack], chosen: Sequence[Stack]) -> Mapping[str, Stack]:
    """The stacks by name; of those that share one only what is chosen, with all that is nested in it."""
    left_out = {stack.artifact for group in _sharing(stacks) for stack in group}
    roots = [stack for stack in stacks if stack.parent is None and stack.artifact not in left_out]
    return {stack.name: stack for stack in with_nested([*roots, *chosen], stacks)}


def _one_target(project: Project, target: str | None, endpoint_url: str | None) -> str | None:
    """One look is at one place."""
    names = parse_targets(target) if target else () if endpoint_url else project.settings.targets
    if target and len(names) > 1:
        raise ConfigError(f"--target {target}: an audit is of one target")
    return names[0] if names else None


def _require_something_there(project: Project, options: LiveOptions) -> None:
    """Raise ConfigError for an emulator that would be started with nothing to deploy to it."""
    name = options.target or "aws"
    if project.settings.app is None and options.starts(name):
        raise ConfigError(
            f"there is no CDK app in {project.settings.root} to deploy to {name}, which is empty when it is started: "
            "give --target aws or --endpoint-url URL to audit what runs"
        )


def _assembly(project: Project, context: tuple[str, ...], wish: Wish) -> Assembly | None:
    """The app's assembly, if there is an app: for source lines, and for what it should be."""
    if project.settings.app is None:
        if wish.against == "assembly":
            raise ConfigError("--against assembly: there is no CDK app here; leave it out to compare with the template")
        return None
    with progress("synthesizing"):
        return project.synthesized(parse_context(context))


drift.add_command(adopt)
