"""`propertyTransform`: what a schema allows in place of a value; the part of JSONata that is in common use."""

from __future__ import annotations

import json
import re
from typing import Final

__all__ = ["is_transformed"]


def is_transformed(expression: str | None, expected: str, live: str) -> bool:
    """Whether the live value is what one of the expression's alternatives makes of the expected one."""
    if expression is None:
        return False
    return any(_alternative(part.strip(), expected, live) for part in expression.split("$OR"))


def _alternative(expression: str, expected: str, live: str) -> bool:
    if re.fullmatch(r"\$lowercase\([\w.]+\)", expression):
        return expected.lower() == live
    if re.fullmatch(r"\$uppercase\([\w.]+\)", expression):
        return expected.upper() == live
    joined = re.fullmatch(r"\$join\(\[(.*)\]\)", expression)
    return _joined(joined[1] if joined else expression, expected, live)


_PIECE: Final = re.compile(
    r'\s*(?:(?P<literal>"(?:[^"\\]|\\.)*")|(?P<last>\$split\(\w+, ?":"\)\[-1\])|(?P<name>\$string\([\w.]+\)|[\w.]+))\s*'
)


def _joined(pieces: str, expected: str, live: str) -> bool:
    """A join of regular expressions in quotes with the value itself, matched against what is live.

    Whatever follows a value (`".*"`) begins at a dot, as parts of a version do: 15.1 is not 15.13. An expression
    without the value in it states nothing about the value.
    """
    pattern, position, is_named = "", 0, False
    try:
        while match := _PIECE.match(pieces, position):
            if match["literal"] is not None:
                literal = str(json.loads(match["literal"].replace(r"\/", "/")))
                pattern += r"(\..*)?" if literal == ".*" and is_named else literal
            else:
                is_named = True
                pattern += re.escape(_last(expected) if match["last"] else expected)
            position = match.end() + 1
            if pieces[match.end() : position] != ",":
                break
        return is_named and position >= len(pieces) and bool(re.fullmatch(pattern, live))
    except (re.error, ValueError):
        return False


_QUALIFIED: Final = re.compile(r".*:(function|layer):[^:]+:[^:]+|(?!arn:)[^:]+:[^:]+")


def _last(name: str) -> str:
    """The last part of an ARN; a version or an alias of a function is not the function."""
    return name if _QUALIFIED.fullmatch(name) else name.rpartition(":")[2]
