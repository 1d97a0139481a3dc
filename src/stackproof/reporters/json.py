"""Reports as JSON, format 1."""

from __future__ import annotations

import json
from typing import IO, Protocol

from stackproof.model.json import JsonObject

__all__ = ["JsonReporter", "Report"]


class Report(Protocol):
    """The report of any command."""

    def to_dict(self) -> JsonObject:
        """Its keys and values, as format 1 has them."""


class JsonReporter:
    """Implements `ports.Reporter`, and for other commands' reports as well: sorted keys, two spaces, one newline."""

    def write(self, report: Report, stream: IO[str]) -> None:
        json.dump(report.to_dict(), stream, indent=2, sort_keys=True, ensure_ascii=False)
        stream.write("\n")
