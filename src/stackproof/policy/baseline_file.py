"""What a baseline remembers of findings: enough to know them again, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Baseline", "BaselineKey"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BaselineKey:
    """Identifies an old finding.

    `stack` is empty where there is none. `file` is the template, or another file that the finding is about. It is empty
    where the stack's name is enough: in a run over several stacks of one name it is not.
    `place` is the construct path, the logical id where there is no path, and empty where there is neither.
    `rules` are the rules of all its origins, sorted.
    """

    stack: str
    file: str
    place: str
    rules: tuple[str, ...]


Baseline: TypeAlias = Mapping[BaselineKey, int]
"""How many findings there were of each key."""
