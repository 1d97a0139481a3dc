"""The shape of a resource's properties: which paths are sets, documents or maps, by its schema and by our tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from stackproof.core.json import JsonObject, JsonValue
from stackproof.proof.documents import is_list
from stackproof.proof.equivalences import DOCUMENTS, EQUAL, LISTS, SETS, TELLING
from stackproof.template.intrinsics import Resolved
from stackproof.template.schema import ResourceSchema

__all__ = ["TAGS", "Shape"]

TAGS: Final = re.compile(r"/\w*Tags$")
"""Paths of tags; some services have another name for them, such as FileSystemTags."""

_INDEX: Final = re.compile(r"/\d+(?=/|$)")


class Shape:
    """What a schema states of the paths of a resource."""

    def __init__(self, schema: ResourceSchema | None) -> None:
        self.schema = schema
        self.resource_type = schema.resource_type if schema else ""
        transforms = schema.document.get("propertyTransform") if schema else None
        self.transforms = {
            key.removeprefix("/properties").replace("/properties/", "/"): str(value)
            for key, value in (transforms.items() if isinstance(transforms, Mapping) else ())
        }

    def leaves(self, path: str, value: Resolved) -> Iterator[tuple[str, Resolved]]:
        """Every leaf below the path, with its value."""
        if isinstance(value, Mapping) and (value or not path) and not self.is_document(path):
            for key, element in value.items():
                yield from self.leaves(f"{path}/{key}", element)
        elif is_list(value) and value and not self.is_set(path):
            for index, element in enumerate(value):
                yield from self.leaves(f"{path}/{index}", element)
        else:
            yield path, value

    def at(self, path: str) -> JsonObject | None:
        return self.schema.at(path) if self.schema else None

    def types(self, path: str) -> frozenset[str]:
        """The JSON types that the schema allows, through `anyOf` and its like."""
        here = self.at(path)
        if self.schema is None or here is None:
            return frozenset()
        found: set[str] = set()
        options = [option for word in ("oneOf", "anyOf", "allOf") for option in _listed(here.get(word))]
        for element in (here, *options):
            kinds = (self.schema.followed(element) if isinstance(element, Mapping) else {}).get("type")
            found.update(str(kind) for kind in (_listed(kinds) or ([kinds] if kinds else [])))
        return frozenset(found)

    def is_set(self, path: str) -> bool:
        pattern = _pattern_of(path)
        if TAGS.search(path) or (self.resource_type, pattern) in SETS:
            return True
        if (self.resource_type, pattern) in LISTS:
            return False
        here = self.at(path) or {}
        return here.get("insertionOrder") is False or (
            here.get("uniqueItems") is True and here.get("insertionOrder") is not True
        )

    def is_document(self, path: str) -> bool:
        if not path:
            return False
        here = self.at(path)
        if here is None:
            return bool(DOCUMENTS.search(path))
        described = ("properties", "patternProperties", "oneOf", "anyOf", "allOf", "items")
        return "object" in self.types(path) and not any(here.get(word) for word in described)

    def is_described(self, path: str) -> bool:
        """Whether it is an object whose members the schema names, and no others."""
        return bool((self.at(path) or {}).get("properties")) and not self.is_map(path)

    def is_map(self, path: str) -> bool:
        """Whether its keys are free, such as names of environment variables."""
        return bool((self.at(path) or {}).get("patternProperties"))

    def telling(self, path: str) -> Mapping[str, tuple[str, ...]]:
        """Members that are not free where the template leaves them out, and their other names."""
        return TELLING.get((self.resource_type, _pattern_of(path)), {})

    def equals(self, path: str) -> Callable[[str, str], bool]:
        """How two texts that are not the same may be equal."""
        return EQUAL.get((self.resource_type, _pattern_of(path)), lambda _, __: False)

    def transform(self, path: str) -> str | None:
        return self.transforms.get(_pattern_of(path))


def _pattern_of(path: str) -> str:
    """The path as tables have it, with `*` for every index."""
    return _INDEX.sub("/*", path)


def _listed(value: JsonValue) -> list[JsonValue]:
    return list(value) if isinstance(value, list) else []
