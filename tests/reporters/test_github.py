"""Annotations: the runner reads commands back as the original text, and dropped ones are reported."""

from __future__ import annotations

import re

from hypothesis import given

from stackproof.core.notification import Level
from stackproof.policy.finding import Kind
from stackproof.policy.report import CheckReport
from stackproof.reporters.github import GithubReporter
from tests.fakes import finding, waiver
from tests.reporters.rendering import written
from tests.reporters.sample import REPORT, reports

COMMAND = re.compile(r"^::(?P<name>error|warning|notice)(?: (?P<properties>[^:]+))?::(?P<message>.*)$")


def lines_of(*findings: object, verbose: bool = False) -> list[str]:
    report = CheckReport(findings=findings, rules=(), notifications=())  # type: ignore[arg-type]
    return written(GithubReporter(verbose=verbose), report).splitlines()


@given(reports)
def test_nothing_that_is_said_can_end_a_command_or_begin_one(report: CheckReport) -> None:
    *commands, last = written(GithubReporter(verbose=True), report).split("\n")[:-1]
    assert last.startswith("policy: ")
    for line in commands:
        match = COMMAND.match(line)
        assert match, line
        given = (match["properties"] or "file=").split(",")
        assert {option.partition("=")[0] for option in given} <= {"file", "line", "title"}
        assert line.isprintable() or "\t" in line


def test_what_has_a_meaning_in_a_command_is_escaped() -> None:
    said = finding("A:B,C", message="100% a\r\nb: c, d", file="x,y:z%.py", line=3, logical_id=None)
    assert lines_of(said)[0] == "::error file=x%2Cy%3Az%25.py,line=3,title=A%3AB%2CC::100%25 a%0D%0Ab: c, d"


def test_levels_are_githubs_and_errors_come_first() -> None:
    found = (finding("A", level=Level.WARNING), finding("B"), finding("C", kind=Kind.OPEN, level=Level.ERROR))
    assert [line.split(" ")[0] for line in lines_of(*found)[:-1]] == ["::error", "::warning", "::notice"]
    assert "could not be decided: wrong" in lines_of(*found)[2]


def test_what_is_waived_or_generated_is_no_annotation_and_notes_are_only_on_demand() -> None:
    found = (finding().suppressed_by(waiver()), finding(generated=True), finding(level=Level.NOTE))
    assert len(lines_of(*found)) == 1
    assert len(lines_of(*found, verbose=True)) == 2


def test_more_than_github_shows_is_said() -> None:
    found = [finding(logical_id=f"T{number}") for number in range(12)]
    lines = lines_of(*found, *(finding(level=Level.WARNING, logical_id=f"W{number}") for number in range(11)))
    assert sum(line.startswith("::error ") for line in lines) == 12
    assert lines[-2] == "2 more errors, 1 more warning than GitHub shows (10 of each in a step); all are in this log"


def test_what_could_not_be_judged_is_an_error_without_a_file() -> None:
    first = written(GithubReporter(), REPORT).splitlines()[0]
    assert first == "::error title=stackproof checkov::cdk.out/Shop.template.json: ran out of time after 60 s"
