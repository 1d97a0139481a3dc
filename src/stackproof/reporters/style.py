"""Colour and width of text; plain and 80 wide unless the output is a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

__all__ = ["PLAIN", "Style", "style_for"]

_WIDTH = 80
_WIDEST = 120
_CODES = {"bold": "1", "error": "1;31", "warning": "33", "note": "36", "open": "35"} | dict.fromkeys(
    ("dim", "known", "waived"), "2"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text is laid out: the number of columns, and with colour or without."""

    width: int = _WIDTH
    colour: bool = False

    def paint(self, text: str, role: str) -> str:
        """The text in the colour of a role: "bold", "dim" or a level's word."""
        return f"\x1b[{_CODES[role]}m{text}\x1b[0m" if self.colour and text and role in _CODES else text


PLAIN = Style()


def style_for(stream: IO[str], environment: Mapping[str, str]) -> Style:
    """Colour only on a terminal that supports it, and not with `NO_COLOR`; all other output is the same text."""
    if not stream.isatty():
        return PLAIN
    columns = shutil.get_terminal_size((_WIDTH, 24)).columns
    colour = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Style(width=max(_WIDTH // 2, min(columns, _WIDEST)), colour=colour)
