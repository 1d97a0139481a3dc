"""Queries over the resources of a stack, authored and generated ones apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast, overload

from stackproof.assertions.failures import (
    StackAssertionError,
    UnknownNameError,
    VacuousAssertionError,
    is_failed_assertion,
)
from stackproof.assertions.matcher import Pattern, shown
from stackproof.assertions.naming import Names, nearest, require_meaning, suggestion
from stackproof.assertions.template import tested_properties
from stackproof.core.json import JsonValue
from stackproof.core.json_pointer import steps
from stackproof.template.assembly import Stack
from stackproof.template.intrinsics import references
from stackproof.template.ports import SchemaSource
from stackproof.template.template import Resource, Template

__all__ = ["ResourceList", "StackQuery"]

__tracebackhide__ = is_failed_assertion


class ResourceList(Sequence[Resource]):
    """Resources in the order of their logical ids. It may be counted when empty, but not iterated over."""

    def __init__(self, resources: Iterable[Resource], *, question: str) -> None:
        self._resources = tuple(resources)
        self._question = question

    @property
    def logical_ids(self) -> tuple[str, ...]:
        """The logical ids, sorted."""
        return tuple(resource.logical_id for resource in self)

    def or_none(self) -> tuple[Resource, ...]:
        """The same resources, also if there are none: a loop over them may do nothing."""
        return self._resources

    def __len__(self) -> int:
        return len(self._resources)

    def __iter__(self) -> Iterator[Resource]:
        if not self._resources:
            raise VacuousAssertionError(
                f"this checked nothing: the stack has no {self._question}; .or_none() if that is a fine answer"
            )
        return iter(self._resources)

    @overload
    def __getitem__(self, index: int) -> Resource: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Resource, ...]: ...
    def __getitem__(self, index: int | slice) -> Resource | tuple[Resource, ...]:
        return tuple(self)[index]

    def __repr__(self) -> str:
        return f"<{len(self)} {self._question}: {', '.join(resource.logical_id for resource in self._resources)}>"


class StackQuery:
    """One stack. `looked_at` counts the resources and outputs that the queries have read."""

    def __init__(self, stack: Stack, schemas: SchemaSource) -> None:
        self._stack = stack
        self._names = Names(stack.template, schemas)
        self._looked_at = 0

    @property
    def looked_at(self) -> int:
        """The number of resources and outputs that the queries have read so far."""
        return self._looked_at

    @property
    def name(self) -> str:
        """The stack's name."""
        return self._stack.name

    @property
    def template(self) -> Template:
        """The stack's template as a value; assertions on it are neither checked nor counted."""
        return self._stack.template

    def resources(
        self, resource_type: str | None = None, *, authored: bool | None = None, where: Pattern | None = None
    ) -> ResourceList:
        """The resources of the type (without one: of all types) whose properties match `where`.

        `authored=True` leaves out what CDK generated, `False` gives nothing else.
        """
        if resource_type is not None:
            self._names.require_type(resource_type)
        self._looked_at += len(self.template.resources)
        found = [
            resource
            for resource in self.template.resources
            if resource_type in {None, resource.resource_type} and authored in {None, not resource.generated}
        ]
        if where is not None:
            require_meaning(where)
            self._check_pattern(resource_type, where)
            found = [
                resource for resource in found if tested_properties(resource, where, self.template).outcome.matched
            ]
        return ResourceList(found, question=_question(resource_type, authored=authored, where=where))

    def resource(self, resource_type: str, *, authored: bool | None = True, where: Pattern | None = None) -> Resource:
        """The only such resource; by default, generated resources are left out. None or several fail."""
        found = self.resources(resource_type, authored=authored, where=where)
        if len(found) != 1:
            names = ", ".join(f"{resource.logical_id} ({resource.location()})" for resource in found.or_none())
            question = _question(resource_type, authored=authored, where=where)
            raise StackAssertionError(f"expected exactly one {question}, found {len(found)}{names and ': '}{names}")
        return found[0]

    def outputs(self) -> dict[str, dict[str, Any]]:
        """Every output by its name; fails if there is none."""
        outputs = self.template.section("Outputs")
        if not outputs:
            raise VacuousAssertionError("this checked nothing: the stack has no outputs")
        self._looked_at += len(outputs)
        return {name: cast("dict[str, Any]", body) for name, body in sorted(outputs.items())}

    def output(self, name: str) -> dict[str, Any]:
        """The output of that name."""
        outputs = self.outputs()
        if name not in outputs:
            raise UnknownNameError(f"the stack has no output {name}{suggestion(nearest(name, outputs))}")
        return outputs[name]

    def value(self, resource: Resource, path: str) -> Any:  # noqa: ANN401 - JSON of any shape, for assertions
        """The property at a JSON pointer below `Properties`, as written; fails if it is unknown or not set."""
        self._names.require_property(resource.resource_type, _generalized(path))
        self._looked_at += 1
        here: JsonValue = resource.properties
        for step in steps(path):
            here = self._below(here, step, resource, path)
        return here

    def references(self, resource: Resource, path: str = "") -> tuple[str, ...]:
        """The logical ids that a property refers to by Ref, GetAtt or Sub; the path "" covers all properties."""
        return tuple(
            sorted(
                reference for reference in references(self.value(resource, path)) if not reference.startswith("AWS::")
            )
        )

    def _below(self, here: JsonValue, name: str, resource: Resource, path: str) -> JsonValue:
        if isinstance(here, Mapping) and name in here:
            return here[name]
        if isinstance(here, Sequence) and not isinstance(here, str) and name.isdigit() and int(name) < len(here):
            return here[int(name)]
        raise StackAssertionError(f"{resource.location(path)}: {resource.logical_id} does not set {path}")

    def _check_pattern(self, resource_type: str | None, where: Pattern) -> None:
        """Without a type, every name must be known to one of the types that the stack has."""
        types = (
            {resource.resource_type for resource in self.template.resources}
            if resource_type is None
            else {resource_type}
        )
        failures: list[UnknownNameError] = []
        for name in sorted(types):
            try:
                self._names.check_properties(name, where)
            except UnknownNameError as error:
                failures.append(error)
            else:
                return
        raise (
            failures[0]
            if resource_type is not None
            else UnknownNameError(
                f"none of the stack's {len(types)} resource types has all properties of the pattern {shown(where)}"
            )
        )


def _generalized(path: str) -> str:
    """The pointer with `*` for every index, as schemas have it."""
    return "/".join("*" if part.isdigit() else part for part in path.split("/"))


def _question(resource_type: str | None, *, authored: bool | None, where: Pattern | None) -> str:
    origin = {None: "", True: "authored ", False: "generated "}[authored]
    return f"{origin}{resource_type or 'resource'}{' that matches' if where is not None else ''}"
