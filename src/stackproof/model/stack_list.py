"""Which stacks of an account and region there are, as a run was told; what it did not ask for it cannot miss."""

from __future__ import annotations

from dataclasses import dataclass, field

from stackproof.model.fleet import StackFilter

__all__ = ["StackList"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackList:
    """The names of the stacks that are there.

    `asked` are the names that were asked for, None if the list is of all stacks; `wanted` says which of them are meant.
    """

    account: str
    region: str
    there: frozenset[str]
    asked: frozenset[str] | None = None
    wanted: StackFilter = field(default_factory=StackFilter)

    def lacks(self, name: str) -> bool:
        """Whether a stack of this name was asked for, and is not there."""
        return name not in self.there and (self.asked is None or name in self.asked)
