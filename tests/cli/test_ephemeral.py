"""`--ephemeral`: what a run makes it tears down, however it ends; what is left is named, also by the next run."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackproof.targets.emulators.moto import start_moto
from stackproof.targets.sessions import emulator_client
from tests.running import project, run, stackproof
from tests.watching import interrupted, started, wait_for

HOLDING = """
import sys, time
from pathlib import Path
def held(*_, **__):
    Path("held").touch()
    time.sleep(600)
import stackproof.wiring.proving as proving
proving.prove_stack = held
from stackproof.cli import main
main(sys.argv[1:])
"""
PROTECTED = """
import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb

app = cdk.App()
stack = cdk.Stack(app, "Protected")
dynamodb.CfnTable(
    stack,
    "Table",
    key_schema=[{"attributeName": "id", "keyType": "HASH"}],
    attribute_definitions=[{"attributeName": "id", "attributeType": "S"}],
    billing_mode="PAY_PER_REQUEST",
    deletion_protection_enabled=True,
).apply_removal_policy(cdk.RemovalPolicy.RETAIN)
app.synth()
"""


@pytest.fixture(scope="module")
def endpoint(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process = start_moto(os.getpid(), tmp_path_factory.mktemp("moto"))
    yield process.endpoint_url
    process.stop()


def stacks(endpoint: str) -> list[str]:
    found: Any = emulator_client("cloudformation", endpoint, "us-east-1").describe_stacks()["Stacks"]
    return [row["StackName"] for row in found if row["StackStatus"] != "DELETE_COMPLETE"]


def records(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / ".stackproof" / "ephemeral").glob("*.json"))


def test_a_proof_of_a_protected_stack_leaves_nothing_and_says_what_it_switched_off(
    tmp_path: Path, endpoint: str
) -> None:
    folder = project("tiny", tmp_path)
    (folder / "app.py").write_text(PROTECTED, encoding="utf-8")
    done = stackproof(folder, "prove", "--ephemeral", "--endpoint-url", endpoint, "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    off = "Protected/Table (AWS::DynamoDB::Table): "
    for name in (
        "DeletionPolicy = Delete",
        "UpdateReplacePolicy = Delete",
        "Properties/DeletionProtectionEnabled = Fal",
    ):
        assert f"switched off for this run: {off}{name}" in done.stderr
    assert [(row["property_path"], row["reason"]) for row in report["unproven"]] == [
        ("/DeletionProtectionEnabled", "overridden")
    ]
    assert report["summary"]["resources"] == {"total": 1, "proven": 1, "custom": 0}
    assert re.search(r"tearing down Protected-ephemeral-[0-9a-f]{6}", done.stderr)
    assert (stacks(endpoint), records(folder)) == ([], [])


def test_several_stacks_with_an_export_between_them_come_and_go(tmp_path: Path, endpoint: str) -> None:
    folder = project("two_stacks", tmp_path)
    done = stackproof(folder, "deploy", "--ephemeral", "--endpoint-url", endpoint)
    assert done.returncode == 0, done.stderr
    names = [line.split(":")[0] for line in done.stdout.splitlines() if "CREATE_COMPLETE" in line]
    assert [name.partition("-")[0] for name in names] == ["Queues", "Topics"]
    gone = [line.removeprefix("tearing down ") for line in done.stderr.splitlines() if line.startswith("tearing")]
    assert gone == names[::-1]
    assert (stacks(endpoint), records(folder)) == ([], [])


def test_a_deployment_that_fails_is_explained_and_torn_down(tmp_path: Path, endpoint: str) -> None:
    folder = project("tiny", tmp_path)
    app = PROTECTED.replace("PAY_PER_REQUEST", "NO_SUCH_MODE")
    (folder / "app.py").write_text(app, encoding="utf-8")
    line = next(number for number, line in enumerate(app.splitlines(), 1) if "CfnTable" in line)
    done = stackproof(folder, "deploy", "--ephemeral", "--endpoint-url", endpoint)
    assert done.returncode == 3
    assert f"(ROLLBACK_COMPLETE): app.py:{line}: Table (AWS::DynamoDB::Table): " in done.stderr.splitlines()[-1]
    assert (stacks(endpoint), records(folder)) == ([], [])


def test_ctrl_c_tears_down(tmp_path: Path, endpoint: str) -> None:
    folder = project("tiny", tmp_path)
    (folder / "holding.py").write_text(HOLDING, encoding="utf-8")
    arguments = ("holding", "prove", "--ephemeral", "--endpoint-url", endpoint)
    with started(folder, arguments, PYTHONPATH=".") as process:
        wait_for(folder / "held")
        assert len(stacks(endpoint)) == 1
        code, output = interrupted(process)
    assert code == 3, output
    assert output.splitlines()[-1] == "stackproof: interrupted"
    assert "tearing down Tiny-ephemeral-" in output
    assert (stacks(endpoint), records(folder)) == ([], [])


def test_what_a_killed_run_leaves_is_named_by_the_next_one_and_removed_by_clean(tmp_path: Path, endpoint: str) -> None:
    folder = project("tiny", tmp_path)
    (folder / "holding.py").write_text(HOLDING, encoding="utf-8")
    arguments = ("holding", "prove", "--ephemeral", "--endpoint-url", endpoint)
    with started(folder, arguments, PYTHONPATH=".") as process:
        wait_for(folder / "held")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    [left] = stacks(endpoint)
    assert records(folder) == [left]
    said = stackproof(folder, "deploy", "--target", "aws")
    assert (
        f"warning: an earlier run left stack {left} in account 123456789012, us-east-1: `stackproof target clean`"
        in (said.stderr)
    )
    assert f"delete-stack --stack-name {left} --region us-east-1 --endpoint-url {endpoint}" in said.stderr
    done = stackproof(folder, "target", "clean")
    assert (done.returncode, done.stdout) == (0, f"removed stack {left}\n")
    assert (stacks(endpoint), records(folder)) == ([], [])
    assert stackproof(folder, "target", "clean").stderr == "no ephemeral stack is left\n"


def test_what_cannot_be_removed_is_named_and_the_run_is_not_complete(tmp_path: Path, endpoint: str) -> None:
    folder = project("tiny", tmp_path)
    broken = HOLDING.replace("time.sleep(600)", "raise KeyError").replace(
        "proving.prove_stack = held",
        "from stackproof.core.errors import TargetError\n"
        "from stackproof.targets.aws import AwsTarget\n"
        "destroy = AwsTarget.destroy\n"
        "def refused(self, name, *, empty=False):\n"
        "    if empty: raise TargetError('the emulator is gone')\n"
        "    return destroy(self, name)\n"
        "AwsTarget.destroy = refused\n",
    )
    (folder / "broken.py").write_text(broken, encoding="utf-8")
    done = run(folder, "broken", "deploy", "--ephemeral", "--endpoint-url", endpoint, PYTHONPATH=".")
    [left] = stacks(endpoint)
    assert done.returncode == 3, done.stderr
    assert f"left over: stack {left}: the emulator is gone; aws cloudformation delete-stack" in done.stderr
    assert "1 of what this run made could not be removed" in done.stderr
    assert stackproof(folder, "target", "clean").returncode == 0
    assert stacks(endpoint) == []


@pytest.mark.parametrize("command", ["deploy", "prove"])
def test_without_an_account_that_may_be_changed_nothing_is_begun(tmp_path: Path, command: str) -> None:
    folder = project("tiny", tmp_path)
    nowhere = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_CONFIG_FILE": "/dev/null"}
    done = stackproof(folder, command, "--ephemeral", "--target", "aws", **nowhere)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "stackproof: error: --ephemeral is refused: allowed_accounts of [tool.stackproof] names no account: add the "
        "account that may be changed\n"
    )
    assert not (folder / ".stackproof").exists()


def test_keeping_and_tearing_down_exclude_one_another(tmp_path: Path) -> None:
    done = stackproof(project("tiny", tmp_path), "deploy", "--ephemeral", "--keep")
    assert done.returncode == 2
    assert "--keep and --ephemeral" in done.stderr


def test_a_note_that_cannot_be_read_is_named_until_a_person_has_looked(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    note = folder / ".stackproof" / "ephemeral" / "Net-ephemeral-1.json"
    note.parent.mkdir(parents=True)
    note.write_text("", encoding="utf-8")
    done = stackproof(folder, "target", "clean")
    assert done.returncode == 3
    assert f"{note} cannot be read: see whether stack Net-ephemeral-1 of an earlier run is still there" in done.stderr
    assert "no ephemeral stack is left" not in done.stderr
    assert note.exists()


def test_what_would_replace_a_part_of_something_real_is_refused_before_anything_is_made(
    tmp_path: Path, endpoint: str
) -> None:
    folder = project("tiny", tmp_path)
    (folder / "app.py").write_text(
        "import aws_cdk as cdk\n"
        "from aws_cdk import aws_s3 as s3\n\n"
        "app = cdk.App()\n"
        'stack = cdk.Stack(app, "Policed")\n'
        's3.CfnBucketPolicy(stack, "Policy", bucket="prod-bucket", policy_document={})\n'
        "app.synth()\n",
        encoding="utf-8",
    )
    before = stacks(endpoint)
    done = stackproof(folder, "deploy", "--ephemeral", "--endpoint-url", endpoint)
    assert done.returncode == 2, done.stderr
    assert "app.py:6" in done.stderr
    assert "Policy (AWS::S3::BucketPolicy): Bucket is prod-bucket" in done.stderr
    assert (stacks(endpoint), records(folder)) == (before, [])


def test_a_parameter_that_names_the_real_one_is_refused_and_the_real_one_stays(tmp_path: Path, endpoint: str) -> None:
    s3 = emulator_client("s3", endpoint, "us-east-1")
    s3.create_bucket(Bucket="prod-data")
    real = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "Real", "Effect": "Deny", "Principal": "*"}]})
    s3.put_bucket_policy(Bucket="prod-data", Policy=real)
    folder = project("tiny", tmp_path)
    (folder / "app.py").write_text(
        "import aws_cdk as cdk\n"
        "from aws_cdk import aws_s3 as s3\n\n"
        "app = cdk.App()\n"
        'stack = cdk.Stack(app, "Policed")\n'
        'given = cdk.CfnParameter(stack, "Given", default="prod-data")\n'
        's3.CfnBucketPolicy(stack, "Policy", bucket=given.value_as_string, policy_document={})\n'
        "app.synth()\n",
        encoding="utf-8",
    )
    done = stackproof(folder, "prove", "--ephemeral", "--endpoint-url", endpoint)
    assert done.returncode == 2, done.stderr
    assert "app.py:7: Policy (AWS::S3::BucketPolicy): Bucket is prod-data: that is not of these stacks" in done.stderr
    assert s3.get_bucket_policy(Bucket="prod-data")["Policy"] == real
