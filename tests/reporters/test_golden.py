"""What reports look like, kept as files beside this one, so that a change of them is seen in review.

To accept what is written now: STACKPROOF_UPDATE_GOLDEN=1 pytest tests/reporters/test_golden.py, then read the diff.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stackproof.gate.report import GateReport, Stage
from stackproof.policy.ports import Reporter
from stackproof.policy.report import CheckReport
from stackproof.reporters import check_reporters
from stackproof.reporters.markdown import MarkdownReporter
from stackproof.reporters.masking import masked_report
from stackproof.reporters.places import ReportPaths
from stackproof.reporters.style import PLAIN, Style
from stackproof.reporters.table import formats_of
from stackproof.reporters.terminal_check import TerminalReporter
from tests.reporters.rendering import written
from tests.reporters.sample import CLEAN, REPORT, read_line

GOLDEN = Path(__file__).parent / "golden"
SUFFIXES = {"terminal": "txt", "json": "json", "sarif": "sarif", "junit": "xml", "github": "log", "markdown": "md"}
BLOB = "https://github.com/acme/shop/blob/0123abc"

GATE = GateReport(
    stages=(
        Stage(name="synth", exit_code=0, seconds=2.5, detail="1 stack, 3 resources"),
        Stage(name="check", exit_code=0, seconds=1.0, detail="2 of 2 rules held"),
        Stage(name="unit", exit_code=1, seconds=0.1, detail="1 failed | 2 passed"),
    ),
    proof={
        "target": "moto",
        "resources": {"total": 2, "proven": 2, "custom": 0},
        "properties": {"total": 9, "proven": 7, "differs": 0, "unproven": 2},
        "types": [
            {
                "resource_type": "AWS::SQS::Queue",
                "resources": {"total": 2, "proven": 2, "custom": 0},
                "properties": {"total": 9, "proven": 7, "differs": 0, "unproven": 2},
                "reasons": {"write_only": 2},
            }
        ],
    },
)
REPORTERS = check_reporters(read_line=read_line, places=ReportPaths(), style=PLAIN, blob_url=BLOB)
CASES: dict[str, tuple[Reporter, CheckReport]] = {
    **{f"{name}.{SUFFIXES[name]}": (reporter, REPORT) for name, reporter in REPORTERS.items()},
    "terminal-verbose.txt": (TerminalReporter(read_line, verbose=True), REPORT),
    "terminal-colour.txt": (TerminalReporter(read_line, style=Style(colour=True, width=100)), REPORT),
    "terminal-clean.txt": (TerminalReporter(read_line), CLEAN),
    "markdown-clean.md": (REPORTERS["markdown"], CLEAN),
    "markdown-gate.md": (MarkdownReporter(gate=GATE), CLEAN),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_report_looks_as_it_did(name: str) -> None:
    reporter, report = CASES[name]
    text = written(reporter, masked_report(report)).replace(f'"{_version()}"', '"VERSION"')
    file = GOLDEN / name
    if os.environ.get("STACKPROOF_UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_every_format_has_a_reporter_and_a_golden_file() -> None:
    assert tuple(REPORTERS) == formats_of("check")
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


@pytest.mark.usefixtures("processes")
def test_every_format_is_the_same_bytes_under_any_hash_seed() -> None:
    program = (
        "from tests.reporters.test_golden import CASES, written\n"
        "print([written(reporter, report) for _, (reporter, report) in sorted(CASES.items())])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(said) == 1


def test_no_secret_reaches_any_report() -> None:
    assert all("hunter2" not in written(reporter, masked_report(report)) for reporter, report in CASES.values())


def _version() -> str:
    from stackproof import __version__

    return __version__
