"""Records an audit as a whole, then sends its news to the channels; a failure of either leaves the report as it is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from stackproof.core.errors import NotifyError, StoreError
from stackproof.core.json import digest
from stackproof.core.notification import Level, Notification
from stackproof.drift.difference import Difference
from stackproof.drift.episode import Alarm, Run
from stackproof.drift.memory.history import records_of
from stackproof.drift.memory.vanished import vanished
from stackproof.drift.ports import AuditStore, Notifier
from stackproof.drift.report import DriftReport

__all__ = ["begin_run", "record_audit", "send_alarms", "withdraw_run"]


def begin_run(store: AuditStore, run: Run) -> Run:
    """The run with its number; without one (0) if the store does not answer now, since it may do so at the end."""
    try:
        return store.begin(run)
    except StoreError:
        return run


def withdraw_run(store: AuditStore, run: Run) -> None:
    """Leave no trace of a run that was none; what the store does not take is left as a run that did not finish."""
    if run.number:
        with contextlib.suppress(StoreError):
            store.withdraw(run)


def record_audit(
    report: DriftReport,
    store: AuditStore,
    run: Run,
    *,
    ended_at: datetime,
    keep: timedelta,
    waive: Callable[[DriftReport], DriftReport],
) -> DriftReport:
    """The waived report with what the store knows of its differences, and with the stacks that vanished.

    If the store does not answer, the report states that it was not recorded.
    """
    try:
        numbered = run if run.number else store.begin(run)
        gone = tuple(vanished(report, store, run))
    except StoreError as error:
        return _unrecorded(waive(report), error)
    waived = waive(replace(report, differences=tuple(sorted((*report.differences, *gone), key=Difference.sort_key))))
    try:
        memory = store.record(
            replace(numbered, outcome=waived.outcome), records_of(waived), ended_at=ended_at, keep=keep
        )
    except StoreError as error:
        return _unrecorded(waived, error)
    return replace(waived, memory=memory)


def _unrecorded(report: DriftReport, error: StoreError) -> DriftReport:
    return _with_notification(report, Level.ERROR, f"this audit was not recorded, so what is new is not known: {error}")


def send_alarms(report: DriftReport, store: AuditStore, notifiers: Iterable[Notifier], *, at: datetime) -> DriftReport:
    """Send each channel the differences that it has not had; the next run sends what did not arrive."""
    for notifier in notifiers:
        if report.memory is None:
            report = _with_notification(
                report, Level.ERROR, f"{notifier.shown} got no message: this audit was not recorded"
            )
            continue
        for level, message in _send_news(store, notifier, report.memory.run, at=at):
            report = _with_notification(report, level, message)
    return report


def _send_news(store: AuditStore, notifier: Notifier, run: Run, *, at: datetime) -> Iterator[tuple[Level, str]]:
    try:
        channel = digest([store.salt(), notifier.channel])  # the address of a webhook may be a secret by itself
        news = store.reserve(channel, run, at=at)
    except StoreError as error:
        yield Level.ERROR, f"{notifier.shown} got no message: {error}"
        return
    if news:
        yield _sent(store, notifier, channel, Alarm(run=run, episodes=news), at=at)
    try:
        held = store.pending(channel, run)
    except StoreError as error:
        yield Level.ERROR, f"whether another run is sending to {notifier.shown} is not known: {error}"
        return
    if held:
        message = f"another run has begun to send {notifier.shown} {held} differences, and has not finished"
        yield Level.WARNING, f"{message}; if it never does, a run that begins an hour later sends them"
    elif not news:
        yield Level.NOTE, f"{notifier.shown} has had all differences"


def _sent(store: AuditStore, notifier: Notifier, channel: str, alarm: Alarm, *, at: datetime) -> tuple[Level, str]:
    count = len(alarm.episodes)
    try:
        notifier.send(alarm)
    except BaseException as error:  # whatever it is: the next run notifies those that this one did not reach
        with contextlib.suppress(StoreError):  # a claim that is not kept ends by itself
            store.release(channel, alarm.run)
        if not isinstance(error, Exception):
            raise
        why = str(error) if isinstance(error, NotifyError) else f"the notifier broke: {type(error).__name__}"
        return (
            Level.ERROR,
            f"{notifier.shown} got no message about {count} differences, the next run tries again: {why}",
        )
    try:
        store.mark_delivered(channel, alarm.run, at=at)
    except StoreError as error:
        return Level.ERROR, f"{notifier.shown} got the message, and may get it again: {error}"
    return Level.NOTE, f"{notifier.shown} got a message about {count} differences"


def _with_notification(report: DriftReport, level: Level, message: str) -> DriftReport:
    return replace(report, notifications=(*report.notifications, Notification(level=level, message=message)))
