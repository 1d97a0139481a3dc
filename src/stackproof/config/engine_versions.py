"""`policies/engine_versions.json` and `policies/engine_overrides.json`: what is known, and what people decided."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import NoReturn

from stackproof.config.policy_file import load_policy_file
from stackproof.config.problems import of_kind, problems
from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonObject, JsonValue, unique_keys
from stackproof.policy.versions.engine_version import AllowList, Overrides, day_of

__all__ = ["load_engine_overrides", "load_engine_versions", "packaged_engine_versions"]

_VERSIONS = "engine_versions.schema.json"
_OVERRIDES = "engine_overrides.schema.json"


def packaged_engine_versions() -> AllowList:
    """The list that came with this release of stackproof."""
    text = (
        resources.files("stackproof.policy.versions")
        .joinpath("data", "engine_versions.json")
        .read_text(encoding="utf-8")
    )
    return AllowList.from_dict(json.loads(text))


def load_engine_versions(path: Path) -> AllowList:
    """The list of a project; raises ConfigError naming file, line and path."""
    document = {name: member for name, member in _document(path).items() if name != "$schema"}
    found = _as_written(document)
    if found is not None:
        return found
    if problems(document, _VERSIONS):
        _explain(path, _VERSIONS)
    try:
        return AllowList.from_dict(document)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error


def load_engine_overrides(path: Path, versions: AllowList) -> Overrides:
    """The decisions; raises ConfigError naming file, line and path, also for a family that the list does not have."""
    _document(path)
    found = load_policy_file(path, _OVERRIDES)
    rows = found.data["overrides"]
    named: list[tuple[tuple[str | int, ...], JsonValue]] = []
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        assert isinstance(row, dict)  # noqa: S101 - the schema says so
        named.append((("overrides", index, "family"), row["family"]))
        try:
            Overrides.from_dict({"overrides": [row]})
        except ValueError as error:
            raise found.error(("overrides", index, "until"), str(error)) from error
    only = found.data.get("approved_only", [])
    named += [
        (("approved_only", index), element) for index, element in enumerate(only if isinstance(only, list) else ())
    ]
    for place, family in named:
        if family not in versions.families:
            raise found.error(place, f"there is no family {family!r}; see `stackproof versions list`")
    return Overrides.from_dict(found.data)


def _as_written(document: JsonObject) -> AllowList | None:
    """The list, if it has the form that `refresh` writes. The schema would check the same, but takes a second."""
    try:
        found = AllowList.from_dict(document)
        stamps = [found.as_of, *(family.as_of for family in found.families.values())]
        for stamp in (*stamps, *(source.as_of for source in found.sources.values())):
            day_of(stamp)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return found if found.to_dict() == document else None


def _document(path: Path) -> JsonObject:
    try:
        document = json.loads(path.read_bytes(), object_pairs_hook=unique_keys)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}:{error.lineno}: is not valid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path}:1: {of_kind(document, ['object'])}")
    return document


def _explain(path: Path, schema: str) -> NoReturn:
    """Raise ConfigError with the line of the problem: JSON is also YAML, and the slower YAML reader keeps lines."""
    load_policy_file(path, schema)
    raise ConfigError(f"{path}: is not as {schema} says")
