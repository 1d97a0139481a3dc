"""What an emulator's CloudFormation does not know of a stack is left out of what it is given, and stays on record."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from stackproof.core.json import JsonObject, JsonValue, as_object, as_strings, digest
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.stack_event import STACK
from stackproof.targets.failures import translated_errors
from stackproof.template.assembly import Stack
from stackproof.template.nested import with_nested_template
from stackproof.template.pruning import PrunedTemplate, imports, prune

__all__ = [
    "NOTE",
    "KnownTypes",
    "is_pruned",
    "not_exported",
    "noted_on",
    "plain_body",
    "prune_stack",
    "refusal_of",
    "source_of",
    "with_note",
    "with_noted",
]

NOTE: Final = "stackproof"
"""The key in the `Metadata` of a deployed template for its source and for what was pruned."""

_REFUSED_TYPES: Final = re.compile(
    r"(?:Unrecognized|Unknown|Unsupported) resource types?:? \[?([\w:, ]+)\]?", re.IGNORECASE
)
_NOT_ABLE: Final = re.compile(
    r"(?:^|resource type:? )\[?\w+::\w+::\w+\]?(?: Properties\.[\w.]+(?: \([^)]*\))?)? is not (?:yet )?supported|"
    r"not (?:yet )?implemented|No resource provider found|Unrecognized resource type|"
    r"Requested attribute \S+ does not exist in schema",
    re.IGNORECASE,
)
"""How emulators refuse a type, a part of one or a provider that they lack; not a value that AWS would refuse too."""


class KnownTypes:
    """Which resource types a CloudFormation takes; its answers are memoized.

    One that `names_unknown` names those that it does not know; another refusal of it is an error then, not an answer.
    """

    def __init__(self, client: Callable[[str], Any], called: str, *, names_unknown: bool = False) -> None:
        self._client = client
        self._called = called
        self._names_unknown = names_unknown
        self._known: dict[str, bool] = {}

    def why_not(self, refused: Mapping[str, str]) -> Callable[[Stack, str], str | None]:
        """Why a stack cannot have a resource, or None; `refused` is what was refused of a root when it was tried."""

        def why(stack: Stack, logical_id: str) -> str | None:
            resource = stack.template.resource(logical_id)
            if resource is None:
                return None
            if not resource.is_custom and resource.resource_type not in self._known:  # one call for all of them
                self.unknown(resource.resource_type for resource in stack.template.resources if not resource.is_custom)
            if not self._known.get(resource.resource_type, True):
                return f"{self._called} does not know {resource.resource_type}"
            return refused.get(logical_id) if stack.parent is None else None

        return why

    def unknown(self, resource_types: Iterable[str]) -> frozenset[str]:
        """Those that it does not know, as far as it names them; one that takes any name has none."""
        wanted = frozenset(resource_types)
        new = sorted(wanted - self._known.keys())
        if new:
            refused = self._refused(new)
            self._known.update({resource_type: resource_type not in refused for resource_type in new})
        return frozenset(resource_type for resource_type in wanted if not self._known[resource_type])

    def _refused(self, resource_types: list[str]) -> frozenset[str]:
        api = self._client("cloudformation")
        probe = {
            "Resources": {f"R{number}": {"Type": resource_type} for number, resource_type in enumerate(resource_types)}
        }
        with translated_errors(f"asking {self._called} for the types that it knows"):
            try:
                api.validate_template(TemplateBody=json.dumps(probe))
            except api.exceptions.ClientError as error:
                named = _REFUSED_TYPES.search(str(error))
                if named is not None:
                    return frozenset(part.strip() for part in named[1].split(",")) & frozenset(resource_types)
                if self._names_unknown:
                    raise
        return frozenset()


def prune_stack(
    stack: Stack, why_not: Callable[[Stack, str], str | None], missing: Mapping[str, str] | None = None
) -> tuple[Stack, PrunedTemplate]:
    """The stack and those that it nests less what they cannot have, with a note in each template.

    `missing` are exports that another stack does not have here, and why.
    """
    unexported = missing or {}
    found, gone = stack, dict[str, frozenset[str]]()
    for resource in stack.template.resources:
        nested = stack.nested_at(resource.logical_id) if resource.resource_type == STACK else None
        if nested is None:
            continue
        within = replace(nested, assets=found.assets)  # the files are all the root's
        inner, less = prune_stack(within, why_not, unexported)
        if is_pruned(inner, nested):
            found = replace(found, assets=inner.assets)
            found = with_nested_template(found, nested.template.path, inner.template.body)
            gone[resource.logical_id] = frozenset(less.outputs)

    def lacks(value: JsonValue) -> str | None:
        if (taken := _taken(value, gone)) is not None:
            return f"it takes {taken}, which is left out"
        lost = min(imports(value) & unexported.keys(), default=None)
        return None if lost is None else f"it imports {lost}: {unexported[lost]}"

    less = prune(found.template.body, lambda logical_id: why_not(stack, logical_id), lacks)
    body = less.body if less.pruned or less.outputs or gone else stack.template.body
    note: dict[str, JsonValue] = {
        "source": source_of(stack),
        "pruned": dict(less.pruned),
        "not_exported": _exports(stack, less),
        "unordered": {name: list(dependencies) for name, dependencies in less.unordered.items()},
    }
    return replace(found, template=replace(found.template, body=with_note(body, note))), less


def _exports(stack: Stack, less: PrunedTemplate) -> dict[str, JsonValue]:
    """The exports that went with their outputs, as far as they are named in so many words, and why."""
    outputs = stack.template.section("Outputs")
    found: dict[str, JsonValue] = {}
    for name, why in less.outputs.items():
        output = outputs.get(name)
        export = output.get("Export") if isinstance(output, Mapping) else None
        called = export.get("Name") if isinstance(export, Mapping) else None
        if isinstance(called, str):
            found[called] = f"{stack.name} does not export it here, since {why}"
    return found


def not_exported(api: Any, stack: Stack) -> Mapping[str, str]:
    """What the stack imports and a stack that is there has left out, and why.

    An export that no stack has and none pruned is not among them: it is missing on AWS as well.
    """
    wanted = _imports(stack)
    if not wanted:
        return {}
    with translated_errors(f"reading what stack {stack.name} imports"):
        pages = api.get_paginator("list_exports").paginate()
        wanted -= {str(export["Name"]) for page in pages for export in page["Exports"]}
        if not wanted:
            return {}
        found: dict[str, str] = {}
        for page in api.get_paginator("describe_stacks").paginate():
            for other in page["Stacks"]:
                body = api.get_template(StackName=other["StackId"])["TemplateBody"]
                pruned_exports = as_object(noted_on(plain_body(body)).get("not_exported") or {})
                found.update({name: str(why) for name, why in pruned_exports.items() if name in wanted})
    return found


def _imports(stack: Stack) -> frozenset[str]:
    return imports(stack.template.body).union(*(_imports(nested) for nested in stack.nested))


def plain_body(body: Any) -> JsonObject:
    """A template as JSON; empty for a template that was written in YAML."""
    try:
        found = json.loads(body if isinstance(body, str) else json.dumps(body, default=str))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def is_pruned(found: Stack, stack: Stack) -> bool:
    """Whether the stack, or one that it nests, was pruned: it differs by more than its note."""
    return with_note(found.template.body, {}) != with_note(stack.template.body, {})


def source_of(stack: Stack) -> str:
    """A digest of the stack's templates: equal if it was deployed from the same ones."""
    inner: list[JsonValue] = [source_of(nested) for nested in stack.nested]
    return digest([dict(stack.template.body), *inner] if inner else stack.template.body)


