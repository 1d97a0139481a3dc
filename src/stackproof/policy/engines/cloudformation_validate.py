"""AWS's cloudformation-validate as a policy engine."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from stackproof.core.json import JsonObject, JsonValue
from stackproof.core.region import DEFAULT_REGION
from stackproof.policy.engines.answers import split_dotted
from stackproof.policy.engines.guard_rules import GuardRule, guard_rules, looks_of
from stackproof.policy.engines.rule_files import rule_files, rule_sources
from stackproof.policy.engines.worker_engine import WorkerEngine, WorkerSpec
from stackproof.template.template import Template

__all__ = ["CloudFormationValidateEngine"]

_SECTIONS = {
    "CONDITION": "Conditions",
    "MAPPING": "Mappings",
    "METADATA": "Metadata",
    "OUTPUT": "Outputs",
    "PARAMETER": "Parameters",
    "RESOURCE": "Resources",
    "RULE": "Rules",
}


class CloudFormationValidateEngine(WorkerEngine):
    """Its built-in rules and, from folders of `.guard` files, a project's rules.

    It reports only findings. A rule's `looked_at` is therefore its number of places with a finding, the lower bound.
    For a project's rules it is the number of resources of the types that their text names.
    """

    def __init__(self, *, region: str = DEFAULT_REGION, timeout: float = 120.0, rules: Sequence[Path] = ()) -> None:
        files = rule_files(rules, ".guard")
        by_file = [guard_rules(file.read_text(encoding="utf-8", errors="replace")) for file in files]
        own = [rule for rules_of in by_file for rule in rules_of]
        super().__init__(
            WorkerSpec(
                name="cloudformation-validate",
                version=version("cloudformation-validate"),
                script="cloudformation_validate_worker.py",
                python=Path(sys.executable),
                timeout=timeout,
                settings={"region": region, "names": [[rule.name for rule in rules_of] for rules_of in by_file]},
                rules=files,
                rule_sources=rule_sources(rules),
                adapted=partial(_adapted, own),
            )
        )


def _adapted(own: Sequence[GuardRule], template: Template, reply: JsonObject) -> JsonObject:
    """Dotted paths become lists of keys, and the project's rules get their denominators."""
    rows = reply.get("findings")
    findings = [_row(template, row) for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    counts = reply.get("counts")
    looks = {**(counts if isinstance(counts, Mapping) else {}), **looks_of(own, template)}
    return {**reply, "findings": findings, "counts": looks, "project_rules": [rule.name for rule in own]}


def _row(template: Template, row: JsonObject) -> dict[str, JsonValue]:
    path: list[JsonValue] = []
    logical_id = row.get("logical_id")
    if isinstance(logical_id, str):
        section = _SECTIONS.get(str(row.get("section")), "Resources")
        body = template.section(section).get(logical_id)
        path = [section, logical_id, *split_dotted(body, str(row.get("dotted") or ""))]
    return {**row, "path": path}
