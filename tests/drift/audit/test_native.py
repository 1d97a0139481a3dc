"""CloudFormation's own detection beside ours: in values, and on an emulator that has one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.audit.native import side_by_side
from stackproof.drift.native_drift import NativeDrift, NativeRow
from stackproof.drift.stack_audit import StackAudit
from stackproof.proof.observation import Change, DriftStatus, PropertyDifference, ResourceProof, Unproven
from stackproof.targets.emulators.ministack import MiniStackTarget, start_ministack
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.template.location import Location
from tests.drift.conftest import auditor_of
from tests.live_fakes import stack

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_OTHER_TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, '
    '"Action": "sts:AssumeRole"}]}'
)
BODY: dict[str, Any] = {
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "orders"}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": _TRUST, "Description": "of the app", "MaxSessionDuration": 3600},
        },
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}},
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
                "DeletionProtectionEnabled": False,
            },
        },
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": "1", "Description": "a number"},
        },
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Description": "of the app"}},
        "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.12",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Timeout": 10,
                "MemorySize": 256,
                "Environment": {"Variables": {"STAGE": "dev"}},
                "Code": {"ZipFile": "def handler(event, context):\n    return None\n"},
            },
        },
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 day)"}},
        "Gone": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 5}},
    }
}

CHANGES: dict[str, Callable[[Callable[[str], Any], dict[str, str]], Any]] = {
    "Queue": lambda c, i: c("sqs").set_queue_attributes(QueueUrl=i["Queue"], Attributes={"VisibilityTimeout": "5"}),
    "Topic": lambda c, i: c("sns").set_topic_attributes(
        TopicArn=i["Topic"], AttributeName="DisplayName", AttributeValue="other"
    ),
    "Role": lambda c, i: c("iam").update_assume_role_policy(RoleName=i["Role"], PolicyDocument=_OTHER_TRUST),
    "Log": lambda c, i: c("logs").put_retention_policy(logGroupName=i["Log"], retentionInDays=1),
    "Table": lambda c, i: c("dynamodb").update_table(TableName=i["Table"], DeletionProtectionEnabled=True),
    "Bucket": lambda c, i: c("s3").put_bucket_versioning(
        Bucket=i["Bucket"], VersioningConfiguration={"Status": "Suspended"}
    ),
    "Parameter": lambda c, i: c("ssm").put_parameter(
        Name=i["Parameter"], Value="2", Type="String", Description="a number", Overwrite=True
    ),
    "Secret": lambda c, i: c("secretsmanager").update_secret(SecretId=i["Secret"], Description="other"),
    "Function": lambda c, i: c("lambda").update_function_configuration(FunctionName=i["Function"], Timeout=60),
    "Gone": lambda c, i: c("sqs").delete_queue(QueueUrl=i["Gone"]),
    # CloudFormation sees neither: no property of the one is compared, and the other one is a child.
    "Stream": lambda c, i: c("kinesis").update_shard_count(
        StreamName=i["Stream"], TargetShardCount=2, ScalingType="UNIFORM_SCALING"
    ),
    "Child": lambda c, i: c("iam").put_role_policy(
        RoleName=i["Role"],
        PolicyName="extra",
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    ),
}


@pytest.fixture(scope="module")
def ministack(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = start_ministack(os.getpid(), tmp_path_factory.mktemp("ministack"))
    yield process
    process.stop()


def test_all_that_cloudformations_own_detection_sees_is_seen_and_more(ministack: OwnedProcess) -> None:
    target = MiniStackTarget(ministack.endpoint_url)
    deployed = target.deploy(stack(BODY, name="Native"))
    ids = {resource.logical_id: resource.physical_id for resource in deployed.resources}

    def snapshot() -> StackAudit:
        found = auditor_of(target, native=True).audited(["Native"])
        assert [
            notification.message for notification in found.notifications if notification.level.value == "error"
        ] == []
        [audit] = found.audits
        assert audit.native is not None
        return audit

    untouched = snapshot()
    assert untouched.native == ()
    assert untouched.differences == ()
    for change in CHANGES.values():
        with target.writing("tampering"):
            change(target.client, ids)
    audit = snapshot()
    rows = audit.native or ()
    both = {row.logical_id for row in rows if row.seen_by == "both"}
    assert [row for row in rows if row.seen_by == "cloudformation"] == []
    assert both == set(CHANGES) - {"Stream", "Child"}
    assert {row.logical_id for row in rows if row.seen_by == "stackproof"} == {"Stream"}
    children = {
        (difference.location.logical_id, difference.child_id) for difference in audit.differences if difference.child_id
    }
    assert children == {("Role", "extra")}


def proof(name: str, *paths: str, status: DriftStatus = DriftStatus.MODIFIED, **unproven: str) -> ResourceProof:
    return ResourceProof(
        location=Location(logical_id=name),
        physical_id="x",
        status=status,
        differences=tuple(
            PropertyDifference(path=path, expected=1, actual=2, change=Change.NOT_EQUAL) for path in paths
        ),
        unproven=tuple(Unproven(path=f"/{key}", reason=UnprovenReason(why)) for key, why in unproven.items()),
    )


def test_a_property_and_one_below_it_are_the_same_sighting() -> None:
    rows = side_by_side([proof("A", "/Tags")], [NativeDrift(logical_id="A", status="MODIFIED", paths=("/Tags/0",))])
    assert rows == (NativeRow(logical_id="A", property_path="/Tags", seen_by="both"),)


def test_what_only_one_of_the_two_sees_is_told_with_the_reason_of_the_other() -> None:
    rows = side_by_side(
        [
            proof("A", "/Size", Value="write_only"),
            proof("B", status=DriftStatus.DELETED),
            proof("C", "/Name"),
            proof("D", status=DriftStatus.IN_SYNC),
        ],
        [
            NativeDrift(logical_id="A", status="MODIFIED", paths=("/Value",)),
            NativeDrift(logical_id="B", status="DELETED"),
            NativeDrift(logical_id="C", status="NOT_CHECKED"),
            NativeDrift(logical_id="D", status="IN_SYNC"),
            NativeDrift(logical_id="Z", status="DELETED"),
        ],
    )
    assert [(row.logical_id, row.property_path, row.seen_by, row.detail) for row in rows] == [
        ("A", "/Size", "stackproof", ""),
        ("A", "/Value", "cloudformation", "write_only"),
        ("B", "", "both", ""),
        ("C", "/Name", "stackproof", "NOT_CHECKED"),
        ("Z", "", "cloudformation", "the template has no such resource"),
    ]
