"""`stackproof deploy` and `prove`: on an emulator freely, in an account only by permission."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from stackproof.config.schema import read_schema
from stackproof.targets.emulators.moto import start_moto
from stackproof.targets.emulators.owned_process import OwnedProcess
from tests.running import project, run, stackproof
from tests.servers import QuietHandler, serving
from tests.watching import Watch, listens, needs_proc

ACCOUNT = "123456789012"
IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    f"<Arn>arn:aws:iam::{ACCOUNT}:user/dev</Arn><UserId>U</UserId><Account>{ACCOUNT}</Account>"
    "</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
)
SUITE = """
import pytest
from stackproof.core.errors import TargetError


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("sns", "create_topic", {"Name": "x"}),
        ("s3", "put_object", {"Bucket": "b", "Key": "k", "Body": b""}),
        ("rds", "delete_db_instance", {"DBInstanceIdentifier": "x"}),
        ("sqs", "receive_message", {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/x"}),
        ("lambda", "invoke", {"FunctionName": "x"}),
        ("secretsmanager", "get_secret_value", {"SecretId": "x"}),
        ("cloudformation", "create_stack", {"StackName": "x", "TemplateBody": "{}"}),
    ],
)
def test_refused(aws_client, service, operation, arguments):
    with pytest.raises(TargetError, match="is refused: this run only reads") as caught:
        getattr(aws_client(service), operation)(**arguments)
    assert caught.value.code == "ReadOnly"


def test_unwrapped(aws_client):
    aws_client("sns").create_topic(Name="x")
    assert aws_client("sns").list_topics()["Topics"]
"""


class Recorder:
    """A server on this machine that notes the first line and the body of each request, and only knows who sent it."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        recorder = self

        class Handler(QuietHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                recorder.requests.append(f"{self.requestline} {body}".strip())
                known = "Action=GetCallerIdentity" in body
                answer = IDENTITY.encode() if known else b""
                self.send_response(200 if known else 403)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_CONNECT = handle_any  # noqa: N815 - the server's names

        self.handler = Handler
        self.url = ""


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    with serving(made.handler) as made.url:
        yield made


@pytest.fixture
def account(recorder: Recorder) -> dict[str, str]:
    """Credentials, and a way out that leads to the recorder, for every service of AWS."""
    return {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        **dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), recorder.url),
        "NO_PROXY": "",
        "no_proxy": "",
    }


