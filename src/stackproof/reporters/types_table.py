"""Proof coverage of each resource type as rows of a table, for a terminal and for Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from stackproof.core.json import JsonObject, as_int, as_object, as_objects
from stackproof.proof.observation import TypeCoverage

__all__ = ["TYPES_HEAD", "type_lines", "type_rows", "types_of"]

_WIDTH: Final = 80
_HEADS: Final = ("resources", "properties", "differs", "type (not proven)")
TYPES_HEAD: Final = "| type | resources | properties | differs | not proven |\n|---|--:|--:|--:|---|\n"
"""The header of the table in Markdown."""


def type_lines(types: Iterable[TypeCoverage]) -> Iterator[str]:
    """Proven of total for each type; the name comes last, since it has no maximum length."""
    rows = list(type_rows([resource_type.to_dict() for resource_type in types]))
    if not rows:
        return
    cells = [(resources, properties, differs) for _, resources, properties, differs, _ in rows]
    widths = [max(map(len, column)) for column in zip(_HEADS[:3], *cells, strict=True)]
    yield f"{_figures(_HEADS[:3], widths)}{_HEADS[3]}"
    for (name, *_, reasons), figures in zip(rows, cells, strict=True):
        begin = _figures(figures, widths)
        yield from textwrap.wrap(
            f"{name} ({reasons})" if reasons else name,
            _WIDTH,
            initial_indent=begin,
            subsequent_indent=" " * (len(begin) + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )


def type_rows(types: Sequence[JsonObject]) -> Iterator[tuple[str, str, str, str, str]]:
    """Type, resources and properties proven of total, how many differ, and why the rest is not proven.

    They are as reports have them. Of a type that is custom nothing is counted, so it has no row.
    """
    for resource_type in types:
        resources, properties = as_object(resource_type["resources"]), as_object(resource_type["properties"])
        if not resources["total"]:
            continue
        reasons = ", ".join(
            f"{as_int(count)} {reason}" for reason, count in as_object(resource_type["reasons"]).items()
        )
        yield (
            str(resource_type["resource_type"]),
            f"{resources['proven']}/{resources['total']}",
            f"{properties['proven']}/{properties['total']}",
            str(properties["differs"]),
            reasons,
        )


def types_of(coverage: JsonObject) -> Sequence[JsonObject]:
    """The types of a coverage in JSON; empty for the JSON of an older version."""
    return as_objects(coverage["types"]) if "types" in coverage else ()


def _figures(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"{cell:>{width}}  " for cell, width in zip(cells, widths, strict=True))
