"""JSON Schemas that the package ships, completed from the table of engines."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from stackproof.policy.engines.table import CONTROL_KEYS, TABLE

__all__ = ["read_schema"]


def read_schema(name: str) -> dict[str, Any]:
    """A schema of the package, parsed. Its file accepts any engine; this one accepts the engines of the table."""
    text = resources.files("stackproof.config").joinpath("schemas", name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    if name == "stackproof.schema.json":
        engines = {
            row.name: _engine(document["$defs"]["engine"], takes_python=row.takes_python)
            for row in TABLE
            if row.make is not None
        }
        document["properties"]["engines"] = _completed(document["properties"]["engines"], engines)
    if name == "controls.schema.json":
        rules = {key: {"$ref": "#/$defs/ids", "description": text} for key, text in CONTROL_KEYS.items()}
        document["$defs"]["control"] = {
            **_completed(document["$defs"]["control"], rules),
            "anyOf": [{"required": [key]} for key in CONTROL_KEYS],
        }
    return document


def _engine(schema: dict[str, Any], *, takes_python: bool) -> dict[str, Any]:
    """The schema of one engine: without `python` if the engine would ignore it."""
    known = {key: part for key, part in schema["properties"].items() if key != "python" or takes_python}
    return {**schema, "properties": known}


def _completed(part: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    """An object's schema with these properties too, and no others."""
    return {**part, "properties": {**part.get("properties", {}), **properties}, "additionalProperties": False}
