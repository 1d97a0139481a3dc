"""A topic in an account gets a message only if the project allows it, by clients that are used for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from stackproof.calls.connection import Connection
from stackproof.config.settings import load_settings
from stackproof.core.errors import ConfigError, NotifyError, TargetError
from stackproof.drift.episode import Alarm
from stackproof.drift.memory import channels
from stackproof.drift.memory.channels import Channel, parse_channel
from stackproof.drift.memory.notifiers.topic import TopicNotifier
from stackproof.drift.ports import Notifier
from stackproof.targets.aws import AwsTarget
from stackproof.wiring.notifiers import NOTIFIERS_BY_KIND, notifiers, require_channels
from stackproof.wiring.project import Project
from tests.live_fakes import ACCOUNT, FakeTarget
from tests.memory_fakes import run

ARN = f"arn:aws:sns:eu-west-1:{ACCOUNT}:drift"


class Account(FakeTarget):
    name = "aws"


def project(folder: Path, *settings: str) -> Project:
    (folder / "pyproject.toml").write_text("\n".join(["[tool.stackproof]", *settings]), encoding="utf-8")
    return Project(settings=load_settings(folder))


def made(where: Project, text: str, target: FakeTarget) -> Notifier:
    return opened(where, parse_channel(text), target)


def opened(where: Project, channel: Channel, target: FakeTarget) -> Notifier:
    (found,) = notifiers(
        where,
        [channel],
        target=target,
        connection=Connection(),
        clock=lambda: datetime.now(tz=UTC),
        print_text=lambda _: None,
    )
    return found


def test_every_kind_of_channel_has_its_notifier(tmp_path: Path) -> None:
    kinds = {getattr(channels, name) for name in channels.__all__ if name.isupper()}
    assert set(NOTIFIERS_BY_KIND) == kinds == {"sns", "webhook", "github-issue"}
    with pytest.raises(KeyError, match="pager"):
        opened(project(tmp_path), Channel(kind="pager"), FakeTarget())


def test_a_topic_of_an_account_has_to_be_allowed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"allowed_topics of .* does not name it"):
        made(
            project(tmp_path, 'allowed_topics = ["arn:aws:sns:eu-west-1:123456789012:other"]'), f"sns:{ARN}", Account()
        )


def test_an_allowed_topic_is_told_by_a_target_of_its_own_that_may_write_in_that_account_alone(tmp_path: Path) -> None:
    audited = Account()
    found = made(project(tmp_path, f'allowed_topics = ["{ARN}"]'), f"sns:{ARN}", audited)
    assert isinstance(found, TopicNotifier)
    teller = found._sign_in()
    assert isinstance(teller, AwsTarget)
    assert (teller.region, teller._allow_changes, set(teller._allowed_accounts)) == ("eu-west-1", True, {ACCOUNT})


def test_credentials_that_do_not_sign_in_take_the_message_away_when_it_is_sent(tmp_path: Path) -> None:
    class Stranger(Account):
        @property
        def account(self) -> str:  # type: ignore[override]
            raise TargetError("reading the caller's identity: no credentials")

    found = made(project(tmp_path, f'allowed_topics = ["{ARN}"]'), f"sns:{ARN}", Stranger())
    with pytest.raises(
        NotifyError, match="SNS did not take the message: reading the caller's identity: no credentials"
    ):
        found.send(Alarm(run=run(1), episodes=()))


def test_a_topic_of_an_emulator_needs_no_leave(tmp_path: Path) -> None:
    emulator = FakeTarget()
    here = f"sns:arn:aws:sns:{emulator.region}:{ACCOUNT}:drift"
    found = made(project(tmp_path), here, emulator)
    assert isinstance(found, TopicNotifier)
    assert found._sign_in() is emulator


def test_what_the_guard_refuses_was_not_told() -> None:
    teller = AwsTarget(region="eu-west-1", endpoint_url="https://sns.example.com")
    notifier = TopicNotifier(ARN, lambda: teller, lambda _: "text")
    with pytest.raises(NotifyError, match=r"notifying .* is refused: add --allow-changes"):
        notifier.send(Alarm(run=run(1), episodes=()))


def test_a_webhook_needs_its_secret_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = project(tmp_path, 'notify_secret_env = "HOOK_SECRET"')
    hook = [parse_channel("webhook:https://hooks.example.com/")]
    with pytest.raises(ConfigError, match=r"the environment variable HOOK_SECRET .* is not set"):
        require_channels(where, hook)
    monkeypatch.setenv("HOOK_SECRET", "x")
    require_channels(where, hook)


def test_the_file_of_an_issue_is_empty_until_there_is_news(tmp_path: Path) -> None:
    file = tmp_path / "issue.md"
    file.write_text("of last night", encoding="utf-8")
    require_channels(project(tmp_path), [parse_channel(f"github-issue:{file}")])
    found = made(project(tmp_path), f"github-issue:{file}", FakeTarget())
    assert file.read_text(encoding="utf-8") == ""
    found.send(Alarm(run=run(1), episodes=()))
    assert file.read_text(encoding="utf-8").startswith("<!-- stackproof:drift ")
    file.unlink()
    file.mkdir()
    with pytest.raises(NotifyError, match="cannot be written"):
        found.send(Alarm(run=run(1), episodes=()))


def test_a_webhook_is_shown_by_its_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "x")
    where = project(tmp_path, 'notify_secret_env = "HOOK_SECRET"')
    assert (
        made(where, "webhook:https://hooks.example.com/T0", FakeTarget()).shown == "webhook:https://hooks.example.com"
    )


def test_a_topic_elsewhere_is_told_in_its_own_region(tmp_path: Path) -> None:
    emulator = FakeTarget()
    emulator.name, emulator.region = "moto", "us-west-1"
    emulator.endpoint_url = "http://127.0.0.1:1"  # type: ignore[attr-defined]
    found = made(project(tmp_path), f"sns:{ARN}", emulator)
    assert isinstance(found, TopicNotifier)
    assert found._sign_in().region == "eu-west-1"
    with pytest.raises(NotifyError, match="SNS did not take the message"):
        found.send(Alarm(run=run(1), episodes=()))
