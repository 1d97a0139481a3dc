"""The ports that every subject uses."""

from __future__ import annotations

from typing import Protocol

from stackproof.core.json import JsonValue

__all__ = ["Store"]


class Store(Protocol):
    """Content-addressed memory of what was computed."""

    def get(self, kind: str, key: str) -> JsonValue | None:
        """What was put there, or None; a damaged entry is removed and counts as absent."""

    def put(self, kind: str, key: str, value: JsonValue) -> None:
        """Remember the value, atomically."""
