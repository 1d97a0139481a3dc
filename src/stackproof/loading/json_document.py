"""JSON with the lines of its keys; what JSON leaves open (duplicate keys, NaN) is an error here."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import NoReturn

from stackproof.errors import InputError
from stackproof.loading.document import MAX_DEPTH, Document
from stackproof.loading.pointers import escaped
from stackproof.model.json import JsonValue

__all__ = ["parse_json"]

# Possessive, and a string without an end is a token too, so that hostile text costs one pass.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[{}\[\],\n]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _DuplicateKeyError(ValueError):
    pass


def parse_json(text: str, file: str) -> Document:
    """The document and its lines; raises InputError with line and column."""
    lines = _lines(text, file)
    try:
        value: JsonValue = json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise InputError(f"{file}:{error.lineno}:{error.colno}: is no valid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: is no valid JSON: {error}") from error
    if _SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{file}: is no valid JSON: half of a surrogate pair stands alone") from error
    return Document(value=value, lines=lines)


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _DuplicateKeyError(f"the key {twice!r} occurs twice")
    return found


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


@dataclass(slots=True)
class _Container:
    pointer: str
    is_array: bool
    index: int = 0
    expects_key: bool = True
    key: str = ""


def _lines(text: str, file: str) -> dict[str, int]:
    """Where each key and each item that is a container begins; one pass over the tokens, which need not be valid JSON."""
    lines: dict[str, int] = {}
    stack: list[_Container] = []
    line = 1
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == "\n":
            line += 1
        elif token in "{[":
            pointer = _child(stack[-1]) if stack else ""
            if stack and stack[-1].is_array:
                lines[pointer] = line
            stack.append(_Container(pointer, is_array=token == "["))
            if len(stack) > MAX_DEPTH:
                raise InputError(f"{file}:{line}: is nested deeper than {MAX_DEPTH} levels")
        elif token in "}]":
            if stack:
                stack.pop()
        elif not stack:
            continue
        elif token == ",":
            stack[-1].index += 1
            stack[-1].expects_key = True
        else:
            here = stack[-1]
            if not here.is_array and here.expects_key:
                here.key = token[1:-1]
                here.expects_key = False
                lines[_child(here)] = line
            line += token.count("\n")
    return lines


def _child(container: _Container) -> str:
    if container.is_array:
        return f"{container.pointer}/{container.index}"
    return f"{container.pointer}/{escaped(_unescaped(container.key))}"


def _unescaped(key: str) -> str:
    """The key that the text between the quotes stands for; as it is written where it is no JSON."""
    if "\\" not in key:
        return key
    try:
        return str(json.loads(f'"{key}"', strict=False))
    except ValueError:
        return key
