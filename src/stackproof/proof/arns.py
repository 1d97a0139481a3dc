"""ARNs that follow from a physical id: what refers to a resource can be compared even if that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.deployment.deployment import Deployment
from stackproof.template.template import Resource

__all__ = ["arn_of"]

_ARNS: Final[Mapping[str, str]] = {
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{name}",
    "AWS::Kinesis::Stream": "kinesis:{region}:{account}:stream/{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
}
"""By type, what comes after the partition; of a queue's URL only the last part is the name."""


def arn_of(resource: Resource, physical_id: str, deployment: Deployment) -> str | None:
    """The attribute `Arn` of a deployed resource; None if the physical id does not have all parts of it.

    It is also None for a role with a `Path`, and for a type that is not in the table.
    """
    pattern = _ARNS.get(resource.resource_type)
    if pattern is None or (resource.resource_type == "AWS::IAM::Role" and resource.properties.get("Path", "/") != "/"):
        return None
    name = physical_id.rpartition("/")[2] if resource.resource_type == "AWS::SQS::Queue" else physical_id
    rest = pattern.format(region=deployment.region, account=deployment.account, name=name)
    return f"arn:{deployment.partition}:{rest}"
