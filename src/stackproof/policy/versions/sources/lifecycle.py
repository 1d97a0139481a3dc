"""The dates of support that ship with the package: facts from endoflife.date (MIT)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from importlib import resources

from stackproof.core.errors import EngineError
from stackproof.core.json import JsonObject, JsonValue, as_object
from stackproof.policy.versions.engine_version import Source, SupportEnd
from stackproof.policy.versions.families import FAMILIES
from stackproof.policy.versions.grammar import grammar_of
from stackproof.policy.versions.refreshing import FamilySnapshot, Snapshot

__all__ = ["read_lifecycle"]

_NAME = "endoflife"


def read_lifecycle(raw: bytes | None = None) -> Snapshot:
    """The dates; `raw` replaces the content of the package's file."""
    if raw is None:
        raw = resources.files("stackproof.policy.versions").joinpath("data", "lifecycle_dates.json").read_bytes()
    try:
        document: JsonObject = json.loads(raw)
        seen = as_object(document.get("first_seen", {}))
        families = {
            name: _family(name, as_object(as_object(family)["cycles"]), as_object(seen.get(name, {})))
            for name, family in as_object(document["families"]).items()
            if name in FAMILIES
        }
        source = Source(kind="endoflife", as_of=str(document["as_of"]), sha256=hashlib.sha256(raw).hexdigest())
    except (ValueError, KeyError, TypeError) as error:
        raise EngineError(f"the dates of support cannot be read: {error}") from error
    return Snapshot(name=_NAME, source=source, families=families)


def _family(name: str, rows: JsonObject, seen: JsonObject) -> FamilySnapshot:
    """Some rows are about a minor version: these give dates of versions, the others those of cycles."""
    cycles: dict[str, tuple[SupportEnd, SupportEnd]] = {}
    dates: dict[str, dict[str, date]] = {
        version: {"first_seen": date.fromisoformat(str(day))} for version, day in seen.items()
    }
    grammar = grammar_of(name)
    for label, value in rows.items():
        row = as_object(value)
        if name == "lambda":
            dates[label] = _dates(row, {"deprecated_on": "deprecated_on", "update_block": "update_block"})
        elif name.startswith("rds/") and grammar.cycle_of(label) != label:
            dates[label] = _dates(row, {"released": "first_seen", "active_support_end": "minor_support_end"})
        elif grammar.group_cycle(label) == label:
            cycles[label] = (_end(row.get("standard_support_end")), _end(row.get("extended_support_end", False)))
    return FamilySnapshot(cycles=cycles, dates=dates)


def _dates(row: Mapping[str, JsonValue], fields: Mapping[str, str]) -> dict[str, date]:
    return {field: date.fromisoformat(day) for name, field in fields.items() if isinstance(day := row.get(name), str)}


def _end(value: JsonValue) -> SupportEnd:
    return value if value is None or isinstance(value, bool) else date.fromisoformat(str(value))
