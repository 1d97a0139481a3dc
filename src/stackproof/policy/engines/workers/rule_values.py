"""For rules of `policies/`: the values of a template, as far as the template alone determines them.

A rule meets three kinds of values: one that is known, one that is absent (`None`), and one that nobody can know before
the deployment (`UNKNOWN`). The third is the reason for a finding of kind "open": it neither holds nor fails.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

__all__ = [
    "UNKNOWN",
    "is_intrinsic",
    "is_unknown",
    "literal",
    "references",
    "referred",
    "resolved",
    "resources_of",
    "substituted",
]

_INTRINSIC: Final = re.compile(r"^(Fn::.+|Ref|Condition)$")
_SUB: Final = re.compile(r"\$\{(!?)([^}]*)\}")
_DEPTH: Final = 60


class _Unknown:
    """The one value of its type."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        message = "a value that is not known is neither true nor false: ask is_unknown() first"
        raise TypeError(message)


UNKNOWN: Final = _Unknown()


def is_unknown(value: object) -> bool:
    """Whether the value cannot be known from the template."""
    return value is UNKNOWN


def literal(value: object) -> object:
    """`"true"` and `"8"` as CloudFormation takes them: for booleans and whole numbers, strings do as well."""
    if isinstance(value, str):
        if value.lower() in {"true", "false"}:
            return value.lower() == "true"
        if re.fullmatch(r"-?\d{1,18}", value):
            return int(value)
    return value


def resolved(template: Mapping[str, Any], value: Any, depth: int = 0) -> Any:
    """The value with its intrinsic functions worked out; `UNKNOWN` if that takes more than the template.

    `Ref` gives the default of a parameter; `AWS::NoValue` gives `None`. What is inside a mapping or list is left alone.
    """
    if depth > _DEPTH:
        return UNKNOWN
    call = _call(value)
    if call is None:
        return value
    name, argument = call
    known = {"Fn::FindInMap": _mapped, "Fn::If": _chosen, "Fn::Join": _joined, "Fn::Sub": _filled, "Ref": _default}
    return known[name](template, argument, depth) if name in known else UNKNOWN


def references(value: Any) -> frozenset[str]:
    """Logical ids of all that the value refers to, by `Ref`, `Fn::GetAtt` or `Fn::Sub`."""
    return frozenset(_references(value))


def referred(template: Mapping[str, Any], value: Any) -> str | None:
    """The one resource of the template that the value refers to; None if it is none or several."""
    found = references(value) & set(template.get("Resources", {}))
    return next(iter(found)) if len(found) == 1 else None


