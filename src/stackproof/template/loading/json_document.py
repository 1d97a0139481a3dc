"""JSON with the lines of its keys; what JSON leaves open (duplicate keys, NaN) is an error here."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from stackproof.core.errors import InputError
from stackproof.core.json import JsonValue, WrittenFloat, unique_keys
from stackproof.core.json_pointer import escape
from stackproof.template.loading.document import MAX_DEPTH, TOO_DEEP, Document, MarkedText

__all__ = ["mark_json", "parse_json"]

# Possessive, and a string without an end is a token too, so that hostile text costs one pass.
_LEXEME = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[{}\[\],\n]', re.DOTALL)
# The same of a text that is JSON for sure, with what has no quotes.
_ANY_LEXEME = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],]|[^\s{}\[\],:"]++')
_OPENED = frozenset("{[")
_CLOSED = frozenset("}]")
_CONSTANTS: Mapping[str, JsonValue] = {"true": True, "false": False, "null": None}
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(text: str, file: str) -> Document:
    """The document and its lines; raises InputError with line and column."""
    lines = _lines(text, file)
    try:
        value: JsonValue = json.loads(text, object_pairs_hook=unique_keys, parse_float=_finite, parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise InputError(f"{file}:{error.lineno}:{error.colno}: is not valid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: is not valid JSON: {error}") from error
    if _SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{file}: is not valid JSON: half of a surrogate pair is missing") from error
    return Document(value=value, lines=lines)


def mark_json(text: str, file: str) -> tuple[JsonValue, list[MarkedText]]:
    """What the document holds, each scalar with its place, and all of these; raises InputError as `parse_json` does."""
    parse_json(text, file)
    marked: list[MarkedText] = []
    stack: list[_Container] = []
    values: list[dict[str, JsonValue] | list[JsonValue]] = [[]]
    for match in _ANY_LEXEME.finditer(text):
        lexeme = match.group()
        if lexeme in _CLOSED:
            stack.pop()
            values.pop()
        elif lexeme == ",":
            stack[-1].key = None
        elif stack and not stack[-1].is_array and stack[-1].key is None:
            stack[-1].key = str(json.loads(lexeme))
        else:
            value = _marked_value(match)
            container = values[-1]
            if isinstance(container, list):
                container.append(value)
            else:
                container[str(stack[-1].key)] = value
            if isinstance(value, MarkedText):
                marked.append(value)
            if isinstance(value, dict | list):
                stack.append(_Container("", is_array=isinstance(value, list)))
                values.append(value)
    root = values[0]
    return (root[0] if isinstance(root, list) else root), marked


def _marked_value(match: re.Match[str]) -> JsonValue:
    """What a lexeme begins or is."""
    lexeme = match.group()
    if lexeme in _OPENED:
        return {} if lexeme == "{" else []
    if lexeme in _CONSTANTS:
        return _CONSTANTS[lexeme]
    start, end = match.span()
    if not lexeme.startswith('"'):
        return MarkedText(lexeme, start, end)
    text = str(json.loads(lexeme)) if "\\" in lexeme else lexeme[1:-1]
    return MarkedText(text, start + 1, end - 1)


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number if repr(number) == text else WrittenFloat(number, text)


@dataclass(slots=True)
class _Container:
    pointer: str
    is_array: bool
    index: int = 0
    key: str | None = None

    def takes(self, lexeme: str) -> bool:
        """Go on to the next member; whether the lexeme is the key of one."""
        if lexeme == ",":
            self.index += 1
            self.key = None
            return False
        is_key = not self.is_array and self.key is None
        if is_key:
            self.key = lexeme[1:-1]
        return is_key

    def next_pointer(self) -> str:
        """Where the value that comes next is."""
        if self.is_array:
            return f"{self.pointer}/{self.index}"
        key = self.key or ""
        return f"{self.pointer}/{escape(_unescape(key))}"


def _lines(text: str, file: str) -> dict[str, int]:
    """Where each key, and each item that is a container, begins: one pass over the text, which need not be JSON."""
    lines: dict[str, int] = {}
    stack: list[_Container] = []
    line = 1
    for match in _LEXEME.finditer(text):
        lexeme = match.group()
        here = stack[-1] if stack else None
        if lexeme == "\n":
            line += 1
        elif lexeme in _OPENED:
            pointer = here.next_pointer() if here else ""
            if here and here.is_array:
                lines[pointer] = line
            stack.append(_Container(pointer, is_array=lexeme == "["))
            if len(stack) > MAX_DEPTH:
                raise InputError(f"{file}:{line}: {TOO_DEEP}")
        elif here:
            if lexeme in _CLOSED:
                stack.pop()
            elif here.takes(lexeme):
                lines[here.next_pointer()] = line
            line += lexeme.count("\n")
    return lines


def _unescape(key: str) -> str:
    if "\\" not in key:
        return key
    try:
        return str(json.loads(f'"{key}"', strict=False))
    except ValueError:
        return key
