"""A separate process beside a run: it ends with its owner, and its port file reports that it is ready."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from stackproof.core.errors import TargetError

__all__ = ["OwnedProcess", "start_owned"]

_START_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 30.0  # longer than any of them takes for its own children
# The port file appears without notice; a poll costs nothing beside the start of an emulator.
_POLL_SECONDS: Final = 0.02


@dataclass(slots=True, kw_only=True)
class OwnedProcess:
    """A running process. It ends with its owner by itself; `stop` is for ending it before.

    `ready_data` is what the process published when it was ready: how to reach it.
    """

    pid: int
    ready_data: Mapping[str, str]
    _process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def endpoint_url(self) -> str:
        """Where an emulator answers."""
        return self.ready_data["endpoint_url"]

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended, for whatever reason."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """End the process and wait for its end; a second call does nothing."""
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def release(self) -> None:
        """Leave the process to the owner of its id; Python would warn of a child that nothing waits for."""
        self._process.returncode = 0


def start_owned(
    name: str,
    module: str,
    arguments: Sequence[str] = (),
    *,
    owner_pid: int,
    directory: Path,
    environment: Mapping[str, str],
) -> OwnedProcess:
    """Start `python -m module` and wait until it is ready; raises TargetError with its last word if it does not start.

    With owner 0 it runs until it gets a signal. Its port file is in the directory for as long as it runs.
    """
    directory.mkdir(parents=True, exist_ok=True)
    descriptor, file_name = tempfile.mkstemp(prefix=f"{name}-", suffix=".port", dir=directory)
    os.close(descriptor)
    port_file = Path(file_name)
    port_file.unlink()
    with tempfile.TemporaryFile(dir=directory) as log:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module, "--owner-pid", str(owner_pid), "--port-file", str(port_file), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
            env=dict(environment),
        )
        try:
            ready_data = _await_ready(name, process, port_file, log)
        except BaseException:  # Ctrl-C as well: nothing else would end the process
            _end(process)
            port_file.unlink(missing_ok=True)
            raise
    return OwnedProcess(pid=process.pid, ready_data=ready_data, _process=process)


def _await_ready(name: str, process: subprocess.Popen[bytes], port_file: Path, log: IO[bytes]) -> Mapping[str, str]:
    """What the process publishes once it is ready; raises TargetError with its last word if it ends or takes too long.

    It takes its port file along when it ends, which may be right after it was ready: it is read, or was never there.
    """
    end = time.monotonic() + _START_SECONDS
    while True:
        has_ended = process.poll() is not None
        with contextlib.suppress(FileNotFoundError):
            ready_data: Mapping[str, str] = json.loads(port_file.read_text(encoding="utf-8"))
            return ready_data
        if has_ended or time.monotonic() > end:
            log.seek(0)
            last = (log.read().decode(errors="replace").strip().splitlines() or ["no output"])[-1]
            raise TargetError(f"{name} does not start: {last}", code="NotStarted")
        time.sleep(_POLL_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Terminate before killing: the process may have children and files to clean up."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
