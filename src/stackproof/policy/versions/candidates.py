"""Every value that a property may take: over parameters' defaults and allowed values, and both sides of conditions.

All properties of a resource are explored together, in one *world* after another: a world fixes every parameter and
condition that matters, so that an engine and a version that never meet are never judged together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from stackproof.core.json import JsonObject, JsonValue
from stackproof.template.intrinsics import (
    Context,
    Resolved,
    Unresolved,
    condition_holds,
    references,
    resolve,
    static_context,
    unresolved_in,
)
from stackproof.template.template import Resource, Template

__all__ = ["Candidate", "candidates", "dug"]

_LIMIT: Final = 400
_OTHER: Final = "\0any other value"
_TRUE: JsonObject = {"Fn::Equals": ["1", "1"]}
_FALSE: JsonObject = {"Fn::Equals": ["1", "0"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The properties as they are in some worlds; `branch` names them ("" if all of them)."""

    values: Mapping[str, Resolved]
    branch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """`is_unforeseen`: a value is unknown only because a parameter with foreseen values got another one."""

    parameters: Mapping[str, JsonValue]
    conditions: Mapping[str, bool]
    values: Mapping[str, Resolved]
    is_unforeseen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relevant:
    """Names that the outcome depends on: parameters that are read, and those that conditions ask about."""

    read: frozenset[str]
    asked: frozenset[str]
    conditions: tuple[str, ...]


def candidates(
    template: Template,
    resource: Resource,
    properties: Iterable[str],
    *,
    parameters: Mapping[str, str] | None = None,
    pseudo: Mapping[str, JsonValue] | None = None,
) -> tuple[Candidate, ...]:
    """Every combination of values that the properties may have; none if the resource is never made.

    `parameters` and `pseudo` are values that the caller supplies; they replace all other values.
    """
    wanted = {name: resource.properties[name] for name in properties if name in resource.properties}
    own_condition = resource.body.get("Condition")
    relevant = _relevant(template, wanted, own_condition)
    context = static_context(template, parameters=parameters, pseudo=pseudo)
    names = sorted(relevant.read | relevant.asked)
    known = {name: _foreseen(template.section("Parameters")[name], (parameters or {}).get(name)) for name in names}
    choices = {
        name: _choices(template, name, known[name], relevant, is_supplied=name in (parameters or {})) for name in names
    }
    every = (
        world
        for combination in itertools.product(*choices.values())
        for world in _worlds(
            context, dict(zip(choices, combination, strict=True)), known, relevant.conditions, wanted, own_condition
        )
    )
    visited = list(itertools.islice(every, _LIMIT + 1))
    if len(visited) > _LIMIT:
        reason = Unresolved(reason=f"more than {_LIMIT} combinations of parameters and conditions")
        return (Candidate(values=dict.fromkeys(wanted, reason)),)
    worlds = [world for world in visited if world is not None]
    possible = [world for world in worlds if not world.is_unforeseen] or worlds
    return _grouped(possible, relevant, template, supplied=parameters or {})


def dug(values: Mapping[str, Resolved], path: str) -> Resolved:
    """The value at a dotted path; None where there is none."""
    here: Resolved = values
    for part in path.split("."):
        if isinstance(here, Unresolved):
            return here
        here = here.get(part) if isinstance(here, Mapping) else None
    return here


def _relevant(template: Template, wanted: Mapping[str, JsonValue], own: JsonValue) -> _Relevant:
    declared = template.section("Parameters").keys()
    conditions = template.section("Conditions")
    pending = [*_tested(wanted), *([own] if isinstance(own, str) else [])]
    found: list[str] = []
    asked: set[str] = set()
    while pending:
        name = pending.pop()
        if name in found or name not in conditions:
            continue
        found.append(name)
        asked |= references(conditions[name]) & declared
        pending.extend(_tested(conditions[name]))
    return _Relevant(
        read=frozenset(references(wanted) & declared), asked=frozenset(asked), conditions=tuple(sorted(found))
    )


def _tested(value: JsonValue) -> Iterator[str]:
    """Names of the conditions that the value asks."""
    if isinstance(value, Mapping):
        for key, element in value.items():
            if key == "Fn::If" and isinstance(element, Sequence) and element and isinstance(element[0], str):
                yield element[0]
            elif key == "Condition" and isinstance(element, str):
                yield element
            yield from _tested(element)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for element in value:
            yield from _tested(element)


def _choices(
    template: Template, name: str, foreseen: tuple[JsonValue, ...], relevant: _Relevant, *, is_supplied: bool
) -> tuple[JsonValue, ...]:
    """What a parameter may be; a free one that a condition asks about is also what it is compared with, or neither."""
    declaration = template.section("Parameters")[name]
    closed = isinstance(declaration, Mapping) and "AllowedValues" in declaration
    if foreseen and (closed or is_supplied or name not in relevant.asked):
        return foreseen
    conditions = template.section("Conditions")
    compared = {text for test in relevant.conditions for text in _compared(conditions[test], name)}
    return (*foreseen, *sorted(compared - {str(element) for element in foreseen}), _OTHER)


