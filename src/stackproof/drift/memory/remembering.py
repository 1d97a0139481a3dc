"""An audit and its memory: recorded whole, then told to whoever does not know it yet; neither takes the report away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from stackproof.core.errors import NotifyError, StoreError
from stackproof.core.json import digest
from stackproof.core.notification import Level, Notification
from stackproof.drift.difference import Difference, DriftWaiver
from stackproof.drift.episode import Alarm, Run
from stackproof.drift.memory.history import records_of
from stackproof.drift.memory.vanished import vanished
from stackproof.drift.ports import AuditStore, Notifier
from stackproof.drift.report import DriftReport
from stackproof.drift.waivers import waived_drift, with_more, without_used

__all__ = ["begun", "notified", "remembered", "withdrawn"]


def begun(store: AuditStore, run: Run) -> Run:
    """The run with its number; without one (0) if the store does not answer now, since it may do so at the end."""
    try:
        return store.begin(run)
    except StoreError:
        return run


def withdrawn(store: AuditStore, run: Run) -> None:
    """Leave no trace of a run that was none; what the store does not take is left as a run that did not finish."""
    if run.number:
        with contextlib.suppress(StoreError):
            store.withdraw(run)


def remembered(
    report: DriftReport,
    store: AuditStore,
    run: Run,
    *,
    ended_at: datetime,
    keep: timedelta,
    waivers: Sequence[DriftWaiver] = (),
) -> DriftReport:
    """The report with what the store knows: of its differences, and of stacks that are gone; or why it says nothing.

    Those that are gone are waived here, since nobody else knows of them.
    """
    try:
        numbered = run if run.number else store.begin(run)
        if gone := tuple(vanished(report, store, run)):
            waived = waived_drift(gone, waivers, on=ended_at.date(), judged={})
            report = replace(
                report,
                differences=tuple(sorted((*report.differences, *waived.differences), key=Difference.sort_key)),
                waivers=with_more(report.waivers, waived.entries),
                findings=without_used(report.findings, waivers, gone),
            )
        memory = store.record(
            replace(numbered, outcome=report.outcome), records_of(report), ended_at=ended_at, keep=keep
        )
    except StoreError as error:
        return _said(report, Level.ERROR, f"this audit was not recorded, so what is new is not known: {error}")
    return replace(report, memory=memory)


def notified(report: DriftReport, store: AuditStore, notifiers: Iterable[Notifier], *, at: datetime) -> DriftReport:
    """Tell each channel what it does not know; what did not arrive is said here, and told by the next run."""
    for notifier in notifiers:
        if report.memory is None:
            report = _said(report, Level.ERROR, f"{notifier.shown} was told nothing: this audit was not recorded")
            continue
        for level, message in _told(store, notifier, report.memory.run, at=at):
            report = _said(report, level, message)
    return report


def _told(store: AuditStore, notifier: Notifier, run: Run, *, at: datetime) -> Iterator[tuple[Level, str]]:
    try:
        channel = digest([store.salt(), notifier.channel])  # the address of a webhook may be a secret by itself
        news = store.reserve(channel, run, at=at)
    except StoreError as error:
        yield Level.ERROR, f"{notifier.shown} was told nothing: {error}"
        return
    if news:
        yield _sent(store, notifier, channel, Alarm(run=run, episodes=news), at=at)
    try:
        held = store.pending(channel, run)
    except StoreError as error:
        yield Level.ERROR, f"whether another run is telling {notifier.shown} is not known: {error}"
        return
    if held:
        said = f"another run has begun to tell {notifier.shown} of {held} differences, and has not said that it did"
        yield Level.WARNING, f"{said}; if it never does, a run that begins an hour later tells them"
    elif not news:
        yield Level.NOTE, f"there is nothing that {notifier.shown} does not know"


def _sent(store: AuditStore, notifier: Notifier, channel: str, alarm: Alarm, *, at: datetime) -> tuple[Level, str]:
    count = len(alarm.episodes)
    try:
        notifier.send(alarm)
    except BaseException as error:  # whatever it is: who was not told is told by the next run
        with contextlib.suppress(StoreError):  # a claim that is not kept ends by itself
            store.release(channel, alarm.run)
        if not isinstance(error, Exception):
            raise
        why = str(error) if isinstance(error, NotifyError) else f"the notifier broke: {type(error).__name__}"
        return Level.ERROR, f"{notifier.shown} was not told of {count} differences, the next run tries again: {why}"
    try:
        store.mark_delivered(channel, alarm.run, at=at)
    except StoreError as error:
        return Level.ERROR, f"{notifier.shown} was told, and may be told again: {error}"
    return Level.NOTE, f"{notifier.shown} was told of {count} differences"


def _said(report: DriftReport, level: Level, message: str) -> DriftReport:
    return replace(report, notifications=(*report.notifications, Notification(level=level, message=message)))