def resources_of(
    template: Mapping[str, Any], types: Collection[str]
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Logical id, whole entry and properties of every resource of these types."""
    for logical_id, resource in template.get("Resources", {}).items():
        if isinstance(resource, Mapping) and resource.get("Type") in types:
            properties = resource.get("Properties")
            yield str(logical_id), resource, properties if isinstance(properties, Mapping) else {}


def substituted(template: Mapping[str, Any], value: Any) -> Any:
    """The value with everything in it worked out that can be; the rest stays as it is written."""
    if is_intrinsic(value):
        found = resolved(template, value)
        return value if found is UNKNOWN or found is None else substituted(template, found)
    if isinstance(value, Mapping):
        return {key: substituted(template, member) for key, member in value.items() if not _is_no_value(member)}
    if isinstance(value, list):
        return [substituted(template, element) for element in value if not _is_no_value(element)]
    return value


def is_intrinsic(value: object) -> bool:
    """Whether the value is an intrinsic function instead of itself."""
    return _call(value) is not None


def _call(value: object) -> tuple[str, Any] | None:
    """Name and argument of an intrinsic function; Checkov puts lines among the keys (`__startline__`)."""
    parts = [pair for pair in value.items() if not str(pair[0]).startswith("__")] if isinstance(value, Mapping) else []
    return (str(parts[0][0]), parts[0][1]) if len(parts) == 1 and _INTRINSIC.match(str(parts[0][0])) else None


def _is_no_value(value: object) -> bool:
    return _call(value) == ("Ref", "AWS::NoValue")


def _default(template: Mapping[str, Any], name: object, _depth: int) -> Any:
    if name == "AWS::NoValue":
        return None
    parameters = template.get("Parameters")
    declared = parameters.get(name) if isinstance(parameters, Mapping) else None
    if not isinstance(declared, Mapping) or "Default" not in declared:
        return UNKNOWN
    default, kind = declared["Default"], str(declared.get("Type", "String"))
    if kind.startswith("AWS::SSM::"):
        return UNKNOWN  # the default is the parameter's name, the value is in the account
    if kind == "Number" and isinstance(default, str):
        return literal(default)
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [part.strip() for part in str(default).split(",")]
    return default


def _chosen(template: Mapping[str, Any], argument: object, depth: int) -> Any:
    """The branch of the condition; where that is not known, what both branches have in common."""
    if not isinstance(argument, list) or len(argument) != 3:  # noqa: PLR2004 - condition and two branches
        return UNKNOWN
    holds = _holds(template, {"Condition": argument[0]}, depth + 1)
    if holds is not UNKNOWN:
        return resolved(template, argument[1 if holds else 2], depth + 1)
    one, other = (resolved(template, element, depth + 1) for element in argument[1:])
    return one if one is not UNKNOWN and other is not UNKNOWN and one == other else UNKNOWN


def _holds(template: Mapping[str, Any], condition: Any, depth: int) -> Any:
    """True, False or UNKNOWN."""
    call = _call(condition)
    if call is None or depth > _DEPTH:
        return UNKNOWN
    name, argument = call
    if name == "Condition":
        named = template.get("Conditions")
        return _holds(template, named.get(argument), depth + 1) if isinstance(named, Mapping) else UNKNOWN
    if not isinstance(argument, list) or not argument:
        return UNKNOWN
    if name == "Fn::Equals":
        sides = [resolved(template, element, depth + 1) for element in argument]
        return UNKNOWN if UNKNOWN in sides else str(sides[0]) == str(sides[-1])
    return _combined(name, [_holds(template, element, depth + 1) for element in argument])


def _combined(name: str, parts: list[Any]) -> Any:
    if name == "Fn::Not":
        return parts[0] if parts[0] is UNKNOWN else not parts[0]
    if name not in {"Fn::And", "Fn::Or"}:
        return UNKNOWN
    decisive = name == "Fn::Or"
    if any(part is decisive for part in parts):
        return decisive
    return UNKNOWN if UNKNOWN in parts else not decisive


def _joined(template: Mapping[str, Any], argument: object, depth: int) -> Any:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[1], list):  # noqa: PLR2004
        return UNKNOWN
    parts = [resolved(template, element, depth + 1) for element in argument[1]]
    if any(part is UNKNOWN or isinstance(part, (Mapping, list)) for part in parts):
        return UNKNOWN
    return str(argument[0]).join(str(part) for part in parts)


def _filled(template: Mapping[str, Any], argument: object, depth: int) -> Any:
    text, given = (argument[0], argument[1]) if isinstance(argument, list) and len(argument) == 2 else (argument, {})  # noqa: PLR2004
    if not isinstance(text, str) or not isinstance(given, Mapping):
        return UNKNOWN
    values: dict[str, Any] = {}
    for escaped, name in _SUB.findall(text):
        if not escaped:
            values[name] = resolved(template, given.get(name, {"Ref": name}), depth + 1)
            if values[name] is UNKNOWN or isinstance(values[name], (Mapping, list)):
                return UNKNOWN
    return _SUB.sub(lambda found: f"${{{found[2]}}}" if found[1] else str(values[found[2]]), text)


def _mapped(template: Mapping[str, Any], argument: object, depth: int) -> Any:
    keys = [resolved(template, element, depth + 1) for element in argument] if isinstance(argument, list) else []
    found: Any = template.get("Mappings")
    for key in keys:
        if not isinstance(key, str) or not isinstance(found, Mapping) or key not in found:
            return UNKNOWN
        found = found[key]
    return UNKNOWN if len(keys) != 3 else found  # noqa: PLR2004 - map and two keys


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for element in value:
            yield from _references(element)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            if key == "Ref" and isinstance(member, str):
                yield member
            elif key == "Fn::GetAtt":
                yield str(member[0] if isinstance(member, list) and member else member).partition(".")[0]
            elif key == "Fn::Sub":
                text = member[0] if isinstance(member, list) and member else member
                yield from (name.partition(".")[0] for escaped, name in _SUB.findall(str(text)) if not escaped)
                yield from _references(member[1:] if isinstance(member, list) else [])
            else:
                yield from _references(member)
