"""The version lists that cfn-lint ships, read from its files without importing it: those of us-east-1."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from stackproof.core.errors import EngineError
from stackproof.core.json import JsonObject, JsonValue
from stackproof.policy.versions.engine_version import Claim, Source
from stackproof.policy.versions.families import FAMILIES
from stackproof.policy.versions.refreshing import FamilySnapshot, Snapshot

__all__ = ["read_cfn_lint"]

_REGION: Final = "us-east-1"
_NAME: Final = "cfn-lint"
_RDS: Final = ("aws_rds_dbinstance", "aws_rds_dbcluster")
_DATES: Final = {"deprecated": "deprecated_on", "create-block": "create_block", "update-block": "update_block"}


def read_cfn_lint(folder: Path | None = None) -> Snapshot:
    """Everything that cfn-lint knows; `folder` is its `data`, by default of the installed distribution."""
    data = _Data(folder or _installed())
    as_of = str(data.read("schemas/version.json").get("schema_date"))
    families = {**_databases(data), **_caches(data), **_documents(data), **_runtimes(data)}
    return Snapshot(
        name=_NAME,
        source=Source(kind="cfn-lint", as_of=as_of, sha256=data.digest(), version=_version(), region=_REGION),
        families={name: family for name, family in families.items() if name in FAMILIES},
    )


class _Data:
    """cfn-lint's files, and a hash of those that were read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hashes: dict[str, str] = {}

    def read(self, name: str) -> JsonObject:
        """One file; raises EngineError if it is not there or not what it should be."""
        try:
            raw = (self._folder / name).read_bytes()
            document = json.loads(raw)
        except (OSError, ValueError) as error:
            raise EngineError(f"cfn-lint's {name} cannot be read: {error}") from error
        if not isinstance(document, dict):
            raise EngineError(f"cfn-lint's {name} is not a JSON object")
        self._hashes[name] = hashlib.sha256(raw).hexdigest()
        return document

    def property_enum(self, resource_type: str, name: str) -> tuple[str, ...]:
        """The values that the type's schema allows for a property."""
        index = self.read(f"schemas/providers/{_REGION}.json")
        schema = self.read(f"schemas/resources/{index.get(resource_type)}.json")
        return _enum(_below(schema, "properties", name, "enum"))

    def digest(self) -> str:
        """One hash over everything that was read."""
        return hashlib.sha256(json.dumps(sorted(self._hashes.items())).encode()).hexdigest()


def _databases(data: _Data) -> dict[str, FamilySnapshot]:
    listed: dict[str, set[str]] = {}
    deprecated: dict[str, set[str]] = {}
    for kind in _RDS:
        for engine, values in _by_engine(data.read(f"schemas/extensions/{kind}/engine_version.json")):
            listed.setdefault(engine, set()).update(values)
        for engine, values in _by_engine(data.read(f"schemas/extensions/{kind}/engine_version_deprecated.json")):
            deprecated.setdefault(engine, set()).update(values)
    return {
        f"rds/{engine}": FamilySnapshot(
            listing={
                value: Claim.DEPRECATED if value in deprecated.get(engine, ()) else Claim.CREATABLE for value in values
            }
        )
        for engine, values in listed.items()
    }


def _caches(data: _Data) -> dict[str, FamilySnapshot]:
    document = data.read("schemas/extensions/aws_elasticache_cachecluster/engine_version.json")
    return {
        f"elasticache/{engine}": FamilySnapshot(listing=dict.fromkeys(values, Claim.CREATABLE))
        for engine, values in _by_engine(document)
    }


def _documents(data: _Data) -> dict[str, FamilySnapshot]:
    listed = data.property_enum("AWS::DocDB::DBCluster", "EngineVersion")
    return {"docdb": FamilySnapshot(listing=dict.fromkeys(listed, Claim.CREATABLE))} if listed else {}


def _runtimes(data: _Data) -> dict[str, FamilySnapshot]:
    """Runtimes: the schema gives their names, the life cycle their dates."""
    listed = data.property_enum("AWS::Lambda::Function", "Runtime")
    rows = data.read("AdditionalSpecs/LmbdRuntimeLifecycle.json")
    dates: dict[str, dict[str, date]] = {}
    successors: dict[str, str] = {}
    for runtime, row in rows.items():
        if not isinstance(row, Mapping):
            continue
        dates[runtime] = {
            field: date.fromisoformat(day) for key, field in _DATES.items() if isinstance(day := row.get(key), str)
        }
        if isinstance(successor := row.get("successor"), str):
            successors[runtime] = successor
    listing = {part: Claim.CREATABLE if part in listed else Claim.ABSENT for part in (*listed, *rows)}
    return {"lambda": FamilySnapshot(listing=listing, dates=dates, successors=successors)}


def _by_engine(document: JsonObject) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Engines and versions of one of the schemas: the list is in `then`, that of the deprecated ones in `if`."""
    branches = document.get("allOf")
    for branch in branches if isinstance(branches, list) else ():
        engine = _below(branch, "if", "properties", "Engine", "const")
        values = _enum(_below(branch, "then", "properties", "EngineVersion", "enum")) or _enum(
            _below(branch, "if", "properties", "EngineVersion", "enum")
        )
        if isinstance(engine, str) and values:
            yield engine, values


def _below(value: JsonValue, *path: str) -> JsonValue:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _enum(value: JsonValue) -> tuple[str, ...]:
    return tuple(element for element in value if isinstance(element, str)) if isinstance(value, list) else ()


def _installed() -> Path:
    spec = find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise EngineError("cfn-lint, which brings the version lists, is not installed")
    return Path(spec.submodule_search_locations[0]) / "data"


def _version() -> str | None:
    try:
        return version("cfn-lint")
    except PackageNotFoundError:
        return None
