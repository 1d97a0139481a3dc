"""What the plugin makes of a suite: what it refuses, what it counts apart, and the exit status it ends with."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.fakes import written
from tests.running import project, run
from tests.watching import Watch, listens, needs_proc

pytestmark = pytest.mark.usefixtures("processes")

WAIVER = """
waivers:
  - rule: {rule}
    stack: Tiny
    construct_path: Tiny/Stream
    reason: a known exception
    owner: platform
    expires: "2999-12-31"
"""
SECOND_STACK = '"Other": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "Tiny.template.json"}},\n'
ODD = """
RESOURCES["Never"] = {"Type": "AWS::SNS::Topic", "Condition": "Never"}
RESOURCES["Custom"] = {"Type": "Custom::Thing", "Properties": {"ServiceToken": "arn:aws:sns:us-east-1:1:x"}}
RESOURCES["Thing"] = {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "without-a-reader"}}
CONDITIONS = {"Never": {"Fn::Equals": ["a", "b"]}}
"""
NOTHING = "def test_template(template):\n    assert template\n\ndef test_stack(stack):\n    assert stack\n"
PLACEHOLDERS = """
import pytest

def test_refused(template):
    pytest.fail("should be implemented")

@pytest.mark.allow_suite_rule("SP001", "shows how it is refused")
def test_allowed(template):
    pytest.fail("as it says")

def test_outside_of_what_we_know(made):
    assert True

@pytest.fixture
def made():
    return 1
"""
UNSURE = """
import pytest

def _compare(found):
    assert found

def test_returns(stack):
    if not stack.resources("AWS::SNS::Topic").or_none:
        return
    assert all(topic.properties for topic in stack.resources("AWS::SNS::Topic"))

def test_looks(stack):
    stack.resources("AWS::SQS::Queue")

@pytest.mark.allow_suite_rule("SP004", "the query fails by itself")
def test_kept(stack):
    stack.resources("AWS::SQS::Queue")

def test_helped(stack):
    _compare(stack.resources("AWS::SQS::Queue"))
"""
OWN = """
import pytest

@pytest.fixture
def template():
    return 1

def test_one(template):
    assert template == 1

def test_constant(template):
    assert True
