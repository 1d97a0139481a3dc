"""`stackproof drift audit`, as a person types it, against emulators."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stackproof.config.schema import read_schema
from stackproof.targets.emulators.moto import MotoTarget, start_moto
from stackproof.targets.emulators.owned_process import OwnedProcess
from tests.drift.audited_template import AUDITED
from tests.live_fakes import stack
from tests.running import project, stackproof

_QUEUE = {"Queue": AUDITED["Resources"]["Queue"]}


@pytest.fixture(scope="module")
def moto(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = start_moto(os.getpid(), tmp_path_factory.mktemp("moto"))
    yield process
    process.stop()


def audit(folder: Path, url: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the report, which is valid."""
    options = ("--target", "moto", "--endpoint-url", url, "--format", "json")
    done = stackproof(folder, "drift", "audit", *options, *arguments)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    Draft202012Validator(read_schema("report.schema.json")).validate(report)
    assert done.returncode == report["exit_code"]
    return done.returncode, report


@pytest.mark.usefixtures("processes")
def test_an_app_that_has_just_been_deployed_is_clean_and_says_at_how_much_it_looked(tmp_path: Path) -> None:
    done = stackproof(project("tiny", tmp_path), "drift", "audit", "--target", "moto")
    assert done.returncode == 0, done.stderr
    memory, first, _, calls, last = done.stdout.splitlines()
    assert memory == "run 1 (the first): 0 new, 0 resolved"
    assert first.startswith("Tiny: IN_SYNC; checked 2 of 2 resources, 3 of 3 properties, ")
    assert " reads, " in calls
    assert "refused" not in calls
    assert last == "drift (moto): clean; differences: none; 100.0 % of the properties checked (3 of 3)"


def test_drift_has_the_line_of_the_app_and_is_1_until_it_is_waived(tmp_path: Path, moto: OwnedProcess) -> None:
    folder = project("tiny", tmp_path)
    target = MotoTarget(moto.endpoint_url, region="eu-west-1")
    where = ("--region", "eu-west-1")
    synthesized = stackproof(folder, "synth").stdout.splitlines()[-1]
    body = json.loads((Path(synthesized) / "Tiny.template.json").read_text(encoding="utf-8"))
    deployment = target.deploy(stack(body, name="Tiny"))
    assert audit(folder, moto.endpoint_url, *where)[0] == 0
    ids = {resource.logical_id: resource.physical_id for resource in deployment.resources}
    with target.writing("tampering"):
        target.client("kinesis").update_shard_count(
            StreamName=ids["Stream"], TargetShardCount=4, ScalingType="UNIFORM_SCALING"
        )
        target.client("sqs").set_queue_attributes(QueueUrl=ids["Queue"], Attributes={"DelaySeconds": "30"})
    code, report = audit(folder, moto.endpoint_url, *where)
    assert code == 1
    found = {difference["property_path"]: difference for difference in report["differences"]}
    assert {path: member["origin"] for path, member in found.items()} == {
        "/ShardCount": "declared",
        "/DelaySeconds": "undeclared",
    }
    changed = found["/ShardCount"]
    assert (changed["expected"], changed["actual"], changed["change"]) == (2, 4, "NOT_EQUAL")
    assert (changed["location"]["file"], changed["location"]["line"]) == ("app.py", 11)
    assert [(difference["is_new"], difference["since"]) for difference in report["differences"]] == [
        (True, report["run"]["began"])
    ] * 2
    report, again = (audit(folder, moto.endpoint_url, *where, "--no-store")[1] for _ in range(2))
    assert json.dumps(again) == json.dumps(report)

    soon = (datetime.now(tz=UTC).date() + timedelta(days=30)).isoformat()
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "waivers.yaml").write_text(
        "waivers: []\ndrift:\n"
        + "".join(
            f"  - stack: Tiny\n    resource: {name}\n    property: {path}\n"
            f"    reason: the load of this week\n    owner: streams\n    expires: {soon}\n"
            for name, path in (("Stream", "/ShardCount"), ("Queue", "/DelaySeconds"), ("Stream", "/Tags"))
        ),
        encoding="utf-8",
    )
    code, report = audit(folder, moto.endpoint_url, *where)
    assert code == 1
    assert report["summary"]["waived"] == 2
    assert [finding["rule_id"] for finding in report["findings"]] == ["SPW002"]
    assert [waiver["state"] for waiver in report["waivers"]] == ["active", "active", "unused"]
    checked = stackproof(folder, "check", "--format", "json")
    assert [
        finding["rule_id"] for finding in json.loads(checked.stdout)["findings"] if "SPW" in finding["rule_id"]
    ] == []


