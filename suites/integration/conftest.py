"""What the written probes share: the resources of the template beside their live counterparts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from stackproof.testing import Deployment, Prover, Resource, Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveResource:
    """A resource of the template, its physical id, and its properties as they should be here."""

    resource: Resource
    physical_id: str
    expected: Mapping[str, Any]


class Live:
    """Finds live resources by what the template declares, never by what happens to be in the account."""

    def __init__(self, stack: Stack, deployment: Deployment, prover: Prover) -> None:
        self._stack, self._deployment, self._prover = stack, deployment, prover

    def every(self, resource_type: str) -> list[LiveResource]:
        """All that a person declared of the type; at least one, or the test has nothing to check."""
        found = [
            self._live(resource)
            for resource in self._stack.template.resources
            if resource.resource_type == resource_type and not resource.generated
        ]
        assert found, f"{self._stack.name} declares no {resource_type}"
        return found

    def one(self, resource_type: str) -> LiveResource:
        """The only one of its type."""
        found = self.every(resource_type)
        assert len(found) == 1, f"{self._stack.name} declares {len(found)} resources of type {resource_type}"
        return found[0]

    def _live(self, resource: Resource) -> LiveResource:
        deployed = self._deployment.resource(resource.logical_id)
        assert deployed is not None, f"{resource.location()}: {resource.logical_id} is not deployed"
        expected = self._prover.expected(resource.logical_id)
        return LiveResource(resource=resource, physical_id=deployed.physical_id, expected=expected)


@pytest.fixture
def live(cdk_stack: Stack, deployment: Deployment, prover: Prover) -> Live:
    """The deployed stack, by what its template declares."""
    return Live(cdk_stack, deployment, prover)
