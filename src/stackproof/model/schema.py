"""What CloudFormation's resource schema says of a type, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from stackproof.model.json import JsonObject, JsonValue

__all__ = ["ResourceSchema"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSchema:
    """The JSON Schema of one resource type, as AWS publishes it; paths are JSON pointers below `Properties`.

    In pointers out of the schema `*` stands for any index or key.
    """

    resource_type: str
    document: JsonObject

    def pointers(self, keyword: str) -> frozenset[str]:
        """What `writeOnlyProperties`, `readOnlyProperties`, `createOnlyProperties` … name, without "/properties"."""
        values = self.document.get(keyword)
        if not isinstance(values, list):
            return frozenset()
        return frozenset(str(each).removeprefix("/properties").replace("/properties/", "/") for each in values)

    def is_write_only(self, path: str) -> bool:
        """Whether the property, or one above it, can be set but never be read."""
        parts = path.split("/")
        return any(
            len(pattern := each.split("/")) <= len(parts)
            and all(want in {"*", have} for want, have in zip(pattern, parts, strict=False))
            for each in self.pointers("writeOnlyProperties")
        )

    def at(self, path: str) -> JsonObject | None:
        """The subschema of a property, `$ref` followed; None if the schema has no such property.

        An empty mapping means that anything is allowed there.
        """
        here: JsonObject = self.document
        for part in path.split("/")[1:]:
            below = self._below(here, part)
            if below is None:
                return None
            here = self.followed(below)
        return here

    def nearest(self, path: str) -> str | None:
        """The known sibling name closest to the last part of an unknown path, for an error message."""
        parent, _, name = path.rpartition("/")
        here = self.at(parent)
        known = here.get("properties") if here else None
        names = list(known) if isinstance(known, Mapping) else []
        folded = {each.casefold(): each for each in names}
        close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
        return folded[close[0]] if close else None

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

    def _below(self, schema: JsonObject, part: str) -> JsonObject | None:
        for alternative in (schema, *self._alternatives(schema)):
            known = alternative.get("properties")
            if isinstance(known, Mapping) and isinstance(found := known.get(part), Mapping):
                return found
            items = alternative.get("items")
            if isinstance(items, Mapping) and (part.isdigit() or part == "*"):
                return items
            patterns = alternative.get("patternProperties")
            if isinstance(patterns, Mapping):
                return next((each for each in patterns.values() if isinstance(each, Mapping)), {})
            if isinstance(more := alternative.get("additionalProperties"), Mapping):
                return more
        types = schema.get("type")
        free = "properties" not in schema and (types is None or "object" in types)  # type: ignore[operator]
        return {} if free and not self._alternatives(schema) else None

    def _alternatives(self, schema: JsonObject) -> tuple[JsonObject, ...]:
        found: list[JsonObject] = []
        for keyword in ("oneOf", "anyOf", "allOf"):
            options = schema.get(keyword)
            if isinstance(options, list):
                found.extend(self.followed(each) for each in options if isinstance(each, Mapping))
        return tuple(found)
