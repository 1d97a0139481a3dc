"""`stackproof check`: bad input is one clear line, the right exit code, and no reason to stop."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from stackproof.config.schema import read_schema
from tests.running import project, run, stackproof

FAST = "[tool.stackproof.engines]\ncloudformation-validate = {}\n"
GOOD = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
OPEN = {
    "Resources": {
        "Group": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "open",
                "SecurityGroupIngress": [
                    {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"},
                ],
            },
        }
    }
}
BAD = {
    "missing.json": (None, "there is no such file"),
    "truncated.json": ('{"Resources": {', "truncated.json:1:16: is not valid JSON"),
    "list.yaml": ("- a\n- b\n", "template"),
    "empty.yaml": ("", "empty"),
    "mapping.json": ('{"Resources": {"A": {"Type": {"a": 1}}}}', "Type"),
    "nothing.json": ('{"Resources": {}}', "Resources"),
    "null.json": ('{"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": null}}}', "Properties"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(FAST, encoding="utf-8")
    for name, (text, _) in BAD.items():
        if text is not None:
            (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "good.json").write_text(json.dumps(GOOD), encoding="utf-8")
    (tmp_path / "open.json").write_text(json.dumps(OPEN), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_file_is_one_clear_line_and_exit_3(folder: Path, name: str) -> None:
    done = stackproof(folder, "check", name)
    lines = [line for line in done.stdout.splitlines() if name in line]
    assert done.returncode == 3, done.stdout + done.stderr
    assert len(lines) == 1
    assert BAD[name][1] in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.usefixtures("processes")
def test_the_other_files_are_still_judged_and_3_outranks_1(folder: Path) -> None:
    done = stackproof(folder, "check", *sorted(BAD), "good.json", "open.json")
    assert done.returncode == 3
    assert all(name in done.stdout for name in BAD)
    assert "open.json:" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.usefixtures("processes")
def test_a_violation_alone_is_1_and_a_good_file_0(folder: Path) -> None:
    assert stackproof(folder, "check", "open.json").returncode == 1
    assert stackproof(folder, "check", "good.json").returncode == 0


def test_a_fifo_does_not_hang(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")
    done = stackproof(folder, "check", "pipe.json")
    assert done.returncode == 3
    assert "pipe.json" in done.stdout


def test_a_folder_without_a_template_is_said(folder: Path) -> None:
    (folder / "none").mkdir()
    done = stackproof(folder, "check", "none")
    assert done.returncode == 3
    assert "none" in done.stdout


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("pyproject.toml", "[tool.stackproof]\nfail_level = 1\n", "fail_level"),
        ("pyproject.toml", "[tool.stackproof]\nnonsense = 1\n", "nonsense"),
        ("policies/waivers.yaml", "waivers:\n  - rule: X\n", "policies/waivers.yaml:2"),
    ],
)
def test_a_wrong_file_of_the_project_is_2_before_any_engine_starts(
    folder: Path, file: str, text: str, said: str
) -> None:
    (folder / "policies").mkdir()
    (folder / file).write_text(text, encoding="utf-8")
    done = stackproof(folder, "check", "good.json")
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_wrong_options_are_2(folder: Path) -> None:
    assert stackproof(folder, "check", "--nonsense").returncode == 2
    assert stackproof(folder, "check", "-c", "nonsense").returncode == 2


@pytest.mark.usefixtures("processes")
def test_the_report_is_as_its_schema_says_and_the_same_under_any_hash_seed(folder: Path) -> None:
    texts = []
    for seed in ("1", "2"):
        arguments = ("check", "open.json", "good.json", "--no-cache", "--format", "json")
        texts.append(run(folder, "stackproof", *arguments, PYTHONHASHSEED=seed).stdout)
    schema = read_schema("report.schema.json")
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(texts[0]))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("shape", ["two_stacks", "nested_stack", "custom_resource", "stage"])
@pytest.mark.usefixtures("processes")
def test_apps_of_other_shapes_go_through(shape: str, tmp_path: Path) -> None:
    """Every stack is evaluated, every authored finding has a line of the app, and no line is of another app."""
    stacks = {"two_stacks": 2, "nested_stack": 2, "custom_resource": 1, "stage": 1}
    folder = project(shape, tmp_path)
    (folder / "pyproject.toml").write_text(FAST, encoding="utf-8")
    done = stackproof(folder, "check", "--format", "json")
    report = json.loads(done.stdout)
    Draft202012Validator(read_schema("report.schema.json")).validate(report)
    assert done.returncode in {0, 1}, done.stderr
    assert len(report["inputs"]) == stacks[shape]
    places = [finding["location"] for finding in report["findings"] if finding["location"]["logical_id"]]
    assert {place["file"] for place in places} == {"app.py"}
    assert "TapStack" not in done.stdout + done.stderr
    if shape == "custom_resource":
        assert any(finding["generated"] for finding in report["findings"])
    assert stackproof(folder, "synth").stdout.splitlines()[-1].endswith("cdk.out")


@pytest.mark.usefixtures("processes")
def test_an_unchanged_run_is_remembered_whole_and_whatever_decides_ends_that(folder: Path) -> None:
    def checked(*arguments: str) -> str:
        done = stackproof(folder, "check", ".", "--format", "json", *arguments)
        assert done.returncode == 3, done.stderr  # some of the files are bad
        return done.stdout

    first = checked()
    assert checked() == first == checked("--no-cache")
    (kept,) = (folder / ".stackproof" / "store" / "check").rglob("*.json")
    written = kept.stat().st_mtime_ns
    assert checked() == first
    assert kept.stat().st_mtime_ns == written
    other_day = checked("--as-of", "2030-01-01")
    assert other_day == checked("--as-of", "2030-01-01", "--no-cache")
    (folder / "policies").mkdir()
    (folder / "policies" / "waivers.yaml").write_text(
        "waivers:\n- {rule: W9, stack: open.json, construct_path: Group, reason: r, owner: o, expires: 2026-12-31}\n",
        encoding="utf-8",
    )
    waived = checked()
    assert waived == checked("--no-cache") != first
    (folder / "good.json").write_text(json.dumps(OPEN), encoding="utf-8")
    assert checked() == checked("--no-cache") != waived


NESTED = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://s3.amazonaws.com/b/nested.json"}}


def _with_nested(app: Path) -> Path:
    text = (app / "app.py").read_text(encoding="utf-8")
    (app / "app.py").write_text(
        text.replace("TEMPLATE = {", f'RESOURCES["Nested"] = {NESTED}\nTEMPLATE = {{'), encoding="utf-8"
    )
    return app


@pytest.mark.parametrize("name", ["parent.json", "cdk.out"])
@pytest.mark.usefixtures("processes")
def test_a_nested_stack_that_was_not_evaluated_is_named_in_every_format_and_exit_3(folder: Path, name: str) -> None:
    template = json.dumps({"Resources": {"Nested": NESTED, **GOOD["Resources"]}})
    properties = {"templateFile": "S.template.json"}
    manifest = {"artifacts": {"S": {"type": "aws:cloudformation:stack", "properties": properties}}}
    (folder / "cdk.out").mkdir()
    (folder / "parent.json").write_text(template, encoding="utf-8")
    (folder / "cdk.out" / "S.template.json").write_text(template, encoding="utf-8")
    (folder / "cdk.out" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    formats = ("terminal", "json", "sarif", "junit", "markdown", "github")
    options = [
        option
        for name_of_format in formats
        for option in ("--format", name_of_format, "--output", f"report.{name_of_format}")
    ]
    assert stackproof(folder, "check", name, *options).returncode == 3
    for name_of_format in formats:
        text = " ".join((folder / f"report.{name_of_format}").read_text(encoding="utf-8").split())
        assert "nested stack Nested was not evaluated: https://s3.amazonaws.com/b/nested.json is not part of" in text, (
            name_of_format
        )


@pytest.mark.usefixtures("processes")
def test_an_app_whose_nested_template_is_missing_is_3_in_the_gate_and_in_the_suites(tmp_path: Path) -> None:
    """Everything else is evaluated all the same: one item represents what is not."""
    app = _with_nested(project("tiny", tmp_path))
    gate = stackproof(app, "gate", "--static")
    assert (gate.returncode, "nested stack Nested was not evaluated" in gate.stdout) == (3, True), gate.stdout
    suite = run(app, "pytest", "suites/compliance", "-rA", "-p", "no:xdist")
    assert suite.returncode == 3, suite.stdout
    assert "ERROR suites/compliance/test_policy.py::test_rule_holds[Tiny/Nested] - InputE" in suite.stdout
    assert "9 passed, 1 error" in suite.stdout
