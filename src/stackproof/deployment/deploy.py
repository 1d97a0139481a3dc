"""Bring stacks to a target, those that others depend on first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from stackproof.core.errors import InputError
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.ports import Target
from stackproof.deployment.stack_event import STACK
from stackproof.template.assembly import Stack
from stackproof.template.stack_names import require_distinct_names

__all__ = [
    "Deployed",
    "attached",
    "deploy",
    "deployed",
    "destroy",
    "in_dependency_order",
    "nested_in",
    "whole",
]

Deployed: TypeAlias = tuple[tuple[Stack, Deployment], ...]
"""Stacks with their deployments, each nested one behind its parent."""


def deploy(stacks: Sequence[Stack], target: Target) -> tuple[Deployment, ...]:
    """Deploy every stack and give all deployments, nested stacks' included, in the order in which they came to be."""
    return tuple(found for _, found in deployed(stacks, target))


def deployed(stacks: Sequence[Stack], target: Target) -> Deployed:
    """The same with each stack beside its deployment."""
    return tuple(
        found
        for stack in in_dependency_order(stacks)
        for found in whole(stack, target.deploy(_with_nested(stack, stacks)), stacks, target)
    )


def attached(stacks: Sequence[Stack], target: Target) -> Deployed:
    """Stacks that run already, nested ones included, each with its deployment; nothing is changed."""
    ordered = in_dependency_order(stacks)
    for stack in ordered:
        _require_environment(stack, target)
    return tuple(found for stack in ordered for found in whole(stack, target.deployment(stack.name), stacks, target))


def destroy(stacks: Sequence[Stack], target: Target) -> None:
    """Delete every stack, those that others depend on last."""
    for stack in reversed(in_dependency_order(stacks)):
        target.destroy(stack.name)


def in_dependency_order(stacks: Sequence[Stack]) -> tuple[Stack, ...]:
    """Stacks that are deployed by themselves (nested ones come with their parent), each after what it depends on.

    What is left open is decided by name. A dependency on a stack that is not among them counts as met. Raises
    ConfigError for two stacks of one name, such as those of two regions, and InputError for a circle.
    """
    require_distinct_names(stacks)
    waiting = sorted((stack for stack in stacks if stack.parent is None), key=lambda stack: stack.name)
    ordered: list[Stack] = []
    while waiting:
        missing = {stack.artifact for stack in waiting}
        ready = [stack for stack in waiting if missing.isdisjoint(stack.dependencies)]
        if not ready:
            names = ", ".join(stack.name for stack in waiting)
            raise InputError(f"these stacks depend on one another in a circle: {names}")
        ordered.extend(ready)
        waiting = [stack for stack in waiting if not missing.isdisjoint(stack.dependencies)]
    return tuple(ordered)


def _with_nested(stack: Stack, stacks: Sequence[Stack]) -> Stack:
    """The stack that knows those that come with it, since that is where a failure may lie."""
    nested = sorted((inner for inner in stacks if inner.parent == stack.artifact), key=lambda inner: inner.name)
    return replace(stack, nested=tuple(_with_nested(stack, stacks) for stack in nested))


def whole(stack: Stack, deployment: Deployment, stacks: Sequence[Stack], target: Target) -> Deployed:
    """The stack with its deployment, then those that it nests; one whose condition does not hold has none."""
    found = [(stack, deployment)]
    inner = (other for other in stacks if other.parent == stack.artifact)
    for nested in sorted(inner, key=lambda other: other.name):
        resource = deployment.resource(_resource_of(stack, nested))
        if resource is not None and resource.physical_id:
            found.extend(whole(nested, target.deployment(resource.physical_id), stacks, target))
    return tuple(found)


def nested_in(stack: Stack, stacks: Sequence[Stack]) -> frozenset[str]:
    """The logical ids of the stack's resources that are nested stacks whose templates are known."""
    return frozenset(_resource_of(stack, nested) for nested in stacks if nested.parent == stack.artifact)


def _resource_of(stack: Stack, nested: Stack) -> str:
    """The logical id of the parent's resource for a nested stack, which its artifact ends in; raises InputError."""
    for resource in stack.template.resources:
        if resource.resource_type == STACK and nested.artifact == f"{stack.artifact}/{resource.logical_id}":
            return resource.logical_id
    raise InputError(f"stack {stack.name} has no resource for the nested stack {nested.name}")


def _require_environment(stack: Stack, target: Target) -> None:
    """Raise InputError for a stack of another account or region; an emulator may have any account."""
    wanted = (("account", stack.account, target.account), ("region", stack.region, target.region))
    for kind, own, here in wanted if target.name == "aws" else wanted[1:]:
        if own is not None and own != here:
            raise InputError(f"stack {stack.name} is of {kind} {own}, and this is {here}: sign in there")
