"""What MiniStack drops or cannot do: such a property is not proven on it, and such a way of a record is not seen.

Each row of GAPS has a test that fails when the emulator learns it. In pointers `*` stands for any index or key; a row
covers what is below its pointer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["GAPS", "NOT_POLLED", "is_gap"]

GAPS: Final[Mapping[tuple[str, str], str]] = {
}

NOT_POLLED: Final = ""

def is_gap(resource_type: str, path: str) -> bool:
    """Whether the property, or one above it, has a row."""
    parts = path.split("/")
    return any(
        kind == resource_type
        and len(pattern := pointer.split("/")) <= len(parts)
        and all(want in {"*", have} for want, have in zip(pattern, parts, strict=False))
        for kind, pointer in GAPS
    )
