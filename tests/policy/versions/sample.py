"""Small templates and lists that tests of engine versions build from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from stackproof.config.engine_versions import packaged_engine_versions
from stackproof.core.json import JsonValue
from stackproof.policy.versions.case import Knowledge
from stackproof.policy.versions.engine_version import (
    AllowList,
    Cycle,
    Family,
    Override,
    Overrides,
    Source,
    Status,
    Version,
)
from stackproof.policy.versions.evaluation import evaluate_template
from stackproof.template.loading.template import parse_bytes
from stackproof.template.template import Template

FRESH = date(2026, 10, 21)
"""A day on which the list of the package is not old."""
PACKAGED = packaged_engine_versions()


def template(resources: Mapping[str, Any], **sections: Any) -> Template:
    """A template with these resources and sections, as JSON."""
    body = json.dumps({"Resources": resources, **sections}).encode()
    return parse_bytes(body, path="t.json", file="t.json")


def yaml_template(text: str) -> Template:
    """A template as someone writes it in YAML."""
    return parse_bytes(text.encode(), path="t.yaml", file="t.yaml")


def one(resource_type: str, **properties: JsonValue) -> dict[str, Any]:
    """The resource `It`."""
    return {"It": {"Type": resource_type, "Properties": properties}}


def postgres(version: JsonValue, engine: JsonValue = "postgres", **more: JsonValue) -> dict[str, Any]:
    """A database of that version which AWS does not move by itself."""
    properties: dict[str, JsonValue] = {"Engine": engine, "EngineVersion": version, "AutoMinorVersionUpgrade": False}
    return one("AWS::RDS::DBInstance", **{**properties, **more})


def knowledge(as_of: date = FRESH, versions: AllowList = PACKAGED, overrides: tuple[Override, ...] = ()) -> Knowledge:
    """The list of the package, on a day."""
    return Knowledge(versions=versions, overrides=Overrides(overrides=overrides), as_of=as_of)


def said(
    resources: Mapping[str, Any],
    *,
    as_of: date = FRESH,
    deployed: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
    known: Knowledge | None = None,
    **sections: Any,
) -> list[str]:
    """Rule and level of every verdict, `EV012 error`; open questions are `EV030 open`."""
    evaluation = evaluate_template(
        template(resources, **sections), known or knowledge(as_of), deployed=deployed, parameters=parameters
    )
    return [
        f"{verdict.rule_id} {'open' if verdict.kind.value == 'open' else verdict.level.value}"
        for verdict in (statement.verdict for statement in evaluation.statements)
    ]


def messages(resources: Mapping[str, Any], *, as_of: date = FRESH, **sections: Any) -> list[str]:
    """The verdicts, in words."""
    evaluation = evaluate_template(template(resources, **sections), knowledge(as_of))
    return [statement.verdict.message for statement in evaluation.statements]


def family(as_of: str = "2026-10-01", **changes: Any) -> Family:
    """A family with a creatable version 1.1 in cycle 1."""
    return Family(
        **{
            "as_of": as_of,
            "cycles": {"1": Cycle(standard_support_end=date(2030, 1, 1), extended_support_end=False)},
            "versions": {"1.1": Version(status=Status.CREATABLE, cycle="1")},
            **changes,
        }
    )


def allow_list(**families: Family) -> AllowList:
    """A list of these families; `_` in a name represents `/`."""
    return AllowList(
        as_of="2026-10-01",
        regions=("us-east-1",),
        sources={"cfn-lint": Source(kind="cfn-lint", as_of="2026-10-01", sha256="0" * 64)},
        families={name.replace("_", "/"): family for name, family in families.items()},
    )
