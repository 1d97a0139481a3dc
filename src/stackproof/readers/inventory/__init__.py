"""Lists what is live, by resource type, to find what is in no stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.drift.ports import Listing
from stackproof.readers.inventory import network, services

__all__ = ["LISTINGS"]

LISTINGS: Final[Mapping[str, Listing]] = {
    listing.resource_type: listing for listing in (*network.LISTINGS, *services.LISTINGS)
}
"""The listing of each type."""
