"""The three engines with the rules of `policies/`, and TapStack as it is synthesized."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stackproof.config.settings import load_settings
from stackproof.policy.engines.cfn_lint import CfnLintEngine
from stackproof.policy.engines.checkov import CheckovEngine
from stackproof.policy.engines.cloudformation_validate import CloudFormationValidateEngine
from stackproof.policy.engines.tools import find_python
from stackproof.policy.engines.worker_engine import WorkerEngine
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "policies"


def checkov_python() -> Path:
    python = find_python()
    if python is None:
        pytest.fail("these tests need Checkov: stackproof tools install")
    return python


@pytest.fixture(scope="session")
def engines() -> Iterator[Mapping[str, WorkerEngine]]:
    made: dict[str, WorkerEngine] = {
        "cfn-lint": CfnLintEngine(rules=[POLICIES / "cfn_lint"]),
        "checkov": CheckovEngine(python=checkov_python(), rules=[POLICIES / "checkov"]),
        "cloudformation-validate": CloudFormationValidateEngine(rules=[POLICIES / "guard"]),
    }
    yield made
    for engine in made.values():
        engine.close()


@pytest.fixture(scope="session")
def tap_stack() -> dict[str, Any]:
    """The body of the stack's template."""
    (stack,) = synthesize(Project(settings=load_settings(ROOT)), {}).stacks
    body: dict[str, Any] = json.loads(Path(stack.template.path).read_bytes())
    return body
