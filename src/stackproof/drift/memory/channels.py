"""The channels of an audit's notifications, as `--notify` names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from stackproof.core.errors import ConfigError
from stackproof.core.loopback import is_loopback

__all__ = ["ISSUE", "TOPIC", "WEBHOOK", "Channel", "parse_channel"]

TOPIC: Final = "sns"
WEBHOOK: Final = "webhook"
ISSUE: Final = "github-issue"
_SENT: Final = re.compile(r"[!-~]*")
"""The characters that a line of HTTP may have."""
_ARN: Final = re.compile(r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Channel:
    """One `--notify`: the ARN of a topic, the URL of a webhook, or the file of an issue ("" is standard output)."""

    kind: str
    value: str = ""

    @property
    def shown(self) -> str:
        """Its name in reports: of a URL no more than the host, since the rest may be a secret."""
        if self.kind == WEBHOOK:
            where = urlsplit(self.value)
            port = f":{where.port}" if where.port else ""
            return f"{self.kind}:{where.scheme}://{where.hostname}{port}"
        return f"{self.kind}:{self.value}" if self.value else self.kind

    @property
    def region(self) -> str:
        """The region of a topic."""
        return self.value.split(":")[3]


def parse_channel(text: str) -> Channel:
    """`sns:TOPIC_ARN`, `webhook:URL`, `github-issue` or `github-issue:FILE`; raises ConfigError."""
    kind, colon, value = text.partition(":")
    if kind == ISSUE and (value or not colon):
        return Channel(kind=kind, value=value)
    if kind == TOPIC:
        if not _ARN.fullmatch(value):
            raise ConfigError(f"--notify {text}: {value!r} is not the ARN of a topic")
        return Channel(kind=kind, value=value)
    if kind == WEBHOOK:
        return Channel(kind=kind, value=_url(value))
    raise ConfigError("--notify: expected sns:TOPIC_ARN, webhook:URL, github-issue or github-issue:FILE")


def _url(url: str) -> str:
    """The URL itself is not quoted in errors: it may be a secret."""
    if not _SENT.fullmatch(url):
        raise ConfigError(
            "--notify webhook: the URL has a character that cannot be sent; write it in ASCII, with % and two digits "
            "for others in the path (é: %C3%A9) and xn-- for others in the host"
        )
    try:
        where = urlsplit(url)
        host, _ = where.hostname, where.port
    except ValueError as error:
        raise ConfigError(f"--notify webhook: the URL is not valid: {error}") from error
    try:
        (host or "").encode("idna")
    except UnicodeError as error:
        raise ConfigError(
            "--notify webhook: the host of the URL is not valid: a part of it is empty or too long"
        ) from error
    if where.scheme not in {"http", "https"} or not host:
        raise ConfigError("--notify webhook: expected a URL that begins with https://")
    if where.scheme == "http" and not is_loopback(url):
        raise ConfigError(f"--notify webhook: {host} needs https")
    return url
