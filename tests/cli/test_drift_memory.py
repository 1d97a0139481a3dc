"""What audits remember and tell, as a person types it, against an emulator."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
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
from tests.servers import QuietHandler, serving

BODY = {"Resources": {"Queue": AUDITED["Resources"]["Queue"]}}
SECRET = {"HOOK_SECRET": "shared-between-the-two"}
REGIONS = (
    *(f"eu-{name}" for name in ("west-1", "west-2", "west-3", "central-1", "north-1", "south-1")),
    *(f"us-{name}" for name in ("west-1", "west-2", "east-2")),
    *(f"ap-{name}" for name in ("south-1", "southeast-1", "southeast-2", "northeast-1", "northeast-2", "northeast-3")),
    *("sa-east-1", "ca-central-1"),
)
SETTINGS = '[tool.stackproof]\nnotify_secret_env = "HOOK_SECRET"\n'


@pytest.fixture(scope="module")
def moto(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = start_moto(os.getpid(), tmp_path_factory.mktemp("moto"))
    yield process
    process.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """A stack with a queue, in a separate region, and a folder to audit it from."""

    folder: Path
    target: MotoTarget
    url: str

    def set_delay(self, seconds: int) -> None:
        queue = next(resource.physical_id for resource in self.target.deployment("Net").resources)
        with self.target.writing("tampering"):
            self.target.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": str(seconds)})

    def audit(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        where = ("--target", "moto", "--endpoint-url", self.url, "--region", self.target.region)
        return stackproof(self.folder, "drift", "audit", *where, *arguments, **environment)

    def report(self, *arguments: str, **environment: str) -> dict[str, Any]:
        done = self.audit("--format", "json", *arguments, **environment)
        assert done.stdout, done.stderr
        return valid(done.stdout)


def valid(text: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(text)
    Draft202012Validator(read_schema("report.schema.json")).validate(report)
    return report


@pytest.fixture
def net(request: pytest.FixtureRequest, tmp_path: Path, moto: OwnedProcess) -> Net:
    used: list[str] = request.config.stash.setdefault(_USED, [])
    region = next(region for region in REGIONS if region not in used)
    used.append(region)
    target = MotoTarget(moto.endpoint_url, region=region)
    target.deploy(stack(BODY, name="Net"))
    (tmp_path / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    return Net(folder=tmp_path, target=target, url=moto.endpoint_url)


_USED: pytest.StashKey[list[str]] = pytest.StashKey()


@dataclass(slots=True)
class Hook:
    """A webhook on this machine; `answers` are its next ones, then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code = made.answers.pop(0) if made.answers else 200
            made.heard.append((dict(self.headers), body))
            self.send_response(code)
            self.end_headers()

    with serving(Handler) as url:
        made.url = f"{url}/hook/with-a-token"
        yield made


def test_drift_is_new_then_lasts_then_is_resolved_in_the_store_with_dates(net: Net) -> None:
    first = net.report()
    assert (first["run"]["number"], first["previous_run"], first["summary"]["new"]) == (1, None, 0)
    net.set_delay(30)
    second = net.report()
    (found,) = second["differences"]
    assert (found["is_new"], found["since"], second["previous_run"]) == (True, second["run"]["began"], 1)
    third = net.report()
    (lasting,) = third["differences"]
    assert (lasting["is_new"], lasting["since"]) == (False, found["since"])
    text = net.audit().stdout
    assert f"    since    {found['since']}" in text
    assert "run 4 (after run 3): 0 new, 0 resolved" in text
    net.set_delay(0)
    last = net.report()
    (gone,) = last["resolved"]
    assert (gone["fingerprint"], gone["since"], gone["resolved"]) == (
        found["fingerprint"],
        found["since"],
        last["run"]["began"],
    )
    assert (last["exit_code"], last["differences"]) == (0, [])

    history = valid(stackproof(net.folder, "drift", "history", "--format", "json").stdout)
    assert [run["number"] for run in history["runs"]] == [1, 2, 3, 4, 5]
    assert [run["outcome"]["verdict"] for run in history["runs"]] == ["clean", *["drifted"] * 3, "clean"]
    assert {(run["region"], run["fleet"]) for run in history["runs"]} == {(net.target.region, None)}
    (kept,) = history["differences"]
    assert (kept["since"], kept["resolved"], kept["target"]) == (found["since"], gone["resolved"], "moto")
    said = stackproof(net.folder, "drift", "history", "--stack", "Net").stdout.splitlines()
    assert said[0].endswith(f", moto {net.target.account}/{net.target.region}")
    assert said[3].startswith("    drifted: 1 difference; ")
    assert max(len(line) for line in said[:-1]) <= 80
    assert [line for line in said if line.startswith(f"resolved {gone['resolved']}: Net (deployed):")]
    assert said[-1].endswith("audits.db: 0 open, 1 resolved")
    other = stackproof(net.folder, "drift", "history", "--stack", "Ne")
    assert (other.returncode, other.stdout, "has such a stack" in other.stderr) == (2, "", True)
    short = stackproof(net.folder, "drift", "history", "--last", "2").stdout.splitlines()
    assert short[0] == "earlier runs: 3; --last 5 shows all"
    assert [text.split()[1] for text in short if text.startswith("run ")] == ["4:", "5:"]
    assert "earlier runs" not in "\n".join(said)

    diff = valid(stackproof(net.folder, "drift", "diff", "1", "2", "--format", "json").stdout)
    assert [row["property_path"] for row in diff["appeared"]] == ["/DelaySeconds"]
    text = stackproof(net.folder, "drift", "diff", "3", "5").stdout
    assert text.splitlines()[0].startswith("resolved: Net (deployed):")
    assert text.splitlines()[-1].endswith("0 new, 1 resolved, 0 changed, 0 the same, 0 not comparable")
    assert (net.folder / ".stackproof" / ".gitignore").read_text(encoding="utf-8") == "*\n"

    assert stackproof(net.folder, "drift", "forget", "--stack", "Net").stdout == "forgot Net: 5 audits of it\n"
    again = stackproof(net.folder, "drift", "forget", "--stack", "Net", "--stack", "Ne")
    assert (again.returncode, "--stack Net --stack Ne: " in again.stderr) == (2, True)
    assert "has such a stack" in again.stderr


