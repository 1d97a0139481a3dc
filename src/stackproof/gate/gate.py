"""The gate: stages in order, one summary, one exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stackproof.core.errors import StackproofError
from stackproof.core.json import JsonObject
from stackproof.gate.report import GateReport, Stage
from stackproof.policy.report import PolicySummary

__all__ = ["StageResult", "Step", "run_gate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """What one stage came to. `policy` and `proof` go to the head of the report."""

    exit_code: int
    detail: str
    cached: bool = False
    policy: PolicySummary | None = None
    proof: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A stage to run; one that is `essential` leaves nothing for the others to check if it cannot complete."""

    name: str
    run: Callable[[], StageResult]
    essential: bool = False


def run_gate(
    steps: Sequence[Step], *, clock: Callable[[], float], ended: Callable[[Stage], None]
) -> tuple[GateReport, tuple[StackproofError, ...]]:
    """Run every stage, also after one that is violated, since a person wants to know all that is wrong.

    What broke is in the second part of the answer. `ended` gets each stage when it ends.
    """
    stages: list[Stage] = []
    errors: list[StackproofError] = []
    policy: PolicySummary | None = None
    proof: JsonObject | None = None
    blocked_by: str | None = None
    for step in steps:
        if blocked_by is not None:
            stage = Stage(
                name=step.name, exit_code=3, seconds=0.0, skipped=True, detail=f"not run: {blocked_by} failed"
            )
        else:
            began = clock()
            try:
                result = step.run()
            except StackproofError as error:
                errors.append(error)
                result = StageResult(exit_code=error.exit_code, detail=str(error))
            stage = Stage(
                name=step.name,
                exit_code=result.exit_code,
                seconds=clock() - began,
                cached=result.cached,
                detail=result.detail,
            )
            policy, proof = result.policy or policy, result.proof or proof
            if step.essential and result.exit_code:
                blocked_by = step.name
        stages.append(stage)
        ended(stage)
    return GateReport(stages=tuple(stages), policy=policy, proof=proof), tuple(errors)
