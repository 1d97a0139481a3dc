"""`stackproof drift adopt` on this repository's own TapStack: shown, applied, and what the app gives then."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stackproof.config.schema import read_schema
from stackproof.config.settings import load_settings
from stackproof.core.json import JsonValue
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.report import DriftReport
from stackproof.policy.finding import Suppression
from stackproof.proof.observation import Change, DriftStatus
from stackproof.template.location import Location
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize
from tests.running import stackproof

ROOT = Path(__file__).parents[2]


def drifted(place: Location, path: str, expected: JsonValue, actual: JsonValue) -> Difference:
    return Difference(
        account="123456789012",
        region="eu-central-1",
        origin=DriftOrigin.DECLARED,
        location=place,
        physical_id="p",
        status=DriftStatus.MODIFIED,
        change=Change.NOT_EQUAL,
        path=path,
        expected=expected,
        actual=actual,
    )


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A copy of TapStack in a separate project."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "infra", folder / "infra", ignore=shutil.ignore_patterns("cdk.out", "__pycache__"))
    (folder / "pyproject.toml").write_text('[tool.stackproof]\napp_directory = "infra"\n', encoding="utf-8")
    return folder


def adopted(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = stackproof(folder, "drift", "adopt", "drift.json", "--format", "json", *arguments)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    Draft202012Validator(read_schema("report.schema.json")).validate(report)
    assert done.returncode == report["exit_code"]
    return done.returncode, report


@pytest.mark.usefixtures("processes")
def test_a_patch_is_shown_then_applied_and_the_app_gives_the_live_value(app: Path) -> None:
    [stack] = synthesize(Project(settings=load_settings(app)), {}).stacks
    places = {resource.resource_type: resource.location() for resource in stack.template.resources}
    database, queue = places["AWS::RDS::DBInstance"], places["AWS::SQS::Queue"]
    alarm = next(
        resource.location()
        for resource in stack.template.resources
        if resource.logical_id.startswith("AlarmsDatabaseCpu")
    )
    literal = drifted(database, "/MonitoringInterval", 60, 30)
    variable = drifted(database, "/BackupRetentionPeriod", 14, 1)
    days = drifted(queue, "/MessageRetentionPeriod", 1209600, 345600)
    threshold = drifted(alarm, "/Threshold", 80, 95)
    missing = drifted(alarm, "/TreatMissingData", "breaching", "ignore")
    waived = replace(drifted(queue, "/QueueName", "a", "b"), suppression=Suppression(reason="r", owner="o"))
    differences = (literal, variable, days, threshold, missing, waived)
    report = DriftReport(target="aws", audits=(), differences=differences)
    (app / "drift.json").write_text(json.dumps(report.to_dict()), encoding="utf-8")
    before = {path: path.read_bytes() for path in app.rglob("*.py")}

    code, found = adopted(app)
    assert code == 0
    assert before == {path: path.read_bytes() for path in app.rglob("*.py")}
    remedies = {remedy["property_path"]: remedy for remedy in found["remedies"]}
    assert "/QueueName" not in remedies
    said = remedies["/BackupRetentionPeriod"]["adopt"]
    line = next(
        number
        for number, text in enumerate((app / "infra" / "settings.py").read_text(encoding="utf-8").splitlines(), 1)
        if text.strip().startswith("database_backup_days:")
    )
    assert (said["patch"], said["why_not"]) == (
        None,
        f"the value comes from a variable `settings.database_backup_days` at infra/settings.py:{line}",
    )
    shown = remedies["/MonitoringInterval"]["adopt"]
    assert (shown["file"], shown["argument"]) == ("infra/components/database.py", "monitoring_interval")
    assert "-            monitoring_interval=cdk.Duration.seconds(60),\n" in shown["patch"]
    assert "+            monitoring_interval=cdk.Duration.seconds(30),\n" in shown["patch"]
    assert remedies["/MonitoringInterval"]["put_back"][0] == "cdk deploy TapStack --revert-drift"

    wishes = [f"--finding={difference.fingerprint}" for difference in (literal, days, threshold, missing)]
    code, found = adopted(app, *wishes, "--write")
    assert code == 0
    assert [remedy["adopt"]["synthesized"] for remedy in found["remedies"]] == [True] * 4
    [stack] = synthesize(Project(settings=load_settings(app)), {}).stacks
    properties: dict[str, Any] = {
        resource.logical_id: resource.body["Properties"] for resource in stack.template.resources
    }
    assert properties[str(database.logical_id)]["MonitoringInterval"] == 30
    assert properties[str(queue.logical_id)]["MessageRetentionPeriod"] == 345600
    assert properties[str(alarm.logical_id)]["Threshold"] == 95
    assert properties[str(alarm.logical_id)]["TreatMissingData"] == "ignore"

    code, found = adopted(app, f"--finding={variable.fingerprint[:8]}", "--write")
    assert (code, found["summary"]["written"]) == (1, 0)


@pytest.mark.usefixtures("processes")
def test_a_patch_that_the_app_does_not_confirm_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.stackproof]\napp = "python app.py"\n', encoding="utf-8")
    source = """import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

