"""The least policy for a stack: what it allows, on what, and what it leaves out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.json import JsonObject, canonical
from stackproof.proof.permissions import IamScope, Permissions, Purpose, Statement, compiled, partition_of
from stackproof.template.assembly import FileAsset, Stack
from tests.live_fakes import FakeSchemas, stack

READERS = {"AWS::SQS::Queue": ("sqs:GetQueueAttributes", "sqs:ListQueueTags"), "AWS::S3::Object": ("s3:GetObject",)}
HERE = IamScope(account="123456789012", region="eu-central-1")
SCHEMAS = FakeSchemas(
    {
        "AWS::New::Thing": {
            "handlers": {
                "create": {"permissions": ["new:CreateThing", "iam:PassRole"]},
                "read": {
                    "permissions": ["NEW:getThing", "new:ListTh*", "kms:Decrypt", "secretsmanager:GetSecretValue"]
                },
                "delete": {"permissions": ["new:DeleteThing", "new:REST.PUT"]},
            }
        },
        "AWS::SQS::Queue": {"handlers": {"update": {"permissions": ["sqs:SetQueueAttributes"]}}},
        "AWS::Old::Thing": {},
    }
)


class FakeActions:
    """Every action of sqs takes a queue, those of s3 a bucket or an object, many takes many."""

    def resources(self, action: str) -> tuple[str, ...] | None:
        found: dict[str, tuple[str, ...]] = {
            "sqs": ("arn:${Partition}:sqs:${Region}:${Account}:*",),
            "s3": ("arn:${Partition}:s3:::*",),
            "many": tuple(f"arn:${{Partition}}:many:${{Region}}:${{Account}}:{kind}/*" for kind in "abcd"),
            "cloudformation": ("arn:${Partition}:cloudformation:${Region}:${Account}:stack/*",),
            "ssm": ("arn:${Partition}:ssm:${Region}:${Account}:parameter/*",),
        }
        service = action.casefold().partition(":")[0]
        none = action in {"cloudformation:ListExports", "cloudformation:GetResource"}
        if service in {"ec2", "sts", "kms", "iam", "lambda"} or none:
            return ()
        return found.get(service)


def of(*types: str, purpose: Purpose = Purpose.PROVE, also: Sequence[str] = (), place: IamScope = HERE) -> Permissions:
    body = {"Resources": {f"R{number}": {"Type": resource_type} for number, resource_type in enumerate(types)}}
    return compiled([(stack(body), place)], purpose, readers=READERS, schemas=SCHEMAS, actions=FakeActions(), also=also)


def resources(found: Permissions) -> Mapping[str, tuple[str, ...]]:
    return {action: statement.resources for statement in found.statements for action in statement.actions}


def test_a_type_with_a_reader_needs_what_the_reader_declares_on_what_the_action_takes() -> None:
    found = of("AWS::SQS::Queue", "AWS::CDK::Metadata")
    assert resources(found)["sqs:ListQueueTags"] == ("arn:aws:sqs:eu-central-1:123456789012:*",)
    assert resources(found)["cloudformation:DescribeStacks"] == (
        "arn:aws:cloudformation:eu-central-1:123456789012:stack/Net/*",
    )
    assert resources(found)["sts:GetCallerIdentity"] == ("*",)
    assert (found.refused, found.unknown, found.unlisted) == ({}, (), ())
    assert not found.allows("cloudformation:GetResource")
    assert not found.allows("sqs:SetQueueAttributes")


def test_any_other_type_is_read_by_cloud_control_with_what_its_schema_names_less_what_no_audit_may() -> None:
    found = of("AWS::New::Thing", "AWS::Old::Thing", "AWS::No::Schema")
    assert found.allows("cloudformation:GetResource")
    assert {"new:getThing", "new:ListTh*"} <= set(found.actions)
    assert found.allows("new:ListThings")
    assert found.refused == {"AWS::New::Thing": ("kms:Decrypt", "secretsmanager:GetSecretValue")}
    assert not found.allows("kms:Decrypt")
    assert found.unknown == ("AWS::No::Schema", "AWS::Old::Thing")
    assert found.unlisted == ("new:getThing",)


def test_which_key_an_alias_stands_for_is_read_where_a_template_names_one() -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"KmsMasterKeyId": "alias/app"}}
    readers = {**READERS, "AWS::KMS::Alias": ("kms:ListAliases",)}
    named, other = (
        compiled(
            [(stack({"Resources": {"Queue": resource}}), HERE)],
            Purpose.PROVE,
            readers=readers,
            schemas=SCHEMAS,
            actions=FakeActions(),
        )
        for resource in (queue, {"Type": "AWS::SQS::Queue"})
    )
    assert (named.allows("kms:ListAliases"), other.allows("kms:ListAliases")) == (True, False)


def test_drift_is_asked_of_cloudformation_as_well() -> None:
    assert of("AWS::SQS::Queue", purpose=Purpose.DRIFT).allows("cloudformation:DetectStackDrift")
    assert not of("AWS::SQS::Queue").allows("cloudformation:DetectStackDrift")


def test_what_is_needed_besides_is_added_and_many_arns_become_one() -> None:
    found = of(also=["many:GetAll"])
    assert resources(found)["many:GetAll"] == ("arn:aws:many:eu-central-1:123456789012:*",)


def test_deploying_needs_what_cloudformation_does_for_the_caller() -> None:
    found = of("AWS::New::Thing", "AWS::SQS::Queue", "Custom::Thing", purpose=Purpose.DEPLOY)
    for action in ("new:CreateThing", "iam:PassRole", "new:DeleteThing", "sqs:SetQueueAttributes", "kms:Decrypt"):
        assert found.allows(action), action
    for action in ("cloudformation:ExecuteChangeSet", "s3:PutObject", "ssm:GetParameters", "lambda:InvokeFunction"):
        assert found.allows(action), action
    assert "new:REST.PUT" not in found.actions
    assert "new:REST.PUT" in found.unlisted
    assert of("AWS::Old::Thing", purpose=Purpose.DEPLOY).unknown == ("AWS::Old::Thing",)
    assert of("AWS::No::Schema", purpose=Purpose.DEPLOY).unknown == ("AWS::No::Schema",)


def test_deploying_needs_what_a_tear_down_empties_and_what_a_flow_calls_where_there_may_be_one() -> None:
    emptied = of("AWS::S3::Bucket", "AWS::SNS::Topic", purpose=Purpose.DEPLOY)
    assert {"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"} <= set(emptied.actions)
    assert not emptied.allows("sns:Subscribe")
    flow = ("AWS::Kinesis::Stream", "AWS::Lambda::EventSourceMapping", "AWS::SNS::Topic")
    assert {"kinesis:PutRecord", "sns:Subscribe", "sqs:ReceiveMessage"} <= set(
        of(*flow, purpose=Purpose.DEPLOY).actions
    )
    assert not of(*flow).allows("kinesis:PutRecord")


def test_an_ephemeral_stack_is_deployed_under_the_same_policy() -> None:
    on = resources(of("AWS::SQS::Queue", purpose=Purpose.DEPLOY))["cloudformation:DeleteStack"]
    assert [arn.rpartition(":")[2] for arn in on] == ["stack/Net-ephemeral-*", "stack/Net/*"]


def test_what_an_audit_asks_of_a_stack_is_for_that_stack_alone() -> None:
    found = of("AWS::SQS::Queue", purpose=Purpose.DRIFT, also=["cloudformation:GetTemplate", "many:GetAll"])
    assert [arn.rpartition(":")[2] for arn in resources(found)["cloudformation:GetTemplate"]] == [
        "stack/*",  # templates of other stacks tell what they declare
        "stack/Net/*",
    ]
    assert found.allows("many:GetAll")


def test_files_are_read_and_put_in_the_buckets_of_the_assembly_alone() -> None:
    asset = FileAsset(path="a", packaging="file", bucket="files-${AWS::AccountId}-${AWS::Region}", key="k")
    made = stack({"Resources": {"Object": {"Type": "AWS::S3::Object"}}}, assets=(asset,))
    bucket = "arn:aws:s3:::files-123456789012-eu-central-1"
    proving, deploying = (
        resources(compiled([(made, HERE)], purpose, readers=READERS, schemas=SCHEMAS, actions=FakeActions()))
        for purpose in (Purpose.PROVE, Purpose.DEPLOY)
    )
    assert proving["s3:GetObject"] == (f"{bucket}/*",)
    assert deploying["s3:PutObject"] == (bucket, f"{bucket}/*")
    assert resources(of("AWS::S3::Object"))["s3:GetObject"] == ("arn:aws:s3:::*",)


def test_nested_stacks_bear_their_parents_name() -> None:
    found = resources(of("AWS::CloudFormation::Stack"))["cloudformation:DescribeStacks"]
    assert [arn.rpartition(":")[2] for arn in found] == ["stack/Net-*", "stack/Net/*"]


def test_stacks_of_several_places_are_one_policy() -> None:
    made = stack({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    there = IamScope(account="*", region="cn-north-1")
    found = compiled(
        [(made, HERE), (made, there)], Purpose.PROVE, readers=READERS, schemas=SCHEMAS, actions=FakeActions()
    )
    assert resources(found)["sqs:ListQueueTags"] == (
        "arn:aws-cn:sqs:cn-north-1:*:*",
        "arn:aws:sqs:eu-central-1:123456789012:*",
    )


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("*", "aws")],
)
def test_a_region_tells_its_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition


statements = st.builds(
    Statement,
    service=st.sampled_from(["sqs", "s3", "application-autoscaling"]),
    resources=st.just(("*",)),
    actions=st.lists(st.sampled_from([f"sqs:Action{n}" for n in range(40)]), min_size=1, unique=True).map(tuple),
)


@given(some=st.lists(statements, max_size=5), size=st.integers(200, 900))
def test_parts_are_small_enough_and_lose_nothing(some: list[Statement], size: int) -> None:
    found = Permissions(statements=tuple(some))
    parts = found.documents(size)
    assert all(len(canonical(part)) <= size for part in parts)
    assert sorted(_actions(parts)) == sorted(_actions([found.document()]))
    for part in parts:
        sids = [row["Sid"] for row in json.loads(canonical(part))["Statement"]]
        assert len(set(sids)) == len(sids)


def _actions(documents: Sequence[JsonObject]) -> list[str]:
    return [
        action
        for document in documents
        for row in json.loads(canonical(document))["Statement"]
        for action in row["Action"]
    ]


def test_an_action_that_is_larger_than_a_part_is_an_error() -> None:
    with pytest.raises(ValueError, match="sqs:A by itself has more than 50 characters"):
        Permissions(statements=(Statement(service="sqs", resources=("*",), actions=("sqs:A",)),)).documents(50)


def test_the_order_of_resources_changes_nothing() -> None:
    one, other = of("AWS::SQS::Queue", "AWS::New::Thing"), of("AWS::New::Thing", "AWS::SQS::Queue")
    assert one == other
    assert isinstance(Stack(name="*", template=stack({"Resources": {}}).template), Stack)