def _foreseen(declaration: JsonValue, supplied: str | None) -> tuple[JsonValue, ...]:
    """The value that is supplied, else default and allowed values; nothing for a path into the parameter store."""
    if not isinstance(declaration, Mapping) or str(declaration.get("Type")).startswith("AWS::SSM::"):
        return ()
    if supplied is not None:
        return (supplied,)
    allowed = declaration.get("AllowedValues")
    values = [declaration["Default"]] if "Default" in declaration else []
    values += [element for element in allowed if not isinstance(element, Mapping)] if isinstance(allowed, list) else []
    found: dict[str, JsonValue] = {}
    for value in values:
        found.setdefault(str(value), value)
    return tuple(found.values())


def _compared(condition: JsonValue, name: str) -> Iterator[str]:
    """Literals that a condition compares the parameter with."""
    if isinstance(condition, Mapping):
        sides = condition.get("Fn::Equals")
        if isinstance(sides, Sequence) and {"Ref": name} in sides:
            yield from (str(side) for side in sides if isinstance(side, str | int | float))
        for member in condition.values():
            yield from _compared(member, name)
    elif isinstance(condition, Sequence) and not isinstance(condition, str):
        for element in condition:
            yield from _compared(element, name)


def _worlds(
    context: Context,
    chosen: Mapping[str, JsonValue],
    foreseen: Mapping[str, tuple[JsonValue, ...]],
    conditions: Sequence[str],
    wanted: Mapping[str, JsonValue],
    own: JsonValue,
) -> Iterator[_World | None]:
    """The worlds of one choice of parameters; None where the resource is not made, so that every look counts."""
    shaped = {name: _shaped(value, context.parameters.get(name)) for name, value in chosen.items()}
    here = replace(context, parameters={**context.parameters, **shaped})
    # Conditions may ask about any value; a property is given only those that someone wrote down for it.
    strange = {name for name, value in chosen.items() if value not in foreseen[name]}
    known = {name: parameter for name, parameter in here.parameters.items() if name not in strange}
    for decided in _decided(here, conditions):
        constant = {name: _TRUE if holds else _FALSE for name, holds in decided.items()}
        after = replace(here, parameters=known, conditions={**here.conditions, **constant})
        if isinstance(own, str) and condition_holds(own, after) is False:
            yield None
            continue
        found = resolve(wanted, after)
        values = found if isinstance(found, Mapping) else dict.fromkeys(wanted, found)
        reasons = {unresolved.reason for unresolved in unresolved_in(values)}
        missed = {f"the value of parameter {name} is not known" for name in strange if foreseen[name]}
        yield _World(parameters=chosen, conditions=decided, values=values, is_unforeseen=bool(reasons & missed))


def _shaped(value: JsonValue, like: JsonValue) -> JsonValue:
    """A list parameter's value, split as `Ref` gives it."""
    return [part.strip() for part in value.split(",")] if isinstance(like, list) and isinstance(value, str) else value


def _decided(context: Context, names: Sequence[str]) -> Iterator[dict[str, bool]]:
    """Every consistent way to decide the conditions; those that the parameters decide are decided by them."""
    found = {name: condition_holds(name, context) for name in names}
    undecided = [name for name, holds in found.items() if holds is None]
    if not undecided:
        yield {name: bool(holds) for name, holds in found.items()}
        return
    # What other conditions are made of comes first: these follow from it.
    parts = {part for name in undecided for part in _tested(context.conditions[name])} & set(undecided)
    atoms = [name for name in undecided if not parts & set(_tested(context.conditions[name]))]
    first = next((name for name in atoms if name in parts), (atoms or undecided)[0])
    for constant in (_TRUE, _FALSE):
        yield from _decided(replace(context, conditions={**context.conditions, first: constant}), names)


def _grouped(
    worlds: Sequence[_World], relevant: _Relevant, template: Template, *, supplied: Mapping[str, str]
) -> tuple[Candidate, ...]:
    groups: dict[str, list[_World]] = {}
    for world in worlds:
        groups.setdefault(repr(sorted(world.values.items())), []).append(world)
    found = [
        Candidate(values=group[0].values, branch=_branch(group, worlds, relevant, template, supplied))
        for group in groups.values()
    ]
    return tuple(sorted(found, key=lambda candidate: (repr(sorted(candidate.values.items())), candidate.branch)))


def _branch(
    group: Sequence[_World],
    worlds: Sequence[_World],
    relevant: _Relevant,
    template: Template,
    supplied: Mapping[str, str],
) -> str:
    """What holds in all worlds of the group: parameters that are read, and conditions that set it apart."""
    parts = []
    for name in sorted(relevant.read):
        values = {str(world.parameters[name]) for world in group}
        if len(values) == 1 and (value := values.pop()) != _OTHER:
            parts.append(f"parameter {name} {_origin(template, name, value, supplied)}")
    for name in relevant.conditions:
        holds = {world.conditions[name] for world in group}
        if len(holds) == 1 and len({world.conditions[name] for world in worlds}) > 1:
            parts.append(f"condition {name} {'true' if holds.pop() else 'false'}")
    return ", ".join(parts)


def _origin(template: Template, name: str, value: str, supplied: Mapping[str, str]) -> str:
    declaration = template.section("Parameters")[name]
    shown = value or "''"
    if name in supplied:
        return f"= {shown} (supplied)"
    if isinstance(declaration, Mapping) and str(declaration.get("Default")) == value:
        return f"= {shown} (its default)"
    return f"= {shown} (allowed)"