app = cdk.App()
stack = cdk.Stack(app, "S")
one = sqs.Queue(stack, "One", delivery_delay=cdk.Duration.seconds(0))
one.node.default_child.add_property_override("DelaySeconds", 5)
two = sqs.Queue(stack, "Two", delivery_delay=cdk.Duration.seconds(0))
app.synth()
"""
    (tmp_path / "app.py").write_text(source, encoding="utf-8")
    [stack] = synthesize(Project(settings=load_settings(tmp_path)), {}).stacks
    queues = [
        resource.location() for resource in stack.template.resources if resource.resource_type == "AWS::SQS::Queue"
    ]
    differences = tuple(drifted(queue, "/DelaySeconds", 0, 30) for queue in queues)
    report = DriftReport(target="aws", audits=(), differences=differences)
    (tmp_path / "drift.json").write_text(json.dumps(report.to_dict()), encoding="utf-8")
    code, found = adopted(tmp_path, "--all", "--write")
    assert (code, found["summary"]["written"]) == (1, 0)
    assert (tmp_path / "app.py").read_text(encoding="utf-8") == source
    said = [
        (remedy["adopt"]["written"], remedy["adopt"]["synthesized"], remedy["adopt"]["why_not"])
        for remedy in found["remedies"]
    ]
    assert sorted(said, key=repr) == [
        (False, False, "with it the app does not give the live value; the file is as it was"),
        (False, True, "another patch of its file was not confirmed; the file is as it was"),
    ]


FILES = {
    "app.py": b"""import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from latin import add

app = cdk.App()
stack = cdk.Stack(app, "S")
one = sqs.Queue(stack, "One", delivery_delay=cdk.Duration.seconds(0))
add(stack)
app.synth()
""",
    "latin.py": b"""# -*- coding: latin-1 -*-
import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

def add(stack):
    sqs.Queue(stack, "Two", queue_name="t", delivery_delay=cdk.Duration.seconds(0))  # \xe9
