"""`controls.yaml`: requirements, each with the rules of the engines, its names in standards, and its level."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stackproof.config.policy_file import PolicyFile, load_policy_file
from stackproof.core.json import JsonObject, JsonValue, as_object
from stackproof.core.notification import Level
from stackproof.policy.control import Control, by_rule
from stackproof.policy.engines.table import CONTROL_KEYS

__all__ = ["ENGINE_KEYS", "SHIPPED", "controls_by_rule", "load_controls"]

SHIPPED = Path(__file__).parent / "data" / "controls.yaml"
"""The controls of the package; a project's file adds to them."""

ENGINE_KEYS = tuple(sorted(CONTROL_KEYS))
_REFERENCE_KEYS = ("cis", "nist_800_53", "security_hub")


def controls_by_rule(project: Path) -> dict[str, Control]:
    """The control of each rule id, from the package and, if it is there, the project's file; raises ConfigError."""
    return by_rule(load_controls(SHIPPED), load_controls(project) if project.is_file() else ())


def load_controls(path: Path) -> tuple[Control, ...]:
    """The controls, in the order of the file; raises ConfigError naming file, line and path."""
    found = load_policy_file(path, "controls.schema.json", is_ours=path == SHIPPED)
    table = found.data["controls"]
    assert isinstance(table, Mapping)  # noqa: S101 - the schema says so
    rows = {name: as_object(row) for name, row in table.items()}
    _require_one_owner(found, rows)
    return tuple(_control(name, row) for name, row in rows.items())


def _require_one_owner(found: PolicyFile, rows: Mapping[str, JsonObject]) -> None:
    """Raise ConfigError if a rule is in two controls: it would give two findings for one fact."""
    owners: dict[str, str] = {}
    for name, row in rows.items():
        for key in ENGINE_KEYS:
            for index, rule_id in enumerate(_strings(row.get(key))):
                owner = owners.setdefault(rule_id, name)
                if owner != name:
                    path = ("controls", name, key, index)
                    raise found.error(path, f"the rule {rule_id} belongs to the control {owner} already")


def _control(name: str, row: JsonObject) -> Control:
    level = row.get("level")
    return Control(
        id=name,
        title=str(row["title"]),
        level=Level(str(level)) if level else None,
        waivable=row.get("waivable") is not False,
        rules={key: _strings(row[key]) for key in ENGINE_KEYS if key in row},
        references={key: _strings(row[key]) for key in _REFERENCE_KEYS if key in row},
    )


def _strings(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(element) for element in value) if isinstance(value, list) else ()
