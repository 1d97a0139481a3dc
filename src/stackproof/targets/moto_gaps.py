"""What moto's services cannot hold: (resource type, JSON pointer) → why. Such a property is not proven on it.

Each row has a test that fails when the emulator learns it. In pointers `*` stands for any index or key; a row covers
what is below its pointer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["GAPS", "is_gap"]

GAPS: Final[Mapping[tuple[str, str], str]] = {}


def is_gap(resource_type: str, path: str) -> bool:
    """Whether the property, or one above it, has a row."""
    parts = path.split("/")
    return any(
        kind == resource_type
        and len(pattern := pointer.split("/")) <= len(parts)
        and all(want in {"*", have} for want, have in zip(pattern, parts, strict=False))
        for kind, pointer in GAPS
    )
