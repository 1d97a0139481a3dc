"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from stackproof.config.settings import find_root, load_settings
from stackproof.errors import ConfigError
from stackproof.model.json import JsonObject
from stackproof.wiring import Project

__all__ = [
    "as_of_option",
    "cache_option",
    "context_option",
    "open_project",
    "output_options",
    "progress",
    "verbose_option",
    "write_reports",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])

context_option = click.option(
    "-c",
    "--context",
    "context",
    multiple=True,
    metavar="KEY=VALUE",
    help="CDK context, as with cdk; may be given several times.",
)


def _day(_context: click.Context, _option: click.Parameter, value: datetime | None) -> date | None:
    return None if value is None else value.date()


as_of_option = click.option(
    "--as-of",
    "as_of",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=_day,
    metavar="DATE",
    help="Judge engine versions on this day (YYYY-MM-DD). Default: today, UTC.",
)
cache_option = click.option("--no-cache", is_flag=True, help="Compute everything anew.")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Show notes and what is generated or unproven.")


def output_options(function: _Function) -> _Function:
    """`--format` and `--output`, in pairs: each output takes the format before it."""
    function = click.option(
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(dir_okay=False),
        help='Where the report of the --format at the same position goes; "-" is standard output.',
    )(function)
    return click.option(
        "--format",
        "formats",
        multiple=True,
        type=click.Choice(["terminal", "json"]),
        help="How to report; repeatable, with an --output each. Default: terminal.",
    )(function)


def open_project(*, no_cache: bool = False) -> Project:
    """The project around the working directory."""
    return Project(settings=load_settings(find_root(Path.cwd())), use_cache=not no_cache)


def write_reports(
    formats: tuple[str, ...], outputs: tuple[str, ...], *, text: Callable[[], str], report: JsonObject
) -> None:
    """Write one report in every format that was asked for."""
    from stackproof.reporters.file import write_file  # noqa: PLC0415
    from stackproof.reporters.json import JsonReporter  # noqa: PLC0415

    def terminal(stream: IO[str]) -> None:
        stream.write(text())

    def as_json(stream: IO[str]) -> None:
        JsonReporter().write(report, stream)

    chosen = formats or ("terminal",)
    if len(outputs) > len(chosen):
        raise ConfigError("--output: there are more outputs than formats; give a --format before each --output")
    for position, name in enumerate(chosen):
        where = outputs[position] if position < len(outputs) else "-"
        write = as_json if name == "json" else terminal
        if where == "-":
            write(sys.stdout)
        else:
            write_file(Path(where), write)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say on stderr what is going on, if it takes more than a second; nothing if it is quicker."""
    began = time.monotonic()
    said = threading.Event()

    def speak() -> None:
        said.set()
        click.echo(f"{what} …", err=True)

    timer = threading.Timer(1.0, speak)
    timer.daemon = True
    if "STACKPROOF_QUIET" not in os.environ:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if said.is_set():
            click.echo(f"{what}: {time.monotonic() - began:.1f} s", err=True)
