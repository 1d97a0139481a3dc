"""Every rule of `policies/` over its own examples, in the engine that runs it: the outcome is what the rule says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from stackproof.policy.engines.rule_files import EXAMPLES_SUFFIX, rule_files
from stackproof.policy.engines.worker_engine import WorkerEngine
from stackproof.policy.finding import Kind
from stackproof.template.loading.template import parse_bytes
from tests.policies.conftest import POLICIES, checkov_python

FILES = {
    "cfn-lint": rule_files([POLICIES / "cfn_lint"], ".py"),
    "checkov": rule_files([POLICIES / "checkov"], ".py", ".yaml"),
    "cloudformation-validate": rule_files([POLICIES / "guard"], ".guard"),
}
OUTCOMES = ("holding", "violated", "undecidable", "not applicable")
WORKERS = Path(sys.modules[WorkerEngine.__module__].__file__ or "").parent / "workers"
# Rules import their engine, so each file is asked in a separate process, under the interpreter that has the engine.
ASK = """
import json, sys
sys.path[:0] = sys.argv[1:3]
import importlib.util
if sys.argv[4] == "checkov":
    import checkov.cloudformation.runner
    from checkov.common.checks.base_check_registry import BaseCheckRegistry
    before = len(BaseCheckRegistry.get_all_registered_checks())
found = {}
for file in json.loads(sys.argv[3]):
    spec = importlib.util.spec_from_file_location("rule", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["rule"] = module
    spec.loader.exec_module(module)
    if sys.argv[4] == "checkov":
        checks = BaseCheckRegistry.get_all_registered_checks()
        ids, before = [each.id for each in checks[before:]], len(checks)
    else:
        from cfnlint.helpers import create_rules
        ids = [each.id for each in create_rules(module)]
    found[file] = {"ids": ids, "examples": module.EXAMPLES}
sys.stdout.write(json.dumps(found))
"""


@pytest.fixture(scope="module")
def python_rules(processes: None) -> Mapping[str, Any]:
    """Ids and examples of every rule that is written in Python, by file."""
    found: dict[str, Any] = {}
    for name, python in (("cfn-lint", Path(sys.executable)), ("checkov", checkov_python())):
        files = [str(file) for file in FILES[name] if file.suffix == ".py"]
        folder = str(FILES[name][0].parent)
        command = [str(python), "-W", "ignore", "-c", ASK, str(WORKERS), folder, json.dumps(files), name]
        ended = subprocess.run(command, check=True, capture_output=True, text=True)
        found |= json.loads(ended.stdout)
    return found


def about(file: Path, python_rules: Mapping[str, Any]) -> tuple[set[str], dict[str, list[dict[str, Any]]]]:
    """Ids of the file's rules, and its examples by outcome."""
    if file.suffix == ".py":
        known = python_rules[str(file)]
        return set(known["ids"]), known["examples"]
    examples = yaml.safe_load(file.with_name(file.stem + EXAMPLES_SUFFIX).read_text(encoding="utf-8"))
    text = file.read_text(encoding="utf-8")
    ids = (
        {line.split()[1] for line in text.splitlines() if line.startswith("rule ")}
        if file.suffix == ".guard"
        else {yaml.safe_load(text)["metadata"]["id"]}
    )
    return ids, examples


@pytest.mark.parametrize(
    ("engine", "file"),
    [pytest.param(name, file, id=f"{name}-{file.stem}") for name, files in FILES.items() for file in files],
)
def test_every_example_has_the_outcome_that_it_is_an_example_of(
    engine: str, file: Path, engines: Mapping[str, WorkerEngine], python_rules: Mapping[str, Any]
) -> None:
    ids, examples = about(file, python_rules)
    assert ids
    assert set(examples) == set(OUTCOMES)
    for outcome in OUTCOMES:
        assert examples[outcome], f"there is no example for {outcome}"
        for number, example in enumerate(examples[outcome]):
            template = parse_bytes(json.dumps(example).encode(), path="t.json", file="t.json", stack_name="S")
            answer = engines[engine].evaluate(template)
            said = [finding for finding in answer.findings if finding.rule_id in ids]
            kinds = {finding.kind for finding in said}
            looked = sum(count.looked_at for count in answer.counts if count.rule_id in ids)
            messages = [finding.message for finding in said]
            where = f"{outcome}[{number}]: {messages}, looked at {looked}: {json.dumps(example)}"
            expected = {"violated": {Kind.FAIL}, "undecidable": {Kind.OPEN}}.get(outcome, set())
            assert kinds == expected, where
            assert (looked > 0) == (outcome != "not applicable"), where
            assert {count.rule_id for count in answer.counts if count.project} >= ids
