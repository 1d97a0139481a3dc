"""What the command line says of a fleet while it is audited, and of a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stackproof.calls.log import CallCount, CallKind, CallLog
from stackproof.cli.fleet import FleetProgress, plan_text
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.fleet.planning import FleetPlan
from stackproof.drift.fleet.run import FleetRun
from stackproof.drift.fleet.task import AccountRegion, Failure, FleetTask, TaskResult
from stackproof.drift.stack_audit import StackAudit
from tests.memory_fakes import difference

TASK = FleetTask(account_region=AccountRegion(account="1", region="a"), stack_names=("One", "Two"))


def started() -> FleetRun:
    calls = CallLog(
        counts=(CallCount(target="aws", service="sqs", operation="ListQueues", kind=CallKind.READ, count=30),)
    )
    return FleetRun().with_result(TASK, TaskResult(calls=calls))


@pytest.mark.parametrize(("live", "pause"), [(True, 0.2), (False, 30.0)])
def test_a_line_comes_now_and_then_and_one_at_the_end(
    live: bool,  # noqa: FBT001
    pause: float,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("STACKPROOF_QUIET", raising=False)
    now = [100.0]
    shown = FleetProgress(4, clock=lambda: now[0], live=live)
    shown(started())
    assert capsys.readouterr().err == ""
    now[0] += pause + 0.01
    shown(started())
    line = "2 of 4 stacks, "
    errors = capsys.readouterr().err
    assert line in errors
    assert (errors.startswith("\r"), errors.endswith("\n")) == (live, not live)
    now[0] = 160.0
    shown.end(started())
    assert "0 calls/s, 0 drifts found" in capsys.readouterr().err


def test_one_of_anything_is_called_one_and_a_moment_has_no_rate() -> None:
    now = [100.0]
    shown = FleetProgress(1, clock=lambda: now[0], live=False)
    run = started()
    now[0] += 0.001
    assert shown.line(run) == "2 of 1 stack, 0 drifts found"
    account_region = AccountRegion(account="1", region="a")
    run = replace(run, failures={account_region: Failure(reason=UnprovenReason.DENIED, detail="no")})
    found = StackAudit(
        stack_name="One",
        stack_id="1",
        account="1",
        region="a",
        stack_status="CREATE_COMPLETE",
        differences=(difference(),),
    )
    run = run.with_result(TASK, TaskResult(audits=(found,)))
    now[0] += 2
    assert shown.line(run) == "2 of 1 stack, 15 calls/s, 1 drift found, 1 place not reached"


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKPROOF_QUIET", "1")
    shown = FleetProgress(4, clock=lambda: 1e9, live=True)
    shown(started())
    shown.end(started())
    assert capsys.readouterr().err == ""


def test_a_plan_for_a_person_has_stacks_calls_and_the_time() -> None:
    plan = FleetPlan(
        tasks=(TASK,), calls={"sqs": 7}, resources=3, seconds=125.0, unknown=("AWS::A::B",), unplanned=("2: no",)
    )
    assert plan_text(plan).splitlines() == [
        "1 a One",
        "1 a Two",
        "cannot be planned: 2: no",
        "read through Cloud Control, or not at all: AWS::A::B",
        "sqs: about 7 calls",
        "2 stacks, 3 resources, about 7 calls, about 2 min 5 s",
    ]
    single = FleetPlan(
        tasks=(FleetTask(account_region=TASK.account_region, stack_names=("One",)),),
        calls={"sqs": 1},
        resources=1,
        seconds=1.0,
    )
    assert plan_text(single).splitlines()[1:] == [
        "sqs: about 1 call",
        "1 stack, 1 resource, about 1 call, about 1 s",
    ]
