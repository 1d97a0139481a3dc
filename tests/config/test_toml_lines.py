"""Every key and item that `tomllib` reads has a line, and it is the right one."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackproof.config.toml_lines import key_lines

ROOT = Path(__file__).parents[2]
TRICKY = '''\
# [not.a.table]
title = "a # [b] = {c}" # d = 1
"quoted.key" . 'lit"eral' = 1

[ tool . "stack\\u0070roof" ]
text = """
[no.table]
x = 1 \\""" ""\\
""""" # five quotes
raw = \'\'\'
[neither]
\'\'\'\'
list = [ # of lists
  1, [2, "]"],

  { name = "}", deep = { a = [
    10:00:00 ] } },
]
day = 2026-01-01 10:00:00
[[many]]
a = 1
[many.inner]
b = 2
[[many]]
[[many.more]]
c.d = 3
[[many.more]]
[x.y.z]
k = []
[x]
j = {}
'''


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, element in items:
        yield from paths(element, (*path, key))


@pytest.mark.parametrize(
    "text",
    [
        TRICKY,
        TRICKY.replace("\n", "\r\n"),
        "",
        "a = 1",
        *(
            file.read_text(encoding="utf-8")
            for file in sorted(ROOT.glob("**/pyproject.toml"))
            if ".tox" not in file.parts
        ),
    ],
)
def test_what_tomllib_reads_has_a_line_and_nothing_else_has(text: str) -> None:
    assert set(paths(tomllib.loads(text))) == set(key_lines(text))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("quoted.key", 'lit"eral'), 3),
        (("tool", "stackproof"), 5),
        (("tool", "stackproof", "text"), 6),
        (("tool", "stackproof", "raw"), 10),
        (("tool", "stackproof", "list"), 13),
        (("tool", "stackproof", "list", 1), 14),
        (("tool", "stackproof", "list", 2, "deep", "a", 0), 17),
        (("tool", "stackproof", "day"), 19),
        (("many", 0), 20),
        (("many", 0, "inner", "b"), 23),
        (("many", 1), 24),
        (("many", 1, "more", 0, "c", "d"), 26),
        (("many", 1, "more", 1), 27),
        (("x", "y"), 28),
        (("x",), 30),
        (("x", "j"), 31),
    ],
)
def test_a_line_is_where_a_person_would_look(path: tuple[str | int, ...], line: int) -> None:
    assert key_lines(TRICKY)[path] == line


def test_what_is_nested_too_deeply_costs_its_own_lines_alone() -> None:
    assert key_lines("a = 1\nb = " + "[" * 100_000)["a",] == 1
