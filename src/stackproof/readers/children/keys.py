"""Aliases and grants of keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from stackproof.drift.child import Child
from stackproof.drift.ports import ChildFamily
from stackproof.proof.ports import ReadRequest
from stackproof.readers.access import chosen, pages

__all__ = ["FAMILIES"]

_OF_AWS: Final = re.compile(
    r"[\w.-]+\.amazonaws\.com(\.cn)?"
    r"|arn:[\w-]+:(iam::\d*:role/aws-service-role/|sts::\d*:assumed-role/AWSServiceRole).*"
)
"""Principals to which services give grants by themselves."""


def aliases(request: ReadRequest) -> Iterator[Child]:
    """ListAliases of the key."""
    client = request.client("kms")
    for alias in pages(client, "list_aliases", "Aliases", KeyId=request.physical_id):
        name = str(alias["AliasName"])
        yield Child(
            resource_type="AWS::KMS::Alias",
            child_id=name,
            physical_id=name,
            value=chosen(alias, ("AliasName", "TargetKeyId")),
        )


def grants(request: ReadRequest) -> Iterator[Child]:
    """ListGrants of the key, less those that services make for themselves; CloudFormation has no type for them."""
    client = request.client("kms")
    for grant in pages(client, "list_grants", "Grants", KeyId=request.physical_id):
        if _is_of_aws(grant.get("GranteePrincipal")) or _is_of_aws(grant.get("GranteeServicePrincipal")):
            continue
        yield Child(
            resource_type="grant",
            child_id=str(grant["GrantId"]),
            value=chosen(grant, ("Constraints", "GranteePrincipal", "Name", "Operations", "RetiringPrincipal")),
        )


def _is_of_aws(principal: Any) -> bool:
    return isinstance(principal, str) and _OF_AWS.fullmatch(principal) is not None


FAMILIES: Final[tuple[ChildFamily, ...]] = (
    ChildFamily(
        name="aliases of a key",
        owners=("AWS::KMS::Key",),
        in_stacks=True,
        read=aliases,
        actions=("kms:ListAliases",),
    ),
    ChildFamily(name="grants of a key", owners=("AWS::KMS::Key",), read=grants, actions=("kms:ListGrants",)),
)
