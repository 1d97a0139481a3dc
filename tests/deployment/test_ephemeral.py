"""Stacks for one run: separate names, nothing that outlives them, and an honest proof."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.calls.connection import Connection
from stackproof.deployment.ephemeral import OVERRIDES, ephemeral
from stackproof.deployment.ephemeral_stack import EphemeralStack
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import DriftStatus, ResourceProof
from stackproof.proof.overridden import without_overridden
from stackproof.template.assembly import FileAsset, Stack
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.template.location import Location
from tests.live_fakes import stack

TOPIC: dict[str, Any] = {"Type": "AWS::SNS::Topic"}


def overridden(resource: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The resource as it is deployed, and what is reported of it."""
    made = ephemeral([stack({"Resources": {"R": resource}})], "x")
    [own] = made.stacks
    assert own.template.resources[0].body == own.template.section("Resources")["R"]
    return dict(own.template.resources[0].body), [str(overridden) for overridden in made.overridden]


@pytest.mark.parametrize(("kind", "name"), OVERRIDES)
def test_what_is_switched_off_is_a_property_of_its_type(kind: str, name: str) -> None:
    schema = CfnLintSchemas().schema(kind)
    assert schema is not None
    assert name in schema.document["properties"]  # type: ignore[operator]


@pytest.mark.parametrize(("kind", "name"), OVERRIDES)
def test_protection_is_off_and_said_and_what_is_off_already_is_left_alone(kind: str, name: str) -> None:
    value = OVERRIDES[kind, name]
    body, said = overridden({"Type": kind, "Properties": {name: "otherwise"}})
    assert body["Properties"] == {name: value}
    assert f"Net/R ({kind}): Properties/{name} = {value}" in said
    body, said = overridden({"Type": kind, "Properties": {name: value}})
    assert body["Properties"] == {name: value}
    assert not any("Properties" in line for line in said)


def test_what_a_template_keeps_is_deleted() -> None:
    body, said = overridden({**TOPIC, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"})
    assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert said == [
        "Net/R (AWS::SNS::Topic): DeletionPolicy = Delete",
        "Net/R (AWS::SNS::Topic): UpdateReplacePolicy = Delete",
    ]


def test_a_database_leaves_no_snapshot_though_the_template_says_nothing() -> None:
    body, _ = overridden({"Type": "AWS::RDS::DBInstance"})
    assert body["DeletionPolicy"] == "Delete"


def test_a_load_balancer_loses_its_protection_and_nothing_else() -> None:
    kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    idle = {"Key": "idle_timeout.timeout_seconds", "Value": "60"}
    protected = {"Key": "deletion_protection.enabled", "Value": "true"}
    body, said = overridden({"Type": kind, "Properties": {"LoadBalancerAttributes": [protected, idle]}})
    assert body["Properties"]["LoadBalancerAttributes"] == [idle, {**protected, "Value": "false"}]
    assert said == [f"Net/R ({kind}): Properties/LoadBalancerAttributes = deletion_protection.enabled = false"]
    plain = {"Type": kind, "Properties": {"LoadBalancerAttributes": [idle]}}
    assert overridden(plain) == (plain, [])


def test_the_replicas_of_a_table_lose_their_protection() -> None:
    kind = "AWS::DynamoDB::GlobalTable"
    plain = {"Region": "eu-west-1"}
    replicas = [{"Region": "us-east-1", "DeletionProtectionEnabled": True}, plain]
    body, said = overridden({"Type": kind, "Properties": {"Replicas": replicas}})
    assert body["Properties"]["Replicas"] == [{"Region": "us-east-1", "DeletionProtectionEnabled": False}, plain]
    assert said == [f"Net/R ({kind}): Properties/Replicas = DeletionProtectionEnabled = False"]
    unprotected = {"Type": kind, "Properties": {"Replicas": [plain]}}
    assert overridden(unprotected) == (unprotected, [])


def test_exports_between_the_stacks_have_the_suffix_and_others_have_not() -> None:
    exports = {
        "A": {"Value": "1", "Export": {"Name": "Net:A"}},
        "B": {"Value": "2", "Export": {"Name": {"Fn::Sub": "${AWS::StackName}:B"}}},
        "C": {"Value": "3", "Export": None},
    }
    net = stack({"Resources": {"T": TOPIC}, "Outputs": exports})
    ours, foreign = {"Fn::ImportValue": "Net:A"}, {"Fn::ImportValue": "Other:A"}
    taking = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": ours, "TopicName": foreign, "Tags": ["Net:A"]}}
    app = stack({"Resources": {"T": taking}}, name="App", dependencies=("Net",))
    made = {stack.name: stack for stack in ephemeral([app, net], "x").stacks}
    assert sorted(made) == ["App-x", "Net-x"]
    assert made["App-x"].dependencies == (made["Net-x"].artifact,)
    outputs: Any = made["Net-x"].template.body["Outputs"]
    assert outputs["A"]["Export"] == {"Name": "Net:A-x"}
    assert outputs["B"] == exports["B"]
    assert made["App-x"].template.resources[0].properties == {
        "DisplayName": {"Fn::ImportValue": "Net:A-x"},
        "TopicName": foreign,
        "Tags": ["Net:A"],
    }


def test_a_nested_stack_is_another_file_that_its_parent_points_to() -> None:
    url = {"Fn::Join": ["", ["https://s3/", {"Ref": "Bucket"}, "/abc.json"]]}
    parent = stack(
        {
            "Resources": {
                "Nested": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}},
                "T": TOPIC,
            }
        },
        name="App",
        assets=(
            FileAsset(path="other.zip", packaging="zip", bucket="b", key="other.zip"),
            FileAsset(path="App.nested.template.json", packaging="file", bucket="b", key="abc.json"),
        ),
    )
    nested = stack(
        {"Resources": {"T": {**TOPIC, "DeletionPolicy": "Retain"}}},
        name="App/Nested",
        path="cdk.out/App.nested.template.json",
        parent="App",
    )
    made = ephemeral([parent, nested], "x")
    assert [stack.name for stack in made.stacks] == ["App-x", "App-x/Nested"]
    assert [stack.parent for stack in made.stacks] == [None, made.stacks[0].artifact]
    other, asset = made.stacks[0].assets
    assert other == parent.assets[0]
    assert '"DeletionPolicy":"Delete"' in str(asset.content)
    [resource, _] = made.stacks[0].template.resources
    joined: Any = resource.properties["TemplateURL"]
    assert joined["Fn::Join"][1][2] == f"/{asset.key}"
    assert made.stacks[0].template.section("Resources")["Nested"] == resource.body


