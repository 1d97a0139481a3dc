"""Where knowledge of resource types comes from."""

from __future__ import annotations

from typing import Protocol

from stackproof.template.schema import ResourceSchema

__all__ = ["SchemaSource"]


class SchemaSource(Protocol):
    """Where resource schemas come from."""

    def schema(self, resource_type: str) -> ResourceSchema | None:
        """The schema of the type, or None if there is no such type."""

    def resource_types(self) -> tuple[str, ...]:
        """Every known type, sorted."""
