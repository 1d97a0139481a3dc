"""A drift audit's report in every format that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from stackproof.cli.outputs import Wanted, Write, write_wanted
from stackproof.cli.reporting import check_writers
from stackproof.drift.as_findings import as_check
from stackproof.drift.report import DriftReport
from stackproof.reporters.json import JsonReporter
from stackproof.reporters.table import formats_of
from stackproof.reporters.terminal_drift import drift_text

__all__ = ["DRIFT_FORMATS", "write_drift"]

DRIFT_FORMATS = formats_of("drift audit")
"""The formats of `drift audit`, as `--format` takes them."""


def write_drift(wanted: Sequence[Wanted], report: DriftReport, root: Path, *, verbose: bool) -> None:
    """Write the report wherever it was asked for."""

    def writers(stream: IO[str] | None) -> Mapping[str, Write]:
        of_check = check_writers(as_check(report), root, templates=None)(stream)
        return {
            **of_check,
            "terminal": lambda out: out.write(drift_text(report, verbose=verbose)),
            "json": lambda out: JsonReporter().write(report, out),
        }

    write_wanted(wanted, writers)
