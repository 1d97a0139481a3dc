"""What all workers of one pytest run share: one folder, and in it each thing that is made once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from stackproof.core.errors import ConfigError, StackproofError, TargetError
from stackproof.core.json import JsonValue
from stackproof.core.scratch_folder import ScratchFolder

__all__ = ["PROCESS", "RUN", "Run", "close_run", "join_run", "send_run"]

PROCESS = "process-"
"""What is started for a run is noted under a name that begins so: its id, and how it is reached."""

_CHANNEL: Final = "stackproof"
"""The key of a worker's input that has the run."""

_PATIENCE = 30.0


class Run:
    """One pytest run, seen from its controller or from a worker. `owner` is the controller's process id."""

    def __init__(self, *, directory: Path | None = None, owner: int | None = None) -> None:
        self._directory = directory
        self._scratch: ScratchFolder | None = None
        self.owner = owner if owner is not None else os.getpid()

    @property
    def directory(self) -> Path:
        """The shared folder; the controller makes it when it is first needed."""
        if self._directory is None:
            self._scratch = ScratchFolder()
            self._directory = self._scratch.path
        return self._directory

    @property
    def was_used(self) -> bool:
        """Whether there is a folder at all."""
        return self._directory is not None

    def close(self) -> None:
        """Remove the folder, if this process has made it."""
        if self._scratch is not None:
            self._scratch.close()

    def once(self, name: str, make: Callable[[], JsonValue]) -> JsonValue:
        """What `make` gives, made by the first worker that asks; if it failed, it has failed for all of them."""
        from filelock import FileLock

        file = self.directory / f"{name}.json"
        with FileLock(self.directory / f"{name}.lock"):
            if not file.exists():
                file.write_text(json.dumps(_attempted(make)), encoding="utf-8")
        answer = json.loads(file.read_text(encoding="utf-8"))
        if "error" in answer:
            kind = ConfigError if answer["exit_code"] == ConfigError.exit_code else TargetError
            raise kind(answer["error"])
        value: JsonValue = answer["value"]
        return value


RUN = pytest.StashKey[Run]()


def send_run(run: Run, worker_input: dict[str, Any]) -> None:
    """Have a worker of xdist join the controller's run."""
    worker_input[_CHANNEL] = {"directory": str(run.directory), "owner": run.owner}


def join_run(config: pytest.Config) -> Run:
    """The run that this process belongs to; a new one for all but the workers of xdist."""
    given = getattr(config, "workerinput", {}).get(_CHANNEL)
    return Run(directory=Path(given["directory"]), owner=given["owner"]) if given else Run()


def close_run(run: Run, *, keep: bool) -> tuple[str, ...]:
    """End what was started and remove the folder; with `keep`, give a line on how to reach each process instead."""
    if not run.was_used or run.owner != os.getpid():
        return ()
    started = [found for path in sorted(run.directory.glob(f"{PROCESS}*.json")) if (found := _noted(path))]
    if started and keep:
        return tuple(map(_reached, started))
    for process in started:
        _end(int(process["pid"]))
    run.close()
    return ()


def _noted(file: Path) -> dict[str, str] | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8")).get("value")
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _reached(started: dict[str, str]) -> str:
    how = f"export AWS_ENDPOINT_URL={started['endpoint_url']}" if "endpoint_url" in started else started["url"]
    return f"{how}  # kill {started['pid']} ends it"


def _attempted(make: Callable[[], JsonValue]) -> dict[str, JsonValue]:
    try:
        return {"value": make()}
    except StackproofError as error:
        return {"error": str(error), "exit_code": error.exit_code}


def _end(pid: int) -> None:
    """Send SIGTERM, then SIGKILL."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            return
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if _is_gone(pid):
                return
            time.sleep(0.02)


def _is_gone(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
