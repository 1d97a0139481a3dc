"""Reads and writes JSON pointers (RFC 6901): `/Tags/0/Value`; the empty pointer is the whole value."""

from __future__ import annotations

__all__ = ["child", "escape", "overlap", "steps"]


def escape(key: str) -> str:
    """A key as one step of a pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def child(pointer: str, key: str | int) -> str:
    """The pointer to a member or an element of the value at `pointer`."""
    return f"{pointer}/{escape(str(key))}"


def steps(pointer: str) -> list[str]:
    """The keys and indexes on the way to the value, in order."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def overlap(pointer: str, other: str) -> bool:
    """Whether two pointers are equal, or one is the pointer to a value that contains the other's."""
    return pointer == other or pointer.startswith(f"{other}/") or other.startswith(f"{pointer}/")
