"""A template from nothing but its data, for tools that have parsed it themselves."""

from __future__ import annotations

from collections.abc import Mapping

from stackproof.core.json import JsonObject, digest
from stackproof.template.template import Resource, Template

__all__ = ["template_of"]


def template_of(body: JsonObject, file: str = "template") -> Template:
    """The template without entries that are not resources: the tool that parsed it has rules for those."""
    section = body.get("Resources")
    rows = section.items() if isinstance(section, Mapping) else ()
    resources = [
        Resource(logical_id=logical_id, resource_type=kind, body=body, template_file=file)
        for logical_id, body in sorted(rows)
        if isinstance(body, Mapping) and isinstance(kind := body.get("Type"), str)
    ]
    return Template(file=file, path=file, body=body, digest=digest(sorted(body)), resources=tuple(resources))
