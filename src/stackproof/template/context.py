"""What is known while intrinsic functions are resolved, and values that are known only in part.

Other packages import these names from `intrinsics`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from stackproof.core.json import JsonObject, JsonValue
from stackproof.template.template import Template

__all__ = [
    "Attribute",
    "Context",
    "Reference",
    "Resolved",
    "Unresolved",
    "is_unresolved",
    "known",
    "static_context",
    "typed",
    "unresolved_in",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A value that is not known, and why."""

    reason: str


Resolved: TypeAlias = "bool | int | float | str | Unresolved | Sequence[Resolved] | Mapping[str, Resolved] | None"
"""JSON in which `Unresolved` may replace any value."""

Reference: TypeAlias = Callable[[str], str | None]
Attribute: TypeAlias = Callable[[str, str], JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known while intrinsic functions are resolved.

    `parameters` holds effective values by name, lists already split; a declared parameter without a value is unknown.
    `reference` and `attribute` answer `Ref` and `Fn::GetAtt` of resources; None means not known.
    `zones` are the availability zones that `Fn::GetAZs` gives in `AWS::Region`.
    """

    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    pseudo: Mapping[str, JsonValue] = field(default_factory=dict)
    conditions: JsonObject = field(default_factory=dict)
    mappings: JsonObject = field(default_factory=dict)
    declared: frozenset[str] = frozenset()
    exports: Mapping[str, str] = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    reference: Reference | None = None
    attribute: Attribute | None = None


def static_context(
    template: Template, *, parameters: Mapping[str, str] | None = None, pseudo: Mapping[str, JsonValue] | None = None
) -> Context:
    """What a template knows by itself: its parameters' defaults, under the given values; resources are unknown."""
    sections = template.section("Parameters")
    values: dict[str, JsonValue] = {}
    for name, declaration in sections.items():
        if not isinstance(declaration, Mapping):
            continue
        kind = str(declaration.get("Type"))
        if parameters is not None and name in parameters:
            values[name] = typed(parameters[name], kind)
        elif "Default" in declaration and not kind.startswith("AWS::SSM::"):
            values[name] = typed(declaration["Default"], kind)
    return Context(
        parameters=values,
        pseudo=dict(pseudo or {}),
        conditions=template.section("Conditions"),
        mappings=template.section("Mappings"),
        declared=frozenset(sections),
    )


def typed(value: JsonValue, kind: str) -> JsonValue:
    """A parameter's value in the shape that `Ref` gives: lists are split."""
    if isinstance(value, str) and (kind == "CommaDelimitedList" or "List<" in kind):
        return [part.strip() for part in value.split(",")]
    return value


def is_unresolved(value: object) -> bool:
    """Whether the value itself is not known."""
    return isinstance(value, Unresolved)


def unresolved_in(value: Resolved) -> tuple[Unresolved, ...]:
    """Everything in the value that is not known, in order."""
    if isinstance(value, Unresolved):
        return (value,)
    if isinstance(value, Mapping):
        return tuple(found for member in value.values() for found in unresolved_in(member))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(found for element in value for found in unresolved_in(element))
    return ()


def known(value: Resolved) -> JsonValue:
    """The value without the parts that are not known; None if nothing of it is."""
    if isinstance(value, Unresolved):
        return None
    if isinstance(value, Mapping):
        return {key: known(element) for key, element in value.items() if not isinstance(element, Unresolved)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [known(element) for element in value if not isinstance(element, Unresolved)]
    return value
