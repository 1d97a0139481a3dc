"""The table of output formats: one row for each. A new format is a module with its reporter, and a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stackproof.gate.report import GateReport
from stackproof.policy.ports import Reporter
from stackproof.reporters.github import GithubReporter
from stackproof.reporters.json import JsonReporter
from stackproof.reporters.junit import JunitReporter
from stackproof.reporters.markdown import MarkdownReporter
from stackproof.reporters.places import ReadLine, ReportPaths
from stackproof.reporters.sarif import SarifReporter
from stackproof.reporters.style import Style
from stackproof.reporters.terminal_check import TerminalReporter

__all__ = ["TABLE", "FormatRow", "ReportInputs", "formats_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInputs:
    """What a reporter may depend on apart from its report; `gate` if the report is that of a gate's check."""

    read_line: ReadLine
    places: ReportPaths
    style: Style
    verbose: bool = False
    blob_url: str = ""
    gate: GateReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatRow:
    """One format: its name for `--format`, its reporter, and the commands that have it."""

    name: str
    reporter: Callable[[ReportInputs], Reporter]
    commands: frozenset[str]


_POLICY = frozenset({"check", "gate"})
_POLICY_AND_DRIFT = _POLICY | {"drift audit"}

TABLE: Final = (
    FormatRow(
        name="terminal",
        reporter=lambda inputs: TerminalReporter(inputs.read_line, style=inputs.style, verbose=inputs.verbose),
        commands=_POLICY_AND_DRIFT,
    ),
    FormatRow(name="json", reporter=lambda _inputs: JsonReporter(), commands=_POLICY_AND_DRIFT),
    FormatRow(name="sarif", reporter=lambda inputs: SarifReporter(inputs.places), commands=_POLICY_AND_DRIFT),
    FormatRow(name="junit", reporter=lambda _inputs: JunitReporter(), commands=_POLICY),
    FormatRow(
        name="github",
        reporter=lambda inputs: GithubReporter(inputs.places, verbose=inputs.verbose),
        commands=_POLICY,
    ),
    FormatRow(
        name="markdown",
        reporter=lambda inputs: MarkdownReporter(inputs.places, blob_url=inputs.blob_url, gate=inputs.gate),
        commands=_POLICY,
    ),
)
"""In the order of `--help`."""


def formats_of(command: str) -> tuple[str, ...]:
    """The formats of a command, as its `--format` takes them."""
    return tuple(row.name for row in TABLE if command in row.commands)
