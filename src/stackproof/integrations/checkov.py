"""Engine versions as a check of Checkov: `checkov --external-checks-dir` on a folder with a copy of this file.

Checkov runs in a separate environment without stackproof. This check needs the standard library alone. It finds the
package from the path of this file, or in `STACKPROOF_SOURCE`, the folder that holds the package.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from checkov.cloudformation.checks.resource.base_resource_check import BaseResourceCheck
from checkov.common.models.enums import CheckCategories, CheckResult

if find_spec("stackproof") is None:
    # Last, so that nothing of Checkov's own environment is taken from the other one.
    sys.path.append(os.environ.get("STACKPROOF_SOURCE") or str(Path(__file__).resolve().parents[2]))

from stackproof.config.engine_versions import packaged_engine_versions
from stackproof.core.notification import Level
from stackproof.policy.finding import Kind
from stackproof.policy.versions.bodies import template_of
from stackproof.policy.versions.case import Knowledge
from stackproof.policy.versions.evaluation import evaluate_template
from stackproof.policy.versions.families import CARRIERS

__all__ = ["check"]


class EngineVersionCheck(BaseResourceCheck):  # type: ignore[misc]
    """Fails a resource whose version is an error or a warning; what could not be evaluated is unknown, never passed."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure engine versions can be created and are supported",
            id="CKV_STACKPROOF_1",
            categories=[CheckCategories.GENERAL_SECURITY],
            supported_resources=sorted({carrier.resource_type for carrier in CARRIERS}),
        )

    def scan_resource_conf(self, conf: dict[str, Any]) -> CheckResult:
        """Checkov's verdict on one resource, whose references it has resolved as far as it does."""
        knowledge = Knowledge(versions=packaged_engine_versions(), as_of=datetime.now(tz=UTC).date())
        body = {"Resources": {"It": {"Type": conf.get("Type"), "Properties": conf.get("Properties") or {}}}}
        statements = evaluate_template(template_of(body), knowledge).statements
        against = [statement for statement in statements if statement.verdict.level.reaches(Level.WARNING)]
        if any(statement.verdict.kind is Kind.FAIL for statement in against):
            self.evaluated_keys = sorted({f"Properties{statement.pointer}" for statement in against})
            self.details = [f"{statement.verdict.rule_id} {statement.verdict.message}" for statement in against]
            return CheckResult.FAILED
        return CheckResult.UNKNOWN if against else CheckResult.PASSED


check = EngineVersionCheck()