def test_a_stack_asked_for_by_its_arn_is_the_one_of_its_name(net: Net) -> None:
    net.set_delay(30)
    (found,) = net.report()["differences"]
    arn = net.target.client("cloudformation").describe_stacks(StackName="Net")["Stacks"][0]["StackId"]
    report = net.report("--stack", arn)
    assert [(difference["fingerprint"], difference["is_new"]) for difference in report["differences"]] == [
        (found["fingerprint"], False)
    ]
    assert [stack["stack_name"] for stack in report["stacks"]] == ["Net"]
    assert stackproof(net.folder, "drift", "forget", "--stack", arn).stdout == "forgot Net: 2 audits of it\n"


def test_a_stack_that_was_deleted_is_drift_until_it_is_forgotten(net: Net) -> None:
    net.target.deploy(stack(BODY, name="Other"))
    assert net.report()["exit_code"] == 0
    with net.target.writing("deleting a stack"):
        net.target.client("cloudformation").delete_stack(StackName="Other")
    assert net.report("--stack", "Net")["exit_code"] == 0
    for number in range(2):
        report = net.report("--notify", "github-issue:issue.md")
        (found,) = report["differences"]
        assert (report["exit_code"], found["origin"], found["stack_name"]) == (1, "deleted", "Other")
        assert (found["logical_id"], found["resource_type"]) == (None, "AWS::CloudFormation::Stack")
        assert (found["is_new"], bool((net.folder / "issue.md").read_text(encoding="utf-8"))) == (
            not number,
            not number,
        )
    by_name = net.report("--stack", "Other")
    assert (by_name["exit_code"], [difference["fingerprint"] for difference in by_name["differences"]]) == (
        3,
        [found["fingerprint"]],
    )
    sarif = json.loads(net.audit("--format", "sarif").stdout)
    (said,) = sarif["runs"][0]["results"]
    assert (said["ruleId"], "drift forget --stack Other" in said["message"]["text"]) == ("SPD005", True)
    assert stackproof(net.folder, "drift", "forget", "--stack", "Other").returncode == 0
    assert (net.report()["exit_code"], net.report()["differences"]) == (0, [])


@pytest.mark.parametrize("before", [False, True])
def test_an_expectation_that_is_not_there_shows_in_mid_run_and_leaves_no_trace(
    net: Net,
    tmp_path: Path,
    before: bool,  # noqa: FBT001
) -> None:
    folder = project("tiny", tmp_path / "of")
    made = Net(folder=folder, target=net.target, url=net.url)
    if before:
        made.report("--stack", "Net")
    done = made.audit("--against", "assembly", "--stack", "Net")
    assert (done.returncode, "the app has no stack Net" in done.stderr) == (2, True), done.stderr
    history = valid(stackproof(folder, "drift", "history", "--format", "json").stdout)
    assert [run["number"] for run in history["runs"]] == [1] * before
    assert made.report("--stack", "Net")["run"]["number"] == 1 + before