def with_note(body: JsonObject, note: JsonObject) -> JsonObject:
    """The template with a note in its metadata."""
    metadata = body.get("Metadata")
    return {**body, "Metadata": {**(metadata if isinstance(metadata, Mapping) else {}), NOTE: note}}


def noted_on(body: JsonObject) -> JsonObject:
    """The note in a template's metadata."""
    metadata = body.get("Metadata")
    found = metadata.get(NOTE) if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def with_noted(found: Deployment, body: JsonObject) -> Deployment:
    """The deployment with the facts of the note in its template."""
    note = noted_on(body)
    pruned, unordered = note.get("pruned"), note.get("unordered")
    return replace(
        found,
        pruned={name: str(why) for name, why in as_object(pruned).items()} if pruned else {},
        unordered={name: as_strings(dependencies) for name, dependencies in as_object(unordered).items()}
        if unordered
        else {},
    )


def refusal_of(api: Any, stack_name: str, called: str) -> tuple[str, str] | None:
    """The resource that the emulator cannot make, with its own words; None if it failed for another reason."""
    try:
        events = api.describe_stack_events(StackName=stack_name)["StackEvents"]
    except api.exceptions.ClientError:
        return None
    for event in reversed(events):
        reason = str(event.get("ResourceStatusReason") or "")
        if event["ResourceStatus"] == "CREATE_FAILED" and _NOT_ABLE.search(reason):
            return str(event["LogicalResourceId"]), f"{called} refuses it: {reason}"
    return None


def _taken(value: JsonValue, gone: Mapping[str, frozenset[str]]) -> str | None:
    """The first output of a nested stack that a value takes and that is not there."""
    if isinstance(value, Mapping):
        named = value.get("Fn::GetAtt")
        if isinstance(named, list) and len(named) == 2:  # noqa: PLR2004 - a name and an attribute
            output = str(named[1]).removeprefix("Outputs.")
            if output in gone.get(str(named[0]), ()):
                return f"{named[0]}.{named[1]}"
        return next((found for member in value.values() if (found := _taken(member, gone))), None)
    if isinstance(value, list):
        return next((found for member in value if (found := _taken(member, gone))), None)
    return None
