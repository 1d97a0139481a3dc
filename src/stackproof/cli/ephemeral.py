"""Stacks for one run alone (`--ephemeral`): made, handed over, and torn down however the run ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from stackproof.wiring.ephemeral import records_of
from stackproof.wiring.project import Project

__all__ = ["ephemeral_option", "say_left_over", "say_unreadable"]

_Function = TypeVar("_Function", bound=Callable[..., object])


def ephemeral_option(function: _Function) -> _Function:
    """The option that makes a command's stacks ephemeral."""
    return click.option(
        "--ephemeral",
        "is_ephemeral",
        is_flag=True,
        help="Deploy under a separate name without deletion protection, and always tear down at the end. "
        "An account must be in the list allowed_accounts of [tool.stackproof].",
    )(function)


def say_left_over(project: Project) -> None:
    """Name the ephemeral stacks of earlier runs that ended without tearing them down."""
    for stack in records_of(project).left():
        click.echo(
            f"warning: an earlier run left stack {stack.stack_name} in account {stack.account}, "
            f"{stack.connection.region}: `stackproof target clean` removes it, or {stack.command}",
            err=True,
        )
    say_unreadable(project)


def say_unreadable(project: Project) -> int:
    """Name the notes of earlier runs that cannot be read; gives how many there are."""
    found = records_of(project).unreadable()
    for path in found:
        click.echo(
            f"warning: {path} cannot be read: see whether stack {path.stem} of an earlier run is still there, "
            "remove it, and then the file",
            err=True,
        )
    return len(found)
