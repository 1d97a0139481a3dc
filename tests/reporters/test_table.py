"""The table of output formats: names once, and the formats of each command."""

from __future__ import annotations

import pytest

from stackproof.reporters.table import TABLE, formats_of


@pytest.mark.parametrize(
    ("command", "formats"),
    [
        ("check", ("terminal", "json", "sarif", "junit", "github", "markdown")),
        ("gate", ("terminal", "json", "sarif", "junit", "github", "markdown")),
        ("drift audit", ("terminal", "json", "sarif")),
        ("synth", ()),
    ],
)
def test_a_command_has_the_formats_of_its_rows(command: str, formats: tuple[str, ...]) -> None:
    assert formats_of(command) == formats


def test_each_name_is_in_one_row() -> None:
    assert len({row.name for row in TABLE}) == len(TABLE)
