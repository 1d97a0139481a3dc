"""Stacks that run, as an account reports them."""

from __future__ import annotations

from dataclasses import dataclass

from stackproof.deployment.deployment import Deployment
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.template.template import Template

__all__ = ["LiveStack", "OtherStack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStack:
    """A stack that is there, nested ones by the name `parent/LogicalId`; with `reason` it cannot be audited now.

    `changed` is when the last operation on it began, empty where that is not told.
    """

    stack_name: str
    stack_id: str
    account: str
    region: str
    status: str
    changed: str = ""
    parent: str | None = None
    template: Template | None = None
    deployment: Deployment | None = None
    reason: UnprovenReason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class OtherStack:
    """A stack of the account and region as a list shows it, nested ones too."""

    stack_id: str
    stack_name: str
    status: str
    is_settled: bool = True
