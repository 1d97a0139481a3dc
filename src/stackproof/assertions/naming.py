"""Which names an assertion may use: those of CloudFormation's schemas and those of the template itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from stackproof.assertions.failures import (
    StackAssertionError,
    UnknownNameError,
    VacuousAssertionError,
    is_failed_assertion,
)
from stackproof.assertions.matcher import Matcher, Pattern
from stackproof.assertions.matching import (
    AnyMatch,
    ArrayMatch,
    Capture,
    LiteralMatch,
    NotMatch,
    ObjectMatch,
    SerializedJson,
)
from stackproof.core.json import JsonValue
from stackproof.core.json_pointer import child, steps
from stackproof.template.ports import SchemaSource
from stackproof.template.schema import ResourceSchema
from stackproof.template.template import Template

__all__ = ["Names", "named_paths", "nearest", "require_meaning"]

__tracebackhide__ = is_failed_assertion

_SECTIONS: Final = (
    "AWSTemplateFormatVersion", "Conditions", "Description", "Hooks", "Mappings", "Metadata", "Outputs", "Parameters",
    "Resources", "Rules", "Transform",
)  # fmt: skip
_RESOURCE_KEYS: Final = (
    "Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdatePolicy",
    "UpdateReplacePolicy",
)  # fmt: skip
_ENTRY_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "Outputs": ("Condition", "Description", "Export", "Value"),
    "Parameters": (
        "AllowedPattern", "AllowedValues", "ConstraintDescription", "Default", "Description", "MaxLength", "MaxValue",
        "MinLength", "MinValue", "NoEcho", "Type",
    ),
}  # fmt: skip
_IF_BRANCHES = 3


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one."""
    folded = {text.casefold(): text for text in sorted(known)}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def suggestion(found: str | None) -> str:
    """The end of a sentence about an unknown name."""
    return f"; did you mean {found}?" if found else ""


def named_paths(pattern: Pattern, path: str = "") -> Iterator[str]:
    """A JSON pointer for every key that the pattern names; `*` represents an index.

    Raises StackAssertionError for a value that is neither JSON nor a matcher of this package.
    """
    match pattern:
        case SerializedJson():
            _ = [
                *named_paths(pattern.pattern)
            ]  # another document has other names; its foreign matchers are refused, too
        case ObjectMatch() | ArrayMatch() | LiteralMatch() | NotMatch() | Capture():
            yield from named_paths(pattern.pattern, path)
        case Mapping():
            yield from _keys(pattern, path)
        case str() | bool() | int() | float() | None:
            pass
        case list() | tuple():
            for element in pattern:
                yield from named_paths(element, f"{path}/*")
        case _:
            _refuse_foreign(pattern, path)


def _keys(pattern: Mapping[str, Pattern], path: str) -> Iterator[str]:
    function = next(iter(pattern)) if len(pattern) == 1 else ""
    if function == "Fn::If" and isinstance(branches := pattern[function], Sequence) and len(branches) == _IF_BRANCHES:
        for branch in branches[1:]:
            yield from named_paths(branch, path)
    elif function == "Ref" or function.startswith("Fn::"):
        _ = [*named_paths(pattern[function])]
    else:
        for key, member in pattern.items():
            below = child(path, key)
            yield below
            yield from named_paths(member, below)


def _refuse_foreign(pattern: Pattern, path: str) -> None:
    ancestors = type(pattern).__mro__
    if any(ancestor.__module__.startswith("aws_cdk.") for ancestor in ancestors):
        raise StackAssertionError(
            f"the pattern{f' at {path}' if path else ''} holds a matcher of aws_cdk.assertions, which lives in "
            "another process and cannot be checked: from stackproof.assertions import Match, Capture"
        )
    if Matcher not in ancestors and type(pattern).__name__ != "_Absent":
        raise StackAssertionError(
            f"the pattern{f' at {path}' if path else ''} holds a {type(pattern).__name__}, which no template can have"
        )


def require_meaning(pattern: Pattern) -> None:
    """Refuse a pattern that everything matches."""
    plain = pattern.pattern if isinstance(pattern, ObjectMatch) and pattern.partial else pattern
    if isinstance(plain, AnyMatch) or (isinstance(plain, Mapping) and not plain):
        raise VacuousAssertionError(
            "this asserts nothing: every resource matches the pattern; name a property that it must have"
        )


