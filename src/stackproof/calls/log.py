"""The calls that a run made, as a value: what was called how often, and whether it read, wrote or was refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from stackproof.calls.iam_action import action_of
from stackproof.core.json import JsonObject, JsonValue, as_int, as_objects

__all__ = ["CallCount", "CallKind", "CallLog"]


class CallKind(StrEnum):
    """What became of a call."""

    READ = "read"
    WRITE = "write"
    """It may change something, and was declared."""
    REFUSED = "refused"
    """It may change something or give a secret away, was not declared, and never left the process."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class CallCount:
    """How often one operation was called on one target; `declared` is the reason of a declared write."""

    target: str
    service: str
    operation: str
    kind: CallKind
    declared: str = ""
    count: int = 1

    @property
    def action(self) -> str:
        """The IAM action that allows it."""
        return action_of(self.service, self.operation)

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "target": self.target,
            "service": self.service,
            "operation": self.operation,
            "action": self.action,
            "kind": self.kind.value,
            "declared": self.declared,
            "count": self.count,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> CallCount:
        return cls(
            target=str(data["target"]),
            service=str(data["service"]),
            operation=str(data["operation"]),
            kind=CallKind(str(data["kind"])),
            declared=str(data["declared"]),
            count=as_int(data["count"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLog:
    """All calls of a run, or of one of its processes; `counts` are sorted, and no two of them are about the same."""

    counts: tuple[CallCount, ...] = ()

    @property
    def reads(self) -> int:
        """How many calls only read."""
        return self._sum(CallKind.READ)

    @property
    def writes(self) -> int:
        """How many calls may have changed something, all of them declared."""
        return self._sum(CallKind.WRITE)

    @property
    def refused(self) -> int:
        """How many calls were not sent."""
        return self._sum(CallKind.REFUSED)

    @property
    def refusals(self) -> tuple[str, ...]:
        """What was refused, as "service:Operation", sorted."""
        return tuple(
            sorted({f"{count.service}:{count.operation}" for count in self.counts if count.kind is CallKind.REFUSED})
        )

    def merged(self, *others: CallLog) -> CallLog:
        """The sum of several logs, in whatever order they come."""
        found: Counter[tuple[str, str, str, CallKind, str]] = Counter()
        for log in (self, *others):
            for count in log.counts:
                found[count.target, count.service, count.operation, count.kind, count.declared] += count.count
        return CallLog(
            counts=tuple(
                CallCount(
                    target=target, service=service, operation=operation, kind=kind, declared=declared, count=count
                )
                for (target, service, operation, kind, declared), count in sorted(found.items())
            )
        )

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "total": self.reads + self.writes,
            "reads": self.reads,
            "writes": self.writes,
            "refused": self.refused,
            "operations": [count.to_dict() for count in self.counts],
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> CallLog:
        return cls(counts=tuple(CallCount.from_dict(operation) for operation in as_objects(data["operations"])))

    def _sum(self, kind: CallKind) -> int:
        return sum(count.count for count in self.counts if count.kind is kind)
