"""Reports as text, JSON and files: pure functions of report values, and one module that writes files."""

from __future__ import annotations

from collections.abc import Mapping

from stackproof.gate.report import GateReport
from stackproof.policy.ports import Reporter
from stackproof.reporters.places import ReadLine, ReportPaths
from stackproof.reporters.style import Style
from stackproof.reporters.table import TABLE, ReportInputs

__all__ = ["check_reporters"]


def check_reporters(
    *,
    read_line: ReadLine,
    places: ReportPaths,
    style: Style,
    verbose: bool = False,
    blob_url: str = "",
    gate: GateReport | None = None,
) -> Mapping[str, Reporter]:
    """The reporter of every format; with a `gate`, for the report of its check."""
    inputs = ReportInputs(
        read_line=read_line, places=places, style=style, verbose=verbose, blob_url=blob_url, gate=gate
    )
    return {row.name: row.reporter(inputs) for row in TABLE}
