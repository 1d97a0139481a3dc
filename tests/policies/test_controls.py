"""The rules that controls name exist, in the engines as they are installed or in `policies/`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from stackproof.config.controls import SHIPPED, controls_by_rule, load_controls
from stackproof.policy.engines.worker_engine import WorkerEngine
from stackproof.policy.scan import scan
from stackproof.template.loading.template import parse_bytes
from tests.policies.conftest import POLICIES, checkov_python

OWN = POLICIES / "controls.yaml"
LINT = """
import json, sys
from cfnlint.config import _DEFAULT_RULESDIR
from cfnlint.rules import Rules
sys.stdout.write(json.dumps(sorted(Rules.create_from_directory(_DEFAULT_RULESDIR).data)))
"""
CHECKOV = """
import json, sys
import checkov.cloudformation.runner
from checkov.cloudformation.checks.resource.registry import cfn_registry
from checkov.common.checks_infra.registry import get_graph_checks_registry
graph = get_graph_checks_registry("cloudformation")
graph.load_checks()
ids = {each.id for _, each in cfn_registry.all_checks()} | {each.id for each in graph.checks}
sys.stdout.write(json.dumps(sorted(ids)))
"""
VALIDATE = """
import json, sys
import cloudformation_validate as library
sys.stdout.write(json.dumps(sorted(each.id for each in library.CelEngine().list_rules())))
"""
# cdk-nag is not a Python package: what its packs look like.
NAG = re.compile(r"AwsSolutions-[A-Z]+\d+|(NIST\.800\.53\.R5|PCI\.DSS\.321)-[A-Z][A-Za-z]+")


def asked(python: Path, script: str) -> set[str]:
    """What a script prints, run where no folder of the project hides a package."""
    command = [str(python), "-W", "ignore", "-I", "-c", script]
    return set(json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout))


@pytest.fixture(scope="module")
def known(processes: None, engines: Mapping[str, WorkerEngine]) -> Mapping[str, set[str]]:
    """Ids by the keys of controls.yaml; the project's own as its engines tell them."""
    body = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    template = parse_bytes(json.dumps(body).encode(), path="t.json", file="t.json", stack_name="S")
    own = {
        name: {count.rule_id for count in engine.evaluate(template).counts if count.project}
        for name, engine in engines.items()
    }
    return {
        "cfn_lint": asked(Path(sys.executable), LINT) | own["cfn-lint"],
        "checkov": asked(checkov_python(), CHECKOV) | own["checkov"],
        "cloudformation_validate": asked(Path(sys.executable), VALIDATE),
        "guard": own["cloudformation-validate"],
    }


@pytest.mark.parametrize("file", [SHIPPED, OWN], ids=["package", "project"])
def test_every_rule_of_a_control_exists(file: Path, known: Mapping[str, set[str]]) -> None:
    named = [(key, id_) for control in load_controls(file) for key, ids in control.rules.items() for id_ in ids]
    unknown = [(key, name) for key, name in named if key != "cdk_nag" and name not in known[key]]
    assert unknown == []
    assert [name for key, name in named if key == "cdk_nag" and not NAG.fullmatch(name)] == []


def test_every_rule_of_this_project_serves_a_control(known: Mapping[str, set[str]]) -> None:
    controlled = controls_by_rule(OWN)
    shipped = controls_by_rule(Path("none"))
    own = {rule for control in load_controls(OWN) for rule in control.rule_ids}
    ours = known["guard"] | {name for name in known["cfn_lint"] if re.match(r"[EW]95", name)}
    ours |= {name for name in known["checkov"] if "STACKPROOF" in name}
    assert ours == own
    assert own <= controlled.keys()
    assert not own & shipped.keys()


@pytest.mark.usefixtures("processes")
def test_what_several_engines_say_of_one_open_port_is_one_finding(engines: Mapping[str, WorkerEngine]) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "0.0.0.0/0", "Description": "d"}
    group = {"GroupDescription": "d", "SecurityGroupIngress": [rule]}
    body = {"Resources": {"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": group}}}
    template = parse_bytes(json.dumps(body).encode(), path="t.json", file="t.json", stack_name="S")
    result = scan([template], [*engines.values()], controls=controls_by_rule(OWN), on=date(2026, 11, 24))
    (found,) = [finding for finding in result.findings if finding.control == "EC2-INGRESS-OPEN"]
    assert {(origin.engine, origin.rule_id) for origin in found.origins} == {
        ("checkov", "CKV_STACKPROOF_1"),
        ("cloudformation-validate", "W2508"),
    }
