"""How EC2 lists: by a filter, which unlike a list of ids accepts ids of deleted resources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackproof.proof.ports import ReadRequest
from stackproof.readers.access import listed, pages

__all__ = ["described_by_id", "first"]


def described_by_id(
    request: ReadRequest, operation: str, key: str, identity: str, named: str, *, within: str = ""
) -> Any:
    """The resource among all of the stack's of its type; `named` is the filter.

    `within` is the member of the answer's items that holds the resources, where it groups them.
    """
    client = request.client("ec2")

    def described(ids: Sequence[str]) -> list[Any]:
        found = pages(client, operation, key, Filters=[{"Name": named, "Values": list(ids)}])
        return [row for group in found for row in group[within]] if within else found

    return listed(request, described, identity)


def first(items: Any) -> Any:
    """The first of some items, or None."""
    return next(iter(items or ()), None)
