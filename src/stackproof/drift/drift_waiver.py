"""A waiver of drift, and which differences it covers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from stackproof.core.json import JsonValue, canonical_values
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.policy.finding import Suppression, SuppressionKind

__all__ = ["DriftWaiver"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftWaiver:
    """A waiver of one difference: exact names, no patterns.

    `stack` is None for an unmanaged resource; `resource` is then its physical id, which resources of several types may
    share. For a deleted stack, both `stack` and `resource` are its name. Without a property the waiver covers the whole
    resource, or the child that it names. Without an account or a region it covers all that are audited; without a type
    it covers a resource or a child of any type. With `is_exact` it covers only the live value `actual`, else any value.
    """

    resource: str
    reason: str
    owner: str
    expires: date
    stack: str | None = None
    resource_type: str | None = None
    path: str | None = None
    child: str | None = None
    child_type: str | None = None
    actual: JsonValue = None
    is_exact: bool = False
    account: str | None = None
    region: str | None = None
    ticket: str | None = None
    file: str | None = None
    line: int | None = None

    @property
    def where(self) -> str | None:
        """File and line."""
        return f"{self.file}:{self.line}" if self.file else None

    @property
    def place(self) -> str:
        """The subject of the waiver, for a person."""
        parts = (self.resource, (self.path or "").lstrip("/"), self.child or "")
        return "/".join(part for part in parts if part)

    @property
    def trace(self) -> Suppression:
        """What it leaves on a difference that it covers."""
        return Suppression(
            kind=SuppressionKind.EXTERNAL,
            reason=self.reason,
            owner=self.owner,
            expires=self.expires,
            ticket=self.ticket,
            where=self.where,
        )

    def holds_in(self, account: str, region: str) -> bool:
        """Whether the waiver covers this account and region."""
        return self.account in {None, account} and self.region in {None, region}

    def covers(self, difference: Difference) -> bool:
        """Whether it is about the difference, and accepts its value; no secret is accepted by its value."""
        return self.is_about(difference) and (
            not self.is_exact
            or (not difference.is_secret and canonical_values(self.actual) == canonical_values(difference.actual))
        )

    def is_about(self, difference: Difference) -> bool:
        """Whether place, stack, resource, property and child are those of the difference, on whatever day."""
        place = difference.location
        if not self.holds_in(difference.account, difference.region):
            return False
        if self.resource_type not in {None, place.resource_type}:
            return False
        if self.child_type not in {None, difference.child_type}:
            return False
        named = place.logical_id or difference.physical_id
        if difference.origin is DriftOrigin.DELETED and place.logical_id is None:
            named = place.stack_name  # the stack itself
        return (place.stack_name, named, difference.path, difference.child_id) == (
            self.stack,
            self.resource,
            self.path,
            self.child,
        )
