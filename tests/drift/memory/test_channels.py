"""The channels of an audit are checked before it begins, and no address that may be a secret is shown."""

from __future__ import annotations

import pytest

from stackproof.core.errors import ConfigError
from stackproof.drift.memory.channels import Channel, parse_channel

ARN = "arn:aws:sns:eu-west-1:123456789012:drift"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"sns:{ARN}", f"sns:{ARN}"),
        ("webhook:https://hooks.example.com/T0/secret", "webhook:https://hooks.example.com"),
        ("webhook:http://127.0.0.1:8080/x", "webhook:http://127.0.0.1:8080"),
        ("webhook:http://localhost/x", "webhook:http://localhost"),
        ("github-issue", "github-issue"),
        ("github-issue:a:b.md", "github-issue:a:b.md"),
    ],
)
def test_channels_have_a_name_for_reports(text: str, shown: str) -> None:
    assert parse_channel(text).shown == shown


def test_a_topic_says_its_region() -> None:
    assert Channel(kind="sns", value=ARN).region == "eu-west-1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sns:drift", "is not the ARN of a topic"),
        (f"sns:{ARN}:sub", "is not the ARN of a topic"),
        ("webhook:http://hooks.example.com/secret", "hooks.example.com needs https"),
        ("webhook:ftp://hooks.example.com/secret", "expected a URL that begins with https://"),
        ("webhook:secret", "expected a URL that begins with https://"),
        ("webhook:https://host:secret/", "the URL is not valid"),
        ("webhook:http://127.0.0.1:9/é", "has a character that cannot be sent"),
        ("webhook:https://hooks.example.com/a secret", "has a character that cannot be sent"),
        ("webhook:https://hooks.example.com/\n", "has a character that cannot be sent"),
        ("webhook:https://hooks..example.com/secret", "the host of the URL is not valid"),
        (f"webhook:https://{'a' * 64}.example.com/", "the host of the URL is not valid"),
        ("github-issue:", "expected sns:TOPIC_ARN"),
        ("mail:me", "expected sns:TOPIC_ARN"),
    ],
)
def test_what_is_no_channel_is_a_wrong_command_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        parse_channel(text)
    if text.startswith("webhook:https"):
        assert "/secret" not in str(caught.value)
