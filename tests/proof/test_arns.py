"""ARNs out of physical ids, in the form that each service gives them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stackproof.proof.arns import arn_of
from tests.live_fakes import deployment, template

_SAID = {
    "AWS::DynamoDB::Table": ("orders", "arn:aws:dynamodb:us-east-1:123456789012:table/orders"),
    "AWS::IAM::Role": ("reader", "arn:aws:iam::123456789012:role/reader"),
    "AWS::KMS::Key": ("1234-abcd", "arn:aws:kms:us-east-1:123456789012:key/1234-abcd"),
    "AWS::Kinesis::Stream": ("clicks", "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"),
    "AWS::Lambda::Function": ("handle", "arn:aws:lambda:us-east-1:123456789012:function:handle"),
    "AWS::Logs::LogGroup": ("/aws/x", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/x:*"),
    "AWS::S3::Bucket": ("files", "arn:aws:s3:::files"),
    "AWS::SQS::Queue": (
        "https://sqs.us-east-1.amazonaws.com/123456789012/jobs",
        "arn:aws:sqs:us-east-1:123456789012:jobs",
    ),
    "AWS::SNS::Subscription": ("arn:…", None),
}


@pytest.mark.parametrize("resource_type", sorted(_SAID))
def test_the_arn_of_each_type(resource_type: str) -> None:
    physical_id, arn = _SAID[resource_type]
    (resource,) = template({"Resources": {"Thing": {"Type": resource_type}}}).resources
    assert arn_of(resource, physical_id, deployment({})) == arn


def test_the_partition_is_the_deployments() -> None:
    (resource,) = template({"Resources": {"Thing": {"Type": "AWS::S3::Bucket"}}}).resources
    assert arn_of(resource, "files", replace(deployment({}), partition="aws-cn")) == "arn:aws-cn:s3:::files"


def test_a_path_is_not_in_the_physical_id_of_a_role() -> None:
    body = {"Resources": {"Thing": {"Type": "AWS::IAM::Role", "Properties": {"Path": "/team/"}}}}
    assert arn_of(template(body).resources[0], "reader", deployment({})) is None
