"""The worker's side of the protocol: requests and replies as JSON lines, each request evaluated in a fork.

First line out: `{"ready": {"version": …}}` or `{"failed": reason, "config": bool}`. Then, for each request
`{"id": n, "deadline": seconds, …}`, one line `{"id": n, "answer": {…}}` or `{"id": n, "broke": reason}`.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fork import Fork, ParentGoneError, on_one_line, write_line  # type: ignore[import-not-found]

__all__ = ["RuleFileError", "serve"]

_CHUNK = 1 << 16


class RuleFileError(Exception):
    """A file of custom rules that does not load; the message begins with its path."""


def serve(
    start: Callable[[dict[str, Any]], str],
    evaluate: Callable[[dict[str, Any]], dict[str, Any]],
    prepare: Callable[[dict[str, Any]], object] = lambda _request: None,
    warm: Callable[[], Iterator[None]] = lambda: iter(()),
) -> None:
    """Serve until standard input ends. `start` imports the engine and gives its version; argument 1 is its settings.

    `warm` goes on, step by step, while there is nothing else to do. `evaluate` runs in a fork, which serves many
    requests unless one breaks it. `prepare` runs before the fork, for work that later forks gain from too.
    """
    gc.disable()
    settings = json.loads(sys.argv[1])
    niceness = settings.get("niceness", 0)
    os.nice(niceness)  # the app that synthesizes meanwhile goes first
    _share_time(niceness)
    requests, replies = _take_streams()
    _forbid_network()
    try:
        version = start(settings)
    except RuleFileError as error:
        _send(replies, {"failed": str(error), "config": True})
        return
    except BaseException as error:  # noqa: BLE001 - all that ends the import is reported, also SystemExit
        _send(replies, {"failed": on_one_line(error), "config": False})
        return
    gc.freeze()
    _send(replies, {"ready": {"version": version}})
    fork: Fork | None = None
    try:
        for request in _read_requests(requests, warm()):
            if fork is None or fork.is_spent:
                _prepare(prepare, request)
                fork = Fork(evaluate, requests)
            reply = fork.ask(request, float(request["deadline"]))
            _send(replies, {"id": request["id"], **reply})
    except (ParentGoneError, BrokenPipeError):
        return


def _prepare(prepare: Callable[[dict[str, Any]], object], request: dict[str, Any]) -> None:
    try:
        prepare(request)
    except Exception as error:  # noqa: BLE001 - the fork meets the same error and reports it
        sys.stderr.write(f"{on_one_line(error)}\n")


def _share_time(niceness: int) -> None:
    """Set the weight of our session, by which Linux shares time; the process that waits for us raises it again."""
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(f"{niceness}\n", encoding="ascii")


def _take_streams() -> tuple[int, int]:
    """Descriptors of our own: what the engine prints goes to stderr, and it has nothing to read."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def _forbid_network() -> None:
    def refuse(event: str, _arguments: tuple[Any, ...]) -> None:
        if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
            raise PermissionError("policy engines run without a network")

    sys.addaudithook(refuse)


def _read_requests(requests: int, warm: Iterator[None]) -> Iterator[dict[str, Any]]:
    buffer = bytearray()
    is_warm = False
    while True:
        while not is_warm and not select.select([requests], [], [], 0)[0]:
            is_warm = _is_done(warm)
        chunk = os.read(requests, _CHUNK)
        if not chunk:
            return
        buffer += chunk
        if b"\n" in chunk:
            *lines, rest = bytes(buffer).split(b"\n")
            buffer = bytearray(rest)
            yield from (json.loads(line) for line in lines)


def _is_done(warm: Iterator[None]) -> bool:
    try:
        next(warm)
    except StopIteration:
        return True
    except Exception as error:  # noqa: BLE001 - a head start that fails is none
        sys.stderr.write(f"{on_one_line(error)}\n")
        return True
    return False


def _send(replies: int, message: dict[str, Any]) -> None:
    write_line(replies, json.dumps(message))
