"""A fork that evaluates: a crash or a hang ends the fork alone, and a fresh one answers the next request."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NoReturn

__all__ = ["Fork", "ParentGoneError", "on_one_line", "write_line"]

_CHUNK = 1 << 16
# A fork costs a fifth of a small template's time, and what engines leave behind grows: both stay small with this many.
_REQUESTS = 32
_GARBAGE = (50_000, 20, 100)

Judge = Callable[[dict[str, Any]], dict[str, Any]]


class ParentGoneError(Exception):
    """The process that sends the requests has ended."""


class Fork:
    """Answers requests one after another in a separate process.

    `requests` is the descriptor on which the parent sends requests. The parent sends none while it waits for an answer:
    a descriptor that becomes readable meanwhile means that the parent has ended.
    """

    def __init__(self, evaluate: Judge, requests: int) -> None:
        self._requests = requests
        self._left = _REQUESTS
        self._status: int | None = None
        source, self._down = os.pipe()
        self._up, sink = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(self._down)
            os.close(self._up)
            os.close(requests)
            _serve(source, sink, evaluate)
        os.close(source)
        os.close(sink)

    @property
    def is_spent(self) -> bool:
        """Whether it has ended or answered its share."""
        return self._left <= 0

    def ask(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        """`{"answer": …}`, or `{"broke": reason}`; the fork ends if it breaks, as it does after `deadline` seconds."""
        end = time.monotonic() + deadline
        self._left -= 1
        text = json.dumps(request).encode() + b"\n"
        try:
            reply = self._read(end) if self._write(text, end) else b""
        except ParentGoneError:
            self.end()
            raise
        if reply.endswith(b"\n"):
            found: dict[str, Any] = json.loads(reply)
            if self._left <= 0 or "broke" in found:  # an exception may have left a broken state behind
                self.end()
            return found
        late = time.monotonic() >= end
        status = self.end()
        if late:
            return {"broke": f"did not answer within {deadline:g} seconds"}
        if os.WIFSIGNALED(status):
            return {"broke": f"crashed with {signal.Signals(os.WTERMSIG(status)).name}"}
        return {"broke": f"ended with exit code {os.waitstatus_to_exitcode(status)}"}

    def end(self) -> int:
        """End the process with all that it started; gives its status. It is not to be asked any more."""
        if self._status is not None:
            return self._status
        self._left = 0
        os.close(self._down)
        os.close(self._up)
        ended, status = os.waitpid(self._child, os.WNOHANG)
        try:
            os.killpg(self._child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            # It has no separate group yet, or has ended; its id stays reserved until it is reaped.
            if not ended:
                os.kill(self._child, signal.SIGKILL)
        self._status = status if ended else os.waitpid(self._child, 0)[1]
        return self._status

    def _write(self, data: bytes, end: float) -> bool:
        view = memoryview(data)
        os.set_blocking(self._down, False)
        while view:
            _, ready, _ = select.select([], [self._down], [], max(0.0, end - time.monotonic()))
            if not ready:
                return False
            try:
                view = view[os.write(self._down, view) :]
            except BrokenPipeError:
                return False
        return True

    def _read(self, end: float) -> bytes:
        """The line that the fork writes; less if it ends or takes too long."""
        found = bytearray()
        while not found.endswith(b"\n"):
            ready, _, _ = select.select([self._up, self._requests], [], [], max(0.0, end - time.monotonic()))
            if self._up in ready:
                chunk = os.read(self._up, _CHUNK)
                if not chunk:
                    break
                found += chunk
            elif ready:
                raise ParentGoneError
            else:
                break
        return bytes(found)


def on_one_line(error: BaseException) -> str:
    """An error on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")[:500]


def write_line(descriptor: int, text: str) -> None:
    """The whole line, however little the other side takes at a time."""
    view = memoryview(text.encode() + b"\n")
    while view:
        view = view[os.write(descriptor, view) :]


def _serve(source: int, sink: int, evaluate: Judge) -> NoReturn:
    """The fork's life: a thread takes requests in, so that the end of the worker is noticed in the middle of one."""
    try:
        os.setpgid(0, 0)
        gc.set_threshold(*_GARBAGE)
        gc.enable()
        requests: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=_take, args=(source, requests), daemon=True).start()
        while True:
            _answer(sink, json.loads(requests.get()), evaluate)
    finally:
        os._exit(0)


def _take(source: int, requests: SimpleQueue[bytes]) -> None:
    """Hand each request over to the thread that evaluates; the end of the source ends the fork."""
    buffer = bytearray()
    while chunk := os.read(source, _CHUNK):
        buffer += chunk
        if buffer.endswith(b"\n"):
            requests.put(bytes(buffer))
            buffer.clear()
    os.killpg(0, signal.SIGKILL)


def _answer(sink: int, request: dict[str, Any], evaluate: Judge) -> None:
    try:
        text = json.dumps({"answer": evaluate(request)})
    except BaseException as error:  # noqa: BLE001 - reported to the parent
        traceback.print_exc()
        text = json.dumps({"broke": on_one_line(error)})
    sys.stderr.flush()
    write_line(sink, text)
