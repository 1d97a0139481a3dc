"""`drift audit --fleet` as a person types it: two accounts of one emulator, and one more that refuses."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from benchmarks.fleet import DENIED, ROLE, deny
from stackproof.config.schema import read_schema
from stackproof.ports import Target
from stackproof.targets.moto import MotoTarget, start_moto
from stackproof.targets.owned_process import OwnedProcess
from tests.drift.audited_template import AUDITED
from tests.live_fakes import stack
from tests.running import run

ONE, TWO = "100000000001", "100000000002"
BODY = {"Resources": {"Queue": AUDITED["Resources"]["Queue"]}}
REGIONS = ("ap-northeast-1", "ap-south-1", "ap-southeast-2", "ca-central-1", "eu-north-1", "eu-south-1", "eu-west-3")


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = start_moto(os.getpid(), tmp_path_factory.mktemp("moto"))
    deny(process.endpoint_url)
    yield process
    process.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """A stack with a queue in each of two accounts, in a region of its own, and a folder to audit them from."""

    folder: Path
    url: str
    region: str

    def target(self, account: str) -> MotoTarget:
        return MotoTarget(self.url, region=self.region, role_arn=f"arn:aws:iam::{account}:role/{ROLE}")

    def set_delay(self, account: str, seconds: int, name: str = "Net") -> None:
        target = self.target(account)
        queue = next(each.physical_id for each in target.deployment(name).resources)
        with target.writing("tampering"):
            target.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": str(seconds)})

    def write(self, *accounts: str, more: str = "") -> None:
        rows = "".join(f'  - account: "{each}"\n' for each in accounts)
        text = f"role: {ROLE}\nregions: [{self.region}]\naccounts:\n{rows}{more}"
        (self.folder / "fleet.yaml").write_text(text, encoding="utf-8")

    @property
    def command(self) -> tuple[str, ...]:
        where = ("--target", "moto", "--endpoint-url", self.url, "--fleet", "fleet.yaml")
        return ("stackproof", "drift", "audit", *where)

    def audit(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run(self.folder, *self.command, *arguments, **environment)

    def report(self, *arguments: str, **environment: str) -> dict[str, Any]:
        done = self.audit("--format", "json", *arguments, **environment)
        assert done.stdout, done.stderr
        report = valid(done.stdout)
        assert report["exit_code"] == done.returncode
        return report

    def history(self) -> dict[str, Any]:
        return valid(run(self.folder, "stackproof", "drift", "history", "--format", "json").stdout)


def valid(text: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(text)
    Draft202012Validator(read_schema("report.schema.json")).validate(report)
    return report


_USED: pytest.StashKey[list[str]] = pytest.StashKey()


@pytest.fixture
def fleet(request: pytest.FixtureRequest, tmp_path: Path, moto: OwnedProcess) -> Accounts:
    used = request.config.stash.setdefault(_USED, [])
    used.append(next(each for each in REGIONS if each not in used))
    made = Accounts(folder=tmp_path, url=moto.endpoint_url, region=used[-1])
    for account in (ONE, TWO):
        made.target(account).deploy(stack(BODY, name="Net"))
    made.write(ONE, TWO)
    return made


# -- what is wrong is said, and leaves no trace


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        ((), None, "fleet.yaml: cannot be read"),
        ((), "regions: [eu-west-1]\naccounts:\n  - account: 111111111111\n", "fleet.yaml:3"),
        ((), 'accounts:\n  - account: "111111111111"\n', "fleet.yaml:2"),
        (("--executor", "dask:8786"), "", "expected threads, processes or dask://"),
        (("--endpoint-url", "nowhere"), "", "the endpoint 'nowhere' is no URL"),
        (("--notify", "sns:arn:aws:sns:eu-west-1:111111111111:x"), "", "allowed_topics of [tool.stackproof] does not"),
        (("--plan", "--notify", "github-issue:x.md"), "", "--plan tells nobody"),
    ],
)
def test_what_is_wrong_before_a_fleet_starts_is_2_and_no_run(
    tmp_path: Path, arguments: tuple[str, ...], text: str | None, said: str
) -> None:
    if text is not None:
        good = 'regions: [eu-west-1]\naccounts: [{account: "111111111111"}]\n'
        (tmp_path / "fleet.yaml").write_text(text or good, encoding="utf-8")
    done = run(tmp_path, "stackproof", "drift", "audit", "--target", "aws", "--fleet", "fleet.yaml", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (tmp_path / ".stackproof" / "audits.db").exists()


def test_a_cluster_that_is_not_installed_shows_in_mid_run_and_is_no_run_either(fleet: Accounts) -> None:
    (fleet.folder / "distributed.py").write_text("raise ImportError\n", encoding="utf-8")
    done = fleet.audit("--executor", "dask://127.0.0.1:1", PYTHONPATH=str(fleet.folder))
    assert done.returncode == 2, done.stderr
    assert "Dask is not installed" in done.stderr
    assert fleet.history()["runs"] == []
    assert fleet.report()["run"]["number"] == 1


# -- what is in no stack


def test_what_is_in_no_stack_of_a_place_is_named_for_each_place_and_remembered(fleet: Accounts) -> None:
    fleet.write(ONE, TWO, DENIED)
    target = fleet.target(TWO)
    with target.writing("a queue that is in no stack"):
        queue = target.client("sqs").create_queue(QueueName="Net-stray")["QueueUrl"]
    scope = ("--scope", "prefix:Net")
    first = fleet.report(*scope)
    (found,) = first["differences"]
    assert (found["account"], found["region"], found["origin"]) == (TWO, fleet.region, "unmanaged")
    assert found["physical_id"].endswith("/Net-stray")
    assert (first["scopes"], first["exit_code"]) == (["prefix:Net"], 3)
    processes = fleet.report(*scope, "--executor", "processes", "--jobs", "2")
    assert [each["fingerprint"] for each in processes["differences"]] == [found["fingerprint"]]
    assert processes["summary"]["new"] == 0
    with target.writing("taking it away"):
        target.client("sqs").delete_queue(QueueUrl=queue)
    assert [each["fingerprint"] for each in fleet.report()["resolved"]] == []  # nobody has looked for it
    last = fleet.report(*scope)
    assert [each["fingerprint"] for each in last["resolved"]] == [found["fingerprint"]]


# -- who is told


def test_news_of_all_accounts_is_told_once(fleet: Accounts) -> None:
    fleet.set_delay(ONE, 30)
    fleet.set_delay(TWO, 30)
    tell = ("--notify", "github-issue:issue.md")
    first = fleet.report(*tell)
    assert first["exit_code"] == 1
    issue = (fleet.folder / "issue.md").read_text(encoding="utf-8")
    assert issue.splitlines()[1] == "### Drift: 2 new differences in Net and 1 more"
    assert all(f"| {account} | {fleet.region} |" in issue for account in (ONE, TWO))
    assert fleet.report(*tell)["exit_code"] == 1
    assert (fleet.folder / "issue.md").read_text(encoding="utf-8") == ""
    fleet.target(TWO).deploy(stack(BODY, name="Other"))
    fleet.set_delay(TWO, 45, "Other")
    third = fleet.report(*tell)
    assert third["summary"]["new"] == 1
    issue = (fleet.folder / "issue.md").read_text(encoding="utf-8")
    assert issue.splitlines()[1] == "### Drift: 1 new difference in Other"
    assert (ONE in issue, TWO in issue) == (False, True)


def test_a_topic_of_the_account_at_hand_is_told_in_its_own_region(fleet: Accounts) -> None:
    hand: Target = MotoTarget(fleet.url, region="us-west-2")
    with hand.writing("a topic for the test"):
        sns, sqs = hand.client("sns"), hand.client("sqs")
        topic = sns.create_topic(Name="fleet")["TopicArn"]
        inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    fleet.set_delay(TWO, 30)
    for expected in (1, 0):
        assert fleet.report("--notify", f"sns:{topic}")["exit_code"] == 1
        with hand.writing("reading the inbox"):
            heard = sqs.receive_message(QueueUrl=inbox).get("Messages", [])
            for each in heard:
                sqs.delete_message(QueueUrl=inbox, ReceiptHandle=each["ReceiptHandle"])
        assert [json.loads(each["Body"])["Subject"] for each in heard] == ["drift: 1 new difference in Net"] * expected
        assert all(f"{TWO}/{fleet.region}: " in json.loads(each["Body"])["Message"] for each in heard)


def test_a_channel_that_fails_is_3_and_is_told_by_the_next_run(fleet: Accounts) -> None:
    (fleet.folder / "pyproject.toml").write_text('[tool.stackproof]\nnotify_secret_env = "HOOK"\n', encoding="utf-8")
    fleet.set_delay(ONE, 30)
    fleet.set_delay(TWO, 30)
    failing = fleet.report(
        "--notify", "sns:arn:aws:sns:us-west-2:123456789012:nobody", "--notify", "webhook:http://127.0.0.1:9/", HOOK="x"
    )
    said = [each["message"] for each in failing["notifications"] if "was not told of 2 differences" in each["message"]]
    assert (failing["exit_code"], len(said), len(failing["differences"])) == (3, 2, 2)
    hand = MotoTarget(fleet.url, region="us-west-2")
    with hand.writing("the topic that was missing"):
        hand.client("sns").create_topic(Name="nobody")
    assert fleet.report("--notify", "sns:arn:aws:sns:us-west-2:123456789012:nobody")["exit_code"] == 1
