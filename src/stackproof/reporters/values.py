"""Values of a difference, ready to compare: of one type, sorted, and for long values only the unequal parts."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, TypeGuard

from stackproof.core.json import JsonObject, JsonValue, canonical
from stackproof.core.secret_values import masked

__all__ = ["change_lines", "shown_value", "value_lines"]

_WIDTH: Final = 80
_LINES: Final = 4  # of a value that nobody asked to see as a whole
_PIECES: Final = 8  # of a difference, likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A part that only the expected ("-") or only the live value ("+") has, and its place in the value."""

    sign: str
    path: str
    value: JsonValue

    def lines(self, *, whole: bool) -> Iterator[str]:
        place = f"{self.path}: " if self.path else ""
        yield from _folded(f"    {self.sign} ", place + shown_value(self.value), 6, whole=whole)


def change_lines(expected: JsonValue, actual: JsonValue, *, whole: bool = False) -> Iterator[str]:
    """The expected and the live value; for lists and documents, the added and removed parts, or all as a `whole`."""
    expected, actual = _of_one_kind(expected, actual)
    pieces = [*_pieces(expected, actual, "")] if _is_collection(expected) and _is_collection(actual) else []
    shown = pieces if whole else pieces[:_PIECES]
    yield from chain.from_iterable(piece.lines(whole=whole) for piece in shown)
    if len(shown) < len(pieces):
        yield f"    … and {len(pieces) - len(shown)} more"
    if whole or not pieces:
        yield from value_lines("expected", expected, whole=whole)
        yield from value_lines("actual", actual, whole=whole)


def value_lines(label: str, value: JsonValue, *, whole: bool = False) -> Iterator[str]:
    """A value after its label, folded; only the beginning of a long value, unless it is a `whole`."""
    return _folded(f"    {label:<8} ", shown_value(value), 13, whole=whole)


def shown_value(value: JsonValue) -> str:
    """The value on one line, with sorted keys."""
    return "not set" if value is None else repr(_sorted(value))


def _folded(begin: str, text: str, indent: int, *, whole: bool) -> Iterator[str]:
    room = _WIDTH - indent
    lines = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    if not whole and len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1][: room - 2]} …"]
    for number, line in enumerate(lines):
        yield f"{' ' * indent if number else begin}{line}"


def _pieces(expected: JsonValue, actual: JsonValue, path: str) -> Iterator[_Piece]:
    """What only one side has. List order is not a difference here; where it is one, the whole list is shown."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key in sorted({*expected, *actual}):
            if key not in actual:
                yield _Piece(sign="-", path=f"{path}/{key}", value=expected[key])
            elif key not in expected:
                yield _Piece(sign="+", path=f"{path}/{key}", value=actual[key])
            else:
                yield from _pieces(*_of_one_kind(expected[key], actual[key]), f"{path}/{key}")
    elif _is_list(expected) and _is_list(actual):
        gone, extra = _unmatched(expected, actual)
        if len(gone) == len(extra) == 1 and _are_alike(expected[gone[0]], actual[extra[0]]):
            yield from _pieces(expected[gone[0]], actual[extra[0]], f"{path}/{gone[0]}")
            return
        yield from (_Piece(sign="-", path=path, value=expected[index]) for index in gone)
        yield from (_Piece(sign="+", path=path, value=actual[index]) for index in extra)
    elif _key(expected) != _key(actual):
        yield _Piece(sign="-", path=path, value=expected)
        yield _Piece(sign="+", path=path, value=actual)


def _unmatched(expected: Sequence[JsonValue], actual: Sequence[JsonValue]) -> tuple[list[int], list[int]]:
    """The positions of elements without an equal on the other side; each element equals at most one other."""
    waiting: dict[str, list[int]] = {}
    for index, element in enumerate(actual):
        waiting.setdefault(_key(element), []).append(index)
    gone = []
    for index, element in enumerate(expected):
        equals = waiting.get(_key(element))
        if equals:
            equals.pop(0)
        else:
            gone.append(index)
    return gone, sorted(chain.from_iterable(waiting.values()))


def _are_alike(one: JsonValue, other: JsonValue) -> bool:
    """Whether two documents are one that was changed: they share a key with an equal value."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return False
    return any(key in other and _key(one[key]) == _key(other[key]) for key in one)


def _key(value: JsonValue) -> str:
    """An equal form for values that services write differently: 22 and "22", true and "true"."""
    return canonical(_plain(value))


def _plain(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _plain(element) for key, element in value.items()}
    if _is_list(value):
        return [_plain(element) for element in value]
    if isinstance(value, bool) or (isinstance(value, str) and value.lower() in {"true", "false"}):
        return str(value).lower()
    return value if value is None else str(value)


def _of_one_kind(expected: JsonValue, actual: JsonValue) -> tuple[JsonValue, JsonValue]:
    """Both sides with the more specific type: a text with a number, a switch or a document becomes that."""
    return _like(expected, actual), _like(actual, expected)


def _like(value: JsonValue, other: JsonValue) -> JsonValue:
    if not isinstance(value, str) or isinstance(other, str) or other is None:
        return value
    try:
        parsed: JsonValue = json.loads(value.lower() if isinstance(other, bool) else value)
    except (ValueError, RecursionError):
        return value
    if _is_collection(other):
        return masked(parsed) if _is_collection(parsed) else value
    if isinstance(other, bool):
        return parsed if isinstance(parsed, bool) else value
    is_number = isinstance(parsed, int | float) and not isinstance(parsed, bool)
    return parsed if is_number and str(parsed) == value else value


def _sorted(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(element) for element in value] if _is_list(value) else value


def _is_list(value: JsonValue) -> TypeGuard[Sequence[JsonValue]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_collection(value: JsonValue) -> TypeGuard[JsonObject | Sequence[JsonValue]]:
    return isinstance(value, Mapping) or _is_list(value)
