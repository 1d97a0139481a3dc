"""`stackproof deploy` and `stackproof prove`."""

from __future__ import annotations

import math
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click

from stackproof.cli.ephemeral import Lifetime, ephemeral_option, ephemeral_stacks, say_left_over
from stackproof.cli.options import (
    cache_option,
    context_option,
    open_project,
    progress,
    stack_option,
    verbose_option,
)
from stackproof.cli.outputs import ReportingCommand, Wanted, output_options, require_outputs, write_text_or_json
from stackproof.config.regions import require_region
from stackproof.config.settings import EMULATORS, parse_context, parse_targets
from stackproof.core.errors import ConfigError, TargetError
from stackproof.core.loopback import is_loopback
from stackproof.core.notification import Level, Notification
from stackproof.core.scratch_folder import scratch_folder
from stackproof.deployment.deploy import attached, deployed, nested_in
from stackproof.deployment.deploy import deploy as deploy_stacks
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.ephemeral import Ephemeral
from stackproof.deployment.ports import Target
from stackproof.proof.merging import merge_stacks
from stackproof.proof.minimum import MinimumProof
from stackproof.proof.observation import ResourceProof
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.overridden import without_overridden
from stackproof.proof.prover import ProvableStack, prove_stack
from stackproof.proof.report import ProveReport
from stackproof.proof.world import World
from stackproof.reporters.terminal import prove_text
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
from stackproof.wiring.live import readers, schemas, start_emulator
from stackproof.wiring.project import DeployOptions, Project