def test_without_an_app_every_stack_of_the_region_is_audited(tmp_path: Path, moto: OwnedProcess) -> None:
    target = MotoTarget(moto.endpoint_url, region="eu-west-2")
    target.deploy(stack({"Resources": _QUEUE}, name="One"))
    target.deploy(stack({"Resources": _QUEUE}, name="Two"))
    code, report = audit(tmp_path, moto.endpoint_url, "--region", "eu-west-2")
    assert code == 0
    assert [stack["stack_name"] for stack in report["stacks"]] == ["One", "Two"]
    code, report = audit(tmp_path, moto.endpoint_url, "--region", "eu-west-2", "--stack", "Two", "--stack", "No")
    assert code == 3
    assert [stack["stack_name"] for stack in report["stacks"]] == ["Two"]
    assert "there is no stack No" in report["notifications"][0]["message"]


@pytest.mark.parametrize("arguments", [(), ("--target", "moto"), ("--target", "ministack", "--stack", "Net")])
def test_without_an_app_no_empty_emulator_is_started(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = stackproof(tmp_path, "drift", "audit", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    name = "ministack" if "ministack" in arguments else "moto"
    assert line.startswith(f"stackproof: error: there is no CDK app in {tmp_path} to deploy to {name}, ")
    assert line.endswith("give --target aws or --endpoint-url URL to audit what runs")
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_stack_nothing_was_judged(tmp_path: Path, moto: OwnedProcess) -> None:
    code, report = audit(tmp_path, moto.endpoint_url, "--region", "sa-east-1")
    assert (code, report["stacks"]) == (3, [])
    assert "there is no stack in account" in report["notifications"][0]["message"]


def test_too_little_seen_is_3_and_what_is_not_looked_at_is_3_when_strict(tmp_path: Path, moto: OwnedProcess) -> None:
    target = MotoTarget(moto.endpoint_url, region="eu-west-3")
    body = {
        "Resources": {
            **_QUEUE,
            "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "nobody-sees-this"}},
        }
    }
    target.deploy(stack(body, name="Secret"))
    where = ("--region", "eu-west-3")
    code, report = audit(tmp_path, moto.endpoint_url, *where)
    assert (code, report["summary"]["reasons"]) == (0, {"write_only": 1})
    assert audit(tmp_path, moto.endpoint_url, *where, "--strict")[0] == 3
    code, report = audit(tmp_path, moto.endpoint_url, *where, "--minimum-coverage", "100")
    assert (code, report["summary"]["clean"], report["summary"]["complete"]) == (3, False, False)
    assert "nobody-sees-this" not in json.dumps(report)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--scope", "owner:me"), "expected tag:KEY=VALUE, vpc:ID or prefix:NAME"),
        (("--target", "moto,ministack"), "an audit is of one target"),
        (("--against", "assembly"), "there is no CDK app here"),
    ],
)
def test_a_command_line_that_is_wrong_is_2(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = stackproof(tmp_path, "drift", "audit", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.usefixtures("processes")
def test_nested_stacks_are_walked_and_named_after_their_parents(tmp_path: Path) -> None:
    folder = project("nested_stack", tmp_path)
    done = stackproof(folder, "drift", "audit", "--target", "moto", "--format", "json")
    report = json.loads(done.stdout)
    Draft202012Validator(read_schema("report.schema.json")).validate(report)
    assert report["differences"] == []
    names = {stack["stack_name"]: stack["parent"] for stack in report["stacks"]}
    assert len(names) > 1
    assert {parent for parent in names.values() if parent} <= set(names)
    assert [name for name, parent in names.items() if parent and not name.startswith(f"{parent}/")] == []
    assert done.returncode == 0, done.stdout


def test_a_dead_endpoint_is_3_and_one_line(tmp_path: Path) -> None:
    where = ("--target", "moto", "--endpoint-url", "http://127.0.0.1:1")
    done = stackproof(tmp_path, "drift", "audit", *where)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("stackproof: error: ")
    assert "Traceback" not in done.stderr
