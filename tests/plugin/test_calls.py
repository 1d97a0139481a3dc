"""Written probes only read, unless they say that they write; what they call is in the summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.running import project, run

SUITE = """
import contextlib

from stackproof.errors import TargetError


def test_swallowed(target):
    with contextlib.suppress(TargetError):
        target.client("sns").create_topic(Name="sneaked")
    assert target.client("sns").list_topics()["Topics"] == []
"""
DECLARED = """
def test_declared(target):
    with target.writing("a topic of this test"):
        arn = target.client("sns").create_topic(Name="declared")["TopicArn"]
        target.client("sns").delete_topic(TopicArn=arn)
    assert target.client("sns").list_topics()["Topics"] == []
"""


OWN = """
import boto3
import pytest

made_before = boto3.client("sns", region_name="eu-west-1", endpoint_url="http://127.0.0.1:9")


def own(url):
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.resource("sns", region_name="eu-west-1", endpoint_url=url, **keys)


def test_own(target):
    assert list(own(target.endpoint_url).topics.all()) == []
    for client in (made_before, own(target.endpoint_url).meta.client):
        with pytest.raises(Exception, match="sns:CreateTopic is refused"):
            client.create_topic(Name="sneaked")
    licenses = boto3.client("license-manager", region_name="eu-west-1", endpoint_url=target.endpoint_url)
    with pytest.raises(Exception, match="license-manager:CreateToken is refused"):
        licenses.create_token(LicenseArn="arn:aws:license-manager::1:license:l-1", ClientToken="named as a sign-in is")
    with target.writing("a topic of this test"):
        own(target.endpoint_url).create_topic(Name="declared").delete()
"""
NO_LIVE_TEST = """
import boto3
from botocore.stub import Stubber


def test_a_handler():
    client = boto3.client("sns", region_name="eu-west-1")
    with Stubber(client) as stub:
        stub.add_response("create_topic", {})
        assert client.create_topic(Name="a mock's") == {}
"""


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (SUITE, 3, "1 call: 1 read, 0 writes, 1 refused (sns:CreateTopic)"),
        (DECLARED, 0, "3 calls: 1 read, 2 writes"),
        (OWN, 3, "3 calls: 1 read, 2 writes, 3 refused (license-manager:CreateToken, sns:CreateTopic)"),
    ],
)
def test_a_write_that_is_not_declared_fails_the_run_also_if_a_test_swallows_it(
    text: str, code: int, said: str, workers: str, tmp_path: Path
) -> None:
    folder, report = project("tiny", tmp_path), tmp_path / "report.json"
    suite = folder / "suites" / "test_probe.py"
    suite.write_text(text, encoding="utf-8")
    done = run(folder, "pytest", str(suite), "-n", workers, f"--stackproof-report={report}")
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == code
    assert said in done.stdout
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["exit_code"] == code
    assert {(each["action"], each["kind"], each["declared"]) for each in found["calls"]["operations"]} >= (
        {("sns:CreateTopic", "refused", "")} if code else {("sns:DeleteTopic", "write", "a topic of this test")}
    )


def test_what_a_unit_test_calls_of_mocks_is_not_looked_at(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    suite = folder / "suites" / "test_handler.py"
    suite.write_text(NO_LIVE_TEST, encoding="utf-8")
    done = run(folder, "pytest", str(suite), "-n", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "call" not in done.stdout.partition("1 passed")[2]
