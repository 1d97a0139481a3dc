"""`minimum_proof`: the same verdict from `prove`, from a suite and from the gate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.running import project, run, stackproof

pytestmark = pytest.mark.usefixtures("processes")

SAID = "4 of 5 properties are proven (80.0 %), and minimum_proof is "


def demanding(folder: Path, minimum: str) -> Path:
    """A stack with a property that moto drops, and how much of it has to be proven."""
    made = project("tiny", folder)
    app = made / "app.py"
    text = app.read_text(encoding="utf-8").replace(
        '{"VisibilityTimeout": 60}',
        '{"VisibilityTimeout": 60, "DelaySeconds": 1, "RedriveAllowPolicy": {"redrivePermission": "denyAll"}}',
    )
    app.write_text(text, encoding="utf-8")
    settings = made / "pyproject.toml"
    table = settings.read_text(encoding="utf-8").replace(
        "[tool.stackproof]\n", f"[tool.stackproof]\nminimum_proof = {minimum}\n", 1
    )
    settings.write_text(table.partition("[tool.stackproof.suites]")[0], encoding="utf-8")
    return made


@pytest.mark.parametrize(("minimum", "code"), [("{ resources = 100, properties = 80 }", 0), ("81", 1)])
def test_prove_fails_below_it(tmp_path: Path, minimum: str, code: int) -> None:
    done = stackproof(demanding(tmp_path, minimum), "prove")
    assert done.returncode == code, done.stdout + done.stderr
    if code:
        said = " ".join(done.stdout.split())  # it is folded
        assert f"error: {SAID}81 %; the first that is not: app.py:16: Queue /RedriveAllowPolicy" in said


def test_a_suite_and_the_gate_fail_below_it(tmp_path: Path) -> None:
    folder = demanding(tmp_path, "100")
    done = run(folder, "pytest", "suites/integration/test_live.py", "--stackproof-report=facts.json")
    assert done.returncode == 1, done.stdout
    assert SAID in done.stdout
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    assert facts["exit_code"] == 1
    assert facts["shortfalls"][0].startswith(SAID)
    gate = stackproof(folder, "gate")
    assert gate.returncode == 1, gate.stdout + gate.stderr
    assert SAID in gate.stdout
    report = json.loads((folder / "reports" / "gate.json").read_text(encoding="utf-8"))
    assert [stage["outcome"] for stage in report["stages"] if stage["name"] == "prove"] == ["violated"]


def test_a_run_that_leaves_resources_out_is_not_judged_and_is_3_unless_it_says_so(tmp_path: Path) -> None:
    folder = demanding(tmp_path, "100")
    some = ("pytest", "suites/integration/test_live.py", "-k", "test_resource and Stream")
    done = run(folder, *some, "--no-minimum-proof", "--stackproof-report=facts.json")
    assert done.returncode == 0, done.stdout
    assert "only 1 of 2 resources of the stack were checked: minimum_proof is not evaluated" in done.stdout
    done = run(folder, *some, "--stackproof-report=facts.json")
    assert done.returncode == 3, done.stdout
    assert "minimum_proof could not be evaluated: resources were left out (--no-minimum-proof" in done.stdout
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    assert (facts["shortfalls"], len(facts["proofs"])) == ([], 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("suites/unit",), 0),
        (("suites", "-k", "minute"), 3),
        (("suites", "-k", "minute", "-n", "1"), 3),
        (("suites", "-k", "minute", "--no-minimum-proof"), 0),
        (("suites/integration/test_live.py::test_queue_is_there",), 3),
        (("suites", "--collect-only", "-q"), 0),
    ],
    ids=["unit tests alone", "deselected", "deselected by a worker", "said so", "another live test", "collected"],
)
def test_it_is_insisted_on_wherever_live_tests_are_collected(
    arguments: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    done = run(demanding(tmp_path, "100"), "pytest", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    said = "error: minimum_proof could not be evaluated: no resource was checked"
    assert (said in done.stdout) is (code == 3)


def test_a_minimum_of_nothing_is_not_insisted_on(tmp_path: Path) -> None:
    done = run(demanding(tmp_path, "0"), "pytest", "suites", "-k", "minute")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('"suites/integration", "-k", "not Queue"', "only 1 of 2 resources of the stack were checked"),
        ('"suites/unit"', "no suite proved a resource, so minimum_proof could not be evaluated"),
    ],
)
def test_the_gate_cannot_judge_what_its_suites_leave_out(tmp_path: Path, arguments: str, said: str) -> None:
    folder = demanding(tmp_path, "50")
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"\n[tool.stackproof.suites]\nsuite = [{arguments}]\n")
    done = stackproof(folder, "gate", "--format", "json", "--output", "gate.json")
    assert done.returncode == 3, done.stdout + done.stderr
    report = json.loads((folder / "gate.json").read_text(encoding="utf-8"))
    assert said in report["stages"][-1]["detail"]


def test_a_resource_counts_once_however_many_tests_ask_for_it(tmp_path: Path) -> None:
    folder = demanding(tmp_path, "50")
    suite = folder / "suites" / "integration" / "test_live.py"
    again = "\n\ndef test_again(resource_proof):\n    assert not resource_proof.differences\n"
    suite.write_text(suite.read_text(encoding="utf-8") + again, encoding="utf-8")
    done = run(folder, "pytest", str(suite), "--stackproof-report=facts.json")
    assert done.returncode == 0, done.stdout
    assert "2 of 2 resources, 4 of 5 properties" in done.stdout
