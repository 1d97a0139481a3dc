"""From a call to the IAM action that allows it, as AWS's service authorization reference has them."""

from __future__ import annotations

from typing import Final

from botocore import xform_name
from botocore.session import Session

_PREFIXES: Final = {
    "apigatewayv2": "apigateway",
    "efs": "elasticfilesystem",
    "elbv2": "elasticloadbalancing",
    "opensearch": "es",
    "stepfunctions": "states",
}
_NAMED_OTHERWISE: Final = {
    ("s3", "get_bucket_accelerate_configuration"): "s3:GetAccelerateConfiguration",
    ("s3", "get_bucket_cors"): "s3:GetBucketCORS",
    ("s3", "get_bucket_encryption"): "s3:GetEncryptionConfiguration",
    ("s3", "get_bucket_lifecycle_configuration"): "s3:GetLifecycleConfiguration",
    ("s3", "get_bucket_notification_configuration"): "s3:GetBucketNotification",
    ("s3", "get_bucket_replication"): "s3:GetReplicationConfiguration",
    ("s3", "get_object_lock_configuration"): "s3:GetBucketObjectLockConfiguration",
    ("s3", "get_public_access_block"): "s3:GetBucketPublicAccessBlock",
    ("s3", "head_bucket"): "s3:ListBucket",
}


def action_of(service: str, operation: str) -> str:
    """The action of one call. API Gateway has one for each HTTP method instead."""
    if service in {"apigateway", "apigatewayv2"}:
        return "apigateway:GET"
    if (service, operation) in _NAMED_OTHERWISE:
        return _NAMED_OTHERWISE[service, operation]
    names = Session().get_service_model(service).operation_names
    name = next(each for each in names if xform_name(each) == operation)
    return f"{_PREFIXES.get(service, service)}:{name}"