def test_without_a_store_nothing_is_recorded_and_nothing_is_known(net: Net) -> None:
    net.set_delay(30)
    report = net.report("--no-store")
    assert (report["run"], report["resolved"], report["summary"]["new"]) == (None, [], None)
    assert [(difference["since"], difference["is_new"]) for difference in report["differences"]] == [(None, None)]
    assert not (net.folder / ".stackproof" / "audits.db").exists()
    assert stackproof(net.folder, "drift", "history").stdout.endswith("audits.db: 0 open, 0 resolved\n")


def test_a_broken_store_costs_the_memory_and_not_the_report(net: Net) -> None:
    net.set_delay(30)
    (net.folder / "broken.db").write_bytes(b"this is no database" * 100)
    done = net.audit("--store", "sqlite:///broken.db", "--format", "json", "--notify", "github-issue:issue.md")
    report = valid(done.stdout)
    assert (done.returncode, len(report["differences"])) == (3, 1)
    messages = [notification["message"] for notification in report["notifications"]]
    assert "this audit was not recorded, so what is new is not known: the store of audits" in messages[1]
    assert "is damaged" in messages[1]
    assert messages[0] == "github-issue:issue.md got no message: this audit was not recorded"
    assert (net.folder / "issue.md").read_text(encoding="utf-8") == ""
    asked = stackproof(net.folder, "drift", "history", "--store", "sqlite:///broken.db")
    assert (asked.returncode, len(asked.stderr.splitlines())) == (3, 1)


