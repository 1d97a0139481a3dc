"""What keeps a run from changing an account: which endpoints are AWS, and a hook that lets only reads pass."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from stackproof.errors import TargetError

__all__ = ["is_emulator_endpoint", "reads_only", "refuse_writes"]

_READS: Final = ("BatchGet", "Describe", "Estimate", "Get", "Head", "List", "Lookup", "Search", "Select", "Simulate")
_SECRETS: Final = frozenset(
    {
        "BatchGetSecretValue",
        "GetAuthorizationToken",
        "GetFederationToken",
        "GetPasswordData",
        "GetRoleCredentials",
        "GetSecretValue",
        "GetSessionToken",
    }
)
"""Reads by their name that give a secret away."""

_SIGN_IN: Final = "AssumeRole"
_DETECTION: Final = frozenset({"DetectStackDrift", "DetectStackResourceDrift"})
"""Have CloudFormation look at resources: what changes is what it says of drift, nothing in the account."""


def is_emulator_endpoint(endpoint_url: str | None) -> bool:
    """Whether the URL is on this machine; every other one, and none at all, is taken for AWS and guarded."""
    host = urlsplit(endpoint_url or "").hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def reads_only(operation: str, parameters: Mapping[str, Any]) -> bool:
    """Whether an API operation, by its name and parameters, neither changes anything nor gives a secret away."""
    if operation in _SECRETS or parameters.get("WithDecryption"):
        return False
    return operation.startswith(_READS) or operation == _SIGN_IN or operation in _DETECTION


def refuse_writes(events: Any, *, may_write: Callable[[], bool]) -> None:  # noqa: ANN401 - botocore's event system
    """Hook into a session's events: a call that is no read is refused before it is sent, unless it may be."""

    def before(params: Mapping[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401
        operation = str(model.name)
        if not may_write() and not reads_only(operation, params):
            service = str(model.service_model.service_name)
            raise TargetError(
                f"{service}:{operation} is refused: this run only reads, and reads no secret",
                service=service,
                operation=operation,
                code="ReadOnly",
            )

    events.register("provide-client-params.*.*", before)
