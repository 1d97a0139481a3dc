"""README and docs: generated parts are up to date, links lead somewhere, and a reader finds the commands early."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import generate
from stackproof import plugin
from stackproof.assertions import Match, TemplateAssertions

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_REMEDY = "run 'python docs/generate.py'"


def test_generated_parts_are_up_to_date() -> None:
    assert list(generate.outdated()) == [], _REMEDY


def test_every_generated_part_is_in_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md"))
    assert {name for name in generate.PARTS if f"<!-- generated: {name} -->" in text} == set(generate.PARTS)


def test_a_part_that_is_out_of_date_is_found_and_mended(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- generated: waivers -->\nold\n<!-- end -->\n\nafter\n", encoding="utf-8")
    [(found, text)] = generate.outdated(tmp_path).items()
    assert found == page
    assert text.startswith("before\n\n<!-- generated: waivers -->\n\n| key |")
    assert text.endswith("|\n\n<!-- end -->\n\nafter\n")
    page.write_text(text, encoding="utf-8")
    assert generate.outdated(tmp_path) == {}


def test_a_table_has_every_key_of_its_schema() -> None:
    schema = {
        "required": ["names"],
        "properties": {
            "names": {"description": "a|b, * and `*`", "type": "array", "items": {"type": "string"}},
            "level": {"enum": ["error", "note"]},
            "shares": {"type": ["number", "object"], "minimum": 0, "properties": {"inner": {"$ref": "#/$defs/flag"}}},
            "rates": {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
            "named": {"type": "object", "additionalProperties": {"properties": {"title": {"type": "string"}}}},
            "rows": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
        },
        "$defs": {"flag": {"description": "A switch.", "type": "boolean", "default": False}},
    }
    assert list(generate.rows_of(schema, schema)) == [
        ("names", "list: text", "Required. a|b, * and `*`"),
        ("level", "`error` or `note`", ""),
        ("shares", "number or table, at least 0", ""),
        ("shares.inner", "true or false", "A switch. Default: `false`."),
        ("rates", "table: number, above 0", ""),
        ("named", "table: any value", ""),
        ("named.NAME.title", "text", ""),
        ("rows", "list", ""),
        ("rows[].id", "text", ""),
    ]
    assert generate.cell("a|b, * and `*`") == "a\\|b, \\* and `*`"


def test_the_page_of_suites_has_every_option_fixture_and_method() -> None:
    """What pytest knows of the plugin, and what the classes have, is what the generated parts list."""
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    [group] = [group for group in parser._groups if group.name == "stackproof"]
    assert [name.split()[0] for name, _ in generate.pytest_options()] == [
        name for option in group.options for name in option.names()
    ]
    assert {"template", "stack", "rule_verdict", "resource_proof", "deployment", "data_flow"} <= {
        name for name, _ in generate.pytest_fixtures()
    }
    methods = dict(generate.methods_of(TemplateAssertions))
    assert "find_resources(resource_type, props=None, *, allow_none=False)" in methods
    assert {name.partition("(")[0] for name in methods} == {
        name for name in vars(TemplateAssertions) if not name.startswith("_")
    }
    assert methods["looked_at"].startswith("The number of resources")
    assert "array_with(pattern)" in dict(generate.methods_of(Match))


def test_the_page_of_the_command_line_has_every_command() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for name in ("stackproof", "stackproof check", "stackproof drift audit", "stackproof tools install"):
        assert f"## {name}\n" in text
    assert max(len(line) for line in text.partition("<!-- generated")[2].splitlines()) <= 80


def test_no_summary_of_a_command_is_cut() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    rows = [row for block in re.findall(r"^Commands:\n((?:  .+\n)+)", text, re.MULTILINE) for row in block.splitlines()]
    summaries = [row.split(maxsplit=1)[1] for row in rows]
    assert len(summaries) > 25
    assert [
        summary for summary in summaries if len(summary) >= 60 or not summary.endswith(".") or "..." in summary
    ] == []


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [
        f"{link}#{anchor}"
        for link, anchor in _LINK.findall(text)
        if not (page.parent / link).exists()
        or (anchor and anchor not in anchors_of(page.parent / link if link else page))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert broken_links(page) == []


def test_a_broken_link_and_a_broken_anchor_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# The `page` of\n[a](other.md) [b](#the-page-of) [c](page.md#none) [d](page.md)\n", encoding="utf-8"
    )
    assert broken_links(page) == ["other.md#", "page.md#none"]


def test_the_readme_is_short_and_begins_with_a_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= 120
    assert any("stackproof check" in line for line in lines[:15])


def test_the_readme_has_the_commands_that_the_pipeline_runs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "tox -e gate\n" in text
    assert "tox -e lint,type,tests\n" in text
    pipeline = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("tox -e lint,type,docs\n", "tox -e gate\n", "tox -e tests "):
        assert command in pipeline


def test_the_picture_shows_the_command_and_loads_nothing() -> None:
    picture = (ROOT / "docs" / "images" / "check.svg").read_text(encoding="utf-8")
    assert " ".join(generate.COMMAND) in re.sub("&#160;", " ", re.sub(r"<[^>]+>", "", picture))
    assert "url(http" not in picture
    assert "@font-face" not in picture


@pytest.mark.parametrize("record", sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")), ids=lambda page: page.stem)
def test_a_decision_has_a_day_a_choice_and_a_reason(record: Path) -> None:
    lines = record.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(f"# {record.name[:4]}: ")
    assert re.fullmatch(r"Decided on 20\d\d-\d\d-\d\d\.", lines[2])
    assert {"**Decision.**", "**Reason.**"} <= {line.partition("** ")[0] + "**" for line in lines if "** " in line}
    assert len(lines) <= 12
