"""What is live of each resource type, read through its service's own API; one small function for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.ports import Reader
from stackproof.readers import (
    cloudwatch,
    ec2,
    iam,
    kinesis,
    kms,
    lambdas,
    logs,
    rds,
    secretsmanager,
    security_groups,
    sns,
    sqs,
)

__all__ = ["READERS"]

READERS: Final[Mapping[str, Reader]] = {
    **cloudwatch.READERS,
    **ec2.READERS,
    **iam.READERS,
    **kinesis.READERS,
    **kms.READERS,
    **lambdas.READERS,
    **logs.READERS,
    **rds.READERS,
    **secretsmanager.READERS,
    **security_groups.READERS,
    **sns.READERS,
    **sqs.READERS,
}
"""Which function reads which type."""
