"""`stackproof drift audit`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from stackproof.calls.connection import Connection
from stackproof.cli.adopt import adopt
from stackproof.cli.drift_memory import AuditMemory, MemoryOptions, diff, forget, history, memory_options
from stackproof.cli.drift_outputs import DRIFT_FORMATS, write_drift
from stackproof.cli.fleet import FleetOptions, audited_fleet, fleet_options, opened_fleet, planned_fleet
from stackproof.cli.options import cache_option, context_option, open_project, progress, verbose_option
from stackproof.cli.outputs import ReportingCommand, Wanted, output_options, require_outputs, write_text_or_json
from stackproof.cli.target_options import LiveOptions, live_targets, place_options
from stackproof.config.settings import parse_context, parse_targets
from stackproof.core.errors import ConfigError
from stackproof.deployment.deploy import deploy as deploy_stacks
from stackproof.drift.audit.unmanaged import parse_scope
from stackproof.drift.waivers import require_accounts
from stackproof.template.assembly import Assembly
from stackproof.template.stack_names import (
    live_name,
)
from stackproof.wiring.auditing import AuditOptions, audit_stacks, deployable, drift_report, require_chosen
from stackproof.wiring.policy import read_drift_waivers
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize

__all__ = ["drift"]


@click.group(short_help="Audit the deployed stacks: changed, or not declared.")
def drift() -> None:
    """Audit the deployed stacks: what changed, and what nobody declared."""


@drift.command(cls=ReportingCommand, short_help="Compare the deployed stacks with their templates.")
@context_option
@click.option("--target", metavar="NAME", help="moto or ministack (emulators), or aws (an account).")
@place_options
@click.option(
    "--stack",
    "stacks",
    multiple=True,
    metavar="NAME",
    help="Only this stack, with those nested in it; repeatable. If several stacks have the name, give the construct "
    "path.",
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
    help="Report resources that are in this scope and in no stack: tag:KEY=VALUE, vpc:ID or prefix:NAME; repeatable.",
)
@click.option(
    "--native", is_flag=True, help="Also start CloudFormation's detection, and show both results side by side."
)
@click.option(
    "--minimum-coverage",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit with code 3 if a smaller share of the properties was checked.",
)
@memory_options
@output_options(*DRIFT_FORMATS)
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="How many reads at once.")
@click.option("--strict", is_flag=True, help="Also exit with code 3 if anything was not checked.")
@fleet_options
@cache_option
@verbose_option("Also show notes, waived differences, what was not checked, and the coverage of each resource type.")
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
    memory: MemoryOptions,
    native: bool,
    strict: bool,
    resume: bool,
    plan: bool,
    no_cache: bool,
    verbose: bool,
) -> None:
    """Compare the deployed stacks with their templates, without changing them.

    The audit reports properties that differ, properties that the template leaves to
    their default and that have another value, and children of resources that no
    stack declares. With --scope, it also reports resources in no stack. Without
    --stack, it covers the app's stacks, or without an app all stacks of the region.

    \b
    Examples:
      stackproof drift audit --target aws --profile audit
      stackproof drift audit --target aws --stack TapStack-prod \\
        --scope tag:app=tap
      stackproof drift audit --target aws --against assembly \\
        --minimum-coverage 95
      stackproof drift audit --target aws --native --format json \\
        --output drift.json
      stackproof drift audit --target aws --fleet fleet.yaml --plan
      stackproof drift audit --target aws \\
        --notify webhook:https://alarms.example.com/
    """
    require_outputs(wanted)
    audit_options = AuditOptions(
        on=datetime.now(tz=UTC).date(),
        progress=progress,
        stacks=stacks,
        against=against,
        scopes=tuple(sorted({parse_scope(scope) for scope in scopes})),
        native=native,
        jobs=jobs,
        strict=strict,
        minimum_coverage=minimum_coverage,
    )
    project = open_project(no_cache=no_cache)
    read_drift_waivers(project)  # an invalid file is reported before anything starts
    known = AuditMemory.opened(project, memory, wanted)
    options = LiveOptions(
        target=_one_target(project, target, endpoint_url),
        connection=Connection(endpoint_url=endpoint_url, profile=profile, region=region, role_arn=role_arn),
    )
    fleets = FleetOptions.of(fleet, executor=executor, resume=resume, plan=plan)
    if fleets is not None:
        fleets.refuse(against=against, stacks=stacks, role_arn=role_arn, region=region)
        require_accounts(read_drift_waivers(project))
        if fleets.plan:
            if memory.channels or scopes:
                raise ConfigError("--plan sends no message and lists only stacks: leave out --notify and --scope")
            if any(output.format == "sarif" for output in wanted):
                raise ConfigError("--plan has no findings to write as sarif: give --format terminal or json")
            plan_report, text = planned_fleet(opened_fleet(project, options, audit_options, fleets), jobs=jobs)
            write_text_or_json(wanted, plan_report, text)
            raise click.exceptions.Exit(plan_report.exit_code)
        join = partial(drift_report, project, audit_options)
        opened = opened_fleet(project, options, audit_options, fleets, topics=known.topic_regions)
        with known.unless_refused():
            known.begin(opened.hand, against=against, connection=opened.order.connection, fleet=str(fleet))
            fleet_report = audited_fleet(project, opened, join)
        fleet_report = known.finished(fleet_report, on=audit_options.on)
        write_drift(wanted, fleet_report, project.settings.root, verbose=verbose)
        raise click.exceptions.Exit(fleet_report.exit_code)
    assembly = _assembly(project, context, audit_options)
    _require_something_there(project, options)
    if assembly is not None and options.target is not None and options.starts(options.target):
        names = tuple(live_name(wanted, assembly.stacks) for wanted in audit_options.stacks)
        assembly, audit_options = deployable(assembly, audit_options), replace(audit_options, stacks=names)
    elif assembly is not None:
        require_chosen(assembly, audit_options)
    with live_targets(project, options) as targets:
        if options.starts(targets[0].name) and assembly is not None:
            with progress("deploying"):
                deploy_stacks(assembly.stacks, targets[0])
        connection = Connection(endpoint_url=endpoint_url, profile=profile, role_arn=role_arn)
        with known.unless_refused():
            known.begin(targets[0], against=against, connection=connection)
            report = audit_stacks(project, targets[0], audit_options, assembly=assembly)
        report = known.finished(report, on=audit_options.on)
    write_drift(wanted, report, project.settings.root, verbose=verbose)
    raise click.exceptions.Exit(report.exit_code)


for _command in (history, diff, forget):
    drift.add_command(_command)


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


def _assembly(project: Project, context: tuple[str, ...], audit_options: AuditOptions) -> Assembly | None:
    """The app's assembly, if there is an app: for source lines, and for what it should be."""
    if project.settings.app is None:
        if audit_options.against == "assembly":
            raise ConfigError("--against assembly: there is no CDK app here; leave it out to compare with the template")
        return None
    with progress("synthesizing"):
        return synthesize(project, parse_context(context))


drift.add_command(adopt)
