"""Stacks come, change and go through change sets, on every emulator alike; one that fails says why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stackproof.core.errors import TargetError
from stackproof.deployment.deploy import deploy
from stackproof.targets.aws import AwsTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.template.assembly import Stack
from stackproof.template.location import SourceLine
from tests.live_fakes import stack

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 30}}
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "one"}}


@pytest.fixture(params=["moto", "ministack"])
def told_target(processes: None, request: pytest.FixtureRequest) -> tuple[AwsTarget, list[str]]:
    """An emulator as any endpoint, and what it reports of its deployments."""
    process: OwnedProcess = request.getfixturevalue(request.param)
    told: list[str] = []
    return AwsTarget(endpoint_url=process.endpoint_url, region="eu-west-1", progress=told.append), told


def placed(made: Stack, **lines: int) -> Stack:
    """The stack with the lines of an app for its resources."""
    return replace(
        made,
        template=replace(
            made.template,
            resources=tuple(
                replace(resource, source=SourceLine(file="infra/app.py", line=lines[resource.logical_id]))
                if resource.logical_id in lines
                else resource
                for resource in made.template.resources
            ),
        ),
    )


def test_a_stack_is_made_changed_and_left_alone(told_target: tuple[AwsTarget, list[str]]) -> None:
    target, told = told_target
    first = stack({"Resources": {"Queue": QUEUE}, "Outputs": {"Url": {"Value": {"Ref": "Queue"}}}}, name="Changing")
    made = target.deploy(first)
    assert made.outputs["Url"]
    assert told[0] == "Changing: add Queue (AWS::SQS::Queue)"
    assert told[-1].endswith("Changing CREATE_COMPLETE")
    told.clear()
    assert target.deploy(first).outputs == made.outputs
    assert told == ["Changing: no changes"]
    told.clear()
    changed = target.deploy(stack({"Resources": {"Queue": QUEUE, "Topic": TOPIC}}, name="Changing"))
    assert changed.status == "UPDATE_COMPLETE"
    assert "Changing: add Topic (AWS::SNS::Topic)" in told
    assert told[-1].endswith("Changing UPDATE_COMPLETE")
    assert target.destroy("Changing") == ()
    with pytest.raises(TargetError, match="there is no stack"):
        target.deployment("Changing")


def test_stacks_with_parameters_are_left_alone_until_one_of_them_changes(
    told_target: tuple[AwsTarget, list[str]],
) -> None:
    """Each has the version of its bootstrap, as CDK writes it: an endpoint may refuse an update of nothing at once."""
    target, told = told_target
    version = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}
    stage = {"Type": "String", "Default": "dev"}
    body = {"Parameters": {"BootstrapVersion": version, "Stage": stage}, "Resources": {"Queue": QUEUE}}
    stacks = [stack(body, name=name) for name in ("Again1", "Again2", "Again3")]
    made = deploy(stacks, target)
    told.clear()
    again = deploy(stacks, target)
    assert told == ["Again1: no changes", "Again2: no changes", "Again3: no changes"]
    assert [deployment.resources for deployment in again] == [deployment.resources for deployment in made]
    told.clear()
    changed = stack({**body, "Resources": {"Queue": QUEUE, "Topic": TOPIC}}, name="Again2")
    deployments = deploy([stacks[0], changed, stacks[2]], target)
    assert told[0] == "Again1: no changes"
    assert told[1] == "Again2: add Topic (AWS::SNS::Topic)"
    assert told[-1] == "Again3: no changes"
    assert [deployment.status for deployment in deployments] == [
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "CREATE_COMPLETE",
    ]
    for twin in stacks:
        target.destroy(twin.name)


def test_an_export_reaches_the_stack_that_imports_it(told_target: tuple[AwsTarget, list[str]]) -> None:
    target, _ = told_target
    exports = {"Name": {"Value": "from the first", "Export": {"Name": "First:Name"}}}
    first = stack({"Resources": {"Queue": QUEUE}, "Outputs": exports}, name="First")
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "First:Name"}}}
    second = stack({"Resources": {"Topic": topic}}, name="Second", dependencies=("First",))
    deployments = deploy([second, first], target)
    assert [deployment.stack_name for deployment in deployments] == ["First", "Second"]
    arn = deployments[1].resources[0].physical_id
    assert target.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "from the first"
    for name in ("Second", "First"):
        target.destroy(name)


FAILING: dict[str, Any] = {
    "moto": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "No_Bucket!!"}},
    "ministack": {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Role": "r", "Code": {"S3Bucket": "nowhere", "S3Key": "k"}, "Handler": "a.b", "Runtime": "no"},
    },
}


@pytest.fixture(params=["moto"])
def failing(processes: None, request: pytest.FixtureRequest) -> tuple[AwsTarget, Any]:
    process: OwnedProcess = request.getfixturevalue(request.param)
    return AwsTarget(endpoint_url=process.endpoint_url, region="eu-west-1"), FAILING[request.param]


def test_a_stack_that_fails_names_the_line_and_is_refused_until_it_is_deleted(failing: tuple[AwsTarget, Any]) -> None:
    target, body = failing
    made = placed(stack({"Resources": {"Bad": body, "Queue": QUEUE}}, name="Failing"), Bad=7)
    with pytest.raises(
        TargetError, match=r"not deployed \(ROLLBACK_COMPLETE\): infra/app\.py:7: Bad \(AWS::"
    ) as caught:
        target.deploy(made)
    assert "aws cloudformation delete-stack --stack-name Failing --region eu-west-1 --endpoint-url" in str(caught.value)
    with pytest.raises(TargetError, match="was never created"):
        target.deploy(made)
    target.destroy("Failing")
    good = target.deploy(stack({"Resources": {"Queue": QUEUE}}, name="Failing"))
    assert good.status == "CREATE_COMPLETE"
    with pytest.raises(TargetError, match=r"\(UPDATE_ROLLBACK_FAILED\): infra/app\.py:7: Bad"):
        target.deploy(made)
    with pytest.raises(TargetError, match="continue-update-rollback"):
        target.deploy(made)
    target.destroy("Failing")


def test_a_failed_export_is_not_left_behind(target: Any, moto: OwnedProcess) -> None:
    where = AwsTarget(endpoint_url=moto.endpoint_url, region="eu-west-1")
    exports = {"Name": {"Value": "x", "Export": {"Name": "Half:Name"}}}
    with pytest.raises(TargetError):
        where.deploy(stack({"Resources": {"Bad": FAILING["moto"]}, "Outputs": exports}, name="Half"))
    where.destroy("Half")
    made = where.deploy(stack({"Resources": {"Queue": QUEUE}, "Outputs": exports}, name="Whole"))
    assert made.exports == {"Half:Name": "x"}
    where.destroy("Whole")
    with pytest.raises(TargetError, match="Half:Name"):
        where.deploy(
            stack(
                {"Resources": {"Topic": {**TOPIC, "Properties": {"DisplayName": {"Fn::ImportValue": "Half:Name"}}}}},
                name="Importing",
            )
        )
    where.destroy("Importing")


def test_two_exports_of_one_name_are_refused(moto: OwnedProcess) -> None:
    where = AwsTarget(endpoint_url=moto.endpoint_url, region="eu-west-1")
    exports = {"Name": {"Value": "x", "Export": {"Name": "Same"}}}
    body = {"Resources": {"Queue": QUEUE}, "Outputs": exports}
    where.deploy(stack(body, name="SameOne"))
    with pytest.raises(TargetError, match="Export names must be unique"):
        where.deploy(stack(body, name="SameTwo"))
    for name in ("SameTwo", "SameOne"):
        where.destroy(name)