__all__ = [
    "LiveOptions",
    "Waits",
    "chosen_stacks",
    "deploy",
    "live_options",
    "live_targets",
    "place_options",
    "prove",
    "proven",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """Where to look, as the command line says it."""

    target: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    region: str | None = None
    role_arn: str | None = None
    allow_changes: bool = False
    keep: bool = False
    how: DeployOptions | None = None

    def starts(self, name: str) -> bool:
        """Whether the target is an emulator that is started for the command, and so is empty at first."""
        return name in EMULATORS and self.endpoint_url is None

    def command(self, name: str, *, stack: str | None = None, context: Sequence[str] = ()) -> str:
        """Another command for the same place, as one would type it."""
        endpoint = self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        options = {
            "--target": self.target or (None if self.endpoint_url else "aws"),
            "--endpoint-url": self.endpoint_url,
            "--profile": self.profile,
            "--region": self.region,
            "--role-arn": self.role_arn,
            "--stack": stack,
        }
        words = ["stackproof", name, *(word for line in context for word in ("-c", line))]
        words += [word for option, value in options.items() if value is not None for word in (option, value)]
        return shlex.join([*words, *([] if is_loopback(endpoint) else ["--allow-changes"])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long a proof may take on each target, and how long what was deployed for it may take to show, in seconds.

    An emulator shows at once what it has, so it is given time only where `settle` asks for it; `in_account` is the time
    for an account without it.
    """

    deadline: float | None = None
    settle: float | None = None
    in_account: float = 0.0

    def retry_policy(self, where: Target, *, deployed: bool, now: float) -> RetryPolicy:
        """The patience with a target from `now` on; what was only found there had its time before."""
        settle = self.settle if self.settle is not None else self.in_account if where.name == "aws" else 0.0
        return RetryPolicy(
            settled_at=now + settle if deployed else 0.0,
            deadline=math.inf if self.deadline is None else now + self.deadline,
        )


def _region(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        require_region(value, said=f"--region {value}")
    return value


_PLACE_OPTIONS = (
    click.option("--endpoint-url", help="An AWS-compatible endpoint to use instead."),
    click.option("--profile", help="The AWS profile; of an account, since an emulator takes any credentials."),
    click.option("--region", callback=_region, help="The AWS region."),
    click.option("--role-arn", help="An IAM role to assume."),
)


def place_options(function: _Function) -> _Function:
    """The options that say where a target is, and as whom to look."""
    return _with_options(function, _PLACE_OPTIONS)


def live_options(function: _Function) -> _Function:
    """The options that say where to look."""
    return _with_options(
        function,
        (
            click.option("--target", help="moto, ministack, both with a comma, or aws: emulators, or an account."),
            *_PLACE_OPTIONS,
            stack_option(
                "Only this stack, by name, construct path or NAME@REGION, with what an emulator needs for it."
            ),
            click.option("--keep", is_flag=True, help="Leave the emulator running and say how to reach it."),
        ),
    )


def _with_options(function: _Function, options: Sequence[Callable[[_Function], _Function]]) -> _Function:
    for option in reversed(options):
        function = option(function)
    return function


@contextmanager
def live_targets(project: Project, options: LiveOptions) -> Iterator[tuple[Target, ...]]:
    """The targets; an emulator without an endpoint is started, and ends with the command (unless it is kept)."""
    names = _target_names(project, options)
    for name in names:
        _require_place(project, options, name)
    with ExitStack() as stack:
        yield tuple(stack.enter_context(_live(project, options, name)) for name in names)


def _target_names(project: Project, options: LiveOptions) -> tuple[str, ...]:
    given = parse_targets(options.target) if options.target else ()
    return given or (("aws",) if options.endpoint_url else project.settings.targets)


def _require_place(project: Project, options: LiveOptions, name: str) -> None:
    """Raise ConfigError for what no target of that name can be asked for, before one is started."""
    project.endpoint_of(
        name, options.endpoint_url, profile=options.profile, region=options.region, role_arn=options.role_arn
    )
    if options.role_arn is not None and options.starts(name):
        raise ConfigError(
            f"--role-arn {options.role_arn}: {name} is started for this run and has no such role: leave it out, or "
            "give the --endpoint-url of one that runs"
        )


@contextmanager
def _live(project: Project, options: LiveOptions, name: str) -> Iterator[Target]:
    if not options.starts(name):
        yield project.target(
            name,
            endpoint_url=options.endpoint_url,
            profile=options.profile,
            region=options.region,
            role_arn=options.role_arn,
            allow_changes=options.allow_changes,
            how=options.how,
        )
        return
    if elsewhere := os.environ.get("AWS_ENDPOINT_URL"):
        click.echo(f"{name} is started anew: to look at {elsewhere} give --endpoint-url {elsewhere}", err=True)
    with scratch_folder(keep=options.keep) as scratch:
        with progress(f"starting {name}"):
            process = start_emulator(scratch, owner_pid=0 if options.keep else os.getpid(), name=name)
        try:
            yield project.target(name, endpoint_url=process.endpoint_url, region=options.region, how=options.how)
        except BaseException:
            process.stop()
            raise
        if options.keep:
            process.release()
            click.echo(f"export AWS_ENDPOINT_URL={process.endpoint_url}  # kill {process.pid} ends {name}")
            click.echo(f"look at it with --endpoint-url {process.endpoint_url}", err=True)
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


def _require_distinct_names(
    project: Project, options: LiveOptions, stacks: Sequence[Stack], every: Sequence[Stack]
) -> None:
    """Raise ConfigError for stacks of one name that a target would get, before any target is started."""
    deploys = any(name in EMULATORS for name in _target_names(project, options))
    require_distinct_names(with_dependencies(stacks, every) if deploys else stacks, every=every)


@click.command()
@context_option
@live_options
@click.option(
    "--allow-changes", is_flag=True, help="Change a real account, if [tool.stackproof] allowed_accounts has it."
)
@click.option(
    "--capability",
    "capabilities",
    multiple=True,
    type=click.Choice(["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]),
    help="What the template may do besides making resources; repeatable.  [default: all]",
)
@click.option("--deadline", type=click.FloatRange(min=0, min_open=True), help="Seconds that a stack may take.")
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
    """Deploy the app's stacks, to an embedded emulator or (guarded) to an account.

    Each stack goes through a change set; those that others depend on come first.
    What is going to change, and every event of CloudFormation, is a line on stderr.
    At an --endpoint-url it brings there what `prove` and `drift audit` then read; a
    stack that has not changed stays as it is.

    \b
    Examples:
      stackproof deploy --keep
      stackproof deploy --endpoint-url http://127.0.0.1:4566
      stackproof deploy --target aws --profile dev --allow-changes
      stackproof deploy --target aws --allow-changes --deadline 900 --capability CAPABILITY_IAM
      stackproof deploy --target aws --profile dev --ephemeral
    """
    _refuse_both(keep=keep, is_ephemeral=is_ephemeral)
    project = open_project(no_cache=no_cache)
    options = LiveOptions(
        target=target,
        endpoint_url=endpoint_url,
        profile=profile,
        region=region,
        role_arn=role_arn,
        allow_changes=allow_changes or is_ephemeral,
        keep=keep,
        how=DeployOptions(
            progress=lambda line: click.echo(line, err=True), capabilities=capabilities, deadline=deadline
        ),
    )
    if is_ephemeral:
        _require_allowed(project, options)
    say_left_over(project)
    assembly = _synthesized(project, context)
    stacks = chosen_stacks(assembly, stack)
    _require_distinct_names(project, options, stacks, assembly.stacks)
    with live_targets(project, options) as targets:
        for where in targets:
            needed = _with_needed(stacks, assembly.stacks, where)
            with _lifetime(project, needed, where, options, on=is_ephemeral) as made:
                _deploy(made.stacks, where)
    if options.starts(targets[0].name) and not keep and not is_ephemeral:
        click.echo("the emulator has ended; --keep leaves it running", err=True)


def _require_allowed(project: Project, options: LiveOptions) -> None:
    """Raise ConfigError where no account may be changed at all, before anything is synthesized for it."""
    endpoint = options.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    in_account = "aws" in _target_names(project, options) and not is_loopback(endpoint)
    if in_account and not project.settings.allowed_accounts:
        raise ConfigError(
            "--ephemeral is refused: allowed_accounts of [tool.stackproof] names no account: name there the one that "
            "may be changed"
        )


def _refuse_both(*, keep: bool, is_ephemeral: bool) -> None:
    if keep and is_ephemeral:
        raise ConfigError("--keep and --ephemeral: what is to be kept is not torn down; give one of them")


@contextmanager
def _lifetime(
    project: Project, stacks: Sequence[Stack], where: Target, options: LiveOptions, *, on: bool
) -> Iterator[Ephemeral]:
    """The stacks as they are, or with `on` those that live as long as the block."""
    if not on:
        yield Ephemeral(stacks=tuple(stacks), overridden=())
        return
    owned = options.starts(where.name)
    endpoint = options.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    life = Lifetime(
        target=where, owned=owned, endpoint_url=endpoint, profile=options.profile, role_arn=options.role_arn
    )
    with ephemeral_stacks(project, stacks, life) as made:
        yield made


def _with_needed(stacks: Sequence[Stack], every: Sequence[Stack], where: Target) -> Sequence[Stack]:
    """The stacks, on an emulator with those that they depend on: nothing is there yet.

    In an account only what was named is touched.
    """
    return with_dependencies(stacks, every) if where.name in EMULATORS else stacks


def _deploy(stacks: Sequence[Stack], where: Target) -> None:
    with progress("deploying"):
        deployments = deploy_stacks(stacks, where)
    for deployment in deployments:
        click.echo(
            f"{deployment.stack_name}: {deployment.status}, {len(deployment.resources)} resources on {where.name}"
        )
        for name, why in sorted(deployment.left_out.items()):
            click.echo(f"  left out: {name}: {why}")
        for name, gone in sorted(deployment.unordered.items()):
            click.echo(f"  without its order: {name} does not wait for {', '.join(gone)}")
        for name, value in sorted(deployment.outputs.items()):
            click.echo(f"  {name} = {value}")


@click.command(cls=ReportingCommand)
@context_option
@live_options
@output_options("terminal", "json")
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="How many reads at once.")
@click.option("--strict", is_flag=True, help="Exit code 3 also when a property is not proven.")
@click.option(
    "--deadline",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Begin no read after that; the rest is unproven.",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Within that, what this run deployed has to show.  [default: the project's settle in an account, else 0]",
)
@ephemeral_option
@cache_option
@verbose_option
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

    On an emulator (--target moto, ministack) the stacks are deployed first. In an
    account, and at an --endpoint-url without such a target, they are found by name
    and only read (`deploy` brings them there), or with --ephemeral deployed for
    this run alone. The proofs of several emulators are united.

    \b
    Examples:
      stackproof prove
      stackproof prove --target moto,ministack
      stackproof prove --target aws --profile audit --format json --output prove.json
      stackproof prove --endpoint-url http://127.0.0.1:4566
      stackproof prove --target aws --profile dev --ephemeral
    """
    require_outputs(wanted)
    _refuse_both(keep=keep, is_ephemeral=is_ephemeral)
    project = open_project(no_cache=no_cache)
    options = LiveOptions(
        target=target,
        endpoint_url=endpoint_url,
        profile=profile,
        region=region,
        role_arn=role_arn,
        allow_changes=is_ephemeral,
        keep=keep,
    )
    if is_ephemeral:
        _require_allowed(project, options)
    say_left_over(project)
    assembly = _synthesized(project, context)
    stacks = chosen_stacks(assembly, stack)
    if is_ephemeral:
        require_distinct_names(stacks, every=assembly.stacks)
    else:
        _require_distinct_names(project, options, stacks, assembly.stacks)
    waits = Waits(deadline=deadline, settle=settle, in_account=project.settings.settle)
    with live_targets(project, options) as targets:
        if is_ephemeral:
            report = _proven_ephemerally(project, stacks, targets, options, jobs=jobs, strict=strict, waits=waits)
        else:
            minimum = project.settings.minimum_proof
            with _or_deploy_first(options.command("deploy", stack=stack, context=context)):
                report = proven(
                    stacks, *targets, every=assembly.stacks, jobs=jobs, strict=strict, waits=waits, minimum=minimum
                )
    report = replace(report, calls=project.calls.log())
    write_text_or_json(wanted, report, lambda: prove_text(report, verbose=verbose))
    raise click.exceptions.Exit(report.exit_code)


@contextmanager
def _or_deploy_first(command: str) -> Iterator[None]:
    """What is only read has to be there: a stack that is not is said with the command that deploys it."""
    try:
        yield
    except TargetError as error:
        if error.code != "NoStack":
            raise
        said = f"{error}: what is there is only read; deploy it first: {command}"
        raise TargetError(said, code=error.code) from error


def proven(
    stacks: Sequence[Stack],
    *targets: Target,
    every: Sequence[Stack] = (),
    jobs: int = 8,
    strict: bool = False,
    waits: Waits | None = None,
    minimum: MinimumProof | None = None,
) -> ProveReport:
    """Deploy to emulators or find in an account, read everything, and compare; several targets' proofs are united.

    Of `every` stack of the app those that the others depend on are deployed as well.
    """
    proofs: dict[str, tuple[ResourceProof, ...]] = {}
    notifications: set[Notification] = set()
    for where in targets:
        deploys = where.name in EMULATORS
        proofs[where.name], said = _proven_on(
            stacks, where, every=every, jobs=jobs, waits=waits or Waits(), deploys=deploys
        )
        notifications.update(said)
    return _report(proofs, notifications, strict=strict, minimum=minimum)


def _proven_ephemerally(
    project: Project,
    stacks: Sequence[Stack],
    targets: Sequence[Target],
    options: LiveOptions,
    *,
    jobs: int,
    strict: bool,
    waits: Waits,
) -> ProveReport:
    """The same with stacks that are made for it, on each target in turn; what was switched off is not proven."""
    proofs: dict[str, tuple[ResourceProof, ...]] = {}
    notifications: set[Notification] = set()
    for where in targets:
        with _lifetime(project, stacks, where, options, on=True) as made:
            found, said = _proven_on(made.stacks, where, every=(), jobs=jobs, waits=waits, deploys=True)
        proofs[where.name] = without_overridden(found, made.overridden)
        notifications.update(said)
    return _report(proofs, notifications, strict=strict, minimum=project.settings.minimum_proof)


def _report(
    proofs: Mapping[str, tuple[ResourceProof, ...]],
    notifications: set[Notification],
    *,
    strict: bool,
    minimum: MinimumProof | None,
) -> ProveReport:
    return ProveReport(
        target=" + ".join(proofs),
        proofs=merge_stacks(proofs),
        notifications=tuple(sorted(notifications, key=lambda notification: notification.message)),
        strict=strict,
        by_target=proofs if len(proofs) > 1 else {},
        minimum=minimum,
    )


def _proven_on(
    stacks: Sequence[Stack], where: Target, *, every: Sequence[Stack], jobs: int, waits: Waits, deploys: bool
) -> tuple[tuple[ResourceProof, ...], set[Notification]]:
    with progress("deploying" if deploys else "finding the stacks"):
        found = deployed(_with_needed(stacks, every, where), where) if deploys else attached(stacks, where)
    proofs: list[ResourceProof] = []
    notifications: set[Notification] = set()
    world = World(
        {
            stack.artifact: ProvableStack(
                template=stack.template,
                deployment=deployment,
                readers=readers(where, deployment),
                nested=nested_in(stack, every or stacks),
            )
            for stack, deployment in found
        },
        target=where,
        schemas=schemas(),
        retry_policy=waits.retry_policy(where, deployed=deploys, now=time.monotonic()),
    )
    wanted = {stack.artifact for stack in stacks}
    with progress("proving"):
        for prover in (prover for artifact, prover in world.provers.items() if artifact in wanted):
            proofs.extend(prove_stack(prover, jobs=jobs))
            notifications.update(_orders(prover.deployment, where))
            notifications.update(prover.notifications)
    return tuple(proofs), notifications


def _orders(deployment: Deployment, where: Target) -> Iterator[Notification]:
    """Orders of the template that the target was not given, since what they name is left out."""
    for name, gone in sorted(deployment.unordered.items()):
        text = f"{deployment.stack_name}/{name} did not wait for {', '.join(gone)} on {where.name}: left out there"
        yield Notification(level=Level.NOTE, message=text)


def _synthesized(project: Project, context: tuple[str, ...]) -> Assembly:
    with progress("synthesizing"):
        return project.synthesized(parse_context(context))
