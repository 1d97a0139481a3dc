"""Roles are assumed as their trust policy allows: moto lets everyone assume any role.

A role that moto does not have can be assumed as before, since that is how one gets into an account of moto's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["extend_trust", "trusts_accounts"]


def extend_trust() -> None:
    """Extend moto's STS; once in a process."""
    from moto.iam.models import iam_backends
    from moto.sts.exceptions import STSClientError
    from moto.sts.models import STSBackend

    assumed = STSBackend.assume_role

    def assume_role(backend: Any, *, role_arn: str, **named: Any) -> Any:
        _, partition, _, _, account, name = role_arn.split(":", 5)
        known = {role.name: role for role in iam_backends[account][partition].roles.values()}
        role = known.get(name.rpartition("/")[2])
        if role is not None and not trusts_accounts(role.assume_role_policy_document):
            raise STSClientError("AccessDenied", f"not authorized to perform: sts:AssumeRole on resource: {role_arn}")
        return assumed(backend, role_arn=role_arn, **named)

    setattr(STSBackend, "assume_role", assume_role)  # noqa: B010 - a method is replaced on purpose


def trusts_accounts(policy: str | Mapping[str, Any]) -> bool:
    """Whether a trust policy allows any account at all, and not services alone; which account is not checked."""
    document = json.loads(policy) if isinstance(policy, str) else policy
    statements = document.get("Statement", [])
    rows = [statements] if isinstance(statements, Mapping) else statements
    ours = [row for row in rows if row.get("Principal") == "*" or "AWS" in (row.get("Principal") or {})]
    effects = {statement.get("Effect") for statement in ours}
    return "Allow" in effects and "Deny" not in effects
