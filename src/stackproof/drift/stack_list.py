"""The stacks that a run listed in an account and region; a stack that it did not list cannot be missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from stackproof.core.json import digest
from stackproof.drift.fleet.task import StackFilter

__all__ = ["StackList", "name_in"]


def name_in(asked: str) -> str:
    """The name of the stack that is asked for by its name or by its ARN."""
    _, is_arn, rest = asked.partition(":stack/")
    return rest.partition("/")[0] if is_arn else asked


@dataclass(frozen=True, slots=True, kw_only=True)
class StackList:
    """The names of the stacks that are there.

    `asked` are the names and ARNs that were asked for, None if the list is of all stacks; `wanted` says which of them
    are meant.
    """

    account: str
    region: str
    there: frozenset[str]
    asked: frozenset[str] | None = None
    wanted: StackFilter = field(default_factory=StackFilter)

    @property
    def filters(self) -> str:
        """A digest of the wanted tags and owners, equal for equal filters; empty if all stacks are wanted."""
        wanted = self.wanted
        if not (wanted.tags or wanted.owners):
            return ""
        owners = [wanted.owner_tag, *sorted(set(wanted.owners))] if wanted.owners else []
        return digest([[list(tag) for tag in sorted(set(wanted.tags))], owners])[:32]

    def lacks(self, name: str) -> bool:
        """Whether a stack of this name was requested and does not exist."""
        return name not in self.there and (self.asked is None or name in map(name_in, self.asked))

    def means(self, name: str, stack_id: str) -> bool:
        """Whether it would have this very stack: an ARN is not of another one that has the name as well."""
        return self.asked is None or bool({name, stack_id} & self.asked)
