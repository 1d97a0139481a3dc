"""`drift audit --fleet` as a person types it: two accounts of one emulator, and one more that refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from jsonschema import Draft202012Validator

from benchmarks.fleet import DENIED, ROLE, deny
from stackproof.config.schema import read_schema
from stackproof.deployment.ports import Target
from stackproof.targets.emulators.moto import MotoTarget, start_moto
from stackproof.targets.emulators.owned_process import OwnedProcess
from tests.drift.audited_template import AUDITED
from tests.live_fakes import stack
from tests.running import environment, run, stackproof
from tests.servers import QuietHandler, serving

ONE, TWO = "100000000001", "100000000002"
BODY = {"Resources": {"Queue": AUDITED["Resources"]["Queue"]}}
REGIONS = (
    *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1"),
    *("eu-north-1", "eu-south-1", "eu-west-3", "sa-east-1", "us-east-2"),
)


@pytest.fixture(scope="module")
def moto(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = start_moto(os.getpid(), tmp_path_factory.mktemp("moto"))
    deny(process.endpoint_url)
    yield process
    process.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """A stack with a queue in each of two accounts, in a separate region, and a folder to audit them from."""

    folder: Path
    url: str
    region: str

    def target(self, account: str) -> MotoTarget:
        return MotoTarget(self.url, region=self.region, role_arn=f"arn:aws:iam::{account}:role/{ROLE}")

    def set_delay(self, account: str, seconds: int, name: str = "Net") -> None:
        target = self.target(account)
        queue = next(resource.physical_id for resource in target.deployment(name).resources)
        with target.writing("tampering"):
            target.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": str(seconds)})

    def write(self, *accounts: str, more: str = "") -> None:
        rows = "".join(f'  - account: "{account}"\n' for account in accounts)
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
        return valid(stackproof(self.folder, "drift", "history", "--format", "json").stdout)


def valid(text: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(text)
    Draft202012Validator(read_schema("report.schema.json")).validate(report)
    return report


@dataclass(slots=True)
class Between:
    """A way to the emulator that notes who is asked what, and lets no more than `templates` be read, if told so."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    templates: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def actions(self, service: str) -> list[str]:
        return [action for name, action in self.asked if name == service]

    def read(self) -> list[str]:
        """The accounts whose queue was read."""
        return [part for part in (ONE, TWO) if any(f"/{part}/" in body for body in self.bodies)]

    def opened(self) -> None:
        """Let everything through from now on, and forget what was asked."""
        self.templates = None
        self.ended.set()
        self.asked.clear()
        self.bodies.clear()

    def holds(self) -> bool:
        return self.templates is not None and self.actions("cloudformation").count("GetTemplate") > self.templates


@pytest.fixture
def between(moto: OwnedProcess) -> Iterator[Between]:
    made = Between()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service = self.headers["Authorization"].split("/")[3]
            action = parse_qs(body.decode()).get("Action") or [self.headers.get("X-Amz-Target", "")]
            made.asked.append((service, action[0]))
            made.bodies.append(body.decode())
            if made.holds():
                made.ended.wait()
                return
            there = HTTPConnection(urlsplit(moto.endpoint_url).netloc)
            there.request("POST", self.path, body, dict(self.headers))
            answer = there.getresponse()
            text = answer.read()
            there.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "text/xml"))
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    with serving(Handler) as made.url:
        yield made
        made.ended.set()


def killed_after_one_task(fleet: Accounts) -> None:
    """Run an audit, one task after the other, and kill it when the first is kept and the second under way."""
    arguments = [sys.executable, "-m", *fleet.command, "--jobs", "1"]
    with subprocess.Popen(arguments, cwd=fleet.folder, env=environment(), stderr=subprocess.DEVNULL) as process:
        while not list(fleet.folder.glob(".stackproof/fleet/run-*/tasks/**/*.json")):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
        assert process.wait() == -signal.SIGKILL


_USED: pytest.StashKey[list[str]] = pytest.StashKey()


@pytest.fixture
def fleet(request: pytest.FixtureRequest, tmp_path: Path, moto: OwnedProcess) -> Accounts:
    used = request.config.stash.setdefault(_USED, [])
    used.append(next(region for region in REGIONS if region not in used))
    made = Accounts(folder=tmp_path, url=moto.endpoint_url, region=used[-1])
    for account in (ONE, TWO):
        made.target(account).deploy(stack(BODY, name="Net"))
    made.write(ONE, TWO)
    return made


