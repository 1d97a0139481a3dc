"""Bring stacks to a target, those that others depend on first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from stackproof.errors import InputError
from stackproof.model.assembly import Stack
from stackproof.model.deployment import Deployment
from stackproof.ports import Target

__all__ = ["attach", "deploy", "destroy", "in_dependency_order", "with_dependencies"]


def deploy(stacks: Sequence[Stack], target: Target) -> tuple[Deployment, ...]:
    """Deploy every stack and give all deployments, nested stacks' included, in the order in which they came to be."""
    return tuple(
        found
        for stack in in_dependency_order(stacks)
        for found in _whole(stack, target.deploy(_with_nested(stack, stacks)), stacks, target)
    )


def attach(stacks: Sequence[Stack], target: Target) -> tuple[Deployment, ...]:
    """The deployments of stacks that run already, nested stacks' included; nothing is changed."""
    return tuple(
        found
        for stack in in_dependency_order(stacks)
        for found in _whole(stack, target.deployment(stack.name), stacks, target)
    )


def destroy(stacks: Sequence[Stack], target: Target) -> None:
    """Delete every stack, those that others depend on last."""
    for stack in reversed(in_dependency_order(stacks)):
        target.destroy(stack.name)


def in_dependency_order(stacks: Sequence[Stack]) -> tuple[Stack, ...]:
    """Stacks that are deployed by themselves (nested ones come with their parent), each after what it depends on.

    What is left open is decided by name. A dependency on a stack that is not among them counts as met.
    """
    waiting = {each.name: each for each in sorted(stacks, key=lambda one: one.name) if each.parent is None}
    ordered: list[Stack] = []
    while waiting:
        ready = [each for each in waiting.values() if not any(other in waiting for other in each.dependencies)]
        if not ready:
            raise InputError(f"these stacks depend on one another in a circle: {', '.join(waiting)}")
        ordered.extend(waiting.pop(each.name) for each in ready)
    return tuple(ordered)


def with_dependencies(stacks: Sequence[Stack], every: Sequence[Stack]) -> tuple[Stack, ...]:
    """The stacks and all those that they depend on, of `every` stack of the app, with what is nested in them."""
    known = {each.name: each for each in every}
    found: dict[str, Stack] = {}
    waiting = list(stacks)
    while waiting:
        each = waiting.pop()
        if each.name not in found:
            found[each.name] = each
            waiting.extend(known[name] for name in each.dependencies if name in known)
            waiting.extend(one for one in every if one.parent == each.name)
    return tuple(found[name] for name in sorted(found))


def _with_nested(stack: Stack, stacks: Sequence[Stack]) -> Stack:
    """The stack that knows those that come with it, since that is where a failure may lie."""
    nested = sorted((each for each in stacks if each.parent == stack.name), key=lambda one: one.name)
    return replace(stack, nested=tuple(_with_nested(each, stacks) for each in nested))


def _whole(stack: Stack, deployment: Deployment, stacks: Sequence[Stack], target: Target) -> list[Deployment]:
    """The deployment, and those of the stacks that it nests, under the names that the assembly gives them."""
    found = [deployment]
    for nested in sorted((each for each in stacks if each.parent == stack.name), key=lambda one: one.name):
        physical_id = _physical_id(stack, deployment, nested)
        if physical_id is None:
            raise InputError(f"stack {stack.name} has no resource for the nested stack {nested.name}")
        found.extend(_whole(nested, target.deployment(physical_id), stacks, target))
    return found


def _physical_id(stack: Stack, deployment: Deployment, nested: Stack) -> str | None:
    """The id of a nested stack: its parent's resource names the template's file in the metadata that CDK writes."""
    wanted = nested.template.path.replace("\\", "/").rpartition("/")[2]
    for resource in stack.template.resources:
        metadata = resource.body.get("Metadata")
        if resource.resource_type != "AWS::CloudFormation::Stack" or not isinstance(metadata, Mapping):
            continue
        deployed = deployment.resource(resource.logical_id)
        if deployed and str(metadata.get("aws:asset:path")).rpartition("/")[2] == wanted:
            return deployed.physical_id
    return None
