"""Notifies an SNS topic: one message for each audit with news."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from stackproof.core.errors import NotifyError, StackproofError
from stackproof.deployment.ports import Target
from stackproof.drift.episode import Alarm

__all__ = ["TopicNotifier"]

_SUBJECT: Final = 99
"""SNS takes fewer than a hundred characters, all of them ASCII."""


class TopicNotifier:
    """Implements `ports.Notifier`. `sign_in` runs if there is news; the message is its one write."""

    def __init__(self, arn: str, sign_in: Callable[[], Target], text: Callable[[Alarm], str]) -> None:
        self.channel = f"sns:{arn}"
        self.shown = self.channel
        self._arn = arn
        self._sign_in = sign_in
        self._text = text

    def send(self, alarm: Alarm) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        subject = f"drift: {alarm.subject}".encode("ascii", "replace").decode("ascii")[:_SUBJECT]
        try:
            target = self._sign_in()
            with target.writing(f"notifying {self._arn}"):
                target.client("sns").publish(TopicArn=self._arn, Subject=subject, Message=self._text(alarm))
        except (BotoCoreError, ClientError, StackproofError) as error:
            raise NotifyError(f"SNS did not take the message: {error}") from error
