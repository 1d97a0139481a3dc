"""The resource schemas that cfn-lint ships, read from its files: importing cfn-lint itself takes a second."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from stackproof.core.errors import ConfigError, EngineError
from stackproof.core.json import JsonObject
from stackproof.core.region import DEFAULT_REGION
from stackproof.template.schema import ResourceSchema

__all__ = ["CfnLintSchemas", "cfn_lint_data", "read_object"]


class CfnLintSchemas:
    """The types of one region, and those of the serverless transform; each schema is read on first use."""

    def __init__(self, region: str = DEFAULT_REGION, *, folder: Path | None = None) -> None:
        """`folder` is cfn-lint's `data/schemas`, by default of the distribution that is installed."""
        self._region = region
        self._folder = folder
        self._files: Mapping[str, str] | None = None
        self._schemas: dict[str, ResourceSchema] = {}

    def schema(self, resource_type: str) -> ResourceSchema | None:
        """The schema of the type, or None if there is no such type."""
        if resource_type in self._schemas:
            return self._schemas[resource_type]
        name = self._index().get(resource_type)
        if name is None:
            return None
        document = read_object(self._schemas_folder() / "resources" / f"{name}.json")
        found = ResourceSchema(resource_type=resource_type, document=document)
        self._schemas[resource_type] = found
        return found

    def resource_types(self) -> tuple[str, ...]:
        """Every known type, sorted."""
        return tuple(sorted(self._index()))

    def _index(self) -> Mapping[str, str]:
        """The file of each type."""
        if self._files is None:
            providers = self._schemas_folder() / "providers"
            region = providers / f"{self._region}.json"
            if not region.is_file():
                raise ConfigError(f"there are no resource schemas for the region {self._region!r}")
            serverless = providers / "sam.json"
            found = {**(read_object(serverless) if serverless.is_file() else {}), **read_object(region)}
            self._files = {name: str(file) for name, file in found.items()}
        return self._files

    def _schemas_folder(self) -> Path:
        if self._folder is None:
            self._folder = cfn_lint_data() / "schemas"
        return self._folder


def cfn_lint_data() -> Path:
    """The folder of cfn-lint's own data."""
    spec = find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise EngineError("cfn-lint, which brings the resource schemas, is not installed")
    return Path(spec.submodule_search_locations[0]) / "data"


def read_object(file: Path) -> JsonObject:
    """One of its files."""
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise EngineError(f"cfn-lint's {file.name} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise EngineError(f"cfn-lint's {file.name} is not a JSON object")
    return document
