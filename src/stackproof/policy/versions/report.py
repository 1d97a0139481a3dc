"""What `stackproof versions` reports, in report format 1."""

from __future__ import annotations

from dataclasses import dataclass

from stackproof import __version__
from stackproof.core.json import JsonObject, JsonValue

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
            "format": 1,
            "command": f"versions {self.command}",
            "tool": {"name": "stackproof", "version": __version__},
            "summary": self.summary,
            **self.rows,
            "exit_code": self.exit_code,
        }