def test_a_store_that_is_locked_costs_the_memory_and_not_the_report(net: Net) -> None:
    net.report()
    with sqlite3.connect(net.folder / ".stackproof" / "audits.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        report = net.report("--store", "sqlite:///.stackproof/audits.db?timeout=0.2")
    other.close()
    assert (report["exit_code"], report["run"]) == (3, None)
    assert "has been locked by another run for too long" in report["notifications"][0]["message"]
    assert net.report()["previous_run"] == 1


def test_a_webhook_hears_signed_news_once(net: Net, hook: Hook) -> None:
    tell = ("--notify", f"webhook:{hook.url}")
    assert net.report(*tell, **SECRET)["exit_code"] == 0
    assert hook.heard == []
    net.set_delay(30)
    hook.answers[:] = [500, 200]
    report = net.report(*tell, **SECRET)
    assert report["exit_code"] == 1
    assert "with-a-token" not in json.dumps(report)
    assert len(hook.heard) == 2  # the first answer was an error
    headers, body = hook.heard[-1]
    signed = f"{headers['X-Stackproof-Timestamp']}.".encode() + body
    expected = hmac.new(SECRET["HOOK_SECRET"].encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Stackproof-Signature"] == f"sha256={expected}"
    said = json.loads(body)
    assert [difference["fingerprint"] for difference in said["differences"]] == [
        report["differences"][0]["fingerprint"]
    ]
    assert (said["id"], said["run"]["number"]) == (headers["X-Stackproof-Id"], 2)
    assert net.report(*tell, **SECRET)["exit_code"] == 1
    assert len(hook.heard) == 2


def test_a_webhook_that_fails_is_3_and_is_told_by_the_next_run(net: Net, hook: Hook) -> None:
    tell = ("--notify", f"webhook:{hook.url}")
    net.set_delay(30)
    hook.answers[:] = [404]
    report = net.report(*tell, **SECRET)
    assert report["exit_code"] == 3
    assert "got no message about 1 differences, the next run tries again: it answered 404" in str(
        report["notifications"]
    )
    assert len(report["differences"]) == 1
    assert net.report(*tell, **SECRET)["exit_code"] == 1
    assert len(hook.heard) == 2
    assert b"with-a-token" not in (net.folder / ".stackproof" / "audits.db").read_bytes()


def test_a_topic_hears_news_as_a_declared_write(net: Net) -> None:
    with net.target.writing("a topic for the test"):
        sns, sqs = net.target.client("sns"), net.target.client("sqs")
        topic = sns.create_topic(Name="drift")["TopicArn"]
        inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    net.set_delay(30)
    for expected in (1, 0):
        assert net.report("--notify", f"sns:{topic}")["exit_code"] == 1
        with net.target.writing("reading the inbox"):
            heard = sqs.receive_message(QueueUrl=inbox).get("Messages", [])
            for row in heard:
                sqs.delete_message(QueueUrl=inbox, ReceiptHandle=row["ReceiptHandle"])
        assert len(heard) == expected
        for row in heard:
            message = json.loads(row["Body"])
            assert message["Subject"] == "drift: 1 new difference in Net"
            assert "Net/Queue /DelaySeconds" in message["Message"]


def test_a_topic_that_is_not_there_is_3(net: Net) -> None:
    net.set_delay(30)
    report = net.report("--notify", "sns:arn:aws:sns:me-south-1:123456789012:nobody")
    assert report["exit_code"] == 3
    assert "SNS did not take the message" in str(report["notifications"])


def test_the_body_of_an_issue_has_the_news_and_is_empty_without(net: Net) -> None:
    net.set_delay(30)
    done = net.audit("--format", "json", "--output", "drift.json", "--notify", "github-issue")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("<!-- stackproof:drift ")
    assert lines[1] == "### Drift: 1 new difference in Net"
    assert "Net/Queue /DelaySeconds" in lines[5]
    file = net.folder / "issue.md"
    net.audit("--notify", f"github-issue:{file.name}")
    assert file.read_text(encoding="utf-8").splitlines()[1] == lines[1]  # a separate channel
    net.audit("--notify", f"github-issue:{file.name}")
    assert file.read_text(encoding="utf-8") == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--no-store", "--notify", "github-issue:x"), "--no-store and --notify"),
        (("--notify", "github-issue"), "the report goes to standard output as well"),
        (("--notify", "webhook:https://example.com/"), "notify_secret_env of [tool.stackproof] has to name"),
        (("--notify", "webhook:http://127.0.0.1:9/é"), "has a character that cannot be sent"),
        (("--notify", "webhook:https://hooks..example.com/"), "the host of the URL is not valid"),
        (("--notify", "pigeon:x"), "expected sns:TOPIC_ARN, webhook:URL"),
        (("--notify", "github-issue:no/where.md"), "there is no such folder"),
        (("--store", "mysql://x"), "expected sqlite:///FILE or postgresql"),
    ],
)
def test_a_command_line_that_is_wrong_is_2(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = stackproof(tmp_path, "drift", "audit", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("command", [("history",), ("diff", "1", "2"), ("forget", "--stack", "Net")])
@pytest.mark.parametrize("by_variable", [False, True])
def test_a_store_that_is_named_and_not_there_is_2_and_is_not_made(
    tmp_path: Path,
    command: tuple[str, ...],
    by_variable: bool,  # noqa: FBT001
) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    option = () if by_variable else ("--store", url)
    done = stackproof(tmp_path, "drift", *command, *option, **({"STACKPROOF_AUDIT_STORE": url} if by_variable else {}))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--store {url}: there is no such file" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["history", "audit"])
def test_a_store_in_a_folder_that_is_not_there_is_2_and_makes_none(tmp_path: Path, command: str) -> None:
    done = stackproof(tmp_path, "drift", command, "--store", f"sqlite:///{tmp_path}/no/where/a.db")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"there is no folder {tmp_path}/no/where" in done.stderr
    assert not (tmp_path / "no").exists()


def test_runs_that_cannot_be_compared_are_said(net: Net) -> None:
    net.report()
    done = stackproof(net.folder, "drift", "diff", "1", "7")
    assert (done.returncode, "there is no run 7" in done.stderr) == (2, True)
    with sqlite3.connect(net.folder / ".stackproof" / "audits.db") as store:
        at = "2026-11-01T02:00:00.000000+00:00"
        insert = "INSERT INTO stackproof_runs (number, target, against, started_at, ended_at, tool, scope)"
        store.execute(f"{insert} VALUES (7, 'moto', 'template', '{at}', NULL, '', '{{}}')")
        store.execute(f"{insert} VALUES (8, 'aws', 'template', '{at}', '{at}', '', '{{}}')")
    store.close()
    done = stackproof(net.folder, "drift", "diff", "1", "7")
    assert (done.returncode, "run 7 did not finish" in done.stderr) == (2, True)
    done = stackproof(net.folder, "drift", "diff", "1", "8")
    assert (done.returncode, "they cannot be compared" in done.stderr) == (2, True)


def test_old_runs_are_forgotten_at_the_end_of_an_audit(net: Net) -> None:
    (net.folder / "pyproject.toml").write_text("[tool.stackproof]\naudit_retention_days = 7\n", encoding="utf-8")
    net.report()
    with sqlite3.connect(net.folder / ".stackproof" / "audits.db") as store:
        store.execute("UPDATE stackproof_runs SET started_at = '2020-01-01T00:00:00.000000+00:00'")
    store.close()
    assert net.report()["previous_run"] == 1
    history = valid(stackproof(net.folder, "drift", "history", "--format", "json").stdout)
    assert [run["number"] for run in history["runs"]] == [2]
