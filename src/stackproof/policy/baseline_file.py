"""What a baseline remembers of findings: enough to know them again, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Baseline", "BaselineKey"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BaselineKey:
    """What tells one old finding from another.

    `stack` is empty where there is none. `file` (the template, or whatever else it is about) is empty where the stack
    tells enough, which its name does not in a run over several stacks of that name.
    `place` is the construct path, the logical id where there is no path, and empty where there is neither.
    `rules` are those of all its origins, sorted.
    """

    stack: str
    file: str
    place: str
    rules: tuple[str, ...]


Baseline: TypeAlias = Mapping[BaselineKey, int]
"""How many findings there were of each key."""
