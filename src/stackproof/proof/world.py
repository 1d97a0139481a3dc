"""The world of a run: all its stacks on one target, and their provers, made together once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from stackproof.deployment.ports import Target
from stackproof.proof.contributions import Contribution
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.prover import ProvableStack, Prover
from stackproof.proof.snapshot import Memoizer, Snapshot
from stackproof.template.ports import SchemaSource

__all__ = ["World"]


class World:
    """Makes the prover of every stack of a run, by the caller's key of the stack (artifact or stack id).

    A stack may add to a list of another one, such as the rules of its security group. So the verdict on a resource
    depends on which stacks there are: all of them are given here, and none is added later.
    """

    def __init__(
        self,
        stacks: Mapping[str, ProvableStack],
        *,
        target: Target,
        schemas: SchemaSource,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        snapshot = Snapshot.at(stack.deployment for stack in stacks.values())
        self._memo = snapshot.memo
        self._provers: Mapping[str, Prover] = MappingProxyType(
            {
                key: Prover(
                    stack=stack,
                    target=target,
                    schemas=schemas,
                    retry_policy=retry_policy or RetryPolicy(),
                    snapshot=snapshot,
                    contributions_of_all=self.contributions_of,
                )
                for key, stack in stacks.items()
            }
        )

    @property
    def provers(self) -> Mapping[str, Prover]:
        """The prover of each stack, in the order of the stacks; the mapping cannot be changed."""
        return self._provers

    @property
    def memo(self) -> Memoizer:
        """The memory of the run, by which a call that several stacks need is made once."""
        return self._memo

    def contributions_of(self, physical_id: str | None, resource_type: str, link: str) -> Iterator[Contribution]:
        """What resources of a type add to the resource of that physical id, which their property `link` names."""
        for prover in self._provers.values():
            yield from prover.contributions_of(physical_id, resource_type, link)
