"""Intrinsic functions of CloudFormation, resolved as far as the values they refer to are known.

What cannot be resolved becomes `Unresolved`, a separate value inside the structure. So does malformed input: nothing
here raises. `AWS::NoValue` removes its key or element, as in CloudFormation.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final, TypeAlias

from stackproof.core.json import JsonObject, JsonValue
from stackproof.template.cidr import subnets
from stackproof.template.context import (
    Attribute,
    Context,
    Reference,
    Resolved,
    Unresolved,
    is_unresolved,
    known,
    static_context,
    typed,
    unresolved_in,
)

__all__ = [
    "Attribute",
    "Context",
    "Reference",
    "Resolved",
    "Unresolved",
    "condition_holds",
    "is_unresolved",
    "known",
    "references",
    "resolve",
    "static_context",
    "typed",
    "unresolved_in",
]

_DEPTH: Final = 100
_NOTHING: JsonObject = {}


def resolve(value: JsonValue, context: Context) -> Resolved:
    """The value with every function in it resolved; `AWS::NoValue` by itself becomes None."""
    found = _Resolution(context).value(value, 0)
    return None if isinstance(found, _NoValue) else found


def condition_holds(name: str, context: Context) -> bool | None:
    """Whether the condition of that name is true; None if that is not known or there is no such condition."""
    return _Resolution(context).named_condition(name, 0)


def references(value: JsonValue) -> frozenset[str]:
    """Every name that the value refers to by `Ref`, `Fn::GetAtt` or `Fn::Sub`; names of parameters are among them."""
    if isinstance(value, Mapping):
        found: set[str] = set()
        for key, element in value.items():
            if key == "Ref" and isinstance(element, str):
                found.add(element)
            elif key == "Fn::GetAtt" and (attribute := _attribute_parts(element)):
                found.add(str(attribute[0]))
            elif key == "Fn::Sub":
                text = next(iter(_items(element) or (element,)), None)
                if isinstance(text, str):
                    found.update(name.partition(".")[0] for name in _VARIABLE.findall(text) if name[0] != "!")
            found |= references(element)
        return frozenset(found)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return frozenset(name for element in value for name in references(element))
    return frozenset()


class _NoValue:
    """What `Ref: AWS::NoValue` gives; it never leaves this module."""


_NO_VALUE: Final = _NoValue()
_Found: TypeAlias = "Resolved | _NoValue"
_INDEX: Final = re.compile(r"[0-9]{1,9}")
_VARIABLE: Final = re.compile(r"\$\{([^${}]+)\}")


class _Resolution:
    """One run over one value: conditions are decided once, and functions that nest too deep are not known."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.decided: dict[str, bool | None] = {}

    def value(self, value: JsonValue, depth: int) -> _Found:
        if depth > _DEPTH:
            return Unresolved(reason="nested too deep")
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, Sequence):
            found = [self.value(element, depth + 1) for element in value]
            return [element for element in found if not isinstance(element, _NoValue)]
        return value

    def named_condition(self, name: str, depth: int) -> bool | None:
        if name not in self.decided:
            self.decided[name] = None  # a condition that refers to itself stays undecided
            if name in self.context.conditions:
                self.decided[name] = self._condition(self.context.conditions[name], depth + 1)
        return self.decided[name]

    def _mapping(self, value: JsonObject, depth: int) -> _Found:
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._ref(argument)
            if name in self.functions:
                return self.functions[name](self, argument, depth + 1)
        called = next((key for key in value if key.startswith("Fn::")), None)
        if called is not None:
            return Unresolved(reason=f"{called} is not resolved here")
        found = {key: self.value(element, depth + 1) for key, element in value.items()}
        return {key: element for key, element in found.items() if not isinstance(element, _NoValue)}

    # -- references

    def _ref(self, name: JsonValue) -> _Found:
        if not isinstance(name, str):
            return Unresolved(reason="Ref of something that is not a name")
        if name == "AWS::NoValue":
            return _NO_VALUE
        context = self.context
        if name in context.parameters:
            return _checked(context.parameters[name])
        if name in context.pseudo:
            return context.pseudo[name]
        if name in context.declared:
            return Unresolved(reason=f"the value of parameter {name} is not known")
        found = None if context.reference is None or name.startswith("AWS::") else context.reference(name)
        return Unresolved(reason=f"Ref of {name} is not known") if found is None else found

    def _get_att(self, argument: JsonValue, depth: int) -> Resolved:
        parts = _attribute_parts(argument)
        if parts is None:
            return Unresolved(reason="Fn::GetAtt is malformed")
        name = self.value(parts[1], depth)
        if not isinstance(name, str):
            return Unresolved(reason="the attribute's name of Fn::GetAtt is not known")
        logical_id = parts[0]
        found = None if self.context.attribute is None else self.context.attribute(logical_id, name)
        return Unresolved(reason=f"{logical_id}.{name} is not known") if found is None else found

    def _sub(self, argument: JsonValue, depth: int) -> Resolved:
        text, variables = _items(argument, 2) or (argument, _NOTHING)
        if not isinstance(text, str) or not isinstance(variables, Mapping):
            return Unresolved(reason="Fn::Sub is malformed")
        pieces: list[str] = []
        end = 0
        for match in _VARIABLE.finditer(text):
            pieces.append(text[end : match.start()])
            end = match.end()
            piece = self._substituted(match[1].strip(), variables, depth)
            if isinstance(piece, Unresolved):
                return piece
            pieces.append(piece)
        return _text("".join([*pieces, text[end:]]))

    def _substituted(self, name: str, variables: JsonObject, depth: int) -> str | Unresolved:
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        if name in variables:
            found = self.value(variables[name], depth)
        elif "." in name:
            found = self._get_att(name, depth)
        else:
            found = self._ref(name)
        return _scalar_text(found, f"{name} in Fn::Sub is not text")

    def _import_value(self, argument: JsonValue, depth: int) -> Resolved:
        name = self.value(argument, depth)
        if isinstance(name, Unresolved):
            return name
        if not isinstance(name, str) or name not in self.context.exports:
            return Unresolved(reason=f"there is no export {name!r}")
        return self.context.exports[name]

    def _find_in_map(self, argument: JsonValue, depth: int) -> _Found:
        items = _items(argument, 3, 4)
        if items is None:
            return Unresolved(reason="Fn::FindInMap is malformed")
        here: JsonValue = self.context.mappings
        for element in items[:3]:
            key = self.value(element, depth)
            if isinstance(key, Unresolved):
                return key
            here = here.get(str(key)) if isinstance(here, Mapping) else None
        if here is not None:
            return self.value(here, depth)
        for options in items[3:]:
            if isinstance(options, Mapping) and "DefaultValue" in options:
                return self.value(options["DefaultValue"], depth)
        return Unresolved(reason="Fn::FindInMap finds nothing")

    # -- text and lists

    def _join(self, argument: JsonValue, depth: int) -> Resolved:
        delimiter, found = _items(argument, 2) or (None, None)
        if not isinstance(delimiter, str):
            return Unresolved(reason="Fn::Join is malformed")
        items = self._list(found, depth, "Fn::Join")
        if isinstance(items, Unresolved):
            return items
        texts = [_scalar_text(element, "an element of Fn::Join is not text") for element in items]
        unknown = next((text for text in texts if isinstance(text, Unresolved)), None)
        return unknown or _text(delimiter.join(str(text) for text in texts))

    def _select(self, argument: JsonValue, depth: int) -> Resolved:
        arguments = _items(argument, 2)
        if arguments is None:
            return Unresolved(reason="Fn::Select is malformed")
        index = self.value(arguments[0], depth)
        if isinstance(index, Unresolved):
            return index
        items = self._list(arguments[1], depth, "Fn::Select")
        if isinstance(items, Unresolved):
            return items
        position = str(index)
        if not _INDEX.fullmatch(position) or int(position) >= len(items):
            return Unresolved(reason=f"Fn::Select has no element {position}")
        return items[int(position)]

    def _split(self, argument: JsonValue, depth: int) -> Resolved:
        delimiter, source = _items(argument, 2) or ("", None)
        text = self.value(source, depth)
        if isinstance(text, Unresolved):
            return text
        if not isinstance(delimiter, str) or not delimiter or not isinstance(text, str):
            return Unresolved(reason="Fn::Split is malformed")
        return text.split(delimiter)

    def _base64(self, argument: JsonValue, depth: int) -> Resolved:
        text = _scalar_text(self.value(argument, depth), "Fn::Base64 of something that is not text")
        return text if isinstance(text, Unresolved) else base64.b64encode(text.encode("utf-8", "replace")).decode()

    def _get_azs(self, argument: JsonValue, depth: int) -> Resolved:
        region = self.value(argument, depth)
        if isinstance(region, Unresolved):
            return region
        if not self.context.zones or region not in {"", self.context.pseudo.get("AWS::Region")}:
            return Unresolved(reason="the availability zones are not known")
        return list(self.context.zones)

    def _cidr(self, argument: JsonValue, depth: int) -> Resolved:
        items = _items(argument, 2, 3)
        if items is None:
            return Unresolved(reason="Fn::Cidr is malformed")
        found = [self.value(element, depth) for element in items]
        for element in found:
            if isinstance(element, Unresolved):
                return element
        return subnets(*(str(element) for element in found))

    def _to_json_string(self, argument: JsonValue, depth: int) -> Resolved:
        found = self.value(argument, depth)
        if isinstance(found, _NoValue):
            return Unresolved(reason="Fn::ToJsonString of nothing")
        unknown = unresolved_in(found)
        return unknown[0] if unknown else json.dumps(found, separators=(",", ":"), ensure_ascii=False)

    def _length(self, argument: JsonValue, depth: int) -> Resolved:
        items = self._list(argument, depth, "Fn::Length")
        return items if isinstance(items, Unresolved) else len(items)

    def _list(self, value: JsonValue, depth: int, function: str) -> list[Resolved] | Unresolved:
        found = self.value(value, depth)
        if isinstance(found, Unresolved):
            return found
        if isinstance(found, list | tuple):
            return list(found)
        return Unresolved(reason=f"{function} of something that is not a list")

    # -- conditions

    def _if(self, argument: JsonValue, depth: int) -> _Found:
        name, when_true, when_false = _items(argument, 3) or (None, None, None)
        if not isinstance(name, str):
            return Unresolved(reason="Fn::If is malformed")
        holds = self.named_condition(name, depth)
        if holds is None:
            return Unresolved(reason=f"condition {name} is not known")
        return self.value(when_true if holds else when_false, depth)

    def _truth(self, argument: JsonValue, depth: int) -> Resolved:
        """A condition function where a value is expected."""
        del argument, depth
        return Unresolved(reason="a condition function outside of Conditions")

    def _condition(self, value: JsonValue, depth: int) -> bool | None:
        if not isinstance(value, Mapping) or len(value) != 1 or depth > _DEPTH:
            return None
        ((name, argument),) = value.items()
        if name == "Condition":
            return self.named_condition(argument, depth) if isinstance(argument, str) else None
        if name == "Fn::Equals":
            return self._equal(argument, depth)
        return _combined(name, [self._condition(element, depth + 1) for element in _items(argument) or ()])

    def _equal(self, argument: JsonValue, depth: int) -> bool | None:
        items = _items(argument, 2)
        if items is None:
            return None
        left, right = (self.value(element, depth) for element in items)
        if any(isinstance(element, _NoValue) or unresolved_in(element) for element in (left, right)):
            return None
        texts = [_scalar_text(element, "") for element in (left, right)]
        return left == right if any(isinstance(text, Unresolved) for text in texts) else texts[0] == texts[1]

    functions: ClassVar[Mapping[str, Callable[[_Resolution, JsonValue, int], _Found]]] = {
        "Fn::And": _truth,
        "Fn::Base64": _base64,
        "Fn::Cidr": _cidr,
        "Fn::Equals": _truth,
        "Fn::FindInMap": _find_in_map,
        "Fn::GetAZs": _get_azs,
        "Fn::GetAtt": _get_att,
        "Fn::If": _if,
        "Fn::ImportValue": _import_value,
        "Fn::Join": _join,
        "Fn::Length": _length,
        "Fn::Not": _truth,
        "Fn::Or": _truth,
        "Fn::Select": _select,
        "Fn::Split": _split,
        "Fn::Sub": _sub,
        "Fn::ToJsonString": _to_json_string,
    }


