"""An interrupted run goes on, and nothing is kept for long."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from stackproof.core.file_store import FileStore
from stackproof.drift.fleet.task import AccountRegion, FleetTask, TaskResult
from stackproof.drift.fleet.task_results import FleetRuns
from stackproof.drift.stack_audit import StackAudit

TASK = FleetTask(account_region=AccountRegion(account="1", region="a"), stack_names=("One",))
RESULT = TaskResult(
    audits=(StackAudit(stack_name="One", stack_id="1", account="1", region="a", stack_status="CREATE_COMPLETE"),)
)


def test_an_interrupted_run_goes_on_and_one_that_ended_does_not(tmp_path: Path) -> None:
    now = time.time()
    runs = FleetRuns(tmp_path, clock=lambda: now)
    first = runs.start("x", resume=True)
    assert first.is_new
    assert first.get(TASK) is None
    first.keep(TASK, RESULT)
    again = runs.start("x", resume=True)
    assert not again.is_new
    assert again.get(TASK) == replace(RESULT, kept_since=datetime.fromtimestamp(int(now), tz=UTC))
    again.ended()
    assert runs.start("x", resume=True).is_new


def test_another_fleet_or_a_run_that_is_not_to_go_on_begins_anew(tmp_path: Path) -> None:
    runs = FleetRuns(tmp_path)
    runs.start("x", resume=False).keep(TASK, RESULT)
    assert runs.start("y", resume=True).is_new
    assert runs.start("x", resume=False).get(TASK) is None


def test_what_was_kept_without_its_moment_is_looked_at_again(tmp_path: Path) -> None:
    runs = FleetRuns(tmp_path)
    runs.start("x", resume=False).keep(TASK, RESULT)
    [folder] = tmp_path.glob("run-*")
    FileStore(folder).put("tasks", TASK.key, RESULT.to_dict())
    assert runs.start("x", resume=True).get(TASK) is None


def test_what_is_old_is_forgotten(tmp_path: Path) -> None:
    FleetRuns(tmp_path).start("x", resume=False).keep(TASK, RESULT)
    later = FleetRuns(tmp_path, clock=lambda: time.time() + 13 * 3600)
    assert later.start("x", resume=True).is_new
    assert not list(tmp_path.glob("run-*"))
