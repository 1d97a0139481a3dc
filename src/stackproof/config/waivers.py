"""`policies/waivers.yaml` as frozen values; what is wrong with it is said with file, line and path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from stackproof.config.schema import error_path, first_problem
from stackproof.errors import ConfigError
from stackproof.model.finding import Waiver

__all__ = ["load_waivers"]

_SCHEMA = "waivers.schema.json"


def load_waivers(file: Path) -> tuple[Waiver, ...]:
    """Read the ledger; raises ConfigError. Dates are the strings that stand there, unquoted or not."""
    import yaml  # noqa: PLC0415

    try:
        text = file.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = _plain(node, file)
    except (yaml.YAMLError, ValueError, OSError, RecursionError) as error:
        raise ConfigError(f"{file}: {' '.join(str(error).split())}") from error
    if problem := first_problem(document, _SCHEMA):
        raise ConfigError(f"{file}:{_line(node, problem.absolute_path)}: {error_path(problem)}: {problem.message}")
    return tuple(_waiver(row, index, node, file) for index, row in enumerate(document["waivers"]))


def _waiver(row: Mapping[str, str], index: int, node: Any, file: Path) -> Waiver:  # noqa: ANN401 - PyYAML's nodes
    try:
        expires = date.fromisoformat(row["expires"])
    except ValueError as error:
        line = _line(node, ("waivers", index, "expires"))
        raise ConfigError(f"{file}:{line}: waivers[{index}].expires: {error}") from error
    return Waiver(
        rule=row["rule"],
        stack=row["stack"],
        construct_path=row["construct_path"],
        reason=" ".join(row["reason"].split()),
        owner=row["owner"],
        expires=expires,
    )


def _plain(node: Any, file: Path) -> Any:  # noqa: ANN401
    """Strings, lists and mappings only: nothing in this file is a number or a date to YAML."""
    if node is None:
        return {}
    if node.id == "scalar":
        return None if node.tag.endswith(":null") else node.value
    if node.id == "sequence":
        return [_plain(each, file) for each in node.value]
    found: dict[str, Any] = {}
    for key, value in node.value:
        if key.value in found:
            raise ConfigError(f"{file}:{key.start_mark.line + 1}: the key {key.value!r} stands twice")
        found[key.value] = _plain(value, file)
    return found


def _line(node: Any, path: Any) -> int:  # noqa: ANN401
    """The line of the deepest node on the path that is there."""
    for part in path:
        if node.id == "sequence" and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        elif node.id == "mapping":
            node = next((value for key, value in node.value if key.value == part), node)
    return int(node.start_mark.line) + 1
