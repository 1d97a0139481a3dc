"""Which resources an IAM action takes, from the copy of AWS's service authorization reference that cfn-lint ships."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stackproof.core.json import JsonObject, as_strings
from stackproof.template.cfn_lint_schemas import cfn_lint_data, read_object

__all__ = ["CfnLintActions"]


class CfnLintActions:
    """The actions of all services; the file is read when the first one is asked for."""

    def __init__(self, file: Path | None = None) -> None:
        """`file` is cfn-lint's `Policies.json`, by default of the distribution that is installed."""
        self._file = file
        self._services: JsonObject | None = None

    def resources(self, action: str) -> tuple[str, ...] | None:
        """ARNs with `*`, and with ${Partition}, ${Region} and ${Account}; none at all if it takes no resource.

        None is the answer for an action that AWS does not have.
        """
        prefix, _, name = action.casefold().partition(":")
        service = _mapping(self._read(), prefix)
        actions = _mapping(service, "Actions")
        if name not in actions:
            return None
        kinds = _mapping(service, "Resources")
        named = _mapping(actions, name).get("Resources", ())
        found = {
            arn.replace(".*", "*")
            for kind in as_strings(named)
            for arn in as_strings(_mapping(kinds, kind.casefold()).get("ARNFormats", ()))
        }
        return tuple(sorted(found))

    def _read(self) -> JsonObject:
        if self._services is None:
            file = self._file or cfn_lint_data() / "AdditionalSpecs" / "Policies.json"
            self._services = read_object(file)
        return self._services


def _mapping(document: JsonObject, key: str) -> JsonObject:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}
