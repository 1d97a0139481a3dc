"""Reports to text, JSON and files: pure functions of report values, and one that owns the file."""

from __future__ import annotations

from collections.abc import Mapping

from stackproof.gate.report import GateReport
from stackproof.policy.ports import Reporter
from stackproof.reporters.github import GithubReporter
from stackproof.reporters.json import JsonReporter
from stackproof.reporters.junit import JunitReporter
from stackproof.reporters.markdown import MarkdownReporter
from stackproof.reporters.places import Places, ReadLine
from stackproof.reporters.sarif import SarifReporter
from stackproof.reporters.style import Style
from stackproof.reporters.terminal_check import TerminalReporter

__all__ = ["FORMATS", "check_reporters"]

FORMATS = ("terminal", "json", "sarif", "junit", "github", "markdown")
"""The formats of `check`, as `--format` takes them."""


def check_reporters(
    *,
    read_line: ReadLine,
    places: Places,
    style: Style,
    verbose: bool = False,
    blob_url: str = "",
    gate: GateReport | None = None,
) -> Mapping[str, Reporter]:
    """The reporter of every format; with a `gate`, of what its check found."""
    return {
        "terminal": TerminalReporter(read_line, style=style, verbose=verbose),
        "json": JsonReporter(),
        "sarif": SarifReporter(places),
        "junit": JunitReporter(),
        "github": GithubReporter(places, verbose=verbose),
        "markdown": MarkdownReporter(places, blob_url=blob_url, gate=gate),
    }
