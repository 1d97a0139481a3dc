"""`stackproof deploy`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from stackproof.calls.connection import Connection
from stackproof.cli.ephemeral import ephemeral_option, say_left_over
from stackproof.cli.options import cache_option, context_option, open_project, progress
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
from stackproof.deployment.deploy import deploy as deploy_stacks
from stackproof.deployment.ports import Target
from stackproof.template.assembly import Stack
from stackproof.wiring.ephemeral import ephemeral_stacks
from stackproof.wiring.project import Project
from stackproof.wiring.proving import with_needed
from stackproof.wiring.targets import DeployOptions

__all__ = ["deploy"]


@click.command(short_help="Deploy the stacks to an emulator, endpoint or account.")
@context_option
@live_options
@click.option(
    "--allow-changes", is_flag=True, help="Change an account that allowed_accounts of [tool.stackproof] lists."
)
@click.option(
    "--capability",
    "capabilities",
    multiple=True,
    type=click.Choice(["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]),
    help="What the template may do besides creating resources; repeatable.  [default: all]",
)
@click.option(
    "--deadline",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Limits each stack's deployment, in seconds.  [default: 3600; 120 on moto, 180 on MiniStack]",
)
@ephemeral_option
@cache_option
def deploy(
    context: tuple[str, ...],
    target: str | None,
    endpoint_url: str | None,
    profile: str | None,
    region: str | None,
    role_arn: str | None,
    stack: str | None,
    capabilities: tuple[str, ...],
    deadline: float | None,
    *,
    keep: bool,
    allow_changes: bool,
    is_ephemeral: bool,
    no_cache: bool,
) -> None:
    """Deploy the app's stacks to an embedded emulator, an endpoint or an account.

    An account is changed only with --allow-changes or --ephemeral. Each stack goes
    through a change set; stacks that others depend on come first. Each planned
    change and each event of CloudFormation is a line on stderr. An unchanged stack
    stays as it is. At an --endpoint-url, `prove` and `drift audit` can then read
    the stacks.

    \b
    Examples:
      stackproof deploy --keep
      stackproof deploy --endpoint-url http://127.0.0.1:4566
      stackproof deploy --target aws --profile dev --allow-changes
      stackproof deploy --target aws --allow-changes --deadline 900 \\
        --capability CAPABILITY_IAM
      stackproof deploy --target aws --profile dev --ephemeral
    """
    refuse_both(keep=keep, is_ephemeral=is_ephemeral)
    project = open_project(no_cache=no_cache)
    options = LiveOptions(
        target=target,
        allow_changes=allow_changes or is_ephemeral,
        keep=keep,
        how=DeployOptions(
            progress=lambda line: click.echo(line, err=True), capabilities=capabilities, deadline=deadline
        ),
        connection=Connection(endpoint_url=endpoint_url, profile=profile, region=region, role_arn=role_arn),
    )
    if is_ephemeral:
        require_allowed(project, options)
    say_left_over(project)
    assembly = synthesized(project, context)
    stacks = chosen_stacks(assembly, stack)
    refuse_shared_names(project, options, stacks, assembly.stacks)
    with live_targets(project, options) as targets:
        for where in targets:
            needed = with_needed(stacks, assembly.stacks, where)
            with _deployable_stacks(project, needed, where, options, is_ephemeral=is_ephemeral) as wanted:
                _deploy(wanted, where)
    if options.starts(targets[0].name) and not keep and not is_ephemeral:
        click.echo("the emulator has ended; --keep leaves it running", err=True)


@contextmanager
def _deployable_stacks(
    project: Project, stacks: Sequence[Stack], target: Target, options: LiveOptions, *, is_ephemeral: bool
) -> Iterator[Sequence[Stack]]:
    """The stacks as they are, or copies of them that live as long as the block."""
    if not is_ephemeral:
        yield stacks
        return
    with ephemeral_stacks(project, stacks, lifetime(target, options)) as copies:
        yield copies.stacks


def _deploy(stacks: Sequence[Stack], where: Target) -> None:
    with progress("deploying"):
        deployments = deploy_stacks(stacks, where)
    for deployment in deployments:
        click.echo(
            f"{deployment.stack_name}: {deployment.status}, {len(deployment.resources)} resources on {where.name}"
        )
        for name, why in sorted(deployment.pruned.items()):
            click.echo(f"  left out: {name}: {why}")
        for name, gone in sorted(deployment.unordered.items()):
            click.echo(f"  without its order: {name} does not wait for {', '.join(gone)}")
        for name, value in sorted(deployment.outputs.items()):
            click.echo(f"  {name} = {value}")
