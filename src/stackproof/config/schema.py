"""JSON Schemas that the package ships."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

__all__ = ["read_schema"]


def read_schema(name: str) -> dict[str, Any]:
    """A schema of the package, parsed."""
    text = resources.files("stackproof.config").joinpath("schemas", name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
