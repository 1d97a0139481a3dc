"""The worker's side of the protocol: requests and replies as JSON lines, each request judged in a fork of its own.

First line out: `{"ready": {"version": …}}` or `{"failed": reason, "config": bool}`. Then, for each request
`{"id": n, "deadline": seconds, …}`, one line `{"id": n, "answer": {…}}` or `{"id": n, "broke": reason}`.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["RuleFileError", "serve"]

_CHUNK = 1 << 16
_PATIENT = 10


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
    os.nice(_PATIENT)  # the app that synthesizes meanwhile goes first
    _share_time(_PATIENT)
    requests, replies = _take_streams()
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
        for request in _read_requests(requests, warm()):
            _share_time(0)
            reply = _judged(request, judge, prepare, requests)
            _send(replies, {"id": request["id"], **reply})
    except (_ParentGoneError, BrokenPipeError):
        return


def _share_time(patience: int) -> None:
    """Where Linux shares time among sessions, the weight of ours counts, and unlike `nice` it may go up again."""
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(f"{patience}\n", encoding="ascii")


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
        sys.stderr.write(f"{_said(error)}\n")
        return True
    return False


def _judged(
    request: dict[str, Any],
    judge: Callable[[dict[str, Any]], dict[str, Any]],
    prepare: Callable[[dict[str, Any]], object],
    requests: int,
) -> dict[str, Any]:
    try:
        prepare(request)
    except Exception as error:  # noqa: BLE001 - the fork meets the same and says so
        sys.stderr.write(f"{_said(error)}\n")
    end = time.monotonic() + float(request["deadline"])
    source, sink = os.pipe()
    lifeline, held = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        os.close(held)
        os.close(requests)
        _answer_and_exit(sink, lifeline, request, judge)
    os.close(sink)
    os.close(lifeline)
    data = None
    try:
        data = _read_until(source, requests, end)
    finally:
        os.close(source)
        _kill_group(child)
        _, status = os.waitpid(child, 0)
        os.close(held)
    return _reply(data, status, float(request["deadline"]))


def _reply(data: bytes | None, status: int, deadline: float) -> dict[str, Any]:
    if data is None:
        return {"broke": f"did not answer within {deadline:g} seconds"}
    try:
        reply: dict[str, Any] = json.loads(data)
    except ValueError:
        if os.WIFSIGNALED(status):
            return {"broke": f"crashed with {signal.Signals(os.WTERMSIG(status)).name}"}
        return {"broke": f"ended with exit code {os.waitstatus_to_exitcode(status)}"}
    return reply


def _kill_group(child: int) -> None:
    """End the fork and whatever it started and left behind."""
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # It has no group of its own yet, or has ended; it is not reaped, so the id is still its own.
        os.kill(child, signal.SIGKILL)


def _answer_and_exit(
    sink: int, lifeline: int, request: dict[str, Any], judge: Callable[[dict[str, Any]], dict[str, Any]]
) -> NoReturn:
    try:
        os.setpgid(0, 0)
        threading.Thread(target=_end_with_worker, args=(lifeline,), daemon=True).start()
        try:
            text = json.dumps({"answer": judge(request)})
        except BaseException as error:  # noqa: BLE001 - told to the other side
            traceback.print_exc()
            text = json.dumps({"broke": _said(error)})
        view = memoryview(text.encode())
        while view:
            view = view[os.write(sink, view) :]
        sys.stderr.flush()
    finally:
        os._exit(0)


def _end_with_worker(lifeline: int) -> None:
    """The worker holds the other end and never writes: it can be read once the worker has gone."""
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


def _read_until(source: int, requests: int, end: float) -> bytes | None:
    """All that the fork writes; None if it takes too long. Requests that become readable have ended."""
    chunks: list[bytes] = []
    while True:
        left = end - time.monotonic()
        if left <= 0:
            return None
        ready, _, _ = select.select([source, requests], [], [], left)
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