@pytest.fixture(scope="module")
def moto(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = start_moto(os.getpid(), tmp_path_factory.mktemp("moto"))
    yield process
    process.stop()


def allowing(folder: Path, *accounts: str) -> Path:
    (folder / "pyproject.toml").write_text(f"[tool.stackproof]\nallowed_accounts = {json.dumps(accounts)}\n")
    return folder


@pytest.mark.usefixtures("processes")
def test_the_recorder_sees_what_goes_to_aws(tmp_path: Path, recorder: Recorder, account: dict[str, str]) -> None:
    """Without this, the tests below would prove nothing."""
    done = stackproof(project("tiny", tmp_path), "prove", "--target", "aws", **account)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert recorder.requests
    assert {request.split()[0] for request in recorder.requests} == {"CONNECT"}
    assert all("us-east-1.amazonaws.com:443" in request for request in recorder.requests)


@pytest.mark.parametrize(
    ("arguments", "accounts", "said"),
    [
        ((), (), "add --allow-changes to change a real account"),
        ((), (ACCOUNT,), "add --allow-changes to change a real account"),
        (("--allow-changes",), (), "allowed_accounts of [tool.stackproof] names no account"),
    ],
    ids=["neither", "no flag", "no account"],
)
@pytest.mark.usefixtures("processes")
def test_without_flag_and_accounts_a_deployment_is_refused_before_anything_is_sent(
    arguments: tuple[str, ...],
    accounts: tuple[str, ...],
    said: str,
    tmp_path: Path,
    recorder: Recorder,
    account: dict[str, str],
) -> None:
    folder = allowing(project("tiny", tmp_path), *accounts)
    done = stackproof(folder, "deploy", "--target", "aws", *arguments, **account)
    assert done.returncode == 3
    assert done.stdout == ""
    [line] = [line for line in done.stderr.splitlines() if line.startswith("stackproof: error: ")]
    assert line.startswith("stackproof: error: deploying stack Tiny is refused: ")
    assert said in line
    assert recorder.requests == []


@pytest.mark.usefixtures("processes")
def test_in_another_account_nothing_is_asked_but_which_one_it_is(
    tmp_path: Path, recorder: Recorder, account: dict[str, str]
) -> None:
    folder = allowing(project("tiny", tmp_path), "999999999999")
    arguments = ("deploy", "--target", "aws", "--allow-changes")
    done = stackproof(folder, *arguments, **{**account, "AWS_ENDPOINT_URL_STS": recorder.url, "NO_PROXY": "127.0.0.1"})
    assert done.returncode == 3
    assert f"account {ACCOUNT} is not in allowed_accounts" in done.stderr
    [asked] = recorder.requests
    assert "Action=GetCallerIdentity" in asked


@pytest.mark.usefixtures("processes")
def test_an_ephemeral_stack_of_an_account_that_is_not_allowed_is_2_and_never_named(
    tmp_path: Path, recorder: Recorder, account: dict[str, str]
) -> None:
    folder = allowing(project("tiny", tmp_path), "999999999999")
    where = {**account, "AWS_ENDPOINT_URL_STS": recorder.url, "NO_PROXY": "127.0.0.1"}
    done = stackproof(folder, "prove", "--target", "aws", "--ephemeral", STACKPROOF_QUIET="1", **where)
    said = f"--ephemeral is refused: account {ACCOUNT} is not in allowed_accounts of [tool.stackproof]"
    assert (done.returncode, done.stderr) == (2, f"stackproof: error: {said}\n")
    [asked] = recorder.requests
    assert "Action=GetCallerIdentity" in asked


@pytest.mark.usefixtures("processes")
def test_the_hook_refuses_each_call_of_a_suite_that_does_not_only_read(
    tmp_path: Path, recorder: Recorder, account: dict[str, str]
) -> None:
    folder = allowing(project("tiny", tmp_path), ACCOUNT)
    suite = folder / "suites" / "refused"
    suite.mkdir()
    (suite / "test_refused.py").write_text(SUITE, encoding="utf-8")
    done = run(folder, "pytest", "suites/refused", "--target", "aws", "-p", "no:xdist", **account)
    assert done.returncode == 3, done.stdout
    assert "7 passed" in done.stdout
    assert "TargetError: sns:CreateTopic is refused" in done.stdout
    assert recorder.requests == []


@needs_proc
@pytest.mark.usefixtures("processes")
def test_deploy_ends_its_emulator_unless_it_is_to_keep_it(tmp_path: Path) -> None:
    folder, watch = project("tiny", tmp_path), Watch(tmp_path / "watch")
    done = run(folder, "stackproof", "deploy", **watch.variables)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "Tiny: CREATE_COMPLETE, 2 resources on moto"
    assert second.startswith("  StreamName = Tiny-Stream-")
    assert done.stderr.splitlines()[-1] == "the emulator has ended; --keep leaves it running"
    assert watch.left() == []


@needs_proc
@pytest.mark.usefixtures("processes")
def test_a_kept_emulator_is_found_by_prove_and_a_difference_is_1(tmp_path: Path) -> None:
    folder, watch = project("tiny", tmp_path), Watch(tmp_path / "watch")
    kept = run(folder, "stackproof", "deploy", "--keep", **watch.variables)
    words = kept.stdout.splitlines()[-1].split()
    url, pid = words[1].removeprefix("AWS_ENDPOINT_URL="), words[4]
    try:
        assert listens(url)
        same = stackproof(folder, "prove", "--endpoint-url", url, "--format", "json")
        report = json.loads(same.stdout)
        Draft202012Validator(read_schema("report.schema.json")).validate(report)
        assert (same.returncode, report["coverage"]["properties"]["proven"], report["differences"]) == (0, 3, [])

        other = stackproof(folder, "prove", "-c", "shards=3", "--endpoint-url", url, "--format", "json")
        report = json.loads(other.stdout)
        Draft202012Validator(read_schema("report.schema.json")).validate(report)
        assert other.returncode == 1
        [difference] = report["differences"]
        assert (difference["property_path"], difference["expected"], difference["actual"]) == ("/ShardCount", 3, 2)
        assert (difference["location"]["file"], difference["location"]["line"]) == ("app.py", 11)

        attached = run(
            folder, "pytest", "suites/integration", "-p", "no:xdist", "--endpoint-url", url, "--stack", "Tiny"
        )
        assert attached.returncode == 0, attached.stdout
        assert f"proof ({url}): 2 of 2 resources" in attached.stdout
    finally:
        run(folder, "stackproof_ended", pid, PYTHONPATH=str(ender(tmp_path)))
    assert watch.left() == []
    unreachable = stackproof(folder, "prove", "--endpoint-url", url)
    assert unreachable.returncode == 3
    assert unreachable.stderr.splitlines()[-1].startswith("stackproof: error: ")
    assert "Traceback" not in unreachable.stderr


def test_a_stack_that_is_not_at_an_endpoint_is_said_with_the_command_that_deploys_it(
    tmp_path: Path, moto: OwnedProcess
) -> None:
    folder = project("tiny", tmp_path)
    endpoint = ("--endpoint-url", moto.endpoint_url)
    done = stackproof(folder, "prove", "-c", "shards=2", *endpoint, "--region", "eu-west-3")
    assert done.returncode == 3
    line = done.stderr.splitlines()[-1]
    assert line.startswith(f"stackproof: error: there is no stack Tiny in account {ACCOUNT}, region eu-west-3: ")
    command = f"stackproof deploy -c shards=2 --endpoint-url {moto.endpoint_url} --region eu-west-3"
    assert line.endswith(f"deploy it first: {command}")
    for status in ("CREATE_COMPLETE", "CREATE_COMPLETE"):  # the second one has nothing to do
        assert f"Tiny: {status}" in run(folder, *command.split()).stdout
    assert stackproof(folder, "prove", *endpoint, "--region", "eu-west-3").returncode == 0


@pytest.mark.parametrize("command", ["prove", "drift audit", "deploy", "prove --target moto"])
@pytest.mark.usefixtures("processes")
def test_an_endpoint_that_has_ended_is_named_with_what_to_look_at(command: str, tmp_path: Path) -> None:
    url = "http://127.0.0.1:9"
    done = stackproof(project("tiny", tmp_path), *command.split(), "--endpoint-url", url)
    assert done.returncode == 3
    assert f"nothing answers at {url}: start it, or correct the endpoint URL (" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def ender(folder: Path) -> Path:
    """What the last line of `--keep` says, typed."""
    (folder / "stackproof_ended.py").write_text("import os, signal, sys\nos.kill(int(sys.argv[1]), signal.SIGTERM)\n")
    return folder


@pytest.mark.parametrize("command", ["deploy", "prove"])
@pytest.mark.usefixtures("processes")
def test_a_stack_that_the_app_does_not_have_is_2(command: str, tmp_path: Path) -> None:
    done = stackproof(project("tiny", tmp_path), command, "--endpoint-url", "http://127.0.0.1:1", "--stack", "No")
    assert done.returncode == 2
    assert "--stack No: the app has no such stack, only Tiny" in done.stderr


@pytest.mark.usefixtures("processes")
def test_a_nested_stack_cannot_be_chosen_without_its_parent(tmp_path: Path) -> None:
    name = "Outer/InnerNestedStackInnerNestedStackResource745E041B"
    done = stackproof(project("nested_stack", tmp_path), "prove", "--stack", name)
    assert done.returncode == 2
    assert f"--stack {name}: a nested stack goes with its parent: --stack Outer" in done.stderr


@pytest.mark.usefixtures("processes")
def test_what_a_nested_stack_holds_is_deployed_and_proven_with_its_parent(tmp_path: Path) -> None:
    """Where the template of the nested stack came from is not told by anyone."""
    done = stackproof(project("nested_stack", tmp_path), "prove", "--format", "json", "--stack", "Outer")
    report = json.loads(done.stdout)
    Draft202012Validator(read_schema("report.schema.json")).validate(report)
    assert done.returncode == 0
    assert report["differences"] == []
    assert report["coverage"]["resources"] == {"total": 6, "proven": 6, "custom": 0}
    assert [(row["property_path"], row["reason"]) for row in report["unproven"]] == [("/TemplateURL", "write_only")]


@pytest.mark.usefixtures("processes")
def test_two_proofs_of_one_app_are_the_same_bytes_but_for_how_often_was_asked(tmp_path: Path) -> None:
    folder, reports = project("tiny", tmp_path), []
    for name, jobs in (("one.json", "1"), ("two.json", "16")):
        command = ("stackproof", "prove", "--jobs", jobs, "--format", "json", "--output", name)
        done = run(folder, *command, PYTHONHASHSEED=jobs)
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads((folder / name).read_text(encoding="utf-8"))
        report["calls"] = [{**operation, "count": None} for operation in report["calls"]["operations"]]
        assert report["calls"]
        reports.append(json.dumps(report))
    assert reports[0] == reports[1]


@pytest.mark.usefixtures("processes")
def test_a_target_describes_itself(tmp_path: Path) -> None:
    done = stackproof(project("tiny", tmp_path), "target", "describe", "--target", "ministack")
    assert done.returncode == 0, done.stderr
    first, second, *rest = done.stdout.splitlines()
    assert (first, second) == ("ministack", "  resource types: 2 of 2 that were asked for")
    assert "  runs the code of functions: yes" in rest


@pytest.mark.parametrize("url", ["notaurl", "http://", "http://127.0.0.1:none", "ftp://127.0.0.1"])
@pytest.mark.usefixtures("processes")
def test_an_endpoint_that_is_no_url_is_2_in_one_line(tmp_path: Path, url: str) -> None:
    done = stackproof(project("tiny", tmp_path), "prove", "--endpoint-url", url)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("is not a URL (expected http://HOST:PORT)")
    assert "Traceback" not in done.stderr