# -- an error is reported, and leaves no trace


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        ((), None, "fleet.yaml: cannot be read"),
        ((), "regions: [eu-west-1]\naccounts:\n  - account: 111111111111\n", "fleet.yaml:3"),
        ((), 'accounts:\n  - account: "111111111111"\n', "fleet.yaml:2"),
        (("--executor", "dask:8786"), "", "expected threads, processes or dask://"),
        (("--endpoint-url", "nowhere"), "", "the endpoint 'nowhere' is not a URL"),
        (("--notify", "sns:arn:aws:sns:eu-west-1:111111111111:x"), "", "allowed_topics of [tool.stackproof] does not"),
        (("--plan", "--notify", "github-issue:x.md"), "", "--plan sends no message"),
    ],
)
def test_what_is_wrong_before_a_fleet_starts_is_2_and_no_run(
    tmp_path: Path, arguments: tuple[str, ...], text: str | None, said: str
) -> None:
    if text is not None:
        good = 'regions: [eu-west-1]\naccounts: [{account: "111111111111"}]\n'
        (tmp_path / "fleet.yaml").write_text(text or good, encoding="utf-8")
    done = stackproof(tmp_path, "drift", "audit", "--target", "aws", "--fleet", "fleet.yaml", *arguments)
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
    assert [difference["fingerprint"] for difference in processes["differences"]] == [found["fingerprint"]]
    assert processes["summary"]["new"] == 0
    with target.writing("taking it away"):
        target.client("sqs").delete_queue(QueueUrl=queue)
    assert [row["fingerprint"] for row in fleet.report()["resolved"]] == []  # nobody has looked for it
    last = fleet.report(*scope)
    assert [row["fingerprint"] for row in last["resolved"]] == [found["fingerprint"]]


# -- what is gone


def test_a_stack_that_was_deleted_is_drift_where_it_was_listed_and_nowhere_else(fleet: Accounts) -> None:
    target = fleet.target(TWO)
    target.deploy(stack(BODY, name="Other"))
    assert fleet.report()["exit_code"] == 0
    with target.writing("deleting a stack"):
        target.client("cloudformation").delete_stack(StackName="Other")
    fleet.write(ONE)
    assert fleet.report()["exit_code"] == 0
    fleet.write(ONE, TWO, more="stacks: {names: [Net*]}\n")
    assert fleet.report()["exit_code"] == 0
    fleet.write(ONE, TWO, more="stacks: {names: [O*]}\n")
    assert [difference["stack_name"] for difference in fleet.report()["differences"]] == ["Other"]
    fleet.write(ONE, TWO)
    report = fleet.report()
    (found,) = report["differences"]
    assert (report["exit_code"], found["account"], found["origin"]) == (1, TWO, "deleted")
    assert stackproof(fleet.folder, "drift", "forget", "--stack", "Other").returncode == 0
    assert fleet.report()["exit_code"] == 0


def test_a_stack_of_an_account_that_refuses_is_not_called_deleted(fleet: Accounts) -> None:
    fleet.report()
    there = sqlite3.connect(fleet.folder / ".stackproof" / "audits.db")
    with there:  # as if it had been seen before the account refused
        there.execute("UPDATE stackproof_records SET account = ? WHERE account = ?", (DENIED, TWO))
    there.close()
    fleet.write(ONE, DENIED)
    report = fleet.report()
    assert (report["exit_code"], report["differences"]) == (3, [])


# -- what was interrupted


def test_an_audit_that_was_killed_goes_on_with_what_is_not_done(fleet: Accounts, between: Between) -> None:
    fleet.set_delay(TWO, 30)
    behind = replace(fleet, url=between.url)
    between.templates = 1
    killed_after_one_task(behind)
    between.opened()
    fleet.set_delay(ONE, 30)  # after it was audited
    report = behind.report("--resume")
    assert between.read() == [TWO]
    assert [(stack["account"], stack["status"]) for stack in report["stacks"]] == [(ONE, "IN_SYNC"), (TWO, "MODIFIED")]
    assert report["exit_code"] == 1
    assert [stack["looked_at"] is None for stack in report["stacks"]] == [False, True]
    at = report["stacks"][0]["looked_at"]
    told = [notification["message"] for notification in report["notifications"] if notification["level"] == "warning"]
    assert any(
        element.startswith(f"the interrupted run, not this run, audited 1 of 2 stacks at {at}") for element in told
    )
    runs = fleet.history()["runs"]
    assert [run["fleet"] for run in runs] == ["fleet.yaml", "fleet.yaml"]
    assert runs[0]["outcome"] is None
    assert {name: runs[1]["outcome"][name] for name in ("verdict", "stacks", "earlier")} == {
        "verdict": "drifted",
        "stacks": 2,
        "earlier": 1,
    }
    between.opened()
    again = behind.audit("--resume", "--format", "json")
    assert "there is no interrupted audit of this fleet to go on with" in again.stderr
    assert between.read() == [ONE, TWO]


