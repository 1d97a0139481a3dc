"""Two stacks of one name in two regions: each has its verdicts, and no live test takes one of them for the other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from stackproof.config.settings import load_settings
from stackproof.wiring.policy import rule_verdicts
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize
from tests.fakes import TODAY, written
from tests.running import project, run, stackproof
from tests.watching import Watch, needs_proc

pytestmark = pytest.mark.usefixtures("processes")

BOTH = "shop-a (aws://111111111111/eu-west-1) and shop-b (aws://111111111111/us-west-2)"
RULES = "def test_rule(rule_verdict):\n    rule_verdict.check()\n"
RESOURCES = "def test_resource(resource_proof):\n    assert resource_proof.differences == ()\n"
PROBE = "def test_probe(aws_client):\n    assert aws_client('sqs').list_queues()\n"
TEMPLATE = "def test_template(template):\n    template.resource_count_is('AWS::SQS::Queue', 1)\n"
NO_DATABASES = ("--cdk-context", "databases=no")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"test_rules.py": RULES, "test_resources.py": RESOURCES, "test_probe.py": PROBE, "test_stack.py": TEMPLATE}
    return written(project("same_name", tmp_path), files)


def outcomes(file: Path) -> dict[str, str]:
    """The outcome of each item by the id of its parameter."""
    found = {}
    for case in ET.parse(file).iter("testcase"):  # noqa: S314 - our own
        name = str(case.get("name")).partition("[")[2].rstrip("]")
        assert name not in found, name
        found[name] = case[0].tag if len(case) else "passed"
    return found


def judged(folder: Path, *arguments: str) -> dict[str, str]:
    done = run(folder, "pytest", "test_rules.py", "-n", "0", "--junitxml=rules.xml", *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    return outcomes(folder / "rules.xml")


def test_each_of_them_has_an_item_for_each_rule(folder: Path) -> None:
    found = judged(folder)
    assert (found["shop-a-EV012"], found["shop-b-EV012"]) == ("failure", "passed")
    assert {name.partition("-EV")[0] for name in found if "-EV" in name} == {"shop-a", "shop-b"}
    verdicts = rule_verdicts(
        Project(settings=load_settings(folder)), synthesize(Project(settings=load_settings(folder)), {}), on=TODAY
    )
    assert len(found) == len(verdicts)
    assert Counter(verdict.artifact for verdict in verdicts).keys() == {"shop-a", "shop-b"}


def test_nested_stacks_have_their_own_items(folder: Path) -> None:
    labels = {"shop-a", "shop-b", "shop-a/Inner", "shop-b/Inner"}
    found = judged(folder, "--cdk-context", "nested=yes")
    assert {name.rpartition("-cdk:annotation")[0] for name in found if name.endswith("cdk:annotation-error")} <= labels
    assert {name for name in found if name.startswith("shop/")} == set()
    assert any(name.startswith("shop-a/Inner-") for name in found)
    assert any(name.startswith("shop-b/Inner-") for name in found)


def test_ids_of_an_app_with_a_name_for_each_are_their_names(folder: Path) -> None:
    found = judged(folder, "--cdk-context", "name=other")
    assert (found["shop-EV012"], found["other-EV012"]) == ("failure", "passed")


def test_a_rule_of_two_engines_has_an_item_for_each(tmp_path: Path) -> None:
    folder = written(project("tiny", tmp_path), {"test_rules.py": RULES})
    engines = "[tool.stackproof.engines]\ncfn-lint = {}\ncloudformation-validate = {}\n"
    (folder / "pyproject.toml").write_text(engines, encoding="utf-8")
    app = (folder / "app.py").read_text(encoding="utf-8")
    kept = 'RESOURCES["Queue"]["DeletionPolicy"] = "Retain"\nTEMPLATE = '
    (folder / "app.py").write_text(app.replace("TEMPLATE = ", kept), encoding="utf-8")
    found = judged(folder)
    assert found["Tiny-W3011-cfn-lint"] == found["Tiny-W3011-cloudformation-validate"] == "failure"
    assert "Tiny-W3011" not in found


@needs_proc
@pytest.mark.parametrize(
    "arguments",
    [
        ("test_resources.py", "-n", "0"),
        ("test_resources.py", "-n", "2"),
        ("test_probe.py", "-n", "0"),
        ("test_stack.py", "-n", "0"),
        ("test_resources.py", "-n", "0", "--stack", "shop"),
        ("test_resources.py", "-n", "0", "--stack", "shop-a", "--cdk-context", "needs=yes"),
        ("test_resources.py", "-n", "0", "--target", "aws"),
    ],
    ids=" ".join,
)
def test_live_fixtures_are_refused_before_an_emulator_starts(
    arguments: Sequence[str], folder: Path, tmp_path: Path
) -> None:
    watch = Watch(tmp_path / "watch")
    done = run(folder, "pytest", *arguments, **watch.variables)
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"ConfigError: {'--stack shop: ' if arguments[-1] == 'shop' else ''}" in done.stdout
    assert f"two stacks are named shop: {BOTH}" in done.stdout
    assert "--stack" in done.stdout
    assert watch.started("moto") == 0


@pytest.mark.parametrize("stack", ["shop-a", "shop-b"])
def test_one_of_them_is_proven_by_its_construct_path(stack: str, folder: Path) -> None:
    suites = ("test_resources.py", "test_stack.py", "test_probe.py")
    done = run(folder, "pytest", *suites, "--stack", stack, *NO_DATABASES, "--stackproof-report=facts.json")
    assert done.returncode == 0, done.stdout + done.stderr
    facts: dict[str, Any] = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    [proof] = facts["proofs"]
    assert proof["location"]["template_file"] == f"cdk.out/{stack}.template.json"
    assert (proof["status"], facts["partial"]) == ("IN_SYNC", None)


def test_the_gate_ends_with_2_and_names_both(folder: Path) -> None:
    settings = (folder / "pyproject.toml").read_text(encoding="utf-8")
    for suites in ("", '\n[tool.stackproof.suites]\nlive = ["test_resources.py", "-n", "0"]\n'):
        (folder / "pyproject.toml").write_text(settings + suites, encoding="utf-8")
        done = stackproof(folder, "gate")
        assert done.returncode == 2, done.stdout
        assert f"two stacks are named shop: {BOTH}" in " ".join(done.stdout.split())
        assert "starting" not in done.stderr


def test_the_items_are_those_of_the_chosen_stack(folder: Path) -> None:
    found = judged(folder, "--stack", "shop-a")
    assert {name.partition("-EV")[0] for name in found if "-EV" in name} == {"shop-a"}
    unknown = run(folder, "pytest", "test_rules.py", "-n", "0", "--stack", "nosuch")
    assert (unknown.returncode, "--stack nosuch: the app has no such stack" in unknown.stdout) == (2, True)


def test_two_stacks_are_never_taken_for_the_last_of_them(folder: Path) -> None:
    done = run(folder, "pytest", "test_resources.py", "-n", "0", "--stack", "shop-a", "--stack", "shop-b")
    assert done.returncode != 0
    assert "--stack takes one stack" in done.stderr
