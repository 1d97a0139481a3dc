"""Opens the channels of a drift audit's alarms."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stackproof.calls.connection import Connection
from stackproof.core.errors import ConfigError
from stackproof.drift.memory.channels import ISSUE, TOPIC, WEBHOOK, Channel
from stackproof.wiring.project import Project
from stackproof.wiring.targets import open_target

if TYPE_CHECKING:
    from stackproof.deployment.ports import Target
    from stackproof.drift.ports import Notifier

__all__ = ["NOTIFIERS_BY_KIND", "NotifierInputs", "notifiers", "require_channels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierInputs:
    """What the notifiers of an audit are made of, beside their channels."""

    project: Project
    target: Target
    connection: Connection
    clock: Callable[[], datetime]
    print_text: Callable[[str], object]


def require_channels(project: Project, channels: Sequence[Channel]) -> None:
    """Raise ConfigError for a channel that no message can reach, before anything starts."""
    from stackproof.reporters.file import require_writable

    for channel in channels:
        if channel.kind == WEBHOOK:
            _secret(project)
        elif channel.kind == ISSUE and channel.value:
            require_writable(Path(channel.value), option="--notify")


def notifiers(
    project: Project,
    channels: Sequence[Channel],
    *,
    target: Target,
    connection: Connection,
    clock: Callable[[], datetime],
    print_text: Callable[[str], object],
) -> tuple[Notifier, ...]:
    """A notifier for each channel; raises ConfigError. The file of an issue is empty from now on."""
    inputs = NotifierInputs(project=project, target=target, connection=connection, clock=clock, print_text=print_text)
    return tuple(NOTIFIERS_BY_KIND[channel.kind](channel, inputs) for channel in channels)


def _topic(channel: Channel, inputs: NotifierInputs) -> Notifier:
    """Publishes through a separate target that may write; the audited target still refuses all but reads."""
    from stackproof.drift.memory.notifiers.topic import TopicNotifier
    from stackproof.reporters.alarm import alarm_text

    project, target, connection = inputs.project, inputs.target, inputs.connection
    settings = project.settings
    if target.name != "aws":
        where = target
        if target.region != channel.region:
            endpoint = connection.endpoint_url or getattr(target, "endpoint_url", None)
            name = "aws" if target.name == "endpoint" else target.name
            where = open_target(project, name, Connection(endpoint_url=endpoint, region=channel.region))
        return TopicNotifier(channel.value, lambda: where, alarm_text)
    if channel.value not in settings.allowed_topics:
        raise ConfigError(f"--notify {channel.shown}: allowed_topics of [tool.stackproof] does not name it")

    def sign_in() -> Target:  # an account that cannot be asked now takes the message away, and not the audit
        return open_target(
            replace(project, settings=replace(settings, allowed_accounts=(target.account,))),
            "aws",
            Connection(
                endpoint_url=connection.endpoint_url,
                profile=connection.profile,
                region=channel.region,
                role_arn=connection.role_arn,
            ),
            allow_changes=True,
        )

    return TopicNotifier(channel.value, sign_in, alarm_text)


def _webhook(channel: Channel, inputs: NotifierInputs) -> Notifier:
    from stackproof.drift.memory.notifiers.webhook import WebhookNotifier

    secret = _secret(inputs.project)
    return WebhookNotifier(channel.value, shown=channel.shown, secret=secret, clock=inputs.clock, sleep=time.sleep)


def _issue(channel: Channel, inputs: NotifierInputs) -> Notifier:
    from stackproof.drift.memory.notifiers.issue import IssueNotifier
    from stackproof.reporters.alarm import alarm_issue
    from stackproof.reporters.file import write_file

    if not channel.value:
        return IssueNotifier(channel.shown, inputs.print_text, alarm_issue)

    def write(text: str) -> None:
        write_file(Path(channel.value), lambda stream: stream.write(text))

    write("")  # the notifications of an earlier run are not new
    return IssueNotifier(channel.shown, write, alarm_issue)


NOTIFIERS_BY_KIND: Final[Mapping[str, Callable[[Channel, NotifierInputs], Notifier]]] = {
    TOPIC: _topic,
    WEBHOOK: _webhook,
    ISSUE: _issue,
}
"""How a channel of each kind is opened; each function raises ConfigError."""


def _secret(project: Project) -> str:
    name = project.settings.notify_secret_env
    if name is None:
        raise ConfigError(
            "--notify webhook: notify_secret_env of [tool.stackproof] has to name the environment variable with the "
            "secret that signs the message"
        )
    secret = os.environ.get(name, "")
    if not secret:
        raise ConfigError(f"--notify webhook: the environment variable {name} (notify_secret_env) is not set")
    return secret
