"""The items of a suite are what `prove` proves: resources of nested stacks, and of every stack of an app."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.running import project, run, stackproof

pytestmark = pytest.mark.usefixtures("processes")

SUITE = "def test_resource(resource_proof):\n    assert resource_proof.differences == ()\n"


@pytest.mark.parametrize(
    ("app", "workers", "names"),
    [
        ("nested_stack", "0", {"Outer", "Outer/InnerNestedStackInnerNestedStackResource745E041B"}),
        ("two_stacks", "2", {"Queues", "Topics"}),
    ],
)
def test_a_suite_and_prove_look_at_the_same_resources(app: str, workers: str, names: set[str], tmp_path: Path) -> None:
    folder = project(app, tmp_path)
    (folder / "test_live.py").write_text(SUITE, encoding="utf-8")
    done = run(folder, "pytest", "test_live.py", "-n", workers, "--stackproof-report=facts.json")
    assert done.returncode == 0, done.stdout + done.stderr
    proofs = json.loads((folder / "facts.json").read_text(encoding="utf-8"))["proofs"]
    proven = json.loads(stackproof(folder, "prove", "--format", "json").stdout)
    assert len(proofs) == proven["coverage"]["resources"]["total"]
    assert {proof["location"]["stack_name"] for proof in proofs} == names
    assert all(proof["status"] == "IN_SYNC" for proof in proofs)


def test_of_several_stacks_one_can_be_chosen(tmp_path: Path) -> None:
    folder = project("two_stacks", tmp_path)
    (folder / "test_live.py").write_text(SUITE, encoding="utf-8")
    done = run(folder, "pytest", "test_live.py", "--stack", "Topics", "--stackproof-report=facts.json")
    assert done.returncode == 0, done.stdout + done.stderr
    proofs = json.loads((folder / "facts.json").read_text(encoding="utf-8"))["proofs"]
    assert {proof["location"]["stack_name"] for proof in proofs} == {"Topics"}
