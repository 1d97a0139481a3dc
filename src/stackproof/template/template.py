"""A CloudFormation template as a value: its resources, each with the place where a person wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from stackproof.core.json import JsonObject, JsonValue
from stackproof.template.location import Location, SourceLine

__all__ = ["Resource", "Template"]

_EMPTY: JsonObject = {}
_Known = TypeVar("_Known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One entry of `Resources`. `body` is the whole entry as written, intrinsic functions and all.

    `generated` is True where CDK added the resource by itself (the handler of a custom resource, its role).
    `property_sources` maps JSON pointers below `Properties` to the line of the app that set them,
    `property_lines` to their line in the template.
    """

    logical_id: str
    resource_type: str
    body: JsonObject
    stack_name: str | None = None
    construct_path: str | None = None
    source: SourceLine | None = None
    property_sources: Mapping[str, SourceLine] = field(default_factory=dict)
    generated: bool = False
    template_file: str | None = None
    template_line: int | None = None
    property_lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def properties(self) -> JsonObject:
        """`Properties` as written; an absent or null section is empty."""
        properties = self.body.get("Properties")
        return properties if isinstance(properties, Mapping) else _EMPTY

    @property
    def is_custom(self) -> bool:
        """Whether a Lambda function or topic creates and deletes it, not CloudFormation."""
        return self.resource_type.startswith("Custom::") or self.resource_type == "AWS::CloudFormation::CustomResource"

    def location(self, property_path: str | None = None) -> Location:
        """The best known place of the resource, or of one of its properties (a JSON pointer)."""
        source = _nearest(self.property_sources, property_path) or self.source
        template_line = _nearest(self.property_lines, property_path) or self.template_line
        return Location(
            stack_name=self.stack_name,
            logical_id=self.logical_id,
            resource_type=self.resource_type,
            property_path=property_path,
            construct_path=self.construct_path,
            file=source.file if source else self.template_file,
            line=source.line if source else template_line,
            template_file=self.template_file,
            template_line=template_line,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template. `file` is its name in reports, `path` where it can be read, `body` what is in it.

    `digest` is the SHA-256 of the file's bytes. `resources` are sorted by logical id. `unreadable` are the entries that
    are not resources, with the reason, file and line; the rest is evaluated.
    """

    file: str
    path: str
    body: JsonObject
    digest: str
    resources: tuple[Resource, ...]
    unreadable: Mapping[str, str] = field(default_factory=dict)
    stack_name: str | None = None

    def resource(self, logical_id: str) -> Resource | None:
        """The resource of that logical id, or None."""
        return next((resource for resource in self.resources if resource.logical_id == logical_id), None)

    def section(self, name: str) -> JsonObject:
        """A section ("Parameters", "Outputs" …) as a mapping; empty if absent."""
        value: JsonValue = self.body.get(name)
        return value if isinstance(value, Mapping) else _EMPTY

    @property
    def transforms(self) -> tuple[str, ...]:
        """Names of the macros that rewrite the template before it is deployed."""
        value = self.body.get("Transform")
        if isinstance(value, str):
            return (value,)
        if isinstance(value, Mapping):
            return (str(value.get("Name")),)
        return tuple(str(element) for element in value) if isinstance(value, list) else ()


def _nearest(known: Mapping[str, _Known], property_path: str | None) -> _Known | None:
    """What is known of the property, or of the nearest one above it."""
    path = property_path or ""
    while path:
        if path in known:
            return known[path]
        path = path.rpartition("/")[0]
    return None