def test_a_nested_stack_whose_file_is_not_known_is_left_as_it_is() -> None:
    nested = stack({"Resources": {"T": TOPIC}}, name="App/Nested", parent="App")
    made = ephemeral([stack({"Resources": {"T": TOPIC}}, name="App", path="A.json"), nested], "x")
    assert made.stacks[0].assets == ()


@given(st.text(alphabet="abc-", min_size=1, max_size=8))
def test_only_names_change_where_nothing_is_protected(suffix: str) -> None:
    original = stack({"Resources": {"T": TOPIC}, "Outputs": {"O": {"Value": {"Ref": "T"}}}})
    made = ephemeral([original], suffix)
    assert made.overridden == ()
    assert made.stacks[0].template.body == original.template.body
    assert made.stacks[0].name == f"Net-{suffix}"


def test_what_was_switched_off_is_not_proven() -> None:
    protected = {"Type": "AWS::RDS::DBInstance", "DeletionPolicy": "Retain", "Properties": {"DeletionProtection": True}}
    made = ephemeral([stack({"Resources": {"Db": protected}})], "x")
    proof = ResourceProof(
        location=Location(stack_name="Net", logical_id="Db"),
        physical_id="db",
        status=DriftStatus.IN_SYNC,
        proven=("/DeletionProtection", "/Engine"),
    )
    other = ResourceProof(
        location=Location(stack_name="Net", logical_id="T"), physical_id="t", status=DriftStatus.IN_SYNC, proven=("/A",)
    )
    lessened, same = without_overridden([proof, other], made.overridden)
    assert lessened.proven == ("/Engine",)
    assert [(unproven.path, unproven.reason) for unproven in lessened.unproven] == [
        ("/DeletionProtection", UnprovenReason.OVERRIDDEN)
    ]
    assert same == other


def test_what_is_noted_of_a_stack_reads_back_and_says_how_to_remove_it() -> None:
    noted = EphemeralStack(stack_name="Net-x", account="1", connection=Connection(region="eu-west-1", profile="dev"))
    assert EphemeralStack.from_dict(noted.to_dict()) == noted
    assert noted.command == "aws cloudformation delete-stack --stack-name Net-x --region eu-west-1 --profile dev"


def test_what_a_stack_far_within_keeps_is_deleted_too() -> None:
    def nest(name: str, inner: str) -> Stack:
        resource = {
            "Type": "AWS::CloudFormation::Stack",
            "Metadata": {"aws:asset:path": inner},
            "Properties": {"TemplateURL": f"https://s3/files/{inner}"},
        }
        return stack({"Resources": {"Inner": resource}}, name=name, path=f"{name[-1]}.json")

    assets = tuple(FileAsset(path=path, packaging="file", bucket="files", key=path) for path in ("B.json", "C.json"))
    root = replace(nest("A", "B.json"), assets=assets)
    middle = replace(nest("A/B", "C.json"), parent="A")
    kept = {"Resources": {"R": {**TOPIC, "DeletionPolicy": "Retain"}}}
    innermost = stack(kept, name="A/B/C", path="C.json", parent="A/B")
    made = ephemeral([root, middle, innermost], "x").stacks[0]
    assert made.name == "A-x"
    contents = {asset.path: asset.content or "" for asset in made.assets}
    assert '"DeletionPolicy":"Delete"' in contents["C.json"]
    assert next(asset.key for asset in made.assets if asset.path == "C.json") in contents["B.json"]
