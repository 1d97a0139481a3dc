"""`stackproof prove`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click

from stackproof.calls.connection import Connection
from stackproof.cli.ephemeral import ephemeral_option, say_left_over
from stackproof.cli.options import (
    cache_option,
    context_option,
    open_project,
    progress,
    verbose_option,
)
from stackproof.cli.outputs import ReportingCommand, Wanted, output_options, require_outputs, write_text_or_json
from stackproof.cli.target_options import (
    LiveOptions,
    chosen_stacks,
    lifetime,
    live_options,
    live_targets,
    refuse_both,
    refuse_shared_names,
    require_allowed,
    synthesized,
)
from stackproof.core.errors import TargetError
from stackproof.reporters.terminal import prove_text
from stackproof.template.stack_names import (
    require_distinct_names,
)
from stackproof.wiring.proving import ProofOptions, Waits, prove_ephemeral_stacks, prove_stacks

__all__ = ["prove"]


@click.command(cls=ReportingCommand, short_help="Compare resources and properties with what is live.")
@context_option
@live_options
@output_options("terminal", "json")
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="How many reads at once.")
@click.option("--strict", is_flag=True, help="Also exit with code 3 if a property is not proven.")
@click.option(
    "--deadline",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Limits the reads, in seconds: no read starts later, and what is left is unproven.  [default: no limit]",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Seconds that a deployed property may take to appear.  [default: the project's settle in an account, else 0]",
)
@ephemeral_option
@cache_option
@verbose_option("Also show notes, each unproven property, whole values, and the coverage of each resource type.")
def prove(
    context: tuple[str, ...],
    target: str | None,
    endpoint_url: str | None,
    profile: str | None,
    region: str | None,
    role_arn: str | None,
    stack: str | None,
    jobs: int,
    deadline: float | None,
    settle: float | None,
    *,
    wanted: tuple[Wanted, ...],
    keep: bool,
    strict: bool,
    is_ephemeral: bool,
    no_cache: bool,
    verbose: bool,
) -> None:
    """Compare every resource and property of the template with what is live.

    On an emulator (--target moto or ministack), the stacks are deployed first. In
    an account, or at an --endpoint-url without --target, they are found by name
    and only read; `deploy` creates them there. With --ephemeral, the stacks
    are deployed for this run alone. The proofs of several emulators are merged.

    \b
    Examples:
      stackproof prove
      stackproof prove --target moto,ministack
      stackproof prove --target aws --profile audit --format json \\
        --output prove.json
      stackproof prove --endpoint-url http://127.0.0.1:4566
      stackproof prove --target aws --profile dev --ephemeral
    """
    require_outputs(wanted)
    refuse_both(keep=keep, is_ephemeral=is_ephemeral)
    project = open_project(no_cache=no_cache)
    options = LiveOptions(
        target=target,
        allow_changes=is_ephemeral,
        keep=keep,
        connection=Connection(endpoint_url=endpoint_url, profile=profile, region=region, role_arn=role_arn),
    )
    if is_ephemeral:
        require_allowed(project, options)
    say_left_over(project)
    assembly = synthesized(project, context)
    stacks = chosen_stacks(assembly, stack)
    if is_ephemeral:
        require_distinct_names(stacks, every=assembly.stacks)
    else:
        refuse_shared_names(project, options, stacks, assembly.stacks)
    how = ProofOptions(
        jobs=jobs,
        strict=strict,
        waits=Waits(deadline=deadline, settle=settle, in_account=project.settings.settle),
        minimum=project.settings.minimum_proof,
        progress=progress,
    )
    with live_targets(project, options) as targets:
        if is_ephemeral:
            lifetimes = [lifetime(opened, options) for opened in targets]
            report = prove_ephemeral_stacks(project, stacks, lifetimes, options=how)
        else:
            with _or_deploy_first(options.command("deploy", stack=stack, context=context)):
                report = prove_stacks(stacks, *targets, every=assembly.stacks, options=how)
    report = replace(report, calls=project.calls.log())
    write_text_or_json(wanted, report, lambda: prove_text(report, verbose=verbose))
    raise click.exceptions.Exit(report.exit_code)


@contextmanager
def _or_deploy_first(command: str) -> Iterator[None]:
    """Add the command that deploys it to the error about a stack that does not exist."""
    try:
        yield
    except TargetError as error:
        if error.code != "NoStack":
            raise
        message = f"{error}: this command deploys nothing; deploy it first: {command}"
        raise TargetError(message, code=error.code) from error
