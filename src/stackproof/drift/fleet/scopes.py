"""Unmanaged resources of a fleet: one more task for each account and region, after its stacks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stackproof.calls.log import CallLog
from stackproof.core.json import canonical
from stackproof.core.notification import Level, Notification
from stackproof.drift.audit.unmanaged import Scope, Unmanaged
from stackproof.drift.difference import Difference
from stackproof.drift.fleet.run import FleetRun, WorkerFailure
from stackproof.drift.fleet.task import AccountRegion, Failure, ScopeTask
from stackproof.proof.observation import DriftStatus

__all__ = ["ScopeResult", "scope_tasks", "unmanaged_of", "unmanaged_text"]


_EVERYWHERE: Final = ("AWS::IAM::", "AWS::S3::Bucket")
"""Types that every region of an account lists alike, so that a stack of any region may have the resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeResult:
    """The resources in no stack of one account and region, and the calls that found them."""

    unmanaged: Unmanaged
    calls: CallLog = field(default_factory=CallLog)


def scope_tasks(run: FleetRun, scopes: Iterable[Scope]) -> tuple[ScopeTask, ...]:
    """A task for each account and region with stacks: find resources of their types in the scopes and in no stack."""
    types: dict[AccountRegion, set[str]] = {}
    managed: dict[AccountRegion, set[tuple[str, str]]] = {}
    everywhere: dict[str, set[tuple[str, str]]] = {}
    for task, result in run.results.items():
        for proof in (proof for audit in result.audits for proof in audit.proofs):
            kind = proof.location.resource_type
            if proof.custom or kind is None:
                continue
            types.setdefault(task.account_region, set()).add(kind)
            if proof.physical_id and proof.status is not DriftStatus.DELETED:
                managed.setdefault(task.account_region, set()).add((kind, proof.physical_id))
                if kind.startswith(_EVERYWHERE):
                    everywhere.setdefault(task.account_region.account, set()).add((kind, proof.physical_id))
    wanted = tuple(sorted(set(scopes)))
    return tuple(
        ScopeTask(
            account_region=account_region,
            scopes=tuple((scope.kind, scope.value) for scope in wanted),
            resource_types=tuple(sorted(types[account_region])),
            managed=tuple(sorted(managed.get(account_region, set()) | everywhere.get(account_region.account, set()))),
        )
        for account_region in sorted(types if wanted else ())
    )


def unmanaged_text(found: Unmanaged | Failure, calls: CallLog) -> str:
    """As it goes from one process to another."""
    if isinstance(found, Failure):
        return canonical({"failure": found.to_dict(), "calls": calls.to_dict()})
    return canonical(
        {
            "failure": None,
            "differences": [difference.to_dict() for difference in found.differences],
            "listed": found.listed,
            "undecided": found.undecided,
            "looked_at": [list(scanned) for scanned in found.looked_at],
            "notifications": [notification.to_dict() for notification in found.notifications],
            "is_whole": found.is_whole,
            "calls": calls.to_dict(),
        }
    )


def unmanaged_of(account_region: AccountRegion, result: str | WorkerFailure) -> ScopeResult:
    """The resources in no stack of the account and region; each failed check is a notification of level error."""
    if isinstance(result, WorkerFailure):
        return ScopeResult(unmanaged=_missed(account_region, result.detail))
    data: dict[str, Any] = json.loads(result)
    calls = CallLog.from_dict(data["calls"])
    if data["failure"]:
        why = Failure.from_dict(data["failure"])
        return ScopeResult(unmanaged=_missed(account_region, f"{why.reason.value}: {why.detail}"), calls=calls)
    unmanaged = Unmanaged(
        differences=tuple(Difference.from_dict(difference) for difference in data["differences"]),
        listed=data["listed"],
        undecided=data["undecided"],
        looked_at=tuple((account, region, resource_type) for account, region, resource_type in data["looked_at"]),
        notifications=_named(
            account_region, [Notification.from_dict(notification) for notification in data["notifications"]]
        ),
        account=account_region.account,
        region=account_region.region,
        is_whole=data["is_whole"],
    )
    return ScopeResult(unmanaged=unmanaged, calls=calls)


def _missed(account_region: AccountRegion, why: str) -> Unmanaged:
    message = f"--scope: unmanaged resources were not checked: {why}"
    notifications = _named(account_region, [Notification(level=Level.ERROR, message=message)])
    return Unmanaged(account=account_region.account, region=account_region.region, notifications=notifications)


def _named(account_region: AccountRegion, notifications: Sequence[Notification]) -> tuple[Notification, ...]:
    where = f"{account_region.account}/{account_region.region}"
    return tuple(
        Notification(level=notification.level, message=f"{where}: {notification.message}")
        for notification in notifications
    )
