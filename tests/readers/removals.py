"""One resource of each type, removed behind its stack's back by calls to its service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stackproof.proof.prover import Prover
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.moto_models.handlers import Call
from stackproof.targets.emulators.moto_models.models import HANDLERS
from stackproof.template.intrinsics import references
from stackproof.template.template import Resource, Template

__all__ = ["GOES_WITH", "NOT_REMOVED", "chosen", "remove"]

GOES_WITH: Final[Mapping[tuple[str, str], str]] = {
    ("bus", "Placed"): "a rule goes with its bus",
    ("connected", "Out"): "the entries go with their ACL",
    ("website", "Inside"): "a listener goes with its load balancer",
}
"""Stack and resource → why it is gone although nothing removed it; each would be so in an account as well."""

NOT_REMOVED: Final[Mapping[tuple[str, str], str]] = {
    ("aurora", "Vpc"): "there is something else in it",
    ("platforms", "Vpc"): "there is something else in it",
    ("rest_api", "Logging"): "the settings of an account stay",
    ("website", "Vpc"): "there is something else in it",
}
"""Those that are left alone. The VPC of another stack is removed."""


def chosen(stack: str, template: Template) -> Iterator[Resource]:
    """One resource of each type, those to which nothing refers first."""
    left = {resource.logical_id: resource for resource in template.resources}
    types: set[str] = set()
    while left:
        used = {name for resource in left.values() for name in _uses(resource) if name != resource.logical_id}
        free = sorted(left.keys() - used) or sorted(left)[:1]
        for name in free:
            resource = left.pop(name)
            if resource.resource_type not in types and (stack, name) not in NOT_REMOVED:
                types.add(resource.resource_type)
                yield resource


def _uses(resource: Resource) -> frozenset[str]:
    named = resource.body.get("DependsOn") or []
    waits = [named] if isinstance(named, str) else named
    assert isinstance(waits, list)
    return frozenset(references(resource.properties)) | {str(wait) for wait in waits}


def remove(resource: Resource, prover: Prover, target: MotoTarget) -> None:
    """Delete it through its service's own API."""
    handler = HANDLERS[resource.resource_type]
    properties = prover.resolved(resource.properties)
    deployed = prover.deployment.resource(resource.logical_id)
    assert isinstance(properties, Mapping)
    assert deployed is not None
    given: dict[str, Any] = dict(properties)
    called = given.get(handler.name_property) or deployed.physical_id.rpartition("policyName/")[2]
    with target.writing("removal"):
        handler.delete(
            Call(
                client=target.client,
                logical_id=resource.logical_id,
                name=str(called),
                properties=given,
                account=target.account,
                region=target.region,
                physical_id=deployed.physical_id,
            )
        )
