"""JSON Schemas that the package ships, completed from the table of engines."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from stackproof.policy.engines.table import CONTROL_KEYS, ENGINES

__all__ = ["read_schema"]


def read_schema(name: str) -> dict[str, Any]:
    """A schema of the package, parsed. Its file accepts any engine; this one accepts the engines of the table."""
    text = resources.files("stackproof.config").joinpath("schemas", name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    if name == "stackproof.schema.json":
        _complete(document["properties"]["engines"], {engine: {"$ref": "#/$defs/engine"} for engine in ENGINES})
    if name == "controls.schema.json":
        control = document["$defs"]["control"]
        control["anyOf"] = [{"required": [key]} for key in CONTROL_KEYS]
        rules = {key: {"$ref": "#/$defs/ids", "description": text} for key, text in CONTROL_KEYS.items()}
        _complete(control, rules)
    return document


def _complete(part: dict[str, Any], properties: dict[str, Any]) -> None:
    part["properties"] = {**part.get("properties", {}), **properties}
    part["additionalProperties"] = False
