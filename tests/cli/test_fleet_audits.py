"""Audits of a fleet as a person types them: what is new is told once, and what was interrupted goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stackproof.targets.moto import MotoTarget, start_moto
from stackproof.targets.owned_process import OwnedProcess
from tests.drift.audited_template import AUDITED
from tests.hooks import Hook, listening
from tests.live_fakes import stack
from tests.running import environment, run

BODY = {"Resources": {"Queue": AUDITED["Resources"]["Queue"]}}
SETTINGS = '[tool.stackproof]\nnotify_secret_env = "HOOK_SECRET"\n'
SECRET = {"HOOK_SECRET": "shared-between-the-two"}
ACCOUNTS = ("111111111111", "222222222222")


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = start_moto(os.getpid(), tmp_path_factory.mktemp("moto"))
    yield process
    process.stop()


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as made:
        yield made


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The same stack in two accounts, in a region of its own."""

    folder: Path
    url: str
    region: str

    def target(self, account: str) -> MotoTarget:
        return MotoTarget(self.url, region=self.region, role_arn=f"arn:aws:iam::{account}:role/audit")

    def set_delay(self, account: str, seconds: int) -> None:
        target = self.target(account)
        queue = next(each.physical_id for each in target.deployment("Net").resources)
        with target.writing("tampering"):
            target.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": str(seconds)})

    @property
    def arguments(self) -> tuple[str, ...]:
        where = ("--target", "moto", "--endpoint-url", self.url)
        return ("stackproof", "drift", "audit", *where, "--fleet", "fleet.yaml")

    def audit(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run(self.folder, *self.arguments, *arguments, **environment)

    def report(self, *arguments: str, **environment: str) -> dict[str, Any]:
        done = self.audit("--format", "json", *arguments, **environment)
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def fleet(request: pytest.FixtureRequest, tmp_path: Path, moto: OwnedProcess) -> Fleet:
    used: list[str] = request.config.stash.setdefault(_USED, ["eu-west-1", "eu-west-2", "eu-central-1", "us-west-2"])
    made = Fleet(folder=tmp_path, url=moto.endpoint_url, region=used.pop())
    for account in ACCOUNTS:
        made.target(account).deploy(stack(BODY, name="Net"))
    (tmp_path / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    lines = ["role: audit", f"regions: [{made.region}]", "accounts:", *(f'  - account: "{each}"' for each in ACCOUNTS)]
    (tmp_path / "fleet.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made


_USED: pytest.StashKey[list[str]] = pytest.StashKey()


def test_a_webhook_hears_of_each_new_drift_of_any_account_once(fleet: Fleet, hook: Hook) -> None:
    tell = ("--notify", f"webhook:{hook.url}")
    fleet.set_delay(ACCOUNTS[0], 30)
    hook.answers[:] = [404]
    failed = fleet.report(*tell, **SECRET)
    assert failed["exit_code"] == 3
    assert "was not told of 1 differences, the next run tries again" in str(failed["notifications"])
    assert fleet.report(*tell, **SECRET)["exit_code"] == 1
    assert fleet.report(*tell, **SECRET)["exit_code"] == 1
    assert [accounts(body) for _, body in hook.heard] == [[ACCOUNTS[0]]] * 2  # the first was not taken
    fleet.set_delay(ACCOUNTS[1], 30)
    assert fleet.report(*tell, **SECRET)["exit_code"] == 1
    assert accounts(hook.heard[-1][1]) == [ACCOUNTS[1]]
    fleet.set_delay(ACCOUNTS[0], 0)
    assert len(fleet.report(*tell, **SECRET)["resolved"]) == 1
    assert len(hook.heard) == 3


def accounts(body: bytes) -> list[str]:
    return [str(each["account"]) for each in json.loads(body)["differences"]]


def test_a_topic_is_told_with_the_credentials_at_hand(fleet: Fleet) -> None:
    home = MotoTarget(fleet.url, region="ap-south-1")
    with home.writing("a topic for the test"):
        sns, sqs = home.client("sns"), home.client("sqs")
        topic = sns.create_topic(Name="fleet")["TopicArn"]
        inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    fleet.set_delay(ACCOUNTS[1], 30)
    assert fleet.report("--notify", f"sns:{topic}")["exit_code"] == 1
    with home.writing("reading the inbox"):
        (heard,) = sqs.receive_message(QueueUrl=inbox)["Messages"]
    message = json.loads(heard["Body"])
    assert message["Subject"] == "drift: 1 new difference in Net"
    line = message["Message"].splitlines()[2]
    assert "Net/Queue /DelaySeconds" in line
    assert line.endswith(f"({ACCOUNTS[1]}, {fleet.region})")


def test_what_is_wrong_with_the_command_line_or_the_file_leaves_no_trace(fleet: Fleet) -> None:
    for arguments in (("--executor", "dask:1"), ("--scope", "tag:a=b"), ("--against", "assembly")):
        assert fleet.audit(*arguments).returncode == 2
    file = fleet.folder / "fleet.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("regions:", "region:"), encoding="utf-8")
    wrong = fleet.audit()
    assert wrong.returncode == 2
    assert "fleet.yaml:" in wrong.stderr
    file.write_text(text, encoding="utf-8")
    assert fleet.report()["run"]["number"] == 1
    history = json.loads(run(fleet.folder, "stackproof", "drift", "history", "--format", "json").stdout)
    assert [each["number"] for each in history["runs"]] == [1]


def test_what_an_interrupted_audit_has_seen_is_not_asked_again(fleet: Fleet) -> None:
    file = fleet.folder / "fleet.yaml"
    text = file.read_text(encoding="utf-8")
    regions = [fleet.region, *(f"ap-southeast-{each}" for each in (1, 2)), "sa-east-1", "ca-central-1"]
    file.write_text(text.replace(f"[{fleet.region}]", f"[{', '.join(regions)}]"), encoding="utf-8")
    for account in ACCOUNTS:
        for region in regions[1:]:
            MotoTarget(fleet.url, region=region, role_arn=f"arn:aws:iam::{account}:role/audit").deploy(
                stack(BODY, name="Net")
            )
    whole = fleet.report("--no-store")
    process = subprocess.Popen(
        [sys.executable, "-m", *fleet.arguments, "--jobs", "1"],
        cwd=fleet.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    kept = fleet.folder / ".stackproof" / "fleet"
    end = time.monotonic() + 60
    while not list(kept.glob("run-*/tasks/*/*.json")) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(kept.glob("run-*/tasks/*/*.json")), "it had ended before it was interrupted"
    resumed = fleet.report("--resume")
    assert "by the run that was interrupted" in str(resumed["notifications"])
    assert resumed["exit_code"] == 0
    assert resumed["calls"]["reads"] < whole["calls"]["reads"]
    assert resumed["summary"]["properties"] == whole["summary"]["properties"]
    again = fleet.audit("--resume")
    assert "there is no interrupted audit of this fleet to go on with" in again.stderr
