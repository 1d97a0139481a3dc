"""The gate runs every stage that has something to check, and reports what broke."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stackproof.core.errors import ConfigError, SynthError, TargetError
from stackproof.gate.gate import StageResult, Step, run_gate
from stackproof.gate.report import GateReport, Stage
from stackproof.policy.report import PolicySummary
from tests.fakes import FakeClock


def ending(code: int, detail: str = "", **more: object) -> Callable[[], StageResult]:
    return lambda: StageResult(exit_code=code, detail=detail, **more)  # type: ignore[arg-type]


def raising(error: Exception) -> Callable[[], StageResult]:
    def run() -> StageResult:
        raise error

    return run


def gate(*steps: Step) -> tuple[GateReport, list[Stage], list[str]]:
    told: list[Stage] = []
    report, errors = run_gate(steps, clock=FakeClock(), ended=told.append)
    return report, told, [str(error) for error in errors]


def test_stages_run_in_order_and_are_told_as_they_end() -> None:
    report, told, errors = gate(Step(name="synth", run=ending(0)), Step(name="check", run=ending(0, "all held")))
    assert [stage.name for stage in told] == ["synth", "check"]
    assert tuple(told) == report.stages
    assert (report.exit_code, errors) == (0, [])
    assert [stage.seconds for stage in told] == [1.0, 1.0]


def test_what_is_violated_does_not_stop_the_stages_after_it() -> None:
    report, told, _ = gate(Step(name="check", run=ending(1)), Step(name="unit", run=ending(0, cached=True)))
    assert [stage.outcome for stage in told] == ["violated", "held"]
    assert [stage.cached for stage in told] == [False, True]
    assert report.exit_code == 1


@pytest.mark.parametrize("error", [TargetError("no emulator"), ConfigError("bad")])
def test_what_breaks_is_one_stage_and_the_rest_goes_on(error: TargetError | ConfigError) -> None:
    report, told, errors = gate(Step(name="integration", run=raising(error)), Step(name="unit", run=ending(0)))
    assert [stage.exit_code for stage in told] == [error.exit_code, 0]
    assert told[0].detail == str(error)
    assert errors == [str(error)]
    assert report.exit_code == error.exit_code


@pytest.mark.parametrize("failed", [raising(SynthError("no app")), ending(3)])
def test_after_an_essential_stage_that_failed_nothing_runs(failed: Callable[[], StageResult]) -> None:
    ran: list[str] = []

    def unit() -> StageResult:
        ran.append("unit")
        return StageResult(exit_code=0, detail="")

    report, told, _ = gate(Step(name="synth", run=failed, essential=True), Step(name="unit", run=unit))
    assert ran == []
    assert (told[1].outcome, told[1].detail, told[1].seconds) == ("skipped", "not run: synth failed", 0.0)
    assert report.exit_code == 3


def test_an_essential_stage_that_held_stops_nothing() -> None:
    _, told, _ = gate(Step(name="synth", run=ending(0), essential=True), Step(name="unit", run=ending(0)))
    assert [stage.outcome for stage in told] == ["held", "held"]


def test_policy_and_proof_come_from_the_stages_that_have_them() -> None:
    policy = PolicySummary(held=3)
    report, _, _ = gate(
        Step(name="check", run=ending(0, policy=policy)),
        Step(name="integration", run=ending(0, proof={"resources": {"total": 2}})),
        Step(name="unit", run=ending(0)),
    )
    assert (report.policy, report.proof) == (policy, {"resources": {"total": 2}})


def test_what_no_one_can_explain_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        gate(Step(name="unit", run=raising(ZeroDivisionError())))


def test_a_gate_without_stages_has_judged_nothing() -> None:
    report, _, _ = gate()
    assert report.exit_code == 3
