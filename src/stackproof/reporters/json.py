"""Reports as JSON, format 1."""

from __future__ import annotations

import json
from typing import IO

from stackproof.model.json import JsonObject

__all__ = ["JsonReporter"]


class JsonReporter:
    """Implements `ports.Reporter`: sorted keys, two spaces, one newline at the end."""

    def write(self, report: JsonObject, stream: IO[str]) -> None:
        json.dump(report, stream, indent=2, sort_keys=True, ensure_ascii=False)
        stream.write("\n")
