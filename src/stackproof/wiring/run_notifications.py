"""The notifications of a run: each once, and those about rules that checked nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from stackproof.core.notification import Level, Notification
from stackproof.policy.scan_result import ScanResult

__all__ = [
    "unique",
    "vacuous",
    "with_notifications",
]


def unique(notifications: Iterable[Notification]) -> tuple[Notification, ...]:
    """Each notification once, the most severe first."""
    return tuple(
        sorted(
            set(notifications),
            key=lambda notification: (
                -notification.level.rank,
                notification.file or "",
                notification.engine or "",
                notification.message,
            ),
        )
    )


def with_notifications(result: ScanResult, more: Iterable[Notification]) -> ScanResult:
    """The same result with more notifications."""
    return replace(result, notifications=unique((*result.notifications, *more)))


def vacuous(result: ScanResult) -> tuple[Notification, ...]:
    """Rules of `policies/` that checked nothing in the whole run; none of an engine that reported an error."""
    broken = {notification.engine for notification in result.notifications if notification.level is Level.ERROR}
    named: dict[str, list[str]] = {}
    for count in result.counts:
        if count.project and not count.looked_at and not broken & {count.engine, None}:
            named.setdefault(count.engine, []).append(count.rule_id)
    return tuple(
        Notification(
            level=Level.WARNING,
            message=f"rules of policies/ that checked nothing: {', '.join(sorted(rules))}",
            engine=engine,
        )
        for engine, rules in sorted(named.items())
    )