class Names:
    """The names that are known for one template."""

    def __init__(self, template: Template, schemas: SchemaSource) -> None:
        self._template = template
        self._schemas = schemas

    def require_type(self, resource_type: str) -> None:
        """Refuse a resource type that neither the schemas nor the template know."""
        types = {resource.resource_type for resource in self._template.resources}
        if resource_type in types or self._schemas.schema(resource_type) is not None:
            return
        found = nearest(resource_type, {*types, *self._schemas.resource_types()})
        what = (
            "the template has no resource of the custom type"
            if resource_type.startswith("Custom::")
            else ("there is no resource type")
        )
        raise UnknownNameError(f"{what} {resource_type}{suggestion(found)}")

    def require_property(self, resource_type: str, path: str) -> None:
        """Refuse a property (a JSON pointer below `Properties`) that the type does not have, or that cannot be set."""
        schema = self._schemas.schema(resource_type)
        if schema is None or self._is_set(resource_type, path):
            return
        if schema.at(path) is None:
            raise UnknownNameError(f"{resource_type} has no property {path}{suggestion(_nearest_path(schema, path))}")
        if path in schema.pointers("readOnlyProperties"):
            raise UnknownNameError(f"{resource_type} has {path} for reading only: no template sets it")

    def check_properties(self, resource_type: str, pattern: Pattern) -> None:
        """Refuse a pattern for `Properties` with a name in it that the type does not have."""
        for path in named_paths(pattern):
            self.require_property(resource_type, path)

    def check_resource(self, resource_type: str, pattern: Pattern) -> None:
        """The same for a pattern for the whole resource."""
        for path in named_paths(pattern):
            _, key, *below = path.split("/")
            if key not in _RESOURCE_KEYS:
                raise UnknownNameError(f"a resource has no {key}{suggestion(nearest(key, _RESOURCE_KEYS))}")
            if key == "Properties" and below:
                self.require_property(resource_type, path.removeprefix("/Properties"))

    def check_entry(self, section: str, pattern: Pattern) -> None:
        """The same for a pattern for an entry of another section."""
        known = _ENTRY_KEYS.get(section)
        for path in named_paths(pattern):
            key = path.split("/")[1]
            if known is not None and key not in known:
                raise UnknownNameError(f"an entry of {section} has no {key}{suggestion(nearest(key, known))}")

    def check_template(self, pattern: Pattern) -> None:
        """The same for a pattern for the whole template."""
        plain = pattern.pattern if isinstance(pattern, ObjectMatch | LiteralMatch) else pattern
        for path in named_paths(plain):
            section = path.split("/")[1]
            if section not in _SECTIONS:
                raise UnknownNameError(f"a template has no {section}{suggestion(nearest(section, _SECTIONS))}")
        if not isinstance(plain, Mapping):
            return
        for section in ("Outputs", "Parameters"):
            for entry_pattern in _entries(plain.get(section)).values():
                self.check_entry(section, entry_pattern)
        for logical_id, body in _entries(plain.get("Resources")).items():
            self.check_resource(self._type_of(logical_id, body), body)

    def _type_of(self, logical_id: str, pattern: Pattern) -> str:
        named = _entries(pattern).get("Type")
        if isinstance(named, str):
            self.require_type(named)
            return named
        resource = self._template.resource(logical_id)
        return resource.resource_type if resource else ""

    def _is_set(self, resource_type: str, path: str) -> bool:
        """Whether some resource of the type sets it: schemas may be older than the service."""
        parts = steps(path)
        resources = (resource for resource in self._template.resources if resource.resource_type == resource_type)
        return any(_has(resource.properties, parts) for resource in resources)


def _entries(pattern: Pattern) -> Mapping[str, Pattern]:
    plain = pattern.pattern if isinstance(pattern, ObjectMatch | LiteralMatch) else pattern
    return plain if isinstance(plain, Mapping) else {}


def _has(value: JsonValue, parts: Sequence[str]) -> bool:
    if not parts:
        return True
    first, rest = parts[0], parts[1:]
    if isinstance(value, Mapping):
        return first in value and _has(value[first], rest)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return first == "*" and any(_has(element, rest) for element in value)
    return False


def _nearest_path(schema: ResourceSchema, path: str) -> str | None:
    found = schema.nearest(path)
    return f"{path.rpartition('/')[0]}/{found}" if found else None
