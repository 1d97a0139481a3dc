"""A target: an account of AWS, or an emulator of one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from stackproof.core.json import JsonObject
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.template.assembly import Stack

__all__ = ["Target"]


class Target(Protocol):
    """An AWS account or an emulator of one."""

    @property
    def name(self) -> str:
        """Its name in reports: "moto", "ministack", "aws" or "endpoint"."""

    @property
    def account(self) -> str:
        """The account id."""

    @property
    def region(self) -> str:
        """The region's name."""

    @property
    def partition(self) -> str:
        """The partition: "aws", "aws-cn" or "aws-us-gov"."""

    def client(self, service: str) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
        """A botocore client, one for each service and thread-safe; its failures are botocore's exceptions."""

    def writing(self, why: str) -> AbstractContextManager[None]:
        """A block in which calls may change something; outside of one they are refused before they are sent."""

    def require_changes_allowed(self, why: str) -> None:
        """Raise TargetError with the code "Refused" if this run may not change the account; sends no call that does."""

    def deploy(self, stack: Stack) -> Deployment:
        """Publish the assets, create or update the stack, wait for it; raises TargetError."""

    def deployment(self, stack_name: str, *, body: JsonObject | None = None) -> Deployment:
        """The running stack; raises TargetError if there is none, or if an operation is running or did not finish.

        `body` is its deployed template, if the caller has read it already.
        """

    def destroy(self, stack_name: str, *, empty: bool = False) -> tuple[DeployedResource, ...]:
        """Delete the stack and wait for it; gives the resources that the template retains. Raises TargetError.

        With `empty`, what lies in its buckets is deleted first.
        """

    def not_emulated(self, resource_type: str, property_path: str) -> bool:
        """Whether this target is known to drop the property (a JSON pointer; "" is the whole resource)."""

    def translated(self, error: Exception) -> UnprovenReason | None:
        """Why a read failed, in our words; None for an error that did not come from the service."""
