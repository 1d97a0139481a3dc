"""How tables of what an emulator drops are read."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["covers"]


def covers(rows: Iterable[tuple[str, str]], resource_type: str, path: str) -> bool:
    """Whether the property, or one above it, has a row: `*` in a row's pointer matches any index or key."""
    parts = path.split("/")
    return any(
        row_type == resource_type
        and len(pattern := pointer.split("/")) <= len(parts)
        and all(want in {"*", have} for want, have in zip(pattern, parts, strict=False))
        for row_type, pointer in rows
    )
