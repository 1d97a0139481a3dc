"""A stack that is made for one run: what was switched off for it, and how to find it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stackproof.calls.connection import Connection
from stackproof.core.json import JsonObject, JsonValue, as_object

__all__ = ["EPHEMERAL", "EphemeralStack", "Overridden"]

EPHEMERAL: Final = "ephemeral"
"""What follows the name of the app's stack in that of one for a single run."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Overridden:
    """One setting that the ephemeral stack has otherwise than the template; `path` is a pointer into the resource."""

    stack_name: str
    logical_id: str
    resource_type: str
    path: str
    value: str

    def __str__(self) -> str:
        return f"{self.stack_name}/{self.logical_id} ({self.resource_type}): {self.path.lstrip('/')} = {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class EphemeralStack:
    """One stack of a run and how to reach it, so that it can be removed after the run has ended."""

    stack_name: str
    account: str
    connection: Connection

    @property
    def command(self) -> str:
        """What removes it by hand."""
        named = (
            ("--stack-name", self.stack_name),
            ("--region", self.connection.region),
            ("--profile", self.connection.profile),
            ("--endpoint-url", self.connection.endpoint_url),
        )
        return " ".join(["aws cloudformation delete-stack", *(f"{name} {value}" for name, value in named if value)])

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "stack_name": self.stack_name,
            "account": self.account,
            "connection": self.connection.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> EphemeralStack:
        return cls(
            stack_name=str(data["stack_name"]),
            account=str(data["account"]),
            connection=Connection.from_dict(as_object(data["connection"])),
        )
