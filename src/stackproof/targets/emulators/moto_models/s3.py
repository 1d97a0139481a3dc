"""Buckets and their policies."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document

__all__ = ["HANDLERS"]

_Given = Mapping[str, Any]
_WORDS: Final = re.compile(r"(?<!^)([A-Z])")


def _create_bucket(call: Call) -> Created:
    name = call.name.lower()
    where = {} if call.region == "us-east-1" else {"LocationConstraint": call.region}
    locked = {"ObjectLockEnabledForBucket": call.get("ObjectLockEnabled", False)}
    call.send("s3", "create_bucket", Bucket=name, CreateBucketConfiguration=where or None, **locked)
    if "AccessControl" in call.properties:
        call.send("s3", "put_bucket_acl", Bucket=name, ACL=_WORDS.sub(r"-\1", call["AccessControl"]).lower())
    for property_name, (operation, created) in _CONFIGURATIONS.items():
        given = call.get(property_name, _DEFAULTS.get(property_name))
        if given is not None:
            call.send("s3", operation, Bucket=name, **created(given))
    return Created(
        physical_id=name,
        attributes={
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "DualStackDomainName": f"{name}.s3.dualstack.{call.region}.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{call.region}.amazonaws.com",
            "WebsiteURL": f"http://{name}.s3-website-{call.region}.amazonaws.com",
        },
    )


def _encryption(given: _Given) -> _Given:
    rules = [
        {**rule, "ApplyServerSideEncryptionByDefault": rule.get("ServerSideEncryptionByDefault")}
        for rule in given["ServerSideEncryptionConfiguration"]
    ]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _cors(given: _Given) -> _Given:
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    rules = [{names.get(key, key): value for key, value in rule.items()} for rule in given["CorsRules"]]
    return {"CORSConfiguration": {"CORSRules": rules}}


def _lifecycle(given: _Given) -> _Given:
    return {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in given["Rules"]]}}


def _lifecycle_rule(rule: _Given) -> _Given:
    expiration = {
        "Days": rule.get("ExpirationInDays"),
        "Date": rule.get("ExpirationDate"),
        "ExpiredObjectDeleteMarker": rule.get("ExpiredObjectDeleteMarker") or None,
    }
    formerly = rule.get("NoncurrentVersionExpirationInDays")
    return {
        **rule,
        "ID": rule.get("Id"),
        "Prefix": None,
        "Filter": _filter(rule),
        "Expiration": expiration if any(expiration.values()) else None,
        "Transitions": [
            {**transition, "Days": transition.get("TransitionInDays"), "Date": transition.get("TransitionDate")}
            for transition in _several(rule, "Transition")
        ]
        or None,
        "NoncurrentVersionExpiration": rule.get("NoncurrentVersionExpiration")
        or ({"NoncurrentDays": formerly} if formerly else None),
        "NoncurrentVersionTransitions": [
            {**transition, "NoncurrentDays": transition["TransitionInDays"]}
            for transition in _several(rule, "NoncurrentVersionTransition")
        ]
        or None,
    }


def _several(rule: _Given, former: str) -> list[_Given]:
    """Those of a kind, also where the template has the one under the former name."""
    return [*([rule[former]] if former in rule else ()), *rule.get(f"{former}s", ())]


def _filter(rule: _Given) -> _Given:
    tags = rule.get("TagFilters")
    sizes = {name: rule[name] for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan") if name in rule}
    if tags or sizes:
        return {"And": {"Prefix": rule.get("Prefix"), "Tags": tags, **sizes}}
    return {"Prefix": rule.get("Prefix", "")}


def _notification(given: _Given) -> _Given:
    named = (
        ("LambdaConfigurations", "LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        ("QueueConfigurations", "QueueConfigurations", "Queue", "QueueArn"),
        ("TopicConfigurations", "TopicConfigurations", "Topic", "TopicArn"),
    )
    found: dict[str, Any] = {"EventBridgeConfiguration": {} if "EventBridgeConfiguration" in given else None}
    for ours, theirs, member, arn in named:
        found[theirs] = [
            {
                arn: notification[member],
                "Events": [notification["Event"]],
                "Filter": {"Key": {"FilterRules": notification["Filter"]["S3Key"]["Rules"]}}
                if "Filter" in notification
                else None,
            }
            for notification in given.get(ours, ())
        ] or None
    return {"NotificationConfiguration": found, "SkipDestinationValidation": True}


def _website(given: _Given) -> _Given:
    found = {
        **given,
        "IndexDocument": {"Suffix": given["IndexDocument"]} if "IndexDocument" in given else None,
        "ErrorDocument": {"Key": given["ErrorDocument"]} if "ErrorDocument" in given else None,
        "RoutingRules": [
            {"Redirect": rule["RedirectRule"], "Condition": rule.get("RoutingRuleCondition")}
            for rule in given.get("RoutingRules", ())
        ]
        or None,
    }
    return {"WebsiteConfiguration": found}


_CONFIGURATIONS: Final[Mapping[str, tuple[str, Callable[[Any], _Given]]]] = {
    "AccelerateConfiguration": (
        "put_bucket_accelerate_configuration",
        lambda given: {"AccelerateConfiguration": {"Status": given["AccelerationStatus"]}},
    ),
    "BucketEncryption": ("put_bucket_encryption", _encryption),
    "CorsConfiguration": ("put_bucket_cors", _cors),
    "LifecycleConfiguration": ("put_bucket_lifecycle_configuration", _lifecycle),
    "LoggingConfiguration": (
        "put_bucket_logging",
        lambda given: {
            "BucketLoggingStatus": {
                "LoggingEnabled": {
                    "TargetBucket": given["DestinationBucketName"],
                    "TargetPrefix": given.get("LogFilePrefix", ""),
                }
            }
        },
    ),
    "NotificationConfiguration": ("put_bucket_notification_configuration", _notification),
    "ObjectLockConfiguration": ("put_object_lock_configuration", lambda given: {"ObjectLockConfiguration": given}),
    "OwnershipControls": ("put_bucket_ownership_controls", lambda given: {"OwnershipControls": given}),
    "PublicAccessBlockConfiguration": (
        "put_public_access_block",
        lambda given: {"PublicAccessBlockConfiguration": given},
    ),
    "Tags": ("put_bucket_tagging", lambda given: {"Tagging": {"TagSet": given}}),
    "VersioningConfiguration": ("put_bucket_versioning", lambda given: {"VersioningConfiguration": given}),
    "WebsiteConfiguration": ("put_bucket_website", _website),
}


_DEFAULTS: Final[_Given] = {
    "PublicAccessBlockConfiguration": dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
}
"""The properties of every new bucket on AWS that a new bucket on the emulator lacks."""


def _delete_bucket(call: Call) -> None:
    for page in call.client("s3").get_paginator("list_object_versions").paginate(Bucket=call.physical_id):
        for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            call.send(
                "s3", "delete_object", Bucket=call.physical_id, Key=version["Key"], VersionId=version["VersionId"]
            )
    call.send("s3", "delete_bucket", Bucket=call.physical_id)


def _create_policy(call: Call) -> Created:
    call.send("s3", "put_bucket_policy", Bucket=call["Bucket"], Policy=document(call["PolicyDocument"]))
    return Created(physical_id=call["Bucket"])


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::S3::Bucket": Handler(create=_create_bucket, delete=_delete_bucket, name_property="BucketName", longest=63),
    "AWS::S3::BucketPolicy": Handler(
        create=_create_policy, delete=lambda call: call.send("s3", "delete_bucket_policy", Bucket=call.physical_id)
    ),
}
