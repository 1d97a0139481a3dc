"""JSON pointers (RFC 6901)."""

from __future__ import annotations

__all__ = ["escaped"]


def escaped(key: str) -> str:
    """A key as one part of a pointer."""
    return key.replace("~", "~0").replace("/", "~1")
