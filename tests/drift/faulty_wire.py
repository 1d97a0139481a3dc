"""A wire to an emulator that is bad in one service or all: in this process, so that many tests may have one each.

The proxy of `tests.targets.faults` knows every service's own errors and takes seconds to learn each; this one knows how
an answer is wrapped, which is all that botocore reads.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from tests.servers import QuietHandler, serving

_SCOPE: Final = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/")
_ACTION: Final = re.compile(rb"(?:^|&)Action=(\w+)")
_RESET: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to the calls that the wire carries; "" is every service or operation.

    The first `after` of its calls go through. `code` with `status` is an answer; without one the connection is reset,
    after `held` seconds.
    """

    service: str = ""
    operation: str = ""
    share: float = 1.0
    after: int = 0
    code: str = ""
    status: int = 400
    held: float = 0.0

    @property
    def name(self) -> str:
        return self.code or ("timeout" if self.held else "reset")

    def concerns(self, service: str, operation: str) -> bool:
        return self.service in {"", service} and self.operation in {"", operation}


@dataclass(slots=True, kw_only=True)
class Wire:
    """Where it begins, and what it has done."""

    upstream: str
    faults: Sequence[Fault]
    chance: random.Random
    url: str = ""
    fired: Counter[str] = field(default_factory=Counter)
    _passed: Counter[Fault] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fate(self, service: str, operation: str) -> Fault | None:
        """What is to happen to a call: each fault draws for what those before it have let through."""
        with self._lock:
            for fault in self.faults:
                if not fault.concerns(service, operation):
                    continue
                if self._passed[fault] < fault.after:
                    self._passed[fault] += 1
                elif self.chance.random() < fault.share:
                    self.fired[fault.name] += 1
                    return fault
        return None


@contextmanager
def bad_wire(upstream: str, *faults: Fault, seed: int = 1) -> Iterator[Wire]:
    """A wire to the emulator until the context ends."""
    wire = Wire(upstream=upstream, faults=faults, chance=random.Random(seed))  # noqa: S311 - repeatable, not secret

    class Handler(_Handler):
        carrying = wire

    with serving(Handler) as wire.url:
        yield wire


class _Handler(QuietHandler):
    protocol_version = "HTTP/1.1"
    carrying: Wire

    def carry(self) -> None:
        """One call, to the emulator or to its fate."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        scope = _SCOPE.search(self.headers.get("Authorization", ""))
        action = _ACTION.search(body)
        operation = action[1].decode() if action else self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        fault = self.carrying.fate(scope[1] if scope else "", operation)
        if fault is None:
            self._forward(body)
        elif fault.code:
            status, code = _worded(fault, scope[1] if scope else "")
            kind, text = self._wrapped(code, scope[1] if scope else "")
            self._answer(status, {"Content-Type": kind, "x-amzn-errortype": code}, text)
        else:
            time.sleep(fault.held)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = carry  # noqa: N815 - the names that http.server calls

    def _forward(self, body: bytes) -> None:
        place = urlsplit(self.carrying.upstream)
        upstream = http.client.HTTPConnection(str(place.hostname), place.port)
        try:
            upstream.request(self.command, self.path, body, {**dict(self.headers.items()), "Host": place.netloc})
            answer = upstream.getresponse()
            content = answer.read()
            kept = {key: name for key, name in answer.getheaders() if key.lower() not in _OF_THE_WAY}
            self._answer(answer.status, kept, content)
        finally:
            upstream.close()

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for key, member in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, member)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _wrapped(self, code: str, service: str) -> tuple[str, bytes]:
        """An error as the protocol of the request has it."""
        asked = self.headers.get("Content-Type", "")
        error = f"<Error><Code>{code}</Code><Message>injected</Message></Error>"
        if service == "ec2":
            return "text/xml", f"<Response><Errors>{error}</Errors></Response>".encode()
        if "x-www-form-urlencoded" in asked:
            return "text/xml", f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>".encode()
        if service == "s3":
            return "application/xml", error.encode()
        return asked or "application/json", json.dumps({"__type": code, "message": "injected"}).encode()


def _worded(fault: Fault, service: str) -> tuple[int, str]:
    """Status and code of an answer as the service gives it: S3 throttles by 503, also where there is no body."""
    return (503, "SlowDown") if service == "s3" and fault.code.startswith("Throttling") else (fault.status, fault.code)


_OF_THE_WAY: Final = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