"""


def suite(folder: Path, text: str, name: str = "tests_of_ours") -> Path:
    written(folder / name, {"test_it.py": text})
    return folder


def ran(folder: Path, *arguments: str, **more: str) -> tuple[int, str, dict[str, Any]]:
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    workers = () if "-n" in arguments else ("-p", "no:xdist")
    done = run(folder, "pytest", "-rA", f"--stackproof-report={report}", *workers, *arguments, **more)
    found = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return done.returncode, done.stdout + done.stderr, found


# --- what is refused


def test_a_test_that_looks_at_nothing_fails_at_its_line(tmp_path: Path) -> None:
    code, output, _ = ran(suite(project("tiny", tmp_path), NOTHING), "tests_of_ours")
    assert code == 1
    assert "tests_of_ours/test_it.py:1: the test requests template but checks nothing" in output
    assert "tests_of_ours/test_it.py:4: the test requests stack but checks nothing" in output


def test_a_placeholder_is_refused_before_it_runs_unless_it_is_allowed(tmp_path: Path) -> None:
    code, output, _ = ran(suite(project("tiny", tmp_path), PLACEHOLDERS), "tests_of_ours")
    assert code == 1
    assert "tests_of_ours/test_it.py:5: SP001" in output
    assert re.search(r"FAILED \S+::test_allowed - Failed: as it says", output)
    assert "PASSED tests_of_ours/test_it.py::test_outside_of_what_we_know" in output


def test_a_test_is_refused_that_may_pass_without_an_assertion_but_not_one_whose_helper_asserts(tmp_path: Path) -> None:
    code, output, _ = ran(suite(project("tiny", tmp_path), UNSURE), "tests_of_ours")
    assert code == 1
    assert "tests_of_ours/test_it.py:9: SP003: the test may return before it asserts anything" in output
    assert "tests_of_ours/test_it.py:13: SP004: nothing in this test asserts anything" in output
    for name in ("test_kept", "test_helped"):
        assert f"PASSED tests_of_ours/test_it.py::{name}" in output


def test_fixtures_of_others_that_have_our_names_are_none_of_our_business(tmp_path: Path) -> None:
    code, output, _ = ran(suite(tmp_path, OWN))
    assert (code, "2 passed" in output) == (0, True)


def test_outside_of_a_project_there_is_nothing_of_ours_but_the_options(tmp_path: Path) -> None:
    suite(tmp_path, "def test_it(template):\n    assert template\n")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    done = run(tmp_path, "pytest")
    assert (done.returncode, "fixture 'template' not found" in done.stdout) == (1, True)
    listed = run(tmp_path, "pytest", "--help").stdout
    for option in ("--target", "--endpoint-url", "--stack", "--cdk-context", "--keep", "--stackproof-report"):
        assert option in listed


# --- the exit status


@pytest.mark.parametrize(
    ("text", "arguments", "code"),
    [
        ("def test_it():\n    assert 1 + 1 == 2\n", (), 0),
        ("def test_it():\n    assert 1 + 1 == 3\n", (), 1),
        ("def test_it():\n    assert 1 + 1 == 2\n", ("nowhere",), 4),  # pytest insists on this one
        ("", (), 3),
        ("import nothing_of_that_name\n", (), 3),
        ("import pytest\n\ndef test_it():\n    pytest.exit('enough')\n", (), 3),
        ("", ("tests_of_ours", "--collect-only"), 5),
    ],
    ids=["held", "violated", "usage", "nothing", "import", "exit", "collect only"],
)
def test_the_exit_status_tells_violated_from_could_not_tell(
    text: str, arguments: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    ended, output, _ = ran(suite(project("tiny", tmp_path), text), *(arguments or ("tests_of_ours",)))
    assert ended == code, output


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        ((), ("--stack", "Nobody"), "--stack Nobody: the app has no such stack, only Tiny"),
        (('"artifacts": {\n', '"artifacts": {\n' + SECOND_STACK), (), "the app has 2 stacks: name one with --stack"),
        ((), ("--cdk-context", "nonsense"), "-c nonsense: expected key=value"),
        (("OUT.mkdir(parents=True)", "raise SystemExit(4)"), (), "ended with exit code 4"),
    ],
    ids=["unknown stack", "two stacks", "context", "synth"],
)
def test_what_stackproof_can_explain_is_one_line_in_a_suite_as_well(
    change: tuple[str, str], arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    folder = project("tiny", tmp_path)
    if change:
        file = folder / "app.py"
        text = file.read_text(encoding="utf-8")
        assert change[0] in text
        file.write_text(text.replace(*change), encoding="utf-8")
    code, output, _ = ran(folder, "suites/unit", *arguments)
    assert code == (3 if "exit code 4" in said else 2)
    assert re.search(rf"^(Config|Synth)Error: .*{re.escape(said)}", output, re.MULTILINE)
    assert "Traceback" not in output


def test_one_of_several_stacks_is_chosen_by_name(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    file = folder / "app.py"
    file.write_text(file.read_text().replace('"artifacts": {\n', '"artifacts": {\n' + SECOND_STACK), encoding="utf-8")
    assert ran(folder, "suites/unit", "--stack", "Other")[0] == 0


# --- policy


def test_a_violated_rule_fails_and_a_waived_one_is_counted_apart(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    file = folder / "app.py"
    file.write_text(file.read_text(encoding="utf-8").replace('"RetentionPeriodHours": 48', '"Retention": 48'))
    code, output, report = ran(folder, "suites/compliance")
    assert code == 1
    failed = re.search(r"FAILED \S+\[Tiny-(\w+)\]", output)
    assert failed is not None
    assert f"app.py:11: error: {failed[1]}: " in output
    assert report["rules"]["violated"] == 1

    written(folder / "policies", {"waivers.yaml": WAIVER.format(rule=failed[1])})
    junit = folder / "junit.xml"
    code, output, report = ran(folder, "suites/compliance", f"--junitxml={junit}")
    assert code == 0, output
    assert "1 waived" in output.splitlines()[-1]
    assert "0 violated, 1 waived, 0 open" in output
    assert (report["rules"]["waived"], report["tests"]["waived"]) == (1, 1)
    [skipped] = ET.parse(junit).getroot().iter("skipped")  # noqa: S314 - pytest has just written it
    assert "a known exception" in str(skipped.get("message"))


@pytest.mark.parametrize("workers", [("-p", "no:xdist"), ("-n", "2")], ids=["no xdist", "2"])
def test_what_is_not_collected_is_not_judged_on_any_number_of_workers(workers: tuple[str, ...], tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    engine = "[tool.stackproof.engines]\ncloudformation-validate = { timeout = 0.000001 }\n"
    (folder / "pyproject.toml").write_text(engine, encoding="utf-8")
    code, output, _ = ran(folder, "suites/compliance", *workers)
    assert code == 3, output
    said = "EngineError: cloudformation-validate: cdk.out/Tiny.template.json: cloudformation-validate did not answer"
    assert re.search(rf"^{said}", output, re.MULTILINE)
    assert "Traceback" not in output
    assert "plugin/fixtures.py" not in output

    suite(folder, "import nothing_of_that_name\n")
    assert ran(folder, "tests_of_ours", *workers)[0] == 3
    written(folder / "policies", {"waivers.yaml": "waivers: 1"})
    assert ran(folder, "suites/compliance", *workers)[0] == 2


def test_a_worker_that_crashes_leaves_a_test_without_a_verdict(tmp_path: Path) -> None:
    text = "import os\n\ndef test_crash():\n    os._exit(1)\n\ndef test_other():\n    assert 1 + 1 == 2\n"
    code, output, _ = ran(suite(project("tiny", tmp_path), text), "tests_of_ours", "-n", "1")
    assert code == 3, output
    assert "1 passed" in output


# --- live


@needs_proc
def test_what_no_reader_knows_is_3_and_what_is_not_expected_or_custom_is_counted_apart(tmp_path: Path) -> None:
    folder, watch = project("tiny", tmp_path), Watch(tmp_path / "watch")
    file = folder / "app.py"
    text = file.read_text(encoding="utf-8").replace("TEMPLATE = {", ODD + 'TEMPLATE = {"Conditions": CONDITIONS, ')
    file.write_text(text, encoding="utf-8")
    code, output, report = ran(folder, "suites/integration", "-k", "test_resource", **watch.variables)
    assert code == 3, output
    assert report["tests"] == {"failed": 1, "open": 1, "passed": 2, "unexpected": 1}
    assert re.search(r"^TargetError: .*Thing could not be checked: no_reader", output, re.MULTILINE)
    assert "proof (emulator moto): 2 of 3 resources (1 custom resource not counted)" in output
    assert "not proven: 1 no_reader" in output
    assert watch.left() == []


@needs_proc
def test_an_emulator_that_does_not_start_is_tried_once_and_told_to_every_test(tmp_path: Path) -> None:
    folder, watch = project("tiny", tmp_path), Watch(tmp_path / "watch")
    broken = written(tmp_path / "broken", {"moto.py": "raise RuntimeError('not today')\n"})
    path = f"{broken}{os.pathsep}{watch.variables['PYTHONPATH']}"
    code, output, report = ran(folder, "suites/integration", **{**watch.variables, "PYTHONPATH": path})
    assert code == 3
    assert report["tests"] == {"failed": 4}
    assert output.count("TargetError: moto does not start: RuntimeError: not today") == 4
    assert watch.started("stackproof.targets.emulators.moto_server") == 1
    assert watch.left() == []


@needs_proc
def test_a_kept_emulator_stays_and_is_named(tmp_path: Path) -> None:
    folder, watch = project("tiny", tmp_path), Watch(tmp_path / "watch")
    code, output, _ = ran(folder, "suites/integration", "--keep", **watch.variables)
    assert code == 0, output
    kept = re.search(r"^export AWS_ENDPOINT_URL=(\S+)  # kill (\d+) ends it$", output, re.MULTILINE)
    assert kept is not None
    assert listens(kept[1])
    again = ran(folder, "suites/integration", "--endpoint-url", kept[1])
    os.kill(int(kept[2]), signal.SIGTERM)
    assert again[0] == 0, again[1]
    assert f"proof ({kept[1]}): 2 of 2 resources" in again[1]
    assert [line for line in watch.left() if "stackproof-" not in line] == []
