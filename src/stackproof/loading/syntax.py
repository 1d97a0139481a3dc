"""JSON and YAML text to data, bounded: nothing that a file says makes us hang, crash or trace back.

libyaml kills the process on deep nesting, aliases and merge keys multiply, and PyYAML raises errors that are no
`YAMLError`; so bytes are scanned before parsing, and values are built here from the composed nodes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stackproof.model.json import JsonObject, JsonValue

__all__ = ["MAX_BYTES", "Document", "SyntaxProblem", "parse_text"]

MAX_BYTES = 4_000_000
_MAX_DEPTH = 200
_MAX_INDENT = 2_000
_MAX_VALUES = 1_000_000
_JSON_TOKEN = re.compile(r'(?P<key>"(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|(?P<open>[{\[])|(?P<close>[}\]])')
_PLAIN = {"!Ref": "Ref", "!Condition": "Condition"}
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class SyntaxProblem(Exception):
    """The text is no document; the message says what is wrong, and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed text; `lines` maps keys below the top-level key `Resources` to the line (from 1) they stand on."""

    body: JsonValue
    lines: Mapping[str, int]


def parse_text(text: str) -> Document:
    """Parse a template; JSON if it starts like JSON. Raises SyntaxProblem."""
    if text.lstrip().startswith("{"):
        return _parse_json(text)
    return _parse_yaml(text)


def _parse_json(text: str) -> Document:
    lines = _json_lines(text)
    try:
        body = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise SyntaxProblem(f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from error
    except (ValueError, RecursionError) as error:
        raise SyntaxProblem(f"not JSON: {str(error).splitlines()[0]}") from error
    return Document(body=body, lines=lines)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object")
    return found


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _json_lines(text: str) -> dict[str, int]:
    """Lines of the keys below `Resources`, by a light scan that bounds the depth as well."""
    lines: dict[str, int] = {}
    depth, top, line, seen = 0, "", 1, 0
    for token in _JSON_TOKEN.finditer(text):
        if token["open"]:
            depth += 1
            if depth > _MAX_DEPTH:
                raise SyntaxProblem(f"nested more than {_MAX_DEPTH} deep")
        elif token["close"]:
            depth -= 1
        elif token["key"] and depth == 1:
            top = token["key"]
        elif token["key"] and depth == 2 and top == '"Resources"':  # noqa: PLR2004
            line += text.count("\n", seen, token.start())
            seen = token.start()
            lines.setdefault(token["key"][1:-1], line)
    return lines


def _parse_yaml(text: str) -> Document:
    import yaml  # noqa: PLC0415

    _bound_yaml(text)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise SyntaxProblem(f"not YAML: {error.problem}{where}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SyntaxProblem(f"not YAML: {str(error).splitlines()[0]}") from error
    if node is None:
        raise SyntaxProblem("there is nothing in it")
    builder = _Builder()
    builder.measure(node, ())
    return Document(body=builder.value(node), lines=_yaml_lines(node))


def _bound_yaml(text: str) -> None:
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth = max(0, depth - 1)
    if deepest > _MAX_DEPTH:
        raise SyntaxProblem(f"nested more than {_MAX_DEPTH} deep")
    for line in text.splitlines():
        if len(line) - len(line.lstrip(" -?\t")) > _MAX_INDENT:
            raise SyntaxProblem(f"indented more than {_MAX_INDENT} columns")


def _yaml_lines(root: Any) -> dict[str, int]:  # noqa: ANN401 - PyYAML's nodes
    for key, value in root.value if root.id == "mapping" else ():
        if key.value == "Resources" and value.id == "mapping":
            return {each.value: each.start_mark.line + 1 for each, _ in value.value if isinstance(each.value, str)}
    return {}


class _Builder:
    """Builds values from composed nodes; what aliases would multiply to is measured first."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}

    def measure(self, node: Any, above: tuple[int, ...]) -> int:  # noqa: ANN401
        """How many values the node stands for once every alias is written out."""
        if id(node) in above:
            raise SyntaxProblem(f"an alias contains itself (line {node.start_mark.line + 1})")
        if len(above) > _MAX_DEPTH:
            raise SyntaxProblem(f"nested more than {_MAX_DEPTH} deep")
        if id(node) not in self._sizes:
            inner = (*above, id(node))
            total = 1
            if node.id == "mapping":
                total += sum(self.measure(key, inner) + self.measure(value, inner) for key, value in node.value)
            elif node.id == "sequence":
                total += sum(self.measure(each, inner) for each in node.value)
            if total > _MAX_VALUES:
                raise SyntaxProblem(f"its aliases stand for more than {_MAX_VALUES} values")
            self._sizes[id(node)] = total
        return self._sizes[id(node)]

    def value(self, node: Any) -> JsonValue:  # noqa: ANN401
        if node.tag.startswith("!") and not node.tag.startswith("!!"):
            return self._function(node)
        return self._plain(node)

    def _plain(self, node: Any) -> JsonValue:  # noqa: ANN401
        if node.id == "mapping":
            return self._mapping(node)
        if node.id == "sequence":
            return [self.value(each) for each in node.value]
        return _scalar(node)

    def _function(self, node: Any) -> JsonObject:  # noqa: ANN401
        """`!GetAtt A.B` in its long form."""
        name = _PLAIN.get(node.tag, f"Fn::{node.tag[1:]}")
        inner = str(node.value) if node.id == "scalar" else self._plain(node)
        if name == "Fn::GetAtt" and isinstance(inner, str):
            logical_id, _, attribute = inner.partition(".")
            return {name: [logical_id, attribute]}
        return {name: inner}

    def _mapping(self, node: Any) -> dict[str, JsonValue]:  # noqa: ANN401
        found: dict[str, JsonValue] = {}
        merged: dict[str, JsonValue] = {}
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for each in value.value if value.id == "sequence" else (value,):
                    if each.id != "mapping":
                        raise SyntaxProblem(f"a merge key takes mappings (line {key.start_mark.line + 1})")
                    merged = {**self._mapping(each), **merged}
                continue
            if key.id != "scalar":
                raise SyntaxProblem(f"a key must be a string (line {key.start_mark.line + 1})")
            if key.value in found:
                raise SyntaxProblem(f"the key {key.value!r} stands twice (line {key.start_mark.line + 1})")
            found[key.value] = self.value(value)
        return {**merged, **found}


def _scalar(node: Any) -> JsonValue:  # noqa: ANN401
    """Dates stay strings, as CloudFormation reads them."""
    text, kind = str(node.value), node.tag.rpartition(":")[2]
    try:
        if kind == "null":
            return None
        if kind == "bool":
            return _BOOLEANS[text.lower()]
        if kind == "int":
            return _integer(text)
        if kind == "float":
            number = float(text.replace("_", ""))
            return number if number - number == 0 else text
    except (ValueError, KeyError) as error:
        raise SyntaxProblem(f"not YAML: {error} (line {node.start_mark.line + 1})") from error
    return text


def _integer(text: str) -> int | str:
    """YAML 1.1: 010 is eight, and 1:30 is no number to CloudFormation."""
    plain = text.replace("_", "")
    sign = -1 if plain.startswith("-") else 1
    digits = plain.lstrip("+-")
    if ":" in digits:
        return text
    if digits.startswith(("0b", "0x")):
        return sign * int(digits, 0)
    if len(digits) > 1 and digits.startswith("0"):
        return sign * int(digits, 8)
    return sign * int(digits)
