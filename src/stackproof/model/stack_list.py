"""Which stacks of an account and region there are, as a run was told; what it did not ask for it cannot miss."""

from __future__ import annotations

from dataclasses import dataclass, field

from stackproof.model.fleet import StackFilter
from stackproof.model.json import digest

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

    @property
    def filters(self) -> str:
        """The same for lists of which the same tags and owners are meant, whoever says so; empty where all are."""
        wanted = self.wanted
        if not (wanted.tags or wanted.owners):
            return ""
        owners = [wanted.owner_tag, *sorted(set(wanted.owners))] if wanted.owners else []
        return digest([[list(each) for each in sorted(set(wanted.tags))], owners])[:32]

    def lacks(self, name: str) -> bool:
        """Whether a stack of this name was asked for, and is not there."""
        return name not in self.there and (self.asked is None or name in self.asked)
