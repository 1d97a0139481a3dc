"""Events of one stack, as they come in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stackproof.deployment.stack_event import STACK, StackEvent

__all__ = ["EventFollower", "with_nested"]


class EventFollower:
    """Reads new events since its creation; `on_event` gets each event once, the oldest first.

    Without the permission to read events the stack is deployed all the same: then there are none.
    """

    def __init__(self, api: Any, stack_name: str, on_event: Callable[[StackEvent], None] = lambda _: None) -> None:
        self._api = api
        self._stack_name = stack_name
        self._on_event = on_event
        self._last: str | None = None
        self.events: list[StackEvent] = []

    def skip(self) -> None:
        """Take all that has happened so far as known."""
        found = self._new(only_first=True)
        self._last = found[-1].event_id if found else None

    def follow(self) -> None:
        """Take up what has happened since the last time."""
        for event in self._new():
            self._last = event.event_id
            self.events.append(event)
            self._on_event(event)

    def _new(self, *, only_first: bool = False) -> list[StackEvent]:
        found: list[StackEvent] = []
        try:
            for page in self._api.get_paginator("describe_stack_events").paginate(StackName=self._stack_name):
                for row in page.get("StackEvents", ()):
                    if str(row.get("EventId")) == self._last:
                        return found[::-1]
                    found.append(_event(row))
                    if only_first:
                        return found
        except self._api.exceptions.ClientError:
            return []
        return found[::-1]


def with_nested(
    api: Any,
    events: list[StackEvent],
    *,
    wanted: Callable[[StackEvent], bool] = lambda event: event.is_failure,
) -> list[StackEvent]:
    """One operation's events, with those of nested stacks before the event that is `wanted` of each.

    By default these are nested stacks that failed, since the cause is there. A nested stack has events of all that ever
    happened to it: what was before the operation belongs to another one.
    """
    started_at = next((event.at for event in events if event.at is not None), None)

    def whole(own: list[StackEvent]) -> list[StackEvent]:
        found: list[StackEvent] = []
        for event in own:
            if event.resource_type == STACK and not event.is_of_stack and event.physical_id and wanted(event):
                nested = EventFollower(api, event.physical_id)
                nested.follow()
                of_it = [
                    event for event in nested.events if started_at is None or event.at is None or event.at >= started_at
                ]
                found.extend(whole(of_it))
            found.append(event)
        return found

    return whole(events)


def _event(row: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        event_id=str(row.get("EventId") or ""),
        stack_id=str(row.get("StackId") or ""),
        stack_name=str(row.get("StackName") or ""),
        logical_id=str(row.get("LogicalResourceId") or ""),
        physical_id=str(row.get("PhysicalResourceId") or ""),
        resource_type=str(row.get("ResourceType") or ""),
        status=str(row.get("ResourceStatus") or ""),
        reason=str(row.get("ResourceStatusReason") or ""),
        at=row.get("Timestamp"),
    )
