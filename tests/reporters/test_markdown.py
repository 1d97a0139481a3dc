"""The comment on a pull request: found again, bounded, and with nothing in it that Markdown or HTML would take."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given

from stackproof.core.notification import Level
from stackproof.policy.report import CheckReport
from stackproof.reporters.markdown import LONGEST, MARKER, MarkdownReporter
from stackproof.reporters.places import ReportPaths
from tests.fakes import finding
from tests.reporters.rendering import written
from tests.reporters.sample import CLEAN, REPORT, reports

TAGS = re.compile(r"</?(\w+)[^>]*>")


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


@given(reports)
def test_any_report_keeps_its_tables_and_has_no_tags_but_ours(report: CheckReport) -> None:
    text = written(MarkdownReporter(), report)
    assert text.startswith(f"{MARKER}\n")
    assert set(TAGS.findall(text)) <= {"code", "br"}
    assert text.replace("\n", "").isprintable()
    for row in rows(text):
        assert len(re.findall(r"(?<!\\)\|", re.sub(r"\\\\", "", row))) in {4, 5, 6}


def test_the_figures_come_first_with_their_denominator() -> None:
    lines = written(MarkdownReporter(), CLEAN).splitlines()
    assert lines[:2] == [MARKER, "### stackproof check: held"]
    assert lines[5] == "| 2 | 2 | 0 | 0 | 0 |"
    assert lines[3].split("|")[1].strip() == "rules that checked something"


def test_a_place_links_to_the_line_where_the_repository_is_known() -> None:
    report = CheckReport(findings=(finding(file="a b/x_y.py", line=3),), rules=(), notifications=())
    assert "| <code>a b/x\\_y.py:3</code> |" in written(MarkdownReporter(), report)
    linked = written(MarkdownReporter(blob_url="https://github.com/o/r/blob/abc/"), report)
    assert "[<code>a b/x\\_y.py:3</code>](https://github.com/o/r/blob/abc/a%20b/x_y.py#L3)" in linked


def test_a_file_outside_of_the_repository_is_no_link() -> None:
    places = ReportPaths(repository="/repo", project="/repo", templates="/repo")
    outside = finding(file="/x.py", line=None)
    nowhere = finding(file=None, template_file=None)
    report = CheckReport(findings=(outside, nowhere), rules=(), notifications=())
    text = written(MarkdownReporter(places, blob_url="https://x"), report)
    assert "<code>/x.py</code>" in text
    assert "<code>Topic</code>" in text
    assert "https://x" not in text


def test_a_template_that_an_app_synthesizes_is_no_link() -> None:
    report = CheckReport(findings=(finding(file="t.json"),), rules=(), notifications=())
    assert "https://x/t.json" in written(MarkdownReporter(blob_url="https://x"), report)
    assert "https://x" not in written(MarkdownReporter(ReportPaths(synthesizes=True), blob_url="https://x"), report)


def test_no_one_is_called_and_no_issue_is_referred_to() -> None:
    text = written(MarkdownReporter(), REPORT)
    assert "@<!-- -->team" in text
    assert "#<!-- -->12" in text
    assert "\\`Fn::Transform\\` &lt;rewrites&gt; this \\| 100%" in text


def test_what_could_not_be_judged_stands_above_the_findings() -> None:
    text = written(MarkdownReporter(), REPORT)
    assert "could not complete" in text
    assert text.index("ran out of time") < text.index("W3691")


def test_a_comment_too_long_is_cut_and_says_by_how_much() -> None:
    found = tuple(finding(logical_id=f"T{number}", message="x" * 500) for number in range(300))
    text = written(MarkdownReporter(), CheckReport(findings=found, rules=(), notifications=()))
    assert len(text) <= LONGEST
    shown = len([row for row in rows(text) if "| error |" in row])
    assert f"_{300 - shown} more lines left out: the comment would be too long._" in text
    assert shown > 100


def test_what_is_not_listed_is_counted() -> None:
    found = (finding(level=Level.NOTE), finding(generated=True))
    text = written(MarkdownReporter(), replace(CLEAN, findings=found))
    assert "Not listed: 1 note; 1 finding on what CDK generates (upgrade aws-cdk-lib" in text
