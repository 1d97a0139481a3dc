"""Written probes only read, unless they say that they write; what they call is in the summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.running import project, run

pytestmark = pytest.mark.usefixtures("processes")

SUITE = """
import contextlib

from stackproof.core.errors import TargetError


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
    assert {
        (operation["action"], operation["kind"], operation["declared"]) for operation in found["calls"]["operations"]
    } >= ({("sns:CreateTopic", "refused", "")} if code else {("sns:DeleteTopic", "write", "a topic of this test")})


def test_what_a_unit_test_calls_of_mocks_is_not_looked_at(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    suite = folder / "suites" / "test_handler.py"
    suite.write_text(NO_LIVE_TEST, encoding="utf-8")
    done = run(folder, "pytest", str(suite), "-n", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "call" not in done.stdout.partition("1 passed")[2]


LIVE_BY_FOLDER = """
import boto3


def test_own(stack):
    assert stack.resources("AWS::SQS::Queue")
    boto3.client("sns", region_name="eu-west-1", endpoint_url="http://127.0.0.1:9").create_topic(Name="sneaked")
"""
AFTER_A_TARGET = """
import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from moto.server import ThreadedMotoServer

KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-west-1"}


def write(url=None):
    return boto3.client("sns", endpoint_url=url, **KEYS).create_topic(Name="sneaked")


def test_that_asks_later(request):
    where = request.getfixturevalue("target")
    with pytest.raises(Exception, match="sns:CreateTopic is refused"):
        write(where.endpoint_url)
    with pytest.raises(Exception, match="sns:CreateTopic is refused"):
        write(where.endpoint_url.replace("127.0.0.1", "localhost"))
    with where.writing("a topic of this test"):
        write(where.endpoint_url)


def test_of_an_account():
    with pytest.raises(Exception, match="sns:CreateTopic is refused"):
        write()


def test_of_mocks():
    with mock_aws():
        assert write()["TopicArn"]
    client = boto3.client("sns", **KEYS)
    with Stubber(client) as stub:
        stub.add_response("create_topic", {})
        assert client.create_topic(Name="a stub's") == {}


def test_of_a_server_of_its_own():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    assert write("http://%s:%s" % server.get_host_and_port())["TopicArn"]
    server.stop()
"""


def test_what_the_settings_call_the_integration_suite_is_guarded_wherever_it_is(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    suite = folder / "tests" / "live" / "test_own.py"
    suite.parent.mkdir(parents=True)
    suite.write_text(LIVE_BY_FOLDER, encoding="utf-8")
    settings = folder / "pyproject.toml"
    text = settings.read_text(encoding="utf-8").replace("suites/integration", "tests/live")
    settings.write_text(text, encoding="utf-8")
    done = run(folder, "pytest", str(suite), "-n", "0")
    assert "sns:CreateTopic is refused" in done.stdout, done.stdout + done.stderr
    assert "1 refused (sns:CreateTopic)" in done.stdout
    assert done.returncode == 3


def test_once_a_target_was_opened_nothing_writes_to_it_or_to_an_account_from_anywhere(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    suite = folder / "suites" / "test_smoke.py"
    suite.write_text(AFTER_A_TARGET, encoding="utf-8")
    done = run(folder, "pytest", str(suite), "-n", "0")
    assert "4 passed" in done.stdout, done.stdout + done.stderr
    assert "1 write, 3 refused (sns:CreateTopic)" in done.stdout
    assert done.returncode == 3
