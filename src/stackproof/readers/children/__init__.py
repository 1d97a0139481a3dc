"""What is attached to a resource and may be undeclared; one small function for each family."""

from __future__ import annotations

from typing import Final

from stackproof.drift.ports import ChildFamily
from stackproof.readers.children import (
    balancers,
    functions,
    identities,
    keys,
    logs,
    network,
    policies,
    topics,
)

__all__ = ["FAMILIES"]

FAMILIES: Final[tuple[ChildFamily, ...]] = (
    *balancers.FAMILIES,
    *functions.FAMILIES,
    *identities.FAMILIES,
    *keys.FAMILIES,
    *logs.FAMILIES,
    *network.FAMILIES,
    *policies.FAMILIES,
    *topics.FAMILIES,
)
"""All families, by service."""
