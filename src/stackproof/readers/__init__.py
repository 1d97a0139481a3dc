"""What is live of each resource type, read through its service's own API; one small function for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.ports import Reader
from stackproof.readers import (
    cloudwatch,
    dynamodb,
    ec2,
    ec2_instances,
    ec2_links,
    events,
    iam,
    iam_principals,
    kinesis,
    kms,
    lambda_versions,
    lambdas,
    log_filters,
    logs,
    rds,
    s3,
    secretsmanager,
    security_groups,
    sns,
    sqs,
    ssm,
    stepfunctions,
)

__all__ = ["READERS"]

READERS: Final[Mapping[str, Reader]] = {
    **cloudwatch.READERS,
    **dynamodb.READERS,
    **ec2.READERS,
    **ec2_instances.READERS,
    **ec2_links.READERS,
    **events.READERS,
    **iam.READERS,
    **iam_principals.READERS,
    **kinesis.READERS,
    **kms.READERS,
    **lambda_versions.READERS,
    **lambdas.READERS,
    **log_filters.READERS,
    **logs.READERS,
    **rds.READERS,
    **s3.READERS,
    **secretsmanager.READERS,
    **security_groups.READERS,
    **sns.READERS,
    **sqs.READERS,
    **ssm.READERS,
    **stepfunctions.READERS,
}
"""Which function reads which type."""
