"""What may be called while a run only reads, and which endpoints are AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from stackproof.calls.log import CallKind
from stackproof.calls.recorder import CallRecorder, without_secret
from stackproof.core.errors import TargetError
from stackproof.deployment.ports import Target
from stackproof.proof.ports import ReadRequest
from stackproof.readers.cognito import read_client
from stackproof.targets.aws import AwsTarget
from stackproof.targets.emulators.ministack import MiniStackTarget
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.targets.guard import is_emulator_endpoint, reads_only
from tests.servers import QuietHandler, serving


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:5000", "http://localhost:4566/", "https://[::1]:1", "http://s3.localhost:9", "http://127.9.9.9"],
)
def test_this_machine_is_an_emulator(url: str) -> None:
    assert is_emulator_endpoint(url)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://cloudformation.eu-west-1.amazonaws.com",
        "https://vpce-1.cloudformation.eu-west-1.vpce.amazonaws.com",
        "https://ec2.cn-north-1.amazonaws.com.cn",
        "https://sts.eu-west-1.api.aws",
        "https://localhost.example.com",
        "http://10.0.0.1:5000",
        "nonsense",
    ],
)
def test_everything_else_is_taken_for_aws(url: str | None) -> None:
    assert not is_emulator_endpoint(url)


@pytest.mark.parametrize("operation", ["DescribeStacks", "GetFunction", "ListTags", "HeadObject", "BatchGetProjects"])
def test_reads_pass(operation: str) -> None:
    assert reads_only(operation, {})


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateStack", {}),
        ("DeleteDBInstance", {}),
        ("PutObject", {}),
        ("ReceiveMessage", {}),
        ("Invoke", {}),
        ("GetSecretValue", {}),
        ("BatchGetSecretValue", {}),
        ("GetSessionToken", {}),
        ("Decrypt", {}),
        ("GetParameter", {"WithDecryption": True}),
        ("AssumeRole", {}),
        ("GetConnection", {}),
        ("GetSessionEndpoint", {}),
        ("GetActivityTask", {}),
        ("codepipeline:GetJobDetails", {}),
        ("mediapackage:DescribeChannel", {}),
        ("Query", {"QueryString": "UNLOAD (SELECT 1) TO 's3://x'"}),
        ("ec2:GetConsoleScreenshot", {"WakeUp": True}),
        ("iam:GetDelegationRequest", {"DelegationPermissionCheck": True}),
        ("logs:GetLogEvents", {"unmask": True}),
        ("payment-cryptography:GetParametersForExport", {}),
    ],
)
def test_writes_and_secrets_do_not(operation: str, parameters: dict[str, Any]) -> None:
    assert not reads_only(operation, parameters)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("ec2:GetConsoleScreenshot", {"WakeUp": False}),
        ("ec2:DescribeInstances", {"DryRun": True}),
        ("logs:GetLogEvents", {}),
    ],
)
def test_reads_pass_whose_parameters_do_nothing(operation: str, parameters: dict[str, Any]) -> None:
    assert reads_only(operation, parameters)


class Counter:
    """A server on this machine that counts requests and answers each with an empty success."""

    def __init__(self) -> None:
        self.requests = 0
        counter = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                counter.requests += 1
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.handler = Handler
        self.url = ""


@pytest.fixture
def counter() -> Iterator[Counter]:
    made = Counter()
    with serving(made.handler) as made.url:
        yield made


RECORD = {"StreamName": "x", "Data": b"x", "PartitionKey": "x"}
KINDS: list[Callable[[str, CallRecorder], Target]] = [
    lambda url, calls: MotoTarget(url, calls=calls),
    lambda url, calls: MiniStackTarget(url, calls=calls),
    lambda url, calls: MiniStackTarget(url, calls=calls).in_account("210987654321"),
    lambda url, calls: AwsTarget(region="us-east-1", endpoint_url=url, calls=calls),
]


@pytest.mark.parametrize("make", KINDS)
def test_a_write_that_nobody_declared_never_leaves_the_process(
    make: Callable[[str, CallRecorder], Target], counter: Counter
) -> None:
    calls = CallRecorder()
    target = make(counter.url, calls)
    for service, operation, arguments in (
        ("sqs", "receive_message", {"QueueUrl": f"{counter.url}/1/x"}),
        ("kinesis", "put_record", RECORD),
        ("secretsmanager", "get_secret_value", {"SecretId": "x"}),
    ):
        with pytest.raises(TargetError, match=r"is refused: .* target\.writing") as caught:
            getattr(target.client(service), operation)(**arguments)
        assert caught.value.code == "ReadOnly"
    assert counter.requests == 0
    assert calls.log().refusals == ("kinesis:PutRecord", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage")

    target.client("kinesis").list_streams()
    with target.writing("a test"), target.writing("that holds another one"):
        target.client("kinesis").put_record(**RECORD)
    assert counter.requests == 2
    with pytest.raises(TargetError, match="is refused"):
        target.client("kinesis").put_record(**RECORD)
    log = calls.log()
    assert (log.reads, log.writes, log.refused, counter.requests) == (1, 1, 4, 2)
    assert {(count.target, count.declared) for count in log.counts if count.kind is CallKind.WRITE} == {
        (target.name, "that holds another one")
    }


def test_what_one_thread_declares_lets_no_other_one_write(counter: Counter) -> None:
    """A probe that forgot to say so would pass whenever another one happens to write at the time."""
    calls = CallRecorder()
    target = MotoTarget(counter.url, calls=calls)
    said: list[str] = []

    def beside() -> None:
        try:
            target.client("kinesis").put_record(**RECORD)
        except TargetError as error:
            said.append(error.code or "")

    with target.writing("a test"):
        thread = threading.Thread(target=beside)
        thread.start()
        thread.join()
        target.client("kinesis").put_record(**RECORD)
    assert said == ["ReadOnly"]
    log = calls.log()
    assert (log.writes, log.refused, counter.requests) == (1, 1, 1)


def test_an_account_is_written_to_only_if_it_is_allowed_whatever_is_declared() -> None:
    where = AwsTarget(region="us-east-1")
    with pytest.raises(TargetError, match="a test is refused: add --allow-changes"), where.writing("a test"):
        pytest.fail("this block does not begin")


def test_a_client_of_a_user_pool_is_read_without_its_secret_and_by_its_reader_alone(moto: OwnedProcess) -> None:
    calls = CallRecorder()
    target = MotoTarget(moto.endpoint_url, calls=calls)
    client = target.client("cognito-idp")
    with target.writing("a test"):
        pool = client.create_user_pool(PoolName="pool")["UserPool"]["Id"]
        made = client.create_user_pool_client(UserPoolId=pool, ClientName="a", GenerateSecret=True)["UserPoolClient"]
        plain = client.create_user_pool_client(UserPoolId=pool, ClientName="b")["UserPoolClient"]
    assert made["ClientSecret"]
    for own in (client, target.client("cognito-idp")):
        with pytest.raises(TargetError, match="DescribeUserPoolClient is refused"):
            own.describe_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"])

    request = ReadRequest(
        client=target.client,
        logical_id="Client",
        physical_id=made["ClientId"],
        resource_type="AWS::Cognito::UserPoolClient",
        expected={"UserPoolId": pool},
        account=target.account,
        region=target.region,
        partition="aws",
    )
    for physical_id, has_secret in ((made["ClientId"], True), (plain["ClientId"], False)):
        reading = read_client(replace(request, physical_id=physical_id))
        assert reading is not None
        assert reading.properties["GenerateSecret"] is has_secret
    with without_secret("cognito-idp:DescribeUserPoolClient"):
        answer = client.describe_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"])
    assert made["ClientSecret"] not in str(answer)
    assert answer["UserPoolClient"]["ClientSecret"] == "***"
    with without_secret("secretsmanager:GetSecretValue"), pytest.raises(TargetError, match="is refused"):
        target.client("secretsmanager").get_secret_value(SecretId="x")
    assert calls.log().refused == 3