""",
}


def two_files(folder: Path) -> None:
    """An app of two files, one of them in latin-1, and a report in which the queue of each is drifted."""
    (folder / "pyproject.toml").write_text('[tool.stackproof]\napp = "python app.py"\n', encoding="utf-8")
    for name, source in FILES.items():
        (folder / name).write_bytes(source)
    [stack] = synthesize(Project(settings=load_settings(folder)), {}).stacks
    queues = [
        resource.location() for resource in stack.template.resources if resource.resource_type == "AWS::SQS::Queue"
    ]
    assert sorted(str(queue.file) for queue in queues) == sorted(FILES)
    report = DriftReport(
        target="aws",
        audits=(),
        differences=tuple(drifted(queue, "/DelaySeconds", 0, 30) for queue in queues),
    )
    (folder / "drift.json").write_text(json.dumps(report.to_dict()), encoding="utf-8")


@pytest.mark.usefixtures("processes")
def test_files_of_several_encodings_are_patched(tmp_path: Path) -> None:
    two_files(tmp_path)
    code, found = adopted(tmp_path, "--all", "--write")
    assert (code, found["summary"]["written"]) == (0, 2)
    for name, source in FILES.items():
        assert (tmp_path / name).read_bytes() == source.replace(b"seconds(0)", b"seconds(30)")


@pytest.mark.usefixtures("processes")
def test_every_file_is_as_it_was_if_the_app_breaks(tmp_path: Path) -> None:
    two_files(tmp_path)
    broken = FILES["app.py"].replace(b"app.synth()", b"assert b'seconds(30)' not in open('latin.py', 'rb').read()")
    broken += b"app.synth()\n"
    (tmp_path / "app.py").write_bytes(broken)
    done = stackproof(tmp_path, "drift", "adopt", "drift.json", "--all", "--write")
    assert done.returncode == 3, done.stderr
    assert (tmp_path / "app.py").read_bytes() == broken
    assert (tmp_path / "latin.py").read_bytes() == FILES["latin.py"]


@pytest.mark.usefixtures("processes")
def test_a_patch_of_a_resource_that_the_app_does_not_have_is_taken_back(tmp_path: Path) -> None:
    two_files(tmp_path)
    gone = Location(stack_name="S", logical_id="Gone", resource_type="AWS::SQS::Queue", file="app.py", line=7)
    source = FILES["app.py"].replace(b'stack, "One"', b'other, "One"')
    source = source.replace(b"stack = cdk.Stack(app", b"other = cdk.Stack(cdk.App(), 'O'); stack = cdk.Stack(app")
    (tmp_path / "app.py").write_bytes(source)
    found = drifted(gone, "/DelaySeconds", 0, 30)
    report = DriftReport(target="aws", audits=(), differences=(found,))
    (tmp_path / "drift.json").write_text(json.dumps(report.to_dict()), encoding="utf-8")
    code, made = adopted(tmp_path, "--all", "--write")
    assert (code, made["summary"]["written"]) == (1, 0)
    said = "the app does not have the resource, so nothing confirms it; the file is as it was"
    assert made["remedies"][0]["adopt"]["why_not"] == said
    assert (tmp_path / "app.py").read_bytes() == source


def test_without_an_app_nothing_is_written_and_no_loop_is_patched(tmp_path: Path) -> None:
    source = "for name in ('A', 'B'):\n    sqs.Queue(stack, name, visibility_timeout=Duration.seconds(30))\n"
    (tmp_path / "app.py").write_text(source, encoding="utf-8")
    place = Location(stack_name="S", logical_id="A", resource_type="AWS::SQS::Queue", file="app.py", line=2)
    report = DriftReport(target="aws", audits=(), differences=(drifted(place, "/VisibilityTimeout", 30, 60),))
    (tmp_path / "drift.json").write_text(json.dumps(report.to_dict()), encoding="utf-8")
    done = stackproof(tmp_path, "drift", "adopt", "drift.json", "--all", "--write")
    assert done.returncode == 2, done.stdout
    assert "no app is configured, so nothing would confirm a patch: set app or app_directory" in done.stderr
    assert (tmp_path / "app.py").read_text(encoding="utf-8") == source
    done = stackproof(tmp_path, "drift", "adopt", "drift.json", "--all")
    assert done.returncode == 0, done.stderr
    assert "no patch: no app is configured, so the other resources of the line are unknown" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("drift.json", "--write"), 2, "name the differences to adopt"),
        (("drift.json", "--finding", "abc"), 2, "drift.json has no such differences"),
        (("none.json",), 3, "none.json: cannot be read: No such file or directory"),
        (("list.json",), 3, "list.json: is not a report of `drift audit --format json`: expected an object"),
        (("-",), 3, "-: is not valid JSON: "),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    report = DriftReport(target="aws", audits=(), differences=())
    (tmp_path / "drift.json").write_text(json.dumps(report.to_dict()), encoding="utf-8")
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")
    done = stackproof(tmp_path, "drift", "adopt", *arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_without_an_app_there_is_still_a_way_back(tmp_path: Path) -> None:
    place = Location(stack_name="Net", logical_id="Q", resource_type="AWS::SQS::Queue", template_file="t", line=None)
    found = drifted(place, "/DelaySeconds", 0, 30)
    report = DriftReport(target="aws", audits=(), differences=(found,))
    (tmp_path / "drift.json").write_text(json.dumps(report.to_dict()), encoding="utf-8")
    done = stackproof(tmp_path, "drift", "adopt", "drift.json", "--all")
    assert done.returncode == 0, done.stderr
    assert "--deployment-mode REVERT_DRIFT" in done.stdout
    assert "no patch: its line in a Python app is unknown" in done.stdout
