"""`--format` and `--output`: which report goes where, decided before any work begins."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from stackproof.core.errors import ConfigError

if TYPE_CHECKING:
    from stackproof.reporters.json import Report

__all__ = [
    "ReportingCommand",
    "Wanted",
    "Write",
    "output_options",
    "paired",
    "require_outputs",
    "write_text_or_json",
    "write_wanted",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_STDOUT = "-"
_DEFAULT = "terminal"
_SUFFIXES = {".json": "json", ".sarif": "sarif", ".xml": "junit", ".md": "markdown"}

Write: TypeAlias = Callable[[IO[str]], object]
"""Writes one report to the stream that it is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One report: its format, and its file ("-" is standard output)."""

    format: str = _DEFAULT
    output: str = _STDOUT


class ReportingCommand(click.Command):
    """A command with `output_options`: it gets `wanted`, the reports asked for, in the order of the command line.

    Click keeps the values of each option, but not in which order the two were given, and each output belongs to the
    format before it.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        order = [argument.name for argument in self.make_parser(ctx).parse_args(list(args))[2]]
        rest = super().parse_args(ctx, args)
        names = iter(ctx.params.pop("formats"))
        files = iter(ctx.params.pop("outputs"))
        given = [
            ("format", next(names)) if name == "formats" else ("output", next(files))
            for name in order
            if name in {"formats", "outputs"}
        ]
        _require_format(given, next(option.type for option in self.params if option.name == "formats"))
        ctx.params["wanted"] = paired(given)
        return rest


def output_options(*formats: str) -> Callable[[_Function], _Function]:
    """`--format` (one of these) and `--output`, for a `ReportingCommand`."""

    def decorate(function: _Function) -> _Function:
        function = click.option(
            "--output",
            "outputs",
            multiple=True,
            type=click.Path(),
            help='Where the report of the --format before it goes; "-" is standard output.',
        )(function)
        return click.option(
            "--format",
            "formats",
            multiple=True,
            type=click.Choice(formats),
            help="The report's format; repeatable. Give each an --output; one may go to standard output.",
        )(function)

    return decorate


def paired(given: Iterable[tuple[str, str]]) -> tuple[Wanted, ...]:
    """The reports asked for, from ("format", name) and ("output", file) in the order given.

    Raises ConfigError where an output belongs to no format, or two reports have one destination.
    """
    words = list(given)
    if [kind for kind, _ in words] == ["output"]:
        return (Wanted(output=words[0][1]),)
    wanted: list[Wanted] = []
    taken = True
    for kind, value in words:
        if kind == "format":
            wanted.append(Wanted(format=value))
            taken = False
        elif taken:
            raise ConfigError(f"--output {value}: give the --format before its --output")
        else:
            wanted[-1] = Wanted(format=wanted[-1].format, output=value)
            taken = True
    destinations = [output.output if output.output == _STDOUT else os.path.realpath(output.output) for output in wanted]
    for output, destination in zip(wanted, destinations, strict=True):
        if destination == _STDOUT and destinations.count(destination) > 1:
            formats = ", ".join(output.format for output in wanted if output.output == _STDOUT)
            raise ConfigError(f"--format: only one report can go to standard output, not {formats}: add an --output")
        if destinations.count(destination) > 1 and not Path(destination).is_char_device():
            raise ConfigError(f"--output {output.output}: two reports would go there")
    return tuple(wanted) or (Wanted(),)


def _require_format(given: Sequence[tuple[str, str]], formats: click.ParamType[Any]) -> None:
    """Raise ConfigError for a lone `--output` whose suffix is that of another format than the default."""
    if [kind for kind, _ in given] == ["output"] and isinstance(formats, click.Choice):
        file = given[0][1]
        meant = _SUFFIXES.get(Path(file).suffix.lower())
        if meant in formats.choices:
            raise ConfigError(f"--output {file}: give --format {meant} before it, or --format {_DEFAULT} for text")


def require_outputs(wanted: Sequence[Wanted]) -> None:
    """Raise ConfigError for a file that cannot be written, before the work for its report begins."""
    from stackproof.reporters.file import require_writable

    for output in wanted:
        if output.output != _STDOUT:
            require_writable(Path(output.output))


def write_wanted(wanted: Sequence[Wanted], writers: Callable[[IO[str] | None], Mapping[str, Write]]) -> None:
    """Write every report; `writers` returns the writers for standard output, or for files (None)."""
    from stackproof.reporters.file import write_file

    for output in wanted:
        if output.output == _STDOUT:
            if isinstance(sys.stdout, io.TextIOWrapper):
                # Often a shell redirects it into a file. A letter that the locale lacks must not fail the command.
                sys.stdout.reconfigure(
                    encoding="utf-8" if output.format != _DEFAULT else None, errors="backslashreplace"
                )
            writers(sys.stdout)[output.format](sys.stdout)
        else:
            write_file(Path(output.output), writers(None)[output.format])


def write_text_or_json(wanted: Sequence[Wanted], report: Report, text: Callable[[], str]) -> None:
    """Write a report that has those two formats alone."""
    from stackproof.reporters.json import JsonReporter

    writers: dict[str, Write] = {
        "terminal": lambda stream: stream.write(text()),
        "json": lambda stream: JsonReporter().write(report, stream),
    }
    write_wanted(wanted, lambda _: writers)
