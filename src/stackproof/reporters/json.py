"""Reports as JSON, format 1."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Protocol

from stackproof.core.json import JsonObject, JsonValue

__all__ = ["JsonReporter", "Report"]


class Report(Protocol):
    """The report of any command."""

    def to_dict(self) -> JsonObject:
        """Its keys and values, as format 1 has them."""


class JsonReporter:
    """Implements `ports.Reporter`, and for other commands' reports too: sorted keys, one line for each item of a list.

    So a line that differs is a finding that differs, and twenty thousand findings take a moment.
    """

    def write(self, report: Report, stream: IO[str]) -> None:
        entries = sorted(report.to_dict().items())
        stream.write("{\n")
        for number, (key, value) in enumerate(entries):
            stream.write(f"  {_text(key)}: ")
            stream.writelines(_lines(value))
            stream.write(",\n" if number < len(entries) - 1 else "\n")
        stream.write("}\n")


def _lines(value: JsonValue) -> Iterator[str]:
    if not isinstance(value, list) or not value:
        yield _text(value)
        return
    for number, element in enumerate(value):
        yield f"{',' if number else '['}\n    {_text(element)}"
    yield "\n  ]"


def _text(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
