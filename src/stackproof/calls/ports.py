"""How calls are paced, and where it is written what IAM actions are about."""

from __future__ import annotations

from typing import Protocol

__all__ = ["ActionSource", "Pace"]


class ActionSource(Protocol):
    """Where it is written what IAM actions are about."""

    def resources(self, action: str) -> tuple[str, ...] | None:
        """ARNs with `*`, ${Partition}, ${Region} and ${Account}; empty if it takes none, None for an unknown action."""


class Pace(Protocol):
    """Keeps a run from taking all calls that an account has; one for the whole process, or for more than that."""

    def wait(self, account: str, region: str, service: str) -> None:
        """Return as soon as one request may be sent; the service is named as IAM does."""
