"""The options that name a target, and the targets that they open."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import click

from stackproof.calls.connection import Connection
from stackproof.cli.options import progress, stack_option
from stackproof.config.regions import require_region
from stackproof.config.settings import EMULATORS, parse_context, parse_targets
from stackproof.core.errors import ConfigError
from stackproof.core.loopback import is_loopback
from stackproof.core.scratch_folder import scratch_folder
from stackproof.deployment.ports import Target
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.stack_names import (
    matching,
    named_one,
    require_distinct_names,
    root_of,
    selector_of,
    with_dependencies,
    with_nested,
)
from stackproof.wiring.ephemeral import Lifetime
from stackproof.wiring.live import start_emulator
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize
from stackproof.wiring.targets import DeployOptions, endpoint_of, open_target

__all__ = [
    "LiveOptions",
    "chosen_stacks",
    "lifetime",
    "live_options",
    "live_targets",
    "place_options",
    "refuse_both",
    "refuse_shared_names",
    "require_allowed",
    "synthesized",
    "target_names",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """Where to look, as the command line says it."""

    target: str | None = None
    connection: Connection = field(default_factory=Connection)
    allow_changes: bool = False
    keep: bool = False
    how: DeployOptions | None = None

    def starts(self, name: str) -> bool:
        """Whether the target is an emulator that is started for the command, and so is empty at first."""
        return name in EMULATORS and self.connection.endpoint_url is None

    def command(self, name: str, *, stack: str | None = None, context: Sequence[str] = ()) -> str:
        """Another command for the same place, as one would type it."""
        endpoint = self.connection.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        options = {
            "--target": self.target or (None if self.connection.endpoint_url else "aws"),
            "--endpoint-url": self.connection.endpoint_url,
            "--profile": self.connection.profile,
            "--region": self.connection.region,
            "--role-arn": self.connection.role_arn,
            "--stack": stack,
        }
        words = ["stackproof", name, *(word for line in context for word in ("-c", line))]
        words += [word for option, value in options.items() if value is not None for word in (option, value)]
        return shlex.join([*words, *([] if is_loopback(endpoint) else ["--allow-changes"])])


def _region(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        require_region(value, shown=f"--region {value}")
    return value


_PLACE_OPTIONS = (
    click.option("--endpoint-url", metavar="URL", help="An AWS-compatible endpoint that runs already."),
    click.option(
        "--profile", metavar="NAME", help="The AWS profile. Only for an account: an emulator takes any credentials."
    ),
    click.option("--region", metavar="REGION", callback=_region, help="The AWS region."),
    click.option("--role-arn", metavar="ARN", help="The IAM role to assume."),
)


def place_options(function: _Function) -> _Function:
    """The options that say where a target is, and as whom to look."""
    return _with_options(function, _PLACE_OPTIONS)


def live_options(function: _Function) -> _Function:
    """The options that say where to look."""
    return _with_options(
        function,
        (
            click.option(
                "--target",
                metavar="NAME",
                help="moto, ministack or moto,ministack (emulators), or aws (an account).",
            ),
            *_PLACE_OPTIONS,
            stack_option(
                "Only this stack: its name, construct path or NAME@REGION. An emulator also gets the stacks that it "
                "depends on."
            ),
            click.option("--keep", is_flag=True, help="Leave the emulator running and print how to reach it."),
        ),
    )


def _with_options(function: _Function, options: Sequence[Callable[[_Function], _Function]]) -> _Function:
    for option in reversed(options):
        function = option(function)
    return function


@contextmanager
def live_targets(project: Project, options: LiveOptions) -> Iterator[tuple[Target, ...]]:
    """The targets; an emulator without an endpoint is started, and ends with the command (unless it is kept)."""
    names = target_names(project, options)
    for name in names:
        _require_reachable(options, name)
    with ExitStack() as stack:
        yield tuple(stack.enter_context(_live(project, options, name)) for name in names)


def target_names(project: Project, options: LiveOptions) -> tuple[str, ...]:
    """The targets that the command line names, else those of the project."""
    given = parse_targets(options.target) if options.target else ()
    return given or (("aws",) if options.connection.endpoint_url else project.settings.targets)


def _require_reachable(options: LiveOptions, name: str) -> None:
    """Raise ConfigError for what no target of that name can be asked for, before one is started."""
    endpoint_of(name, options.connection)
    if options.connection.role_arn is not None and options.starts(name):
        raise ConfigError(
            f"--role-arn {options.connection.role_arn}: {name} is started for this run and has no such role: leave it "
            "out, or give the --endpoint-url of one that runs"
        )


@contextmanager
def _live(project: Project, options: LiveOptions, name: str) -> Iterator[Target]:
    if not options.starts(name):
        yield open_target(
            project,
            name,
            options.connection,
            allow_changes=options.allow_changes,
            how=options.how,
        )
        return
    if elsewhere := os.environ.get("AWS_ENDPOINT_URL"):
        click.echo(f"starting a new {name}; to use {elsewhere}, give --endpoint-url {elsewhere}", err=True)
    with scratch_folder(keep=options.keep) as scratch:
        with progress(f"starting {name}"):
            process = start_emulator(scratch, owner_pid=0 if options.keep else os.getpid(), name=name)
        try:
            yield open_target(
                project,
                name,
                Connection(endpoint_url=process.endpoint_url, region=options.connection.region),
                how=options.how,
            )
        except BaseException:
            process.stop()
            raise
        if options.keep:
            process.release()
            click.echo(f"export AWS_ENDPOINT_URL={process.endpoint_url}  # kill {process.pid} ends {name}")
            click.echo(f"use it with --endpoint-url {process.endpoint_url}", err=True)
        else:
            process.stop()


def chosen_stacks(assembly: Assembly, name: str | None, *, several: bool = False) -> Sequence[Stack]:
    """All stacks, or the one of that name or construct path with those nested in it.

    Raises ConfigError for a name that several stacks have, unless `several` takes all of them.
    """
    if name is None:
        return assembly.stacks
    stacks = assembly.stacks
    found = matching(name, stacks)
    roots = [root_of(stack, stacks) for stack in found if stack.parent is not None]
    if roots:
        chosen = " or ".join(f"--stack {selector_of(root, stacks) or root.name}" for root in roots)
        raise ConfigError(f"--stack {name}: a nested stack goes with its parent: {chosen}")
    if not several:
        named_one(name, stacks)
    if not found:
        known = ", ".join(selector_of(stack, stacks) or stack.name for stack in stacks if stack.parent is None)
        raise ConfigError(f"--stack {name}: the app has no such stack, only {known}")
    return with_nested(found, stacks)


def refuse_shared_names(
    project: Project, options: LiveOptions, stacks: Sequence[Stack], every: Sequence[Stack]
) -> None:
    """Raise ConfigError for stacks of one name that a target would get, before any target is started."""
    deploys = any(name in EMULATORS for name in target_names(project, options))
    require_distinct_names(with_dependencies(stacks, every) if deploys else stacks, every=every)


def require_allowed(project: Project, options: LiveOptions) -> None:
    """Raise ConfigError where no account may be changed at all, before anything is synthesized for it."""
    endpoint = options.connection.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    in_account = "aws" in target_names(project, options) and not is_loopback(endpoint)
    if in_account and not project.settings.allowed_accounts:
        raise ConfigError(
            "--ephemeral is refused: allowed_accounts of [tool.stackproof] names no account: add the account that "
            "may be changed"
        )


def refuse_both(*, keep: bool, is_ephemeral: bool) -> None:
    """Raise ConfigError if a run has both options."""
    if keep and is_ephemeral:
        raise ConfigError("--keep and --ephemeral exclude each other: give one of them")


def lifetime(target: Target, options: LiveOptions) -> Lifetime:
    """Where ephemeral stacks of this run live; what happens to them is shown on stderr."""
    endpoint = options.connection.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    return Lifetime(
        target=target,
        report=lambda line: click.echo(line, err=True),
        owned=options.starts(target.name),
        connection=replace(options.connection, endpoint_url=endpoint),
    )


def synthesized(project: Project, context: tuple[str, ...]) -> Assembly:
    """The app's assembly, with progress on stderr."""
    with progress("synthesizing"):
        return synthesize(project, parse_context(context))
