"""`stackproof iam-policy`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import click

from stackproof.calls.iam_action import TAKEN_OUT
from stackproof.cli.options import cache_option, context_option, open_project, progress, stack_option
from stackproof.cli.target_options import chosen_stacks
from stackproof.config.regions import require_region
from stackproof.config.settings import parse_context
from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonValue, canonical
from stackproof.proof.permissions import MANAGED_POLICY_SIZE, Permissions, Purpose
from stackproof.wiring.checking import found_stacks
from stackproof.wiring.permissions import required_permissions
from stackproof.wiring.synth import synthesize

__all__ = ["iam_policy"]


@click.command("iam-policy", short_help="Print the least IAM policy for prove, drift or deploy.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--for",
    "purpose",
    type=click.Choice([purpose.value for purpose in Purpose]),
    default=Purpose.PROVE.value,
    show_default=True,
    help="What the policy is for.",
)
@context_option
@stack_option("Only this stack: its name, construct path or NAME@REGION. For a template, the name of its stack.")
@click.option("--region", metavar="REGION", help="The region. Default: the stack's, else the project's.")
@click.option("--account", metavar="ID", help="The account. Default: the stack's, else the project's, else \"*\".")
@click.option(
    "--max-size",
    type=click.IntRange(min=256),
    metavar="CHARACTERS",
    help="Print a list of policies of at most this size; a managed policy takes 6144.",
)
@cache_option
def iam_policy(
    paths: tuple[Path, ...],
    purpose: str,
    context: tuple[str, ...],
    stack: str | None,
    region: str | None,
    account: str | None,
    max_size: int | None,
    *,
    no_cache: bool,
) -> None:
    """Print the least IAM policy for proving, auditing or deploying stacks.

    The stacks are those of the app, or of templates and cloud assemblies. The
    actions come from the calls that the readers of the template's types make, and
    from the permissions that CloudFormation's schemas name. Only a policy for
    `deploy` allows changes. One type (a client of a user pool) cannot be read
    without its secret: stderr then names the action that returns it.

    \b
    Examples:
      stackproof iam-policy > policy.json
      stackproof iam-policy --for deploy --account 123456789012 --max-size 6144
      stackproof iam-policy --region eu-central-1 template.yaml
    """
    _require(region, account)
    project = open_project(no_cache=no_cache)
    if paths:
        stacks = found_stacks(project, paths, stdin=sys.stdin.buffer, name=stack)
    else:
        with progress("synthesizing"):
            instead = "give templates: stackproof iam-policy template.yaml"
            assembly = synthesize(project, parse_context(context), instead=instead)
        stacks = tuple(chosen_stacks(assembly, stack, several=True))
    found = required_permissions(project, stacks, Purpose(purpose), region=region, account=account)
    click.echo(json.dumps(_documents(found, max_size), indent=2))
    for line in _lines(found, split=max_size is not None):
        click.echo(f"stackproof: {line}", err=True)


def _require(region: str | None, account: str | None) -> None:
    """Raise ConfigError for what would be an ARN that IAM does not take."""
    if region not in {None, "*"}:
        require_region(str(region), shown=f"--region {region}")
    if account is not None and not re.fullmatch(r"[0-9]{12}|\*", account):
        raise ConfigError(f"--account {account}: an account has twelve digits")


def _documents(found: Permissions, max_size: int | None) -> JsonValue:
    try:
        return found.document() if max_size is None else list(found.documents(max_size))
    except ValueError as error:
        raise ConfigError(f"--max-size {max_size}: {error}") from error


def _lines(found: Permissions, *, split: bool) -> list[str]:
    """What the reader of the policy has to know."""
    size = len(canonical(found.document()))
    lines = []
    if size > MANAGED_POLICY_SIZE and not split:
        lines.append(
            f"the policy has {size} characters, a managed policy takes {MANAGED_POLICY_SIZE}: "
            f"--max-size {MANAGED_POLICY_SIZE} splits it"
        )
    lines += [
        f"left out, since an audit must not call it: {', '.join(actions)} ({name} may be unreadable without it)"
        for name, actions in found.refused.items()
    ]
    lines += [
        f"{action} also returns a secret; the reader takes it out of the answer, but any user of this policy may read "
        "it: without the action, the type is denied, not proven"
        for action in found.actions
        if action in TAKEN_OUT
    ]
    lines += [f"{name}: neither a reader nor a schema names its permissions" for name in found.unknown]
    if found.unlisted:
        lines.append(f"not in AWS's list of actions, so not narrowed to resources: {', '.join(found.unlisted)}")
    return lines
