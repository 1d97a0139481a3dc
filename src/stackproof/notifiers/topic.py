"""Tells a topic of SNS: one message for each audit with news."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from stackproof.errors import NotifyError, StackproofError
from stackproof.model.drift_memory import Alarm
from stackproof.ports import Target

__all__ = ["TopicNotifier"]

_SUBJECT: Final = 99
"""SNS takes fewer than a hundred characters, all of them ASCII."""


class TopicNotifier:
    """Implements `ports.Notifier`. `target` signs in; the message is the one write that it is asked for."""

    def __init__(self, arn: str, target: Target, text: Callable[[Alarm], str]) -> None:
        self.channel = f"sns:{arn}"
        self.shown = self.channel
        self._arn = arn
        self._target = target
        self._text = text

    def send(self, alarm: Alarm) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - takes a tenth of a second

        subject = f"drift: {alarm.subject}".encode("ascii", "replace").decode("ascii")[:_SUBJECT]
        try:
            with self._target.writing(f"notifying {self._arn}"):
                self._target.client("sns").publish(TopicArn=self._arn, Subject=subject, Message=self._text(alarm))
        except (BotoCoreError, ClientError, StackproofError) as error:
            raise NotifyError(f"SNS did not take the message: {error}") from error
