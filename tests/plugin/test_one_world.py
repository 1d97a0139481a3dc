"""The fixture `prover` and the items of a suite prove in one world: they give one verdict on a resource."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes import written
from tests.running import project, run

pytestmark = pytest.mark.usefixtures("processes")

CHOSEN = """
import pytest

@pytest.fixture(scope="session")
def cdk_stack(assembly):
    [network] = [stack for stack in assembly.stacks if stack.name == "Network"]
    return network
"""
CHANGED = """
from dataclasses import replace

import pytest

@pytest.fixture(scope="session")
def deployment(deployment):
    return replace(deployment, resources=())
"""
SUITE = """
def test_resource(resource_proof):
    assert resource_proof.differences == ()

def test_group(prover, provers):
    assert prover.prove("Group").differences == ()
    assert prover.prove("Group").proven == PROVEN
    assert [on_target.prove("Group") for on_target in provers.values()] == [prover.prove("Group")]

PROVEN = ("/GroupDescription", "/SecurityGroupIngress", "/VpcId")
"""
OVERRIDDEN = """
def test_group(prover):
    assert prover.prove("Group").status.value == "DELETED"
"""


@pytest.mark.parametrize(
    ("conftest", "options", "count"), [(CHOSEN, (), 3), ("", ("--stack", "Network"), 2)], ids=["override", "option"]
)
def test_the_fixture_and_the_items_agree_on_a_group_to_which_another_stack_adds_a_rule(
    conftest: str, options: tuple[str, ...], count: int, tmp_path: Path
) -> None:
    folder = written(project("open_group", tmp_path), {"conftest.py": conftest, "test_live.py": SUITE})
    done = run(folder, "pytest", "test_live.py", *options, "-p", "no:xdist", "--stackproof-report=facts.json")
    assert done.returncode == 0, done.stdout + done.stderr
    proofs = json.loads((folder / "facts.json").read_text(encoding="utf-8"))["proofs"]
    assert [proof["status"] for proof in proofs] == ["IN_SYNC"] * count


def test_a_project_that_overrides_its_deployment_has_a_prover_of_that_one(tmp_path: Path) -> None:
    files = {"conftest.py": CHANGED, "test_live.py": OVERRIDDEN}
    folder = written(project("open_group", tmp_path), files)
    done = run(folder, "pytest", "test_live.py", "--stack", "Network", "-p", "no:xdist")
    assert done.returncode == 0, done.stdout + done.stderr
