"""Results of the tasks of a fleet audit, kept while the run may be resumed."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from stackproof.calls.log import CallLog
from stackproof.core.file_store import FileStore
from stackproof.core.json import as_object
from stackproof.drift.fleet.task import FleetTask, TaskResult

__all__ = ["FleetRuns", "KeptRun"]

_LIFE: Final = 12 * 3600.0  # seconds after which what was seen is no longer news
_TASKS: Final = "tasks"


class FleetRuns:
    """The runs of one project, in a folder with one folder for each run."""

    def __init__(self, directory: Path, *, clock: Callable[[], float] = time.time, life: float = _LIFE) -> None:
        self._directory = directory
        self._clock = clock
        self._life = life
        self._runs = FileStore(directory)

    def start(self, identity: str, *, resume: bool) -> KeptRun:
        """The last run of this identity if it was interrupted not long ago and is to go on, else a new one."""
        self._forget_old()
        known = self._runs.get("last", identity)
        if resume and isinstance(known, Mapping):
            folder = self._directory / str(known["run"])
            if folder.is_dir():
                return KeptRun(folder, is_new=False, clock=self._clock)
        run = f"run-{secrets.token_hex(8)}"
        self._runs.put("last", identity, {"run": run})
        return KeptRun(self._directory / run, is_new=True, clock=self._clock)

    def _forget_old(self) -> None:
        for folder in self._directory.glob("run-*"):
            if folder.stat().st_mtime < self._clock() - self._life:
                shutil.rmtree(folder, ignore_errors=True)


class KeptRun:
    """Implements `ports.TaskMemory`."""

    def __init__(self, folder: Path, *, is_new: bool, clock: Callable[[], float]) -> None:
        self.is_new = is_new
        self._clock = clock
        self._folder = folder
        self._store = FileStore(folder)

    def get(self, task: FleetTask) -> TaskResult | None:
        """The stored result of the task with its time; a result without a time is not used."""
        value = None if self.is_new else self._store.get(_TASKS, task.key)
        at = as_object(value).get("at") if isinstance(value, Mapping) else None
        if not isinstance(at, int):
            return None
        found = TaskResult.from_dict(as_object(value))
        return replace(found, kept_since=datetime.fromtimestamp(at, tz=UTC))

    def keep(self, task: FleetTask, result: TaskResult) -> None:
        """Keep it, without the calls that it took: those of a run that goes on are its own."""
        without = TaskResult(audits=result.audits, notifications=result.notifications, calls=CallLog())
        self._store.put(_TASKS, task.key, {**without.to_dict(), "at": int(self._clock())})

    def ended(self) -> None:
        """The run has ended, so it cannot be resumed."""
        shutil.rmtree(self._folder, ignore_errors=True)
