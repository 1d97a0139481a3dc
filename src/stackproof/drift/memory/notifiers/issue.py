"""Writes the body of an issue; the caller opens the issue with its own permissions."""

from __future__ import annotations

from collections.abc import Callable

from stackproof.core.errors import ConfigError, NotifyError
from stackproof.drift.episode import Alarm

__all__ = ["IssueNotifier"]


class IssueNotifier:
    """Implements `ports.Notifier`. `write` puts the text where it belongs."""

    def __init__(self, shown: str, write: Callable[[str], object], text: Callable[[Alarm], str]) -> None:
        self.channel = shown
        self.shown = shown
        self._write = write
        self._text = text

    def send(self, alarm: Alarm) -> None:
        try:
            self._write(self._text(alarm))
        except (ConfigError, OSError) as error:
            raise NotifyError(str(error)) from error
