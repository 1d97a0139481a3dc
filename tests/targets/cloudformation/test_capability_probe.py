"""What a target can do is asked, and what it does not say is not taken for no."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from stackproof.deployment.capabilities import Capabilities
from stackproof.targets.aws import AwsTarget
from stackproof.targets.cloudformation.capability_probe import probed
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.wiring.live import capabilities
from tests.live_fakes import FakeTarget, RecordedClient, failure

TYPES = ("AWS::EC2::NatGateway", "AWS::SQS::Queue")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ministack", {"refused": ("AWS::EC2::NatGateway",), "drift": True, "cloud_control": True, "runs_code": True}),
        ("moto", {"refused": (), "drift": False, "cloud_control": False, "runs_code": False}),
    ],
)
@pytest.mark.usefixtures("processes")
def test_an_emulator_answers_for_itself(name: str, expected: dict[str, Any], request: pytest.FixtureRequest) -> None:
    process: OwnedProcess = request.getfixturevalue(name)
    target = AwsTarget(endpoint_url=process.endpoint_url, region="eu-west-3")
    found = capabilities(target, TYPES)
    assert found == Capabilities(target="endpoint", types=TYPES, change_sets=True, **expected)
    assert target.client("lambda").list_functions()["Functions"] == []


class Account(FakeTarget):
    """An account whose services answer with one recorded client."""

    def __init__(self, **answers: Any) -> None:
        super().__init__()
        self._client = RecordedClient(answers)

    def client(self, service: str) -> Any:  # noqa: ARG002
        return self._client


def test_an_account_is_only_read() -> None:
    missing = failure("ValidationError")
    missing.args = ("Stack with id x does not exist",)
    account = Account(
        list_types={"TypeSummaries": [{"TypeName": "AWS::SQS::Queue"}]},
        list_change_sets=missing,
        describe_stack_resource_drifts=failure("AccessDenied"),
        list_resources=EndpointConnectionError(endpoint_url="https://x"),
    )
    found = probed(account, TYPES, is_account=True)
    assert found == Capabilities(
        target="fake", types=TYPES, refused=("AWS::EC2::NatGateway",), change_sets=True, runs_code=True
    )
    assert list(found.lines()) == [
        "fake",
        "  resource types: 1 of 2 that were asked for",
        "    not AWS::EC2::NatGateway",
        "  change sets: yes",
        "  drift API: unknown",
        "  Cloud Control API: unknown",
        "  runs the code of functions: yes",
    ]
    assert found.to_dict()["refused"] == ["AWS::EC2::NatGateway"]


def test_without_the_permission_to_list_types_they_could_not_be_told() -> None:
    denied = failure("AccessDenied")
    names = ("list_types", "list_change_sets", "describe_stack_resource_drifts", "list_resources")
    found = probed(Account(**dict.fromkeys(names, denied)), TYPES, is_account=True)
    assert (found.refused, found.change_sets, found.to_dict()["refused"]) == (None, None, None)
    assert "unknown: its CloudFormation accepts any name" in list(found.lines())[1]


def test_an_emulator_that_is_gone_tells_nothing() -> None:
    gone = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    names = ("list_change_sets", "describe_stack_resource_drifts", "list_resources", "create_role")
    answers: dict[str, Any] = dict.fromkeys((*names, "delete_role", "delete_function"), gone)
    found = probed(Account(**answers, validate_template=failure("InvalidAction")), TYPES, is_account=False)
    assert found == Capabilities(target="fake", types=TYPES)
