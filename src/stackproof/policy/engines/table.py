"""The table of policy engines: one row for each, with everything that differs between engines.

A new engine is an adapter, a worker script if it has one, and a row here. Adapters are imported when they are made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stackproof.policy.ports import PolicyEngine

__all__ = [
    "CONTROL_KEYS",
    "ENGINES",
    "RULE_SUFFIXES",
    "TABLE",
    "EngineInputs",
    "EngineRow",
    "documentation",
    "engines_of",
    "row_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInputs:
    """What an adapter is made from: settings (`timeout` in seconds) and the folders of the project's rules, by name."""

    region: str
    timeout: float
    python: str | None = None
    rules: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    def rule_folders(self, name: str) -> tuple[Path, ...]:
        """The folders of one kind of rules; none if the project has no such rules."""
        return self.rules.get(name, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRow:
    """One engine.

    `make` returns None if the engine is not installed, `remedy` is then the command that installs it; an engine without
    `make` is not configurable, since it works on an assembly. `takes_python`: it may run under another interpreter.
    `documentation` maps a rule id to a URL, None for a rule of the project. `rule_ids` are patterns of its ids.
    `rule_suffixes` are those of the project's rule files, by folder of policies/. `control_keys` are the keys of a
    control that list its rules, with their descriptions. `titled_messages`: a message is the title of its rule, not
    about one resource. `skip_comments` start comments that would skip rules, `variables` are prefixes of environment
    variables that would change verdicts.
    """

    name: str
    documentation: Callable[[str], str | None]
    rule_ids: tuple[re.Pattern[str], ...]
    control_keys: Mapping[str, str]
    make: Callable[[EngineInputs], PolicyEngine | None] | None = None
    takes_python: bool = False
    remedy: str = ""
    rule_suffixes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    titled_messages: bool = False
    skip_comments: tuple[bytes, ...] = ()
    variables: tuple[str, ...] = ()


def _cfn_lint(inputs: EngineInputs) -> PolicyEngine:
    from stackproof.policy.engines.cfn_lint import CfnLintEngine

    return CfnLintEngine(region=inputs.region, timeout=inputs.timeout, rules=inputs.rule_folders("cfn_lint"))


def _checkov(inputs: EngineInputs) -> PolicyEngine | None:
    from stackproof.policy.engines.checkov import CheckovEngine
    from stackproof.policy.engines.tools import find_python

    python = find_python(inputs.python)
    if python is None:
        return None
    return CheckovEngine(python=python, timeout=inputs.timeout, rules=inputs.rule_folders("checkov"))


def _cloudformation_validate(inputs: EngineInputs) -> PolicyEngine:
    from stackproof.policy.engines.cloudformation_validate import CloudFormationValidateEngine

    return CloudFormationValidateEngine(
        region=inputs.region, timeout=inputs.timeout, rules=inputs.rule_folders("guard")
    )


def _page_of_cfn_lint(rule_id: str) -> str | None:
    page = "https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md"
    return f"{page}#{rule_id}" if re.fullmatch(r"[EW]\d{4}", rule_id) else None


def _page_of_checkov(rule_id: str) -> str | None:
    page = "https://www.checkov.io/5.Policy%20Index/cloudformation.html"
    return page if re.match(r"CKV2?_", rule_id) else None


def _page_of_cdk(rule_id: str) -> str:
    pages = "https://docs.aws.amazon.com/cdk/api/v2/docs"
    is_deprecation = rule_id.startswith("cdk:deprecated-api")
    return f"{pages}/{'aws-construct-library' if is_deprecation else 'aws-cdk-lib.Annotations'}.html"


TABLE: Final = (
    EngineRow(
        name="cfn-lint",
        make=_cfn_lint,
        documentation=_page_of_cfn_lint,
        rule_ids=(re.compile(r"[EWI][0-9]{4}"),),
        control_keys={"cfn_lint": "Rules of cfn-lint, or of policies/cfn_lint."},
        rule_suffixes={"cfn_lint": (".py",)},
        variables=("CFN_LINT",),
    ),
    EngineRow(
        name="checkov",
        make=_checkov,
        takes_python=True,
        remedy="stackproof tools install",
        documentation=_page_of_checkov,
        rule_ids=(re.compile(r"(CKV2?|BC)_.+"),),
        control_keys={"checkov": "Checks of Checkov, or of policies/checkov."},
        rule_suffixes={"checkov": (".py", ".yaml", ".yml")},
        titled_messages=True,
        skip_comments=(b"checkov:skip=", b"bridgecrew:skip="),
        variables=("BC_", "CHECKOV_", "CKV_", "PRISMA_"),
    ),
    EngineRow(
        name="cloudformation-validate",
        make=_cloudformation_validate,
        documentation=lambda _rule_id: "https://github.com/aws-cloudformation/cloudformation-validate#rules",
        # It has the rules of cfn-lint under their ids, and F for what is sure to fail.
        rule_ids=(re.compile(r"[EWI][0-9]{4}"), re.compile(r"F[0-9]{4}")),
        control_keys={
            "guard": "Rules of policies/guard, by name.",
            "cloudformation_validate": "Rules of cloudformation-validate.",
        },
        rule_suffixes={"guard": (".guard",)},
    ),
    EngineRow(
        name="cdk",
        documentation=_page_of_cdk,
        rule_ids=(re.compile(r"cdk:.+"),),
        control_keys={"cdk_nag": "Rules of cdk-nag."},
    ),
)
"""In the order in which they start and in which reports name missing ones."""

ENGINES: Final = tuple(row.name for row in TABLE if row.make is not None)
"""The engines that `[tool.stackproof.engines]` can name."""
CONTROL_KEYS: Final[Mapping[str, str]] = {
    key: description for row in TABLE for key, description in row.control_keys.items()
}
RULE_SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    folder: suffixes for row in TABLE for folder, suffixes in row.rule_suffixes.items()
}


def row_of(name: str) -> EngineRow | None:
    """The row of an engine; None for an engine that is not in the table."""
    return next((row for row in TABLE if row.name == name), None)


def documentation(name: str, rule_id: str) -> str | None:
    """The URL of a rule's documentation, None if no page is known (rules of the project)."""
    row = row_of(name)
    return row.documentation(rule_id) if row is not None else None


def engines_of(rule_id: str) -> frozenset[str]:
    """The engines that have rules with ids of this form; empty if no engine has."""
    return frozenset(row.name for row in TABLE if any(pattern.fullmatch(rule_id) for pattern in row.rule_ids))
