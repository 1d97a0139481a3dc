"""A template less what a target does not know: what goes, why, and what stays without it. Nothing goes silently."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from stackproof.core.json import JsonObject, JsonValue
from stackproof.template.intrinsics import references

__all__ = ["PrunedTemplate", "imports", "prune"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedTemplate:
    """What is left of a template. `pruned` has the reason for each missing resource, `outputs` for each missing output.

    `unordered` are resources that stay, but need not wait any more for those they named in `DependsOn`.
    """

    body: JsonObject
    pruned: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    unordered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def prune(
    body: JsonObject,
    why_not: Callable[[str], str | None],
    lacks: Callable[[JsonValue], str | None] = lambda _: None,
) -> PrunedTemplate:
    """The template without each resource for which `why_not` has a reason, and without all that refers to one.

    `lacks` gives the reason why a value of a resource or of an output cannot be made, whatever refers to it.

    A missing resource gives no value. Pruning therefore removes also every resource that takes one by Ref, GetAtt or
    Sub, in any number of steps. `DependsOn` gives only an order: a name in it that is missing is struck out.
    """
    resources = _section(body, "Resources")
    pruned = {
        name: reason
        for name, resource in sorted(resources.items())
        if (reason := why_not(name) or lacks(_value(resource))) is not None
    }
    outputs = {
        name: reason for name, output in _section(body, "Outputs").items() if (reason := lacks(output)) is not None
    }
    if not pruned and not outputs:
        return PrunedTemplate(body=body)
    while more := _dependents(_less(resources, pruned), pruned):
        pruned.update(more)
    kept = _less(resources, pruned)
    outputs = {**_dependents(_section(body, "Outputs"), pruned), **outputs}
    unordered = {
        name: gone
        for name, resource in sorted(kept.items())
        if (gone := tuple(sorted(other for other in _waits_for(resource) if other in pruned)))
    }
    rest = {
        **body,
        "Resources": {
            name: _without_order(member, unordered[name]) if name in unordered else member
            for name, member in kept.items()
        },
    }
    if outputs:
        rest["Outputs"] = _less(_section(body, "Outputs"), outputs)
        if not rest["Outputs"]:
            del rest["Outputs"]  # CloudFormation refuses an empty section
    return PrunedTemplate(body=rest, pruned=dict(sorted(pruned.items())), outputs=outputs, unordered=unordered)


def _dependents(entries: JsonObject, gone: Mapping[str, str]) -> dict[str, str]:
    """The entries that take a value from one that is gone."""
    found: dict[str, str] = {}
    for name, ledger_entry in sorted(entries.items()):
        missing = sorted(references(_value(ledger_entry)) & gone.keys())
        if missing:
            found[name] = f"it refers to {', '.join(missing)}"
    return found


def imports(value: JsonValue) -> frozenset[str]:
    """The exports that a value takes, as far as they are named in so many words."""
    if isinstance(value, Mapping):
        named = value.get("Fn::ImportValue")
        own = frozenset([named]) if isinstance(named, str) else frozenset[str]()
        return own.union(*(imports(member) for member in value.values()))
    return frozenset[str]().union(*(imports(element) for element in value)) if isinstance(value, list) else frozenset()


def _value(entry: JsonValue) -> JsonValue:
    """A resource or an output without its metadata."""
    return {key: value for key, value in entry.items() if key != "Metadata"} if isinstance(entry, Mapping) else entry


def _waits_for(resource: JsonValue) -> tuple[str, ...]:
    named = resource.get("DependsOn") if isinstance(resource, Mapping) else None
    if isinstance(named, str):
        return (named,)
    return tuple(str(element) for element in named) if isinstance(named, list) else ()


def _without_order(resource: JsonValue, gone: tuple[str, ...]) -> JsonValue:
    rest = [name for name in _waits_for(resource) if name not in gone]
    body = dict(resource) if isinstance(resource, Mapping) else {}
    del body["DependsOn"]
    return {**body, "DependsOn": rest} if rest else body


def _less(entries: JsonObject, gone: Collection[str]) -> dict[str, JsonValue]:
    return {name: ledger_entry for name, ledger_entry in entries.items() if name not in gone}


def _section(body: JsonObject, name: str) -> JsonObject:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}
