"""What may be called while a run only reads, and which endpoints are AWS."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.targets.guard import is_emulator_endpoint, reads_only


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


@pytest.mark.parametrize(
    "operation", ["DescribeStacks", "GetFunction", "ListTags", "HeadObject", "BatchGetProjects", "AssumeRole"]
)
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
    ],
)
def test_writes_and_secrets_do_not(operation: str, parameters: dict[str, Any]) -> None:
    assert not reads_only(operation, parameters)
