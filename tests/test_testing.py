"""What suites import: one path, with everything that this repository's own suites and documents use."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from stackproof import testing

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
SUITES = sorted([*(ROOT / "suites").rglob("*.py"), *(ROOT / "tests/apps").rglob("suites/**/*.py")])


def imports_of(source: str) -> set[str]:
    return {
        node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stackproof")
    }


def test_all_that_is_exported_is_there_and_nothing_else() -> None:
    public = {name for name in vars(testing) if not name.startswith("_") and name != "annotations"}
    assert sorted(public) == sorted(testing.__all__)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.relative_to(ROOT).as_posix())
def test_suites_import_it_alone(suite: Path) -> None:
    assert imports_of(suite.read_text(encoding="utf-8")) <= {"stackproof.testing"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_show_it_alone(page: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert {module for block in blocks for module in imports_of(block)} <= {"stackproof.testing"}


def test_the_suites_are_found() -> None:
    assert len(SUITES) > 15
    assert any("stackproof.testing" in imports_of(suite.read_text(encoding="utf-8")) for suite in SUITES)
