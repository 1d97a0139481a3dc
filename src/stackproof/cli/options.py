"""Options that several commands share, and their values."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from stackproof.config.settings import find_root, load_settings
from stackproof.wiring.project import Project

__all__ = [
    "as_of_option",
    "cache_option",
    "context_option",
    "open_project",
    "progress",
    "stack_option",
    "verbose_option",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])

context_option = click.option(
    "-c",
    "--context",
    "context",
    multiple=True,
    metavar="KEY=VALUE",
    help="CDK context, as with cdk; may be given several times.",
)


class _Day(click.ParamType[date]):
    """A day of the calendar."""

    name = "DATE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            self.fail(f"{value!r} is not a day: give it as YYYY-MM-DD", param, ctx)


as_of_option = click.option(
    "--as-of",
    "as_of",
    type=_Day(),
    help="Evaluate engine versions on this day (YYYY-MM-DD). Default: the project's versions_as_of, else today (UTC).",
)
cache_option = click.option("--no-cache", is_flag=True, help="Do not use cached results.")


def verbose_option(description: str) -> Callable[[_Command], _Command]:
    """`-v`, with what the command then shows."""
    return click.option("-v", "--verbose", is_flag=True, help=description)


def stack_option(description: str) -> Callable[[_Command], _Command]:
    """`--stack`, which may be given once: of two stacks the first one would be left out in silence."""
    return click.option("--stack", multiple=True, callback=_one_stack, metavar="NAME", help=description)


def _one_stack(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> str | None:
    if len(values) > 1:
        raise click.UsageError(f"--stack takes one stack, not {len(values)}: run the command once for each")
    return values[0] if values else None


def open_project(*, no_cache: bool = False) -> Project:
    """The project around the working directory."""
    return Project(settings=load_settings(find_root(Path.cwd())), use_cache=not no_cache)


@contextmanager
def progress(what: str, *, timed: bool = True) -> Iterator[None]:
    """Report on stderr what is running, if it takes more than a second; with `timed`, also the seconds at the end."""
    began = time.monotonic()
    shown = threading.Event()

    def speak() -> None:
        shown.set()
        click.echo(f"{what} …", err=True)

    timer = threading.Timer(1.0, speak)
    timer.daemon = True
    if "STACKPROOF_QUIET" not in os.environ:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if timed and shown.is_set():
            click.echo(f"{what}: {time.monotonic() - began:.1f} s", err=True)
