"""A worker process: started early, asked one thing at a time, and gone when asked to or when we are."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import site
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from stackproof.core.errors import ConfigError, EngineError
from stackproof.core.json import JsonObject, JsonValue
from stackproof.core.scratch_folder import ScratchFolder
from stackproof.policy.engines.table import TABLE

__all__ = ["WorkerProcess", "neutral_environment"]

_START_SECONDS = 180.0
_GRACE_SECONDS = 10.0
_HURRY = 10  # steps of niceness
_PAUSE_SECONDS = 0.05
_SETTINGS = ("LOG_LEVEL", "PYTHONHOME", "PYTHONSTARTUP", *(prefix for row in TABLE for prefix in row.variables))
# Coverage of a suite is none of an engine, which it makes slower, and which is killed before anything is saved.
_DROPPED = ("AWS_", "COV_CORE", "COVERAGE_", *_SETTINGS)


def neutral_environment(home: Path, *, same_interpreter: bool) -> dict[str, str]:
    """The environment without credentials, without settings of engines, and with an empty home folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_DROPPED)}
    if same_interpreter:
        kept["PYTHONUSERBASE"] = site.getuserbase()
    else:
        kept = {key: value for key, value in kept.items() if not key.startswith("PYTHON")}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_CACHE_HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONWARNINGS": "ignore",
    }


class WorkerProcess:
    """Speaks the worker protocol with one process; begins anew when that process has ended."""

    def __init__(self, name: str, python: Path, script: Path, settings: JsonObject) -> None:
        self._name = name
        self._command: Sequence[str] = (str(python), str(script), json.dumps(settings))
        self._niceness = max(0, int(str(settings.get("niceness", 0))) - _HURRY)
        self._same_interpreter = python == Path(sys.executable)
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: ScratchFolder | None = None
        self._errors: IO[bytes] | None = None
        self._replies = bytearray()
        self._ready = False
        self._hurried = False
        self._number = 0

    def start(self) -> None:
        """Start the process unless it runs; returns at once. Raises EngineError if that is impossible."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            self.close()
            self._folder = ScratchFolder()
            weakref.finalize(self, self._folder.close)
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own script
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    cwd=self._folder.path,
                    env=neutral_environment(self._folder.path, same_interpreter=self._same_interpreter),
                    start_new_session=True,
                )
            except OSError as error:
                self.close()
                raise EngineError(f"{self._name} cannot be started: {error}") from error

    def ask(self, request: JsonObject, *, deadline: float) -> JsonObject:
        """The answer to one request; raises EngineError if the engine broke or took longer than `deadline` seconds."""
        with self._lock:
            self.start()
            self._hurry()
            self._await_ready()
            self._number += 1
            self._write({**request, "id": self._number, "deadline": deadline})
            reply = self._read(deadline + _GRACE_SECONDS)
            if reply.get("id") != self._number:
                raise self._broken("answered something else")
            answer = reply.get("answer")
            if isinstance(answer, Mapping):
                return answer
            raise EngineError(f"{self._name} {_reason(reply.get('broke'))}")

    def close(self) -> None:
        """End the process and whatever it started, and remove its folder; a second call does nothing.

        A thread that waits for an answer meanwhile gets an EngineError.
        """
        while not self._lock.acquire(timeout=_PAUSE_SECONDS):
            if (running := self._process) is not None and running.poll() is None:
                _kill(running)
        try:
            process, self._process = self._process, None
            self._ready = self._hurried = False
            self._replies.clear()
            if process is not None:
                _end(process)
            if self._errors is not None:
                self._errors.close()
                self._errors = None
            if self._folder is not None:
                self._folder.close()
                self._folder = None
        finally:
            self._lock.release()

    def _hurry(self) -> None:
        """Someone waits: the process gives way less than it did; the order among engines stays as it was.

        Where Linux shares time among sessions, the weight of the session counts, and unlike `nice` it may go up again.
        """
        if not self._hurried and self._process is not None:
            self._hurried = True
            with contextlib.suppress(OSError):
                Path(f"/proc/{self._process.pid}/autogroup").write_text(f"{self._niceness}\n", encoding="ascii")

    def _await_ready(self) -> None:
        if self._ready:
            return
        first = self._read(_START_SECONDS)
        if "ready" in first:
            self._ready = True
            return
        reason = str(first.get("failed"))
        self.close()
        if first.get("config") is True:
            raise ConfigError(reason)
        raise EngineError(f"{self._name} cannot be started: {reason}")

    def _write(self, message: JsonObject) -> None:
        process = self._running()
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        try:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            process.stdin.flush()
        except OSError as error:
            raise self._broken("ended") from error

    def _read(self, seconds: float) -> dict[str, JsonValue]:
        process = self._running()
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._replies:
                left = end - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise self._broken(f"did not answer within {seconds:g} seconds")
                chunk = os.read(process.stdout.fileno(), 1 << 16)
                if not chunk:
                    raise self._broken("ended")
                self._replies += chunk
        line, _, rest = bytes(self._replies).partition(b"\n")
        self._replies = bytearray(rest)
        try:
            message = json.loads(line)
        except ValueError as error:
            raise self._broken("answered no JSON") from error
        if not isinstance(message, dict):
            raise self._broken("answered no JSON object")
        return message

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise EngineError(f"{self._name} is not running")
        return self._process

    def _broken(self, what: str) -> EngineError:
        """The error for a process that is of no use any more; it is ended."""
        detail = ""
        if self._errors is not None:
            self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - 2000))
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            detail = f": {lines[-1].strip()[:300]}" if lines else ""
        self.close()
        return EngineError(f"{self._name} {what}{detail}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """A worker has nothing to put in order: it and its forks are killed."""
    _kill(process)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _reason(value: JsonValue) -> str:
    return str(value) if value else "broke"
