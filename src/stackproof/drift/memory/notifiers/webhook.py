"""Notifies a webhook: JSON, signed with a secret that the sender and the receiver share."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from http.client import HTTPException, HTTPMessage
from itertools import islice
from typing import IO, Final
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from stackproof import __version__
from stackproof.core.backoff import growing_pauses
from stackproof.core.errors import NotifyError
from stackproof.core.json import canonical
from stackproof.core.loopback import is_loopback
from stackproof.drift.episode import Alarm

__all__ = ["ID", "SIGNATURE", "TIMESTAMP", "WebhookNotifier", "signature"]

ID: Final = "X-Stackproof-Id"
SIGNATURE: Final = "X-Stackproof-Signature"
TIMESTAMP: Final = "X-Stackproof-Timestamp"
_PAUSES: Final = tuple(islice(growing_pauses(first=1.0, longest=4.0, factor=4.0), 2))
"""Seconds before the second and the third attempt."""
_TIMEOUT: Final = 10.0
_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`sha256=` and the HMAC-SHA256, in hexadecimal, of the timestamp, a dot and the body."""
    made = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"sha256={made.hexdigest()}"


class _Stay(HTTPRedirectHandler):
    """A signed message for one address is never sent to another."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        del req, fp, code, msg, headers, newurl
        return None


class WebhookNotifier:
    """Implements `ports.Notifier`: three attempts, unless the answer shows that another one cannot succeed."""

    def __init__(
        self, url: str, *, shown: str, secret: str, clock: Callable[[], datetime], sleep: Callable[[float], object]
    ) -> None:
        self.channel = f"webhook:{url}"
        self.shown = shown
        self._url = url
        self._secret = secret
        self._clock = clock
        self._sleep = sleep

    def send(self, alarm: Alarm) -> None:
        body = canonical(alarm.to_dict()).encode("utf-8", "backslashreplace")
        reason = ""
        for pause in (0.0, *_PAUSES):
            if pause:
                self._sleep(pause)
            reason, again = self._attempted(body, alarm.identity)
            if not reason:
                return
            if not again:
                break
        raise NotifyError(reason)

    def _attempted(self, body: bytes, identity: str) -> tuple[str, bool]:
        """Why it did not arrive, "" if it did, and whether to try again."""
        try:
            opener = build_opener(_Stay(), *([ProxyHandler({})] if is_loopback(self._url) else []))
            with opener.open(self._request(body, identity), timeout=_TIMEOUT):
                return "", False
        except HTTPError as error:
            error.close()
            return f"it answered {error.code}", error.code >= _SERVER_ERRORS or error.code == _TOO_MANY
        except URLError as error:
            return f"it cannot be reached: {error.reason}", True
        except (OSError, HTTPException) as error:
            return f"it cannot be reached: {type(error).__name__}", True
        except ValueError as error:  # what it says would quote the URL, or the secret
            return f"the message cannot be written as a request: {type(error).__name__}", False

    def _request(self, body: bytes, identity: str) -> Request:
        timestamp = str(int(self._clock().timestamp()))
        return Request(  # noqa: S310 - https, or http on this machine: the URL was checked when it was given
            self._url,
            data=body,
            method="POST",
            headers={
                "Content-Type": "application/json",
                "User-Agent": f"stackproof/{__version__}",
                ID: identity,
                TIMESTAMP: timestamp,
                SIGNATURE: signature(self._secret, timestamp, body),
            },
        )
