"""Change sets: what CloudFormation is going to change, before it does."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stackproof.core.errors import TargetError
from stackproof.deployment.stack_event import StackChange
from stackproof.targets.failures import is_not_implemented

__all__ = ["ChangeSet", "make_change_set"]

_EMPTY: Final = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """One change set that can be executed; an `empty` one has no changes and is deleted already.

    One without `changes` to resources may still change outputs, exports or what else is around them.
    """

    id: str
    stack_id: str
    changes: tuple[StackChange, ...]
    empty: bool = False


def make_change_set(
    api: Any,
    request: Mapping[str, Any],
    *,
    change_set_type: str,
    still_waiting: Callable[[str], None],
) -> ChangeSet | None:
    """Ask what a request would change (`change_set_type` is CREATE or UPDATE); None if the target has no change sets.

    `still_waiting` is called between two polls, and raises when time is up.
    """
    try:
        made = api.create_change_set(
            **request, ChangeSetName=f"stackproof-{uuid.uuid4().hex[:12]}", ChangeSetType=change_set_type
        )
    except api.exceptions.ClientError as error:
        if is_not_implemented(error):
            return None
        if _says_empty(str(error)):  # AWS reports it in the change set, an emulator may refuse the request
            return ChangeSet(id="", stack_id=str(request["StackName"]), changes=(), empty=True)
        raise
    where = {"ChangeSetName": str(made["Id"]), "StackName": str(made["StackId"])}
    found = _pages(api, where)
    while str(found[0]["Status"]) in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
        still_waiting(str(found[0]["Status"]))
        found = _pages(api, where)
    if str(found[0]["Status"]) == "FAILED":
        reason = " ".join(str(found[0].get("StatusReason") or "no reason is given").split())
        _discard(api, where, change_set_type)
        if _says_empty(reason):
            return ChangeSet(id=where["ChangeSetName"], stack_id=where["StackName"], changes=(), empty=True)
        raise TargetError(reason, service="cloudformation", operation="CreateChangeSet", code="ChangeSetFailed")
    changes = (_change(change["ResourceChange"]) for page in found for change in page.get("Changes", ()))
    return ChangeSet(id=where["ChangeSetName"], stack_id=where["StackName"], changes=tuple(sorted(changes)))


def _says_empty(reason: str) -> bool:
    return any(phrase in reason for phrase in _EMPTY)


def _pages(api: Any, where: Mapping[str, str]) -> list[Mapping[str, Any]]:
    return list(api.get_paginator("describe_change_set").paginate(**where))


def _change(row: Mapping[str, Any]) -> StackChange:
    return StackChange(
        logical_id=str(row.get("LogicalResourceId")),
        resource_type=str(row.get("ResourceType")),
        action=str(row.get("Action")),
        replacement=str(row.get("Replacement") or ""),
    )


def _discard(api: Any, where: Mapping[str, str], change_set_type: str) -> None:
    """Leave nothing of a change set that cannot be executed, nor of the empty stack that it was made with."""
    with contextlib.suppress(api.exceptions.ClientError):
        api.delete_change_set(**where)
        if change_set_type == "CREATE":
            api.delete_stack(StackName=where["StackName"])
