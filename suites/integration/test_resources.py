"""Every resource of the template, compared property by property with what is live."""

from __future__ import annotations

from stackproof.testing import DriftStatus, ResourceProof


def test_resource_is_as_the_template_says(resource_proof: ResourceProof) -> None:
    """The resource is there, and no property that the template sets differs."""
    found = [
        f"{resource_proof.location}: {difference.path}: expected {difference.expected!r}, found {difference.actual!r}"
        for difference in resource_proof.differences
    ]
    assert resource_proof.status is DriftStatus.IN_SYNC, "\n".join(found)
