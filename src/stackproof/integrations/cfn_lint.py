"""Engine versions as rules of cfn-lint: `cfn-lint -a stackproof.integrations.cfn_lint template.yaml`.

cfn-lint takes a rule's level from the first letter of its id, so there is one rule for each level.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch

from stackproof.config.engine_versions import packaged_engine_versions
from stackproof.core.json_pointer import steps
from stackproof.core.notification import Level
from stackproof.policy.finding import Kind
from stackproof.policy.versions.bodies import template_of
from stackproof.policy.versions.case import Knowledge
from stackproof.policy.versions.evaluation import evaluate_template

__all__ = ["EngineVersionAtRisk", "EngineVersionRefused"]


class EngineVersionRefused(CloudFormationLintRule):  # type: ignore[misc]
    """Versions that AWS does not know, create or support any more."""

    id = "E9810"
    shortdesc = "Engine versions can be created and are supported"
    description = "Versions of databases and runtimes that AWS does not know, create or support any more"
    source_url = "https://github.com/stackproof/stackproof#engine-versions"
    tags = ["resources", "versions"]  # noqa: RUF012 - as cfn-lint has it
    level = Level.ERROR

    def match(self, cfn: Any) -> list[RuleMatch]:  # noqa: ANN401 - cfn-lint's own type
        """cfn-lint's matches: the path of each property and the message of its verdict."""
        knowledge = Knowledge(versions=packaged_engine_versions(), as_of=datetime.now(tz=UTC).date())
        return [
            RuleMatch(
                ["Resources", statement.logical_id, "Properties", *steps(statement.pointer)],
                f"{statement.verdict.rule_id} {statement.verdict.message}",
            )
            for statement in evaluate_template(template_of(cfn.template), knowledge).statements
            if statement.verdict.kind is Kind.FAIL and statement.verdict.level is self.level
        ]


class EngineVersionAtRisk(EngineVersionRefused):
    """Versions whose support ends soon or costs extra, and versions that are not pinned."""

    id = "W9810"
    shortdesc = "Engine versions stay supported"
    description = "Versions of databases and runtimes whose support ends soon or costs extra, or that are not pinned"
    level = Level.WARNING
