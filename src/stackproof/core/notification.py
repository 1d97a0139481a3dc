"""What a run reports about itself, beside its findings, and the levels of both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stackproof.core.json import JsonObject, JsonValue, optional_str

__all__ = ["Level", "Notification"]


class Level(StrEnum):
    """SARIF's levels, the gravest first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NONE = "none"

    @property
    def rank(self) -> int:
        """0 for none, 3 for error."""
        return {"none": 0, "note": 1, "warning": 2, "error": 3}[self.value]

    def reaches(self, other: Level) -> bool:
        """Whether it is at least as grave as the other."""
        return self.rank >= other.rank


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Notification:
    """Something about the run, not about the stack. At level error, something was not evaluated: exit code 3.

    `rule_id` is that of a rule about the run itself (EV001, the age of a list): a strict run does not hold with it.
    """

    level: Level
    message: str
    engine: str | None = None
    file: str | None = None
    rule_id: str | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "level": self.level.value,
            "message": self.message,
            "engine": self.engine,
            "file": self.file,
            "rule_id": self.rule_id,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Notification:
        return cls(
            level=Level(str(data["level"])),
            message=str(data["message"]),
            engine=optional_str(data["engine"]),
            file=optional_str(data["file"]),
            rule_id=optional_str(data.get("rule_id")),
        )
