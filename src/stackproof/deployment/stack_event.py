"""CloudFormation's reports on a stack: its events, and the changes of a change set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["STACK", "StackChange", "StackEvent"]

STACK = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackEvent:
    """One row of `DescribeStackEvents`; `at` is its time, if given."""

    event_id: str
    stack_id: str
    stack_name: str
    logical_id: str
    physical_id: str
    resource_type: str
    status: str
    reason: str = ""
    at: datetime | None = None

    @property
    def is_failure(self) -> bool:
        """Whether something could not be done."""
        return self.status.endswith("_FAILED")

    @property
    def is_in_progress(self) -> bool:
        """Whether it has begun and not ended."""
        return self.status.endswith("_IN_PROGRESS")

    @property
    def is_of_stack(self) -> bool:
        """Whether it is about the stack itself and not about a resource in it."""
        return self.resource_type == STACK and self.physical_id == self.stack_id

    @property
    def time(self) -> str:
        """The time of the day, "12:34:56", or nothing."""
        return self.at.strftime("%H:%M:%S") if self.at is not None else ""

    def __str__(self) -> str:
        """One line: time, logical id, status, reason."""
        reason = " ".join(self.reason.split())
        return " ".join(part for part in (self.time, self.logical_id, self.status, reason) if part)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class StackChange:
    """One resource in a change set; `replacement` is "True", "False", "Conditional" or empty if not given."""

    logical_id: str
    resource_type: str
    action: str
    replacement: str = ""

    def __str__(self) -> str:
        """One line: what happens to which resource, and whether it may be another one afterwards."""
        suffix = {"True": " (is replaced)", "Conditional": " (may be replaced)"}.get(self.replacement, "")
        return f"{self.action.lower()} {self.logical_id} ({self.resource_type}){suffix}"
