"""The worker's side of the protocol: requests and replies as JSON lines, each request judged in a fork of its own.

First line out: `{"ready": {"version": …}}` or `{"failed": reason, "config": bool}`. Then, for each request
`{"id": n, "deadline": seconds, …}`, one line `{"id": n, "answer": {…}}` or `{"id": n, "broke": reason}`.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

__all__ = ["RuleFileError", "serve"]

_CHUNK = 1 << 16


class RuleFileError(Exception):
    """A file of custom rules that does not load; the message begins with its path."""


class _ParentGoneError(Exception):
    pass


def serve(
    start: Callable[[dict[str, Any]], str],
    judge: Callable[[dict[str, Any]], dict[str, Any]],
    prepare: Callable[[dict[str, Any]], object] = lambda _request: None,
    warm: Callable[[], Iterator[None]] = lambda: iter(()),
) -> None:
    """Serve until standard input ends. `start` imports the engine and gives its version; argument 1 is its settings.

    `warm` goes on, step by step, while there is nothing else to do. `prepare` runs before the fork, for what later
    requests gain from as well; `judge` runs in the fork.
    """
    gc.disable()
    replies = _take_stdout()
    _forbid_network()
    try:
        version = start(json.loads(sys.argv[1]))
    except RuleFileError as error:
        _send(replies, {"failed": str(error), "config": True})
        return
    except BaseException as error:  # noqa: BLE001 - whatever ends the import is told, also SystemExit
        _send(replies, {"failed": _said(error), "config": False})
        return
    gc.freeze()
    _send(replies, {"ready": {"version": version}})
    try:
        for request in _requests(warm()):
            reply = _judged(request, judge, prepare)
            _send(replies, {"id": request["id"], **reply})
    except (_ParentGoneError, BrokenPipeError):
        return


def _take_stdout() -> int:
    """Whatever the engine prints goes to stderr; the protocol keeps a descriptor of its own."""
    replies = os.dup(1)
    os.dup2(2, 1)
    return replies


def _forbid_network() -> None:
    def refuse(event: str, _arguments: tuple[Any, ...]) -> None:
        if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
            raise PermissionError("policy engines run without a network")

    sys.addaudithook(refuse)


def _requests(warm: Iterator[None]) -> Iterator[dict[str, Any]]:
    buffer = b""
    is_warm = False
    while True:
        while not is_warm and not select.select([0], [], [], 0)[0]:
            is_warm = _is_done(warm)
        chunk = os.read(0, _CHUNK)
        if not chunk:
            return
        buffer += chunk
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            yield json.loads(line)


def _is_done(warm: Iterator[None]) -> bool:
    try:
        next(warm)
    except StopIteration:
        return True
    except Exception as error:  # noqa: BLE001 - a head start that fails is none
        sys.stderr.write(f"{_said(error)}\n")
        return True
    return False


def _judged(
    request: dict[str, Any],
    judge: Callable[[dict[str, Any]], dict[str, Any]],
    prepare: Callable[[dict[str, Any]], object],
) -> dict[str, Any]:
    try:
        prepare(request)
    except Exception as error:  # noqa: BLE001 - the fork meets the same and says so
        sys.stderr.write(f"{_said(error)}\n")
    began = time.monotonic()
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        _answer_and_exit(sink, request, judge)
    os.close(sink)
    data = None
    try:
        data = _read_until(source, began + float(request["deadline"]))
    finally:
        os.close(source)
        if data is None:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if data is None:
        return {"broke": f"no answer within {float(request['deadline']):g} seconds"}
    if os.WIFSIGNALED(status):
        return {"broke": f"crashed with {signal.Signals(os.WTERMSIG(status)).name}"}
    if not data:
        return {"broke": f"ended with exit code {os.waitstatus_to_exitcode(status)}"}
    reply: dict[str, Any] = json.loads(data)
    return reply


def _answer_and_exit(sink: int, request: dict[str, Any], judge: Callable[[dict[str, Any]], dict[str, Any]]) -> NoReturn:
    try:
        try:
            reply = {"answer": judge(request)}
        except BaseException as error:  # noqa: BLE001 - told to the other side
            traceback.print_exc()
            reply = {"broke": _said(error)}
        view = memoryview(json.dumps(reply).encode())
        while view:
            view = view[os.write(sink, view) :]
        sys.stderr.flush()
    finally:
        os._exit(0)


def _read_until(source: int, end: float) -> bytes | None:
    """All that the fork writes; None if it takes too long. Standard input that becomes readable has ended."""
    chunks: list[bytes] = []
    while True:
        left = end - time.monotonic()
        if left <= 0:
            return None
        ready, _, _ = select.select([source, 0], [], [], left)
        if source in ready:
            chunk = os.read(source, _CHUNK)
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
        elif ready:
            raise _ParentGoneError


def _send(replies: int, message: dict[str, Any]) -> None:
    view = memoryview(json.dumps(message).encode() + b"\n")
    while view:
        view = view[os.write(replies, view) :]


def _said(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")[:500]