def _combined(function: str, decided: Sequence[bool | None]) -> bool | None:
    """`Fn::And`, `Fn::Or` or `Fn::Not` over what may not be known."""
    if function == "Fn::Not":
        return None if len(decided) != 1 or decided[0] is None else not decided[0]
    if function not in {"Fn::And", "Fn::Or"} or not decided:
        return None
    decisive = function == "Fn::Or"
    if decisive in decided:
        return decisive
    return None if None in decided else not decisive


def _items(value: JsonValue, *counts: int) -> Sequence[JsonValue] | None:
    """The value if it is a list, of one of the given lengths if any are given."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    return value if not counts or len(value) in counts else None


def _attribute_parts(argument: JsonValue) -> tuple[str, JsonValue] | None:
    """Logical id and attribute of `Fn::GetAtt`, from "Id.Attribute" or [Id, Attribute, …]."""
    if isinstance(argument, str):
        logical_id, _, name = argument.partition(".")
        return (logical_id, name) if logical_id and name else None
    items = _items(argument)
    if items is None or len(items) < 2 or not isinstance(items[0], str):  # noqa: PLR2004 - id and attribute
        return None
    if len(items) == 2:  # noqa: PLR2004
        return items[0], items[1]
    return items[0], ".".join(str(element) for element in items[1:])


def _text(text: str) -> str | Unresolved:
    """The text, unless it holds a dynamic reference, whose value is out of reach and often a secret."""
    return Unresolved(reason="dynamic reference") if "{{resolve:" in text else text


def _checked(value: JsonValue) -> Resolved:
    if isinstance(value, str):
        return _text(value)
    return [_checked(element) for element in value] if isinstance(value, list) else value


def _scalar_text(value: _Found, otherwise: str) -> str | Unresolved:
    """A scalar as CloudFormation writes it into text."""
    if isinstance(value, Unresolved | str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else Unresolved(reason=otherwise)
