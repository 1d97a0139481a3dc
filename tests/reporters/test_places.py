"""Where the paths of a report lie, and the lines that are read there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackproof.core.notification import Level
from stackproof.policy.engines.table import documentation
from stackproof.policy.finding import Kind, Origin
from stackproof.reporters.masking import LONGEST_LINE
from stackproof.reporters.places import ReportPaths, SourceLines, repository_root
from stackproof.reporters.standing import Standing, standing
from stackproof.reporters.wording import rule_ids
from stackproof.template.loading.source_literal import Literal, SourceLiterals
from stackproof.template.location import Location
from tests.fakes import finding, waiver, written


def test_source_files_are_the_projects_and_templates_the_working_directorys() -> None:
    places = ReportPaths(repository="/r", project="/r/app", templates="/r/app/sub")
    place = Location(file="infra/x.py", template_file="../t.json")
    assert (places.source(place), places.template(place)) == ("app/infra/x.py", "app/t.json")
    assert places.source(Location(file="t.json", template_file="t.json")) == "app/sub/t.json"
    assert places.source(Location(template_file="/r/t.json")) == "t.json"
    assert places.source(Location(file="/other/t.json")) == "/other/t.json"
    assert places.source(Location()) is None
    assert places.source(Location(file="<stdin>", template_file="<stdin>")) is None


def test_without_a_repository_paths_stand_as_they_are() -> None:
    assert ReportPaths().source(Location(file="../x.py")) == "../x.py"
    assert ReportPaths().template(Location()) is None


def test_the_repository_is_the_nearest_folder_with_a_git_and_else_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / ".git").write_text("gitdir: elsewhere", encoding="utf-8")
    assert repository_root(tmp_path / "a" / "b") == tmp_path / "a"


def test_lines_are_read_from_source_files_and_from_templates_that_are_files(tmp_path: Path) -> None:
    written(tmp_path, {"x.py": "one\ntwo\n", "t.json": "{\n}", "bad.py": b"\xff\n"})
    lines = SourceLines(project=tmp_path)
    assert lines(Location(file="x.py", line=2)) == "two"
    assert lines(Location(file="x.py", line=9)) is None
    assert lines(Location(file="x.py")) is None
    assert lines(Location(line=1)) is None
    assert lines(Location(file="bad.py", line=1)) == "\ufffd"
    template = Location(file="t.json", template_file="t.json", line=1)
    assert lines(template) is None
    assert SourceLines(project=tmp_path, templates=tmp_path)(template) == "{"


def test_a_file_is_parsed_once_and_only_for_a_line_that_may_show_a_value(tmp_path: Path) -> None:
    written(tmp_path, {"t.json": '{\n"Login": {\n"Password": "x",\n"User": "y"}}', "plain.json": '{"User":\n"y"}'})
    parsed: list[str] = []

    def read(text: str, file: str, *, is_template: bool) -> SourceLiterals:
        parsed.append(file)
        assert text.startswith("{")
        assert is_template
        return SourceLiterals(by_line={3: (Literal(start=13, end=14, is_secret=True),)})

    lines = SourceLines(project=tmp_path, templates=tmp_path, read_literals=read)

    def shown(file: str, line: int, **place: Any) -> str | None:
        return lines(Location(file=file, template_file=file, line=line, **place), everything=place == {})

    assert shown("t.json", 2, logical_id="Login") == '"Login": {'
    assert shown("plain.json", 2, logical_id="User") == '"y"}'
    assert parsed == []
    assert shown("t.json", 3, logical_id="Login") == '"Password": "***",'
    assert shown("t.json", 4, property_path="/A") == '"User": "y"}}'
    assert parsed == ["t.json"]
    shown("plain.json", 2)  # of everything nothing may stay, whatever the names
    assert parsed == ["t.json", "plain.json"]


def test_of_a_long_line_the_beginning_is_shown(tmp_path: Path) -> None:
    written(tmp_path, {"x.py": f"{'x ' * 100_000}\n{' ' * 100_000}"})
    lines = SourceLines(project=tmp_path)
    assert [len(lines(Location(file="x.py", line=line)) or "") for line in (1, 2)] == [LONGEST_LINE, LONGEST_LINE]


@pytest.mark.parametrize("name", ["none.py", ".", "nul\0.py", "long.py", "/proc/self/mem"])
def test_what_cannot_be_read_has_no_lines(name: str, tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("x" * 2_000_001, encoding="utf-8")
    assert SourceLines(project=tmp_path)(Location(file=name, line=1)) is None


@pytest.mark.parametrize(
    ("engine", "rule_id", "end"),
    [
        ("cfn-lint", "W3691", "/docs/rules.md#W3691"),
        ("cfn-lint", "my-own", None),
        ("checkov", "CKV2_AWS_1", "cloudformation.html"),
        ("checkov", "MINE_1", None),
        ("cloudformation-validate", "I9001", "#rules"),
        ("cdk", "cdk:deprecated-api/x", "aws-construct-library.html"),
        ("cdk", "@aws-cdk/aws-lambda:x", "aws-cdk-lib.Annotations.html"),
        ("other", "E1", None),
    ],
)
def test_a_rule_is_explained_on_its_engines_page(engine: str, rule_id: str, end: str | None) -> None:
    page = documentation(engine, rule_id)
    assert page is None if end is None else (page or "").endswith(end)


def test_a_finding_stands_where_the_verdict_puts_it() -> None:
    cases = {
        Standing.VIOLATED: finding(),
        Standing.OPEN: finding(kind=Kind.OPEN),
        Standing.WAIVED: finding(generated=True).suppressed_by(waiver()),
        Standing.GENERATED: finding(generated=True, kind=Kind.OPEN),
        Standing.NOTED: finding(level=Level.NOTE),
        Standing.HELD: finding(kind=Kind.PASS),
    }
    assert {name: standing(case, Level.WARNING) for name, case in cases.items()} == {name: name for name in cases}


def test_rules_are_named_once_the_findings_own_first_and_families_not_at_all() -> None:
    origins = (
        Origin(engine="a", rule_id="A", message=""),
        Origin(engine="b", rule_id="Z", message=""),
        Origin(engine="c", rule_id="fam", message=""),
    )
    assert rule_ids(finding("Z", origins=origins)) == ("Z", "A", "fam")
    assert rule_ids(finding("fam/x", origins=origins[2:])) == ("fam/x",)
