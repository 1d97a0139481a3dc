"""The values that are written in a source file: where each of them is, and whether it may be a secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

__all__ = ["Literal", "SourceLiterals", "literals_of_spans"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Literal:
    """What one line has of a value, between its quotes: columns from 0, `end` behind the last."""

    start: int
    end: int
    is_secret: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLiterals:
    """The literals of a file by line, from 1 and in order; `secrets` are the texts of those that may be secrets."""

    by_line: Mapping[int, tuple[Literal, ...]] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()


def literals_of_spans(text: str, spans: Iterable[tuple[int, int, bool]]) -> dict[int, tuple[Literal, ...]]:
    """Literals by line of spans of the text, each from and to an index and whether it is secret; none overlap."""
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    found: dict[int, list[Literal]] = {}
    number = 0
    for start, end, is_secret in sorted(spans):
        while starts[number + 1] <= start:
            number += 1
        row = number
        while row < len(lines) and starts[row] < end:
            first = max(start - starts[row], 0)
            part = lines[row][first : end - starts[row]]
            first += len(part) - len(part.lstrip())
            if part.strip():
                literal = Literal(start=first, end=first + len(part.strip()), is_secret=is_secret)
                found.setdefault(row + 1, []).append(literal)
            row += 1
    return {row: tuple(literals) for row, literals in found.items()}
