"""What `stackproof versions` reports, in report format 1."""

from __future__ import annotations

from dataclasses import dataclass

from stackproof.core.json import JsonObject, JsonValue
from stackproof.core.report import report_header

__all__ = ["VersionsReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsReport:
    """The head that every report has, a summary, and rows under their names."""

    command: str
    summary: JsonObject
    rows: JsonObject
    exit_code: int = 0

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            **report_header(f"versions {self.command}"),
            "summary": self.summary,
            **self.rows,
            "exit_code": self.exit_code,
        }
