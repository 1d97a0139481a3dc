"""Stacks that live for one run: deployed, handed over, and torn down however the run ends."""

from __future__ import annotations

import contextlib
import secrets
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import FrameType

from stackproof.calls.connection import Connection
from stackproof.core.errors import ConfigError, StackproofError, TargetError
from stackproof.deployment.attachments import attached_outside
from stackproof.deployment.deploy import in_dependency_order
from stackproof.deployment.ephemeral import Ephemeral, ephemeral
from stackproof.deployment.ephemeral_records import EphemeralStacks
from stackproof.deployment.ephemeral_stack import EPHEMERAL, EphemeralStack
from stackproof.deployment.ports import Target
from stackproof.template.assembly import Stack
from stackproof.wiring.project import Project

__all__ = ["Lifetime", "ephemeral_stacks", "records_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """Where ephemeral stacks live: a target, and the connection to it.

    `owned` is an emulator that ends with the run. `report` gets one line for each setting that is switched off, each
    stack that is torn down and everything that stays.
    """

    target: Target
    report: Callable[[str], None]
    owned: bool = False
    connection: Connection = field(default_factory=Connection)

    def record(self, stack: Stack) -> EphemeralStack:
        """The record of one stack."""
        return EphemeralStack(
            stack_name=stack.name,
            account=self.target.account,
            connection=replace(self.connection, region=self.target.region),
        )


def records_of(project: Project) -> EphemeralStacks:
    """The project's notes about ephemeral stacks."""
    return EphemeralStacks(project.settings.state_directory / "ephemeral")


@contextlib.contextmanager
def ephemeral_stacks(project: Project, stacks: Sequence[Stack], where: Lifetime) -> Iterator[Ephemeral]:
    """The stacks to deploy within this block; those that exist at its end are torn down."""
    made = ephemeral(stacks, f"{EPHEMERAL}-{secrets.token_hex(3)}")
    roots = in_dependency_order(made.stacks)
    with _refused_as_setting():
        for root in roots:
            where.target.require_changes_allowed(f"deleting stack {root.name}")
    for change in made.overridden:
        where.report(f"switched off for this run: {change}")
    if where.owned:
        yield made
        _tear_down(roots, where, forget=lambda _: None)
        return
    _refuse_attached(made.stacks, where.target)
    records = records_of(project)
    with _signals_as_interrupts(), records.noted([where.record(root) for root in roots]):
        try:
            yield made
        except BaseException:
            with contextlib.suppress(TargetError):  # the first error counts, and what is left was reported already
                _tear_down(roots, where, forget=records.forget)
            raise
        _tear_down(roots, where, forget=records.forget)


def _refuse_attached(stacks: Sequence[Stack], target: Target) -> None:
    """Raise ConfigError, before anything is created, if these stacks would change resources outside of this run."""
    outside = attached_outside(stacks, account=target.account, region=target.region, partition=target.partition)
    if outside:
        raise ConfigError(
            f"--ephemeral: {'; '.join(outside)}: that is not of these stacks, or not certainly; what is attached to it "
            "would be replaced and then deleted, and its messages taken; have the app make it and refer to it (Ref, "
            "Fn::GetAtt, or the import of an export by its plain name), or leave out --ephemeral"
        )


@contextlib.contextmanager
def _refused_as_setting() -> Iterator[None]:
    """Raise the refusal of an account as ConfigError, with a message that names no stack."""
    try:
        yield
    except TargetError as error:
        if error.code != "Refused":
            raise
        raise ConfigError(f"--ephemeral is refused: {str(error).partition(' is refused: ')[2]}") from error


def _tear_down(stacks: Sequence[Stack], where: Lifetime, *, forget: Callable[[str], None]) -> None:
    """Delete the stacks, those that others depend on last; name all that is left, and raise if anything is."""
    waiting = list(stacks)
    left: list[str] = []
    try:
        while waiting:
            stack = waiting[-1]
            left.extend(_removed(stack, where, forget=forget))
            waiting.pop()
    finally:
        left.extend(f"stack {stack.name}: {where.record(stack).command}" for stack in waiting)  # if interrupted itself
        for line in left:
            where.report(f"left over: {line}")
    if left:
        raise TargetError(f"{len(left)} of what this run made could not be removed; see above", code="LeftOver")


def _removed(stack: Stack, where: Lifetime, *, forget: Callable[[str], None]) -> Iterator[str]:
    """Delete one stack; gives a line for each thing that stays."""
    where.report(f"tearing down {stack.name}")
    try:
        kept = where.target.destroy(stack.name, empty=True)
    except StackproofError as error:
        yield f"stack {stack.name}: {error}; {where.record(stack).command}"
        return
    forget(stack.name)
    for resource in kept:
        named = f"{resource.logical_id} ({resource.resource_type}) {resource.physical_id}"
        yield f"{named} of {stack.name}, which its template retains"


@contextlib.contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """Treat SIGTERM and SIGHUP as Ctrl-C: the stacks of this run are torn down first."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
