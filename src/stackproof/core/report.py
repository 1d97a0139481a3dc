"""What the JSON reports of all commands have in common: how they begin, and the exit code."""

from __future__ import annotations

from collections.abc import Iterable

from stackproof import __version__
from stackproof.core.json import JsonValue
from stackproof.core.notification import Level, Notification

__all__ = ["exit_code", "report_header"]


def exit_code(*, violated: bool, notifications: Iterable[Notification], open_findings: int, strict: bool) -> int:
    """0 held, 1 violated, 3 could not complete; 3 outranks 1.

    `strict` counts open findings, and warnings of a rule about the run itself, as not complete.
    """
    reported = tuple(notifications)
    incomplete = any(notification.level is Level.ERROR for notification in reported)
    doubtful = open_findings or any(
        notification.rule_id is not None and notification.level is Level.WARNING for notification in reported
    )
    if incomplete or (strict and doubtful):
        return 3
    return 1 if violated else 0


def report_header(command: str) -> dict[str, JsonValue]:
    """The keys that every JSON report starts with."""
    return {"format": 1, "command": command, "tool": {"name": "stackproof", "version": __version__}}
