"""The report of the gate as a value; `to_dict` is report format 1."""

from __future__ import annotations

from dataclasses import dataclass

from stackproof.core.json import JsonObject, JsonValue
from stackproof.core.report import report_header
from stackproof.policy.report import PolicySummary

__all__ = ["GateReport", "Outcome", "Stage"]


class Outcome:
    """The words for the end of a stage."""

    HELD = "held"
    VIOLATED = "violated"
    INCOMPLETE = "incomplete"
    SKIPPED = "skipped"

    @staticmethod
    def of(code: int) -> str:
        """The word for an exit code."""
        return {0: Outcome.HELD, 1: Outcome.VIOLATED}.get(code, Outcome.INCOMPLETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the gate; `detail` is one line for a person."""

    name: str
    exit_code: int
    seconds: float
    cached: bool = False
    skipped: bool = False
    detail: str = ""

    @property
    def outcome(self) -> str:
        return Outcome.SKIPPED if self.skipped else Outcome.of(self.exit_code)

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "name": self.name,
            "outcome": self.outcome,
            "seconds": round(self.seconds, 3),
            "cached": self.cached,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """The verdict over all stages. `proof` is the proof coverage, None if nothing was proven in this run."""

    stages: tuple[Stage, ...]
    policy: PolicySummary | None = None
    proof: JsonObject | None = None

    @property
    def exit_code(self) -> int:
        """The gravest of the stages: 2, then 3, then 1. A gate without a stage has checked nothing."""
        codes = {stage.exit_code for stage in self.stages if not stage.skipped}
        return next((code for code in (2, 3, 1, 0) if code in codes), 3)

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            **report_header("gate"),
            "summary": {"exit_code": self.exit_code, "outcome": Outcome.of(self.exit_code)},
            "stages": [stage.to_dict() for stage in self.stages],
            "policy": self.policy.to_dict() if self.policy else None,
            "proof": self.proof,
            "mutation": None,
            "exit_code": self.exit_code,
        }
