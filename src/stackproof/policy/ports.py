"""An engine that evaluates templates, and a format in which a report is written."""

from __future__ import annotations

from typing import IO, Protocol

from stackproof.policy.finding import EngineAnswer
from stackproof.policy.report import CheckReport
from stackproof.template.template import Template

__all__ = ["PolicyEngine", "Reporter"]


class PolicyEngine(Protocol):
    """Judges templates against rules: cfn-lint, Checkov, cloudformation-validate."""

    @property
    def name(self) -> str:
        """The engine's name in reports."""

    @property
    def identity(self) -> str:
        """Name, version and a hash of its rules and settings: two engines of one identity give the same answers."""

    def start(self) -> None:
        """Begin to import in the background; returns at once, and a second call does nothing."""

    def evaluate(self, template: Template) -> EngineAnswer:
        """Its answer to one template; raises EngineError if it breaks or runs out of time."""

    def close(self) -> None:
        """End its processes; a second call does nothing."""


class Reporter(Protocol):
    """Writes what `check` found in one format: the same report, the same text."""

    def write(self, report: CheckReport, stream: IO[str]) -> None:
        """Write the whole report; the stream is the caller's."""
