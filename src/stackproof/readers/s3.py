"""Buckets and their policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, chosen, found_or_none, parsed, reads, tag_list
from stackproof.readers.s3_rules import lifecycle_rule, replication_rule

__all__ = ["READERS"]

_GONE: Final = ("NoSuchBucket", "404", "NotFound")
_NOT_SET: Final = {
    "get_bucket_cors": "NoSuchCORSConfiguration",
    "get_bucket_encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "get_bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
    "get_bucket_ownership_controls": "OwnershipControlsNotFoundError",
    "get_bucket_replication": "ReplicationConfigurationNotFoundError",
    "get_bucket_tagging": "NoSuchTagSet",
    "get_bucket_website": "NoSuchWebsiteConfiguration",
    "get_object_lock_configuration": "ObjectLockConfigurationNotFoundError",
    "get_public_access_block": "NoSuchPublicAccessBlockConfiguration",
}
"""What a service answers where nothing is configured."""


def _encryption(answer: Mapping[str, Any]) -> JsonValue:
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    return {
        "ServerSideEncryptionConfiguration": [
            {
                **chosen(rule, ("BucketKeyEnabled", "BlockedEncryptionTypes")),
                "ServerSideEncryptionByDefault": {
                    "SSEAlgorithm": rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm"),
                    "KMSMasterKeyID": rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID"),
                },
            }
            for rule in rules
        ]
    }


def _cors(answer: Mapping[str, Any]) -> JsonValue:
    names = {"ExposeHeaders": "ExposedHeaders", "MaxAgeSeconds": "MaxAge", "ID": "Id"}
    return {"CorsRules": [{names.get(key, key): value for key, value in rule.items()} for rule in answer["CORSRules"]]}


def _lifecycle(answer: Mapping[str, Any]) -> JsonValue:
    return {
        **chosen(answer, ("TransitionDefaultMinimumObjectSize",)),
        "Rules": [lifecycle_rule(rule) for rule in answer["Rules"]],
    }


def _logging(answer: Mapping[str, Any]) -> JsonValue:
    live = answer.get("LoggingEnabled")
    if not live:
        return None
    return {
        "DestinationBucketName": live["TargetBucket"],
        "LogFilePrefix": live.get("TargetPrefix") or None,
        **chosen(live, ("TargetObjectKeyFormat",)),
    }


_NOTIFIED: Final = {
    "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
    "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
    "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
}


def _notification(answer: Mapping[str, Any]) -> JsonValue:
    """One entry for each event, as CloudFormation writes them; the service keeps several in one."""
    found: dict[str, JsonValue] = {}
    for name, (listed, member, arn) in _NOTIFIED.items():
        entries: list[JsonValue] = []
        for notification in answer.get(listed, ()):
            rules = [
                chosen(rule, ("Name", "Value"))
                for rule in notification.get("Filter", {}).get("Key", {}).get("FilterRules", ())
            ]
            where = {"Filter": {"S3Key": {"Rules": rules}}} if rules else {}
            entries.extend({"Event": event, member: notification[arn], **where} for event in notification["Events"])
        if entries:
            found[name] = entries
    if "EventBridgeConfiguration" in answer:
        found["EventBridgeConfiguration"] = {"EventBridgeEnabled": True}
    return found or None


def _website(answer: Mapping[str, Any]) -> JsonValue:
    routes = [
        {
            "RedirectRule": rule.get("Redirect"),
            **({"RoutingRuleCondition": rule["Condition"]} if rule.get("Condition") else {}),
        }
        for rule in answer.get("RoutingRules", ())
    ]
    return {
        "IndexDocument": answer.get("IndexDocument", {}).get("Suffix"),
        "ErrorDocument": answer.get("ErrorDocument", {}).get("Key"),
        **chosen(answer, ("RedirectAllRequestsTo",)),
        **({"RoutingRules": routes} if routes else {}),
    }


def _replication(answer: Mapping[str, Any]) -> JsonValue:
    live = answer["ReplicationConfiguration"]
    return {"Role": live["Role"], "Rules": [replication_rule(rule) for rule in live["Rules"]]}


def _object_lock(answer: Mapping[str, Any]) -> JsonValue:
    found: JsonValue = chosen(answer["ObjectLockConfiguration"], ("ObjectLockEnabled", "Rule"))
    return found


_Read = Callable[[Mapping[str, Any]], JsonValue]
_ALWAYS: Final[Mapping[str, tuple[str, _Read]]] = {
    "BucketEncryption": ("get_bucket_encryption", _encryption),
    "LifecycleConfiguration": ("get_bucket_lifecycle_configuration", _lifecycle),
    "LoggingConfiguration": ("get_bucket_logging", _logging),
    "NotificationConfiguration": ("get_bucket_notification_configuration", _notification),
    "OwnershipControls": ("get_bucket_ownership_controls", lambda answer: answer["OwnershipControls"]),
    "PublicAccessBlockConfiguration": (
        "get_public_access_block",
        lambda answer: answer["PublicAccessBlockConfiguration"],
    ),
    "Tags": ("get_bucket_tagging", lambda answer: tag_list(answer["TagSet"])),
    "VersioningConfiguration": ("get_bucket_versioning", lambda answer: chosen(answer, ("Status",)) or None),
}
_WHERE_SET: Final[Mapping[str, tuple[str, _Read]]] = {
    "AccelerateConfiguration": (
        "get_bucket_accelerate_configuration",
        lambda answer: {"AccelerationStatus": answer["Status"]} if answer.get("Status") else None,
    ),
    "CorsConfiguration": ("get_bucket_cors", _cors),
    "ObjectLockConfiguration": ("get_object_lock_configuration", _object_lock),
    "ReplicationConfiguration": ("get_bucket_replication", _replication),
    "WebsiteConfiguration": ("get_bucket_website", _website),
}
"""Rarely set, and a call each: read only where the template sets them."""


def read_bucket(request: ReadRequest) -> Reading | None:
    """HeadBucket, and one call for each of its configurations."""
    client = request.client("s3")
    bucket = request.physical_id
    if found_or_none(lambda: client.head_bucket(Bucket=bucket), *_GONE) is None:
        return None
    builder = ReadingBuilder(request)
    wanted = {
        **_ALWAYS,
        **{name: configuration for name, configuration in _WHERE_SET.items() if name in request.expected},
    }
    properties: dict[str, JsonValue] = {
        name: builder.call(f"/{name}", partial(_configuration, client, bucket, *configuration), None)
        for name, configuration in wanted.items()
    }
    if "ObjectLockEnabled" in request.expected:
        lock = builder.call(
            "/ObjectLockEnabled", partial(_configuration, client, bucket, *_WHERE_SET["ObjectLockConfiguration"]), None
        )
        properties["ObjectLockEnabled"] = isinstance(lock, Mapping) and lock.get("ObjectLockEnabled") == "Enabled"
    suffix = "amazonaws.com.cn" if request.partition == "aws-cn" else "amazonaws.com"
    return builder.build(
        {"BucketName": bucket, **properties},
        {
            "Arn": f"arn:{request.partition}:s3:::{bucket}",
            "DomainName": f"{bucket}.s3.{suffix}",
            "DualStackDomainName": f"{bucket}.s3.dualstack.{request.region}.{suffix}",
            "RegionalDomainName": f"{bucket}.s3.{request.region}.{suffix}",
        },
    )


def _configuration(client: Any, bucket: str, operation: str, read: _Read) -> JsonValue:
    absent = (_NOT_SET[operation],) if operation in _NOT_SET else ()
    answer = found_or_none(lambda: getattr(client, operation)(Bucket=bucket), *absent)
    return None if answer is None else read(answer)


def read_bucket_policy(request: ReadRequest) -> Reading | None:
    """GetBucketPolicy."""
    client = request.client("s3")
    bucket = str(request.expected.get("Bucket") or request.physical_id)
    answer = found_or_none(lambda: client.get_bucket_policy(Bucket=bucket), "NoSuchBucketPolicy", *_GONE)
    if answer is None:
        return None
    return ReadingBuilder(request).build({"Bucket": bucket, "PolicyDocument": parsed(answer["Policy"])}, {})


READERS: Final[Mapping[str, Reader]] = {
    "AWS::S3::Bucket": reads(
        read_bucket,
        "s3:ListBucket",
        "s3:GetAccelerateConfiguration",
        "s3:GetBucketCORS",
        "s3:GetBucketLogging",
        "s3:GetBucketNotification",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketTagging",
        "s3:GetBucketVersioning",
        "s3:GetBucketWebsite",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
    ),
    "AWS::S3::BucketPolicy": reads(read_bucket_policy, "s3:GetBucketPolicy"),
}
