"""Lists of live resources over recorded answers: what AWS makes for itself is not in them."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.drift.child import Listed
from stackproof.readers.inventory import LISTINGS
from stackproof.targets.guard import reads_only
from tests.live_fakes import recorded


def listed(kind: str, **answers: Any) -> list[tuple[str, str, str | None]]:
    found = LISTINGS[kind].read(recorded(**answers))
    return [(listed.physical_id, listed.name, listed.vpc_id) for listed in found]


def test_every_action_only_reads() -> None:
    actions = [action for listing in LISTINGS.values() for action in listing.actions]
    assert [action for action in actions if not reads_only(action.partition(":")[2], {})] == []


@pytest.mark.parametrize(
    ("kind", "operation", "key", "own", "other", "found"),
    [
        (
            "AWS::EC2::VPC",
            "describe_vpcs",
            "Vpcs",
            {"VpcId": "v-0", "IsDefault": True},
            {"VpcId": "v-1"},
            ("v-1", "v-1", "v-1"),
        ),
        (
            "AWS::EC2::SecurityGroup",
            "describe_security_groups",
            "SecurityGroups",
            {"GroupId": "s-0", "GroupName": "default"},
            {"GroupId": "s-1", "GroupName": "web", "VpcId": "v"},
            ("s-1", "web", "v"),
        ),
        (
            "AWS::EC2::Subnet",
            "describe_subnets",
            "Subnets",
            {"SubnetId": "n-0", "DefaultForAz": True},
            {"SubnetId": "n-1", "VpcId": "v", "Tags": [{"Key": "Name", "Value": "a"}]},
            ("n-1", "a", "v"),
        ),
        (
            "AWS::EC2::RouteTable",
            "describe_route_tables",
            "RouteTables",
            {"RouteTableId": "r-0", "Associations": [{"Main": True}]},
            {"RouteTableId": "r-1", "VpcId": "v"},
            ("r-1", "r-1", "v"),
        ),
        (
            "AWS::EC2::InternetGateway",
            "describe_internet_gateways",
            "InternetGateways",
            {"InternetGatewayId": "i-0", "State": "deleted"},
            {"InternetGatewayId": "i-1", "Attachments": [{"VpcId": "v"}]},
            ("i-1", "i-1", "v"),
        ),
        (
            "AWS::IAM::Role",
            "list_roles",
            "Roles",
            {"RoleName": "x", "Path": "/aws-service-role/rds/"},
            {"RoleName": "r", "Path": "/", "Arn": "a"},
            ("r", "r", None),
        ),
        (
            "AWS::Logs::LogGroup",
            "describe_log_groups",
            "logGroups",
            {"logGroupName": "/aws/lambda/f"},
            {"logGroupName": "app", "arn": "a:*"},
            ("app", "app", None),
        ),
        (
            "AWS::SecretsManager::Secret",
            "list_secrets",
            "SecretList",
            {"Name": "rds!1", "OwningService": "rds"},
            {"Name": "s", "ARN": "a"},
            ("a", "s", None),
        ),
        (
            "AWS::CloudWatch::Alarm",
            "describe_alarms",
            "MetricAlarms",
            {"AlarmName": "TargetTracking-x"},
            {"AlarmName": "a"},
            ("a", "a", None),
        ),
        ("AWS::Events::Rule", "list_rules", "Rules", {"Name": "x", "ManagedBy": "y"}, {"Name": "r"}, ("r", "r", None)),
    ],
)
def test_what_aws_makes_for_itself_is_left_out(
    kind: str, operation: str, key: str, own: dict[str, Any], other: dict[str, Any], found: tuple[str, str, str | None]
) -> None:
    assert listed(kind, **{operation: {key: [own, other]}}) == [found]


def test_instances_that_a_group_started_are_the_groups() -> None:
    tags = [{"Key": "aws:autoscaling:groupName", "Value": "g"}]
    instances = [
        {"InstanceId": "i-0", "State": {"Name": "running"}, "Tags": tags},
        {"InstanceId": "i-1", "State": {"Name": "terminated"}},
        {"InstanceId": "i-2", "State": {"Name": "running"}, "VpcId": "v"},
    ]
    answer = {"Reservations": [{"Instances": instances}]}
    assert listed("AWS::EC2::Instance", describe_instances=answer) == [("i-2", "i-2", "v")]


def test_names_alone_are_enough() -> None:
    assert listed("AWS::Kinesis::Stream", list_streams={"StreamNames": ["s"]}) == [("s", "s", None)]
    assert listed("AWS::DynamoDB::Table", list_tables={"TableNames": ["t"]}) == [("t", "t", None)]
    assert listed("AWS::SQS::Queue", list_queues={}) == []


def test_keys_of_aws_and_those_that_are_to_be_deleted_are_left_out() -> None:
    kinds = {"a": ("AWS", "Enabled"), "b": ("CUSTOMER", "PendingDeletion"), "c": ("CUSTOMER", "Enabled")}

    def described(KeyId: str) -> dict[str, Any]:  # noqa: N803 - botocore's names
        manager, state = kinds[KeyId]
        return {"KeyMetadata": {"KeyManager": manager, "KeyState": state}}

    keys = {"Keys": [{"KeyId": kind, "KeyArn": f"arn:{kind}"} for kind in kinds]}
    assert listed("AWS::KMS::Key", list_keys=keys, describe_key=described) == [("c", "c", None)]


TAG = {"Key": "aws:cloudformation:stack-id", "Value": "arn:aws:cloudformation:eu-west-1:1:stack/Other/1"}


@pytest.mark.parametrize(
    ("kind", "operation", "member"),
    [
        ("AWS::IAM::Role", "get_role", "Role"),
        ("AWS::IAM::User", "get_user", "User"),
        ("AWS::IAM::ManagedPolicy", "get_policy", "Policy"),
    ],
)
def test_the_region_of_an_identity_is_that_of_the_stack_in_its_tags(kind: str, operation: str, member: str) -> None:
    tags: list[list[dict[str, str]]] = [[{"Key": "app", "Value": "x"}, TAG], [{"Key": "app", "Value": "x"}], []]
    assert [region(kind, **{operation: {member: {"Tags": tag}}}) for tag in tags] == ["eu-west-1", None, None]
    assert region(kind, **{operation: {member: {}}}) is None


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({}, "us-east-1"),
        ({"LocationConstraint": "EU"}, "eu-west-1"),
        ({"LocationConstraint": "eu-north-1"}, "eu-north-1"),
    ],
)
def test_the_region_of_a_bucket_is_where_it_lies(answer: dict[str, str], found: str) -> None:
    assert region("AWS::S3::Bucket", get_bucket_location=answer) == found


def region(kind: str, **answers: Any) -> str | None:
    asked = LISTINGS[kind].region_of
    assert asked is not None
    one = Listed(resource_type=kind, physical_id="x", name="x", arn="arn:x")
    return asked(recorded(**answers), one)
