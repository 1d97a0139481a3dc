"""What a file holds, as data with lines, and how much of it we take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from stackproof.core.json import JsonValue

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_VALUES", "TOO_DEEP", "Document", "MarkedText"]

MAX_BYTES = 5_000_000
"""CloudFormation takes a megabyte; the rest is for white space."""
MAX_DEPTH = 200
MAX_VALUES = 500_000
TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Parsed data; `lines` maps JSON pointers of keys and items to lines from 1, but not inside of intrinsic tags."""

    value: JsonValue
    lines: Mapping[str, int] = field(default_factory=dict)


class MarkedText(str):
    """A scalar as text that knows where it is written: `start` to `end` are the indices of what is between its quotes.

    Numbers are texts too, as they are written; only true, false and null stay what they are.
    """

    __slots__ = ("end", "start")
    start: int
    end: int

    def __new__(cls, text: str, start: int, end: int) -> Self:
        made = super().__new__(cls, text)
        made.start = start
        made.end = end
        return made