def test_what_an_interrupted_audit_has_seen_is_stale_after_half_a_day(fleet: Accounts, between: Between) -> None:
    behind = replace(fleet, url=between.url)
    between.templates = 1
    killed_after_one_task(behind)
    between.opened()
    (folder,) = fleet.folder.glob(".stackproof/fleet/run-*")
    old = time.time() - 13 * 3600
    os.utime(folder, (old, old))
    done = behind.audit("--resume", "--format", "json")
    assert (done.returncode, "this one is new" in done.stderr) == (0, True)
    assert between.read() == [ONE, TWO]
    assert valid(done.stdout)["notifications"] == []


# -- what a person reads


def test_a_plan_has_stacks_calls_and_time_and_reads_no_resource(fleet: Accounts, between: Between) -> None:
    behind = replace(fleet, url=between.url)
    done = behind.audit("--plan")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == [f"{account} {fleet.region} Net" for account in (ONE, TWO)]
    assert [line.partition(":")[0] for line in lines[2:-1]] == ["cloudformation", "sqs"]
    assert re.fullmatch(r"2 stacks, 2 resources, about \d+ calls, about \d+ s", lines[-1])
    assert {service for service, _ in between.asked} == {"cloudformation", "sts"}
    assert "GetTemplate" not in between.actions("cloudformation")
    plan = valid(behind.audit("--plan", "--format", "json").stdout)
    assert plan["summary"] == {"stacks": 2, "resources": 2, "calls": sum(plan["calls"].values())}
    assert not (fleet.folder / ".stackproof" / "audits.db").exists()


def test_a_text_names_account_and_region_of_each_line_and_fits_eighty_columns(fleet: Accounts) -> None:
    fleet.write(ONE, DENIED, TWO)
    fleet.set_delay(TWO, 30)
    done = fleet.audit()
    lines = done.stdout.splitlines()
    assert done.returncode == 3
    where = f"{TWO}/{fleet.region}: "
    assert lines[0].startswith(f"{where}Net (deployed):3: Net/Queue /DelaySeconds is")
    assert [line for line in lines if line.startswith(f"{DENIED}/{fleet.region}: *: could not be audited: denied:")]
    assert [line for line in lines if line.startswith(f"{ONE}/{fleet.region}: Net: IN_SYNC; checked 1 of 1")]
    assert [line for line in lines if line.startswith(f"{where}Net: MODIFIED; checked 1 of 1 resources")]
    assert lines[-1].startswith("drift (moto): not complete; differences: 1 undeclared;")
    assert [line for line in lines[:-1] if len(line) > 80 and " " in line.strip() and "arn:" not in line] == []


# -- who is notified


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
            for row in heard:
                sqs.delete_message(QueueUrl=inbox, ReceiptHandle=row["ReceiptHandle"])
        assert [json.loads(row["Body"])["Subject"] for row in heard] == ["drift: 1 new difference in Net"] * expected
        assert all(f"{TWO}/{fleet.region}: " in json.loads(row["Body"])["Message"] for row in heard)


def test_a_channel_that_fails_is_3_and_is_told_by_the_next_run(fleet: Accounts) -> None:
    (fleet.folder / "pyproject.toml").write_text('[tool.stackproof]\nnotify_secret_env = "HOOK"\n', encoding="utf-8")
    fleet.set_delay(ONE, 30)
    fleet.set_delay(TWO, 30)
    failing = fleet.report(
        "--notify", "sns:arn:aws:sns:us-west-2:123456789012:nobody", "--notify", "webhook:http://127.0.0.1:9/", HOOK="x"
    )
    said = [
        notification["message"]
        for notification in failing["notifications"]
        if "got no message about 2 differences" in notification["message"]
    ]
    assert (failing["exit_code"], len(said), len(failing["differences"])) == (3, 2, 2)
    hand = MotoTarget(fleet.url, region="us-west-2")
    with hand.writing("the topic that was missing"):
        hand.client("sns").create_topic(Name="nobody")
    assert fleet.report("--notify", "sns:arn:aws:sns:us-west-2:123456789012:nobody")["exit_code"] == 1
