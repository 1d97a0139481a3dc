"""What an emulator's CloudFormation does not know is left out with what depends on it, also in nested stacks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stackproof.deployment.deploy import deploy
from stackproof.deployment.stack_event import STACK
from stackproof.targets.aws import AwsTarget
from stackproof.targets.cloudformation.pruned_stack import KnownTypes, is_pruned, prune_stack, refusal_of
from stackproof.targets.emulators.ministack import MiniStackTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.template.assembly import FileAsset, Stack
from tests.live_fakes import RecordedClient, failure, stack

UNKNOWN = "AWS::EC2::NatGateway"
QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue"}


def test_any_endpoint_is_asked_and_is_not_given_what_it_refuses(ministack: OwnedProcess) -> None:
    target = AwsTarget(endpoint_url=ministack.endpoint_url, region="eu-west-2")
    resources = {
        "Nat": {"Type": UNKNOWN},
        "Queue": {**QUEUE, "DependsOn": "Nat"},
        "Named": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Nat"}}},
    }
    made = target.deploy(stack({"Resources": resources}, name="Less"))
    assert made.pruned == {
        "Nat": f"{ministack.endpoint_url} does not know {UNKNOWN}",
        "Named": "it refers to Nat",
    }
    assert made.unordered == {"Queue": ("Nat",)}
    assert [resource.logical_id for resource in made.resources] == ["Queue"]
    found = target.deployment("Less")
    assert (found.pruned, found.unordered) == (made.pruned, made.unordered)
    target.destroy("Less")


def test_a_nested_stack_is_reduced_and_so_is_what_takes_from_it(ministack: OwnedProcess, tmp_path: Path) -> None:
    inner = {
        "Resources": {"Nat": {"Type": UNKNOWN}, "Queue": QUEUE},
        "Outputs": {"Nat": {"Value": {"Ref": "Nat"}}, "Queue": {"Value": {"Ref": "Queue"}}},
    }
    file = tmp_path / "Inner.nested.template.json"
    file.write_text(json.dumps(inner), encoding="utf-8")

    def taking(output: str) -> dict[str, Any]:
        return {
            "Type": "AWS::SNS::Topic",
            "Properties": {"DisplayName": {"Fn::GetAtt": ["Inner", f"Outputs.{output}"]}},
        }

    outer = {
        "Resources": {
            "Inner": {
                "Type": STACK,
                "Metadata": {"aws:asset:path": file.name},
                "Properties": {"TemplateURL": "https://s3.us-east-1.amazonaws.com/files/inner.json"},
            },
            "Some": taking("Queue"),
            "None": taking("Nat"),
        }
    }
    asset = FileAsset(path=file.name, packaging="file", bucket="files", key="inner.json")
    parent = stack(outer, name="Outer", path=str(tmp_path / "Outer.template.json"), assets=(asset,))
    nested = stack(inner, name="Outer/Inner", path=str(file), parent="Outer")
    target = MiniStackTarget(ministack.endpoint_url)
    first, second = deploy([parent, nested], target)
    assert first.pruned == {"None": "it takes Inner.Outputs.Nat, which is left out"}
    assert [resource.logical_id for resource in first.resources] == ["Inner", "Some"]
    assert second.pruned == {"Nat": f"MiniStack does not know {UNKNOWN}"}
    assert [resource.logical_id for resource in second.resources] == ["Queue"]
    assert [deployment.stack_id for deployment in deploy([parent, nested], target)] == [first.stack_id, second.stack_id]
    target.destroy("Outer")


def test_an_endpoint_that_takes_any_name_has_no_unknown_types() -> None:
    client = RecordedClient({"validate_template": failure("NotImplemented")})
    assert KnownTypes(lambda _: client, "http://127.0.0.1:1").unknown(["AWS::A::B"]) == frozenset()


def test_events_that_cannot_be_read_refuse_nothing() -> None:
    client = RecordedClient({"describe_stack_events": failure("AccessDenied")})
    assert refusal_of(client, "Net", "it") is None


def nest(inner: Stack, name: str) -> Stack:
    """A stack that has nothing but a nested one."""
    file = inner.template.path
    body = {
        "Resources": {
            "Inner": {
                "Type": STACK,
                "Metadata": {"aws:asset:path": file},
                "Properties": {"TemplateURL": f"https://s3.us-east-1.amazonaws.com/files/{file}"},
            }
        }
    }
    asset = FileAsset(path=file, packaging="file", bucket="files", key=file)
    made = stack(body, name=name, path=f"{name.rpartition('/')[2]}.json", assets=(asset,))
    return replace(made, nested=(inner,))


def unknown(where: Stack, logical_id: str) -> str | None:
    resource = where.template.resource(logical_id)
    return "unknown" if resource is not None and resource.resource_type == UNKNOWN else None


@pytest.mark.parametrize(("extra", "is_less"), [({"Nat": {"Type": UNKNOWN}}, True), ({}, False)])
def test_a_stack_is_given_less_if_only_one_far_within_is(extra: dict[str, Any], is_less: bool) -> None:  # noqa: FBT001
    innermost = stack({"Resources": {"Queue": QUEUE, **extra}}, name="A/Inner/Inner", path="C.json", parent="A/Inner")
    middle = replace(nest(innermost, "A/Inner"), parent="A")
    root = nest(replace(middle, assets=()), "A")
    root = replace(root, assets=(*root.assets, *middle.assets))  # as an assembly has it
    found, less = prune_stack(root, unknown)
    assert less.pruned == {}
    assert is_pruned(found, root) is is_less
    before, after = (stack.template.resource("Inner") for stack in (root, found))
    assert before is not None
    assert after is not None
    assert (before.properties != after.properties) is is_less
    assert len([asset for asset in found.assets if asset.content is not None]) == (2 if is_less else 0)


def test_an_endpoint_is_given_the_parent_whose_nested_stack_is_reduced(ministack: OwnedProcess, tmp_path: Path) -> None:
    inner = {"Resources": {"Nat": {"Type": UNKNOWN}, "Queue": QUEUE}}
    file = tmp_path / "Inner.nested.template.json"
    file.write_text(json.dumps(inner), encoding="utf-8")
    nested = stack(inner, name="Around/Inner", path=str(file), parent="Around")
    body = {
        "Resources": {
            "Inner": {
                "Type": STACK,
                "Metadata": {"aws:asset:path": file.name},
                "Properties": {"TemplateURL": "https://s3.us-east-1.amazonaws.com/files/around.json"},
            }
        }
    }
    asset = FileAsset(path=file.name, packaging="file", bucket="files", key="around.json")
    parent = stack(body, name="Around", path=str(tmp_path / "Around.template.json"), assets=(asset,))
    target = AwsTarget(endpoint_url=ministack.endpoint_url, region="eu-west-2")
    first, second = deploy([parent, nested], target)
    assert first.pruned == {}
    assert second.pruned == {"Nat": f"{ministack.endpoint_url} does not know {UNKNOWN}"}
    assert [resource.logical_id for resource in second.resources] == ["Queue"]
    target.destroy("Around")


@pytest.mark.parametrize(
    ("reason", "is_refusal"),
    [
        ("AWS::CloudWatch::Alarm Properties.Metrics (metric math) is not supported; use MetricName", True),
        ("Resource type AWS::X::Y is not supported", True),
        ("AWS::X::Y is not yet supported", True),
        ("CreateThing is not yet implemented", True),
        ("No resource provider found for AWS::X::Y", True),
        ("Engine version 15.3 is not supported", False),
        ("The runtime parameter of python2.7 is not supported for creating AWS Lambda functions", False),
        ("AWS::SSM::Parameter Type 'SecureString' is not supported by CloudFormation", False),
    ],
)
def test_only_what_the_emulator_lacks_is_a_refusal(reason: str, is_refusal: bool) -> None:  # noqa: FBT001
    row = {"LogicalResourceId": "R", "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": reason}
    client = RecordedClient({"describe_stack_events": {"StackEvents": [row]}})
    assert refusal_of(client, "Net", "it") == (("R", f"it refuses it: {reason}") if is_refusal else None)
