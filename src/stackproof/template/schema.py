"""CloudFormation's resource schema of a type, as a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from stackproof.core.json import JsonObject, JsonValue, as_strings
from stackproof.core.json_pointer import steps

__all__ = ["ResourceSchema"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSchema:
    """The JSON Schema of one resource type, as AWS publishes it; paths are JSON pointers below `Properties`.

    In pointers out of the schema `*` represents any index or key.
    """

    resource_type: str
    document: JsonObject

    def pointers(self, keyword: str) -> frozenset[str]:
        """What `writeOnlyProperties`, `readOnlyProperties`, `createOnlyProperties` … name, without "/properties"."""
        values = self.document.get(keyword)
        if not isinstance(values, list):
            return frozenset()
        return frozenset(str(value).removeprefix("/properties").replace("/properties/", "/") for value in values)

    def permissions(self, handler: str) -> tuple[str, ...]:
        """The IAM actions that CloudFormation needs to "create", "read", "update", "delete" or "list" the type."""
        handlers = _mapping(self.document, "handlers")
        return tuple(sorted(as_strings(_mapping(handlers, handler).get("permissions", ()))))

    def is_write_only(self, path: str) -> bool:
        """Whether the property, or one above it, can be set but never be read."""
        parts = path.split("/")
        return any(
            len(pattern := pointer.split("/")) <= len(parts)
            and all(want in {"*", have} for want, have in zip(pattern, parts, strict=False))
            for pointer in self.pointers("writeOnlyProperties")
        )

    def at(self, path: str) -> JsonObject | None:
        """The subschema of a property, `$ref` followed; None if the schema has no such property.

        An empty mapping means that anything is allowed there. Of alternatives that have it, the first counts.
        """
        found = self._all_at(path)
        return found[0] if found else None

    def nearest(self, path: str) -> str | None:
        """The known sibling name closest to the last part of an unknown path, for an error message."""
        parent, _, name = path.rpartition("/")
        folded = {
            text.casefold(): text
            for here in self._all_at(parent)
            for variant in self._variants(here)
            for text in _mapping(variant, "properties")
        }
        close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
        return folded[close[0]] if close else None

    @property
    def tag_property(self) -> str | None:
        """Where tags go ("/Tags"); None if the type cannot be tagged."""
        tagging = self.document.get("tagging")
        if not isinstance(tagging, Mapping):
            return "/Tags" if "Tags" in _mapping(self.document, "properties") else None
        if tagging.get("taggable") is not True:
            return None
        return str(tagging.get("tagProperty", "/properties/Tags")).removeprefix("/properties")

    def followed(self, schema: JsonObject) -> JsonObject:
        """The schema behind a local `$ref`."""
        seen: set[str] = set()
        while isinstance(reference := schema.get("$ref"), str) and reference not in seen:
            seen.add(reference)
            found: JsonValue = self.document
            for part in reference.removeprefix("#/").split("/"):
                found = found.get(part) if isinstance(found, Mapping) else None
            if not isinstance(found, Mapping):
                return {}
            schema = found
        return schema

    def _all_at(self, path: str) -> tuple[JsonObject, ...]:
        """The schema of the property in every alternative."""
        here: tuple[JsonObject, ...] = (self.document,)
        for name in steps(path):
            here = tuple(below for element in here for below in self._below(element, name))
        return here

    def _below(self, schema: JsonObject, name: str) -> tuple[JsonObject, ...]:
        variants = self._variants(schema)
        found = tuple(self.followed(below) for variant in variants if (below := _child(variant, name)) is not None)
        if found:
            return found
        types = [str(variant["type"]) for variant in variants if "type" in variant]
        is_closed = any(variant.get("additionalProperties") is False or "properties" in variant for variant in variants)
        is_free = not is_closed and (not types or any("object" in resource_type for resource_type in types))
        return ({},) if is_free else ()

    def _variants(self, schema: JsonObject) -> list[JsonObject]:
        """The schema itself and, at any depth, the alternatives that it is made of."""
        found = [schema]
        # The list grows while it is read: alternatives may have alternatives.
        for element in found:
            for keyword in ("oneOf", "anyOf", "allOf"):
                options = element.get(keyword)
                if isinstance(options, list):
                    followed = [self.followed(option) for option in options if isinstance(option, Mapping)]
                    found.extend(option for option in followed if not any(option is known for known in found))
        return found


def _mapping(schema: JsonObject, keyword: str) -> JsonObject:
    value = schema.get(keyword)
    return value if isinstance(value, Mapping) else {}


def _child(schema: JsonObject, name: str) -> JsonObject | None:
    """The schema of a key or an index in one schema, without its alternatives."""
    if isinstance(found := _mapping(schema, "properties").get(name), Mapping):
        return found
    items = schema.get("items")
    if isinstance(items, Mapping) and (name.isdigit() or name == "*"):
        return items
    patterns = _mapping(schema, "patternProperties")
    if patterns:
        # A key that fits no pattern is for the engines to find: here it is the values' schema that is asked for.
        fitting = [subschema for pattern, subschema in patterns.items() if _fits(pattern, name)] or [*patterns.values()]
        return next((element for element in fitting if isinstance(element, Mapping)), {})
    more = schema.get("additionalProperties")
    return more if isinstance(more, Mapping) else None


def _fits(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:  # JSON Schema's expressions are JavaScript's
        return False
