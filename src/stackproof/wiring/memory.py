"""Opens the stores of audits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stackproof.core.errors import ConfigError
from stackproof.wiring.project import Project

if TYPE_CHECKING:
    from stackproof.drift.memory.sql_store import SqlAuditStore
    from stackproof.drift.ports import AuditStore

__all__ = ["audit_store", "store_to_read"]


def audit_store(project: Project, url: str | None = None) -> SqlAuditStore:
    """The store that the command line names, else that of the project, else a separate file. Raises ConfigError."""
    from stackproof.drift.memory.sql_url import require_sqlalchemy

    require_sqlalchemy()
    from stackproof.drift.memory.sql_store import SqlAuditStore

    if url is not None:
        found = SqlAuditStore(url, folder=Path.cwd())
        if found.file is not None and not found.file.parent.is_dir():
            raise ConfigError(f"--store {url}: there is no folder {found.file.parent}")
        return found
    settings = project.settings
    named = settings.audit_store or f"sqlite:///{settings.state_directory / 'audits.db'}"
    return SqlAuditStore(named, folder=settings.root)


def store_to_read(project: Project, url: str | None = None) -> AuditStore:
    """The store of a command that only reads: a file that the command line names must exist. Raises ConfigError."""
    found = audit_store(project, url)
    if url is not None and found.file is not None and not found.file.exists():
        raise ConfigError(f"--store {url}: there is no such file; `stackproof drift audit --store {url}` would make it")
    return found


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
    return tuple(
        _topic(project, channel, target, connection)
        if channel.kind == TOPIC
        else _webhook(project, channel, clock)
        if channel.kind == WEBHOOK
        else _issue(channel, print_text)
        for channel in channels
    )


def _topic(project: Project, channel: Channel, target: Target, connection: Connection) -> Notifier:
    """Publishes through a separate target that may write; the audited target still refuses all but reads."""
    from stackproof.drift.memory.notifiers.topic import TopicNotifier
    from stackproof.reporters.alarm import alarm_text

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

    def teller() -> Target:  # an account that cannot be asked now takes the message away, and not the audit
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

    return TopicNotifier(channel.value, teller, alarm_text)


def _webhook(project: Project, channel: Channel, clock: Callable[[], datetime]) -> Notifier:
    from stackproof.drift.memory.notifiers.webhook import WebhookNotifier

    return WebhookNotifier(channel.value, shown=channel.shown, secret=_secret(project), clock=clock, sleep=time.sleep)


def _issue(channel: Channel, print_text: Callable[[str], object]) -> Notifier:
    from stackproof.drift.memory.notifiers.issue import IssueNotifier
    from stackproof.reporters.alarm import alarm_issue
    from stackproof.reporters.file import write_file

    if not channel.value:
        return IssueNotifier(channel.shown, print_text, alarm_issue)

    def write(text: str) -> None:
        write_file(Path(channel.value), lambda stream: stream.write(text))

    write("")  # the notifications of an earlier run are not new
    return IssueNotifier(channel.shown, write, alarm_issue)


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
