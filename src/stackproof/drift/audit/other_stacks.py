"""Declarations of the account's and region's other stacks, read only if a child has no declaration otherwise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from stackproof.core.errors import StackproofError, TargetError
from stackproof.core.json import JsonValue
from stackproof.deployment.deployment import DeployedResource
from stackproof.deployment.ports import Target
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.audit.children import ITSELF, Claims, may_declare
from stackproof.drift.child import Child
from stackproof.drift.live_stack import OtherStack
from stackproof.drift.ports import ChildFamily, StackCatalog
from stackproof.proof.ports import Reader
from stackproof.proof.prover import ProvableStack
from stackproof.proof.snapshot import Memoizer
from stackproof.proof.world import World
from stackproof.template.ports import SchemaSource
from stackproof.template.template import Template

__all__ = ["Doubt", "OtherStacks"]

_NESTED: Final = "AWS::CloudFormation::Stack"
_SUFFIXES: Final = {"aws-cn": "amazonaws.com.cn"}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Doubt:
    """Why it is unknown whether a stack declares a child."""

    reason: UnprovenReason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherStacks:
    """Their templates, each read once in a run, and only when it is asked.

    `known` are the ids of the stacks that have answered already, `reason` says why CloudFormation did not answer. What
    another stack refers to is not read, less the outputs of what is nested in it: no more permissions are needed.
    """

    target: Target
    catalog: StackCatalog
    readers: Callable[[], Mapping[str, Reader]]
    schemas: SchemaSource
    memo: Memoizer
    known: frozenset[str]
    reason: Callable[[TargetError], UnprovenReason | None]
    jobs: int = 8

    def declare(self, family: ChildFamily, owner: Collection[str], child: Child) -> Doubt | bool:
        """Whether one of them declares the child of this owner, or why that is unknown."""
        listed = self.memo((OtherStacks, "list"), self._listed)
        if isinstance(listed, Doubt):
            return listed
        others = [stack for stack in listed if stack.stack_id not in self.known]
        doubts: list[Doubt] = []
        with ThreadPoolExecutor(max_workers=max(1, self.jobs), thread_name_prefix="stacks") as pool:
            for found in pool.map(lambda other: self._declares(other, family, owner, child), others):
                if found is True:
                    return True
                if isinstance(found, Doubt):
                    doubts.append(found)
        return min(doubts, default=False)

    def _listed(self) -> tuple[OtherStack, ...] | Doubt:
        try:
            return self.catalog.others()
        except TargetError as error:
            return self._doubt(error)

    def _declares(self, stack: OtherStack, family: ChildFamily, owner: Collection[str], child: Child) -> Doubt | bool:
        if not stack.is_settled:
            return self._may_have(stack, family, child)
        template = self.memo((OtherStacks, "template", stack.stack_id), lambda: self._template(stack))
        if isinstance(template, Doubt):
            return template
        if not may_declare(template, self._pseudo(), family, owner, child):
            return False
        claims = self.memo((OtherStacks, "claims", stack.stack_id), lambda: self._claims(stack))
        if isinstance(claims, Doubt):
            return claims
        found = claims.declare(family, owner, child)
        if found is None:
            why = f"stack {stack.stack_name} has a declaration that depends on an unknown value"
            return Doubt(reason=UnprovenReason.UNRESOLVED, detail=why)
        return bool(found)

    def _may_have(self, stack: OtherStack, family: ChildFamily, child: Child) -> Doubt | bool:
        """Of a stack on its way from one template to another: whether anything that it has may be the child."""
        rows = self.memo((OtherStacks, "resources", stack.stack_id), lambda: self._resources(stack))
        if isinstance(rows, Doubt):
            return rows
        kinds = {kind for kind, _ in family.declared_by}
        itself = child.identity.get(ITSELF)
        if any(
            row.resource_type in kinds and (itself is None or itself in {row.physical_id, *_parts(row.physical_id)})
            for row in rows
        ):
            why = f"stack {stack.stack_name} is {stack.status} and may declare it"
            return Doubt(reason=UnprovenReason.BUSY, detail=why)
        return False

    def _template(self, stack: OtherStack) -> Template | Doubt:
        try:
            return self.catalog.template(stack.stack_id, shown=stack.stack_name)
        except StackproofError as error:
            return self._doubt(error)

    def _resources(self, stack: OtherStack) -> tuple[DeployedResource, ...] | Doubt:
        try:
            return self.catalog.resources(stack.stack_id, shown=stack.stack_name)
        except TargetError as error:
            return self._doubt(error)

    def _claims(self, stack: OtherStack) -> Claims | Doubt:
        try:
            live = self.catalog.stack(stack.stack_id, shown=stack.stack_name)
        except StackproofError as error:
            return self._doubt(error)
        if live.template is None or live.deployment is None:
            reason = live.reason or UnprovenReason.UNREACHABLE
            return Doubt(reason=reason, detail=f"stack {stack.stack_name}: {live.detail}")
        read = self.readers().get(_NESTED)
        stack_alone = ProvableStack(
            template=live.template, deployment=live.deployment, readers={_NESTED: read} if read else {}
        )
        world = World({stack.stack_id: stack_alone}, target=self.target, schemas=self.schemas)
        return Claims(world.provers.values())

    def _doubt(self, error: StackproofError) -> Doubt:
        """One that is gone since it was listed may have declared what is gone with it."""
        reason = self.reason(error) if isinstance(error, TargetError) else None
        if reason is None:
            gone = isinstance(error, TargetError) and (error.code == "NoStack" or "does not exist" in str(error))
            reason = UnprovenReason.BUSY if gone else UnprovenReason.UNREACHABLE
        return Doubt(reason=reason, detail=str(error))

    def _pseudo(self) -> Mapping[str, JsonValue]:
        target = self.target
        return {
            "AWS::AccountId": target.account,
            "AWS::Partition": target.partition,
            "AWS::Region": target.region,
            "AWS::URLSuffix": _SUFFIXES.get(target.partition, "amazonaws.com"),
        }


def _parts(physical_id: str) -> Iterator[str]:
    yield from physical_id.split("|")
