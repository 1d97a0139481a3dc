"""Tasks of a fleet in their worker."""

from __future__ import annotations

from stackproof.calls.connection import Connection
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.fleet.task import AccountRegion, FleetOrder, StackListing
from stackproof.wiring.fleet import listed_stacks


def test_a_target_that_cannot_be_opened_is_a_failure_of_its_region() -> None:
    order = FleetOrder(connection=Connection(endpoint_url="nowhere"))
    listing = StackListing.from_text(listed_stacks(order, AccountRegion(account="123456789012", region="eu-west-1")))
    assert listing.failure is not None
    assert listing.failure.reason is UnprovenReason.UNREACHABLE
    assert listing.failure.detail == "the endpoint 'nowhere' is not a URL (expected http://HOST:PORT)"
