"""Functions, what invokes them, and the permissions to do so."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonObject, JsonValue, canonical
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, chosen, covered, found_or_none, parsed, reads, tag_list

__all__ = ["READERS"]

_GONE: Final = "ResourceNotFoundException"
_CHUNK: Final = 1 << 20
_SAME: Final = (
    "Architectures",
    "DeadLetterConfig",
    "Description",
    "EphemeralStorage",
    "FileSystemConfigs",
    "FunctionName",
    "Handler",
    "LoggingConfig",
    "MemorySize",
    "PackageType",
    "Role",
    "Runtime",
    "Timeout",
)


def read_function(request: ReadRequest) -> Reading | None:
    """GetFunction; GetFunctionConcurrency is part of its answer. The code is proven by its hash."""
    client = request.client("lambda")
    answer = found_or_none(lambda: client.get_function(FunctionName=request.physical_id), _GONE)
    if answer is None:
        return None
    live = answer["Configuration"]
    builder = ReadingBuilder(request)
    vpc = live.get("VpcConfig") or {}
    return builder.build(
        {
            **covered(live, _SAME),
            "Code": _code(request, answer, builder),
            "CodeSigningConfigArn": (answer.get("Code") or {}).get("CodeSigningConfigArn"),
            "Environment": _environment(live.get("Environment") or {}, builder),
            "KmsKeyArn": live.get("KMSKeyArn"),
            "Layers": [layer["Arn"] for layer in live.get("Layers", ())] or None,
            "ReservedConcurrentExecutions": (answer.get("Concurrency") or {}).get("ReservedConcurrentExecutions"),
            "SnapStart": chosen(live.get("SnapStart") or {}, ("ApplyOn",)) or None,
            "Tags": tag_list(answer.get("Tags")),
            "TracingConfig": live.get("TracingConfig"),
            "VpcConfig": chosen(vpc, ("Ipv6AllowedForDualStack", "SecurityGroupIds", "SubnetIds")) or None,
        },
        {"Arn": live["FunctionArn"]},
    )


def _environment(live: Mapping[str, Any], builder: ReadingBuilder) -> JsonObject | None:
    """The variables; Lambda returns an error instead if the caller may not use the key that encrypts them."""
    if live.get("Error"):
        builder.unread["/Environment"] = UnprovenReason.DENIED
        return None
    return {"Variables": live.get("Variables", {})} if live else None


def _code(request: ReadRequest, answer: Mapping[str, Any], builder: ReadingBuilder) -> JsonObject | None:
    """The template's `Code`, if the function runs exactly that archive; no API returns its bucket and key.

    For an image Lambda returns the URI.
    """
    live = answer["Configuration"]
    code = request.expected.get("Code")
    if not isinstance(code, Mapping) or "S3Key" not in code:
        return chosen(answer.get("Code") or {}, ("ImageUri",)) or None
    where: dict[str, JsonValue] = {"Bucket": code.get("S3Bucket"), "Key": code["S3Key"]}
    if "S3ObjectVersion" in code:
        where["VersionId"] = code["S3ObjectVersion"]
    digest: str | None = builder.call(
        ("/Code/S3Bucket", "/Code/S3Key"),
        lambda: request.memo(("code", *where.values()), lambda: _digest(request, where)),
        None,
    )
    if digest is None:
        if "/Code/S3Key" not in builder.unread:  # the archive was deleted: nothing shows what the function should run
            builder.unread["/Code"] = UnprovenReason.NO_READER
        return None
    seen = {name: value for name, value in code.items() if name in {"S3Bucket", "S3Key", "S3ObjectVersion"}}
    same = digest == live.get("CodeSha256")
    return seen if same else {**seen, "S3Key": f"other code, with SHA-256 {live.get('CodeSha256')}"}


def _digest(request: ReadRequest, where: Mapping[str, JsonValue]) -> str | None:
    """The hash of an object of S3, which functions and stacks may share; None if it is not there."""
    s3 = request.client("s3")
    body = found_or_none(lambda: s3.get_object(**where)["Body"], "NoSuchKey", "NoSuchBucket", "404")
    if body is None:
        return None
    digest = hashlib.sha256()
    for chunk in body.iter_chunks(_CHUNK):
        digest.update(chunk)
    return base64.b64encode(digest.digest()).decode()


def read_event_source_mapping(request: ReadRequest) -> Reading | None:
    """GetEventSourceMapping and ListTags."""
    client = request.client("lambda")
    live = found_or_none(lambda: client.get_event_source_mapping(UUID=request.physical_id), _GONE)
    if live is None or live.get("State") == "Deleting":
        return None
    builder = ReadingBuilder(request)
    arn = live.get("EventSourceMappingArn")
    names = (
        "AmazonManagedKafkaEventSourceConfig",
        "BatchSize",
        "BisectBatchOnFunctionError",
        "DestinationConfig",
        "DocumentDBEventSourceConfig",
        "EventSourceArn",
        "FilterCriteria",
        "FunctionResponseTypes",
        "MaximumBatchingWindowInSeconds",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "MetricsConfig",
        "ParallelizationFactor",
        "ProvisionedPollerConfig",
        "Queues",
        "ScalingConfig",
        "SelfManagedEventSource",
        "SourceAccessConfigurations",
        "StartingPosition",
        "Topics",
        "TumblingWindowInSeconds",
    )
    tags: dict[str, str] = (
        {}
        if "Tags" not in request.expected
        else builder.call("/Tags", lambda: client.list_tags(Resource=arn)["Tags"], {})
    )
    return builder.build(
        {
            **covered(live, names),
            "Enabled": live.get("State") not in {"Disabled", "Disabling"},
            "FunctionName": _named(request.expected.get("FunctionName"), str(live.get("FunctionArn"))),
            "KmsKeyArn": live.get("KMSKeyArn"),
            "Tags": tag_list(tags),
        },
        {"Id": request.physical_id, "EventSourceMappingArn": arn},
    )


def _named(expected: JsonValue, arn: str) -> JsonValue:
    """The function as the template names it, if the ARN is the same function's; else the ARN."""
    names = {arn, arn.rpartition(":")[2], arn.partition(":function:")[2]}
    return expected if isinstance(expected, str) and expected in names else arn


def read_permission(request: ReadRequest) -> Reading | None:
    """GetPolicy of the function, and in it the statement of the template's permission."""
    client = request.client("lambda")
    function = request.expected.get("FunctionName")
    answer = found_or_none(lambda: client.get_policy(FunctionName=function), _GONE)
    policy = parsed(answer["Policy"]) if answer else None
    for statement in policy.get("Statement", ()) if isinstance(policy, Mapping) else ():  # type: ignore[union-attr]
        if isinstance(statement, Mapping) and statement.get("Sid") == request.physical_id:
            return ReadingBuilder(request).build(_permission(statement, request.expected), {"Id": request.physical_id})
    return None


_TESTS: Final[Mapping[str, str]] = {
    "aws:principalorgid": "stringequals",
    "aws:sourceaccount": "stringequals",
    "aws:sourcearn": "arnlike",
    "lambda:eventsourcetoken": "stringequals",
    "lambda:functionurlauthtype": "stringequals",
    "lambda:invokedviafunctionurl": "bool",
}
"""What AddPermission writes of a permission: key → operator. Whatever else is tested was not written by it."""


def _permission(statement: Mapping[str, Any], expected: JsonObject) -> JsonObject:
    tests, others = {}, {}
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, value in keys.items():
            if _TESTS.get(key.lower()) == operator.lower():
                tests[key.lower()] = value
            else:
                others[f"{operator} {key}"] = value
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        principal = next(iter(principal.values()))
    arn = str(statement.get("Resource"))
    effect = statement.get("Effect", "Allow")
    return {
        "Action": statement.get("Action") if effect == "Allow" else f"{effect} {statement.get('Action')}",
        "EventSourceToken": tests.get("lambda:eventsourcetoken"),
        "FunctionName": _named(expected.get("FunctionName"), arn),
        "FunctionUrlAuthType": tests.get("lambda:functionurlauthtype"),
        "InvokedViaFunctionUrl": tests.get("lambda:invokedviafunctionurl"),
        "Principal": f"{principal}, if {canonical(others)}" if others else principal,
        "PrincipalOrgID": tests.get("aws:principalorgid"),
        "SourceAccount": tests.get("aws:sourceaccount"),
        "SourceArn": tests.get("aws:sourcearn"),
    }


READERS: Final[Mapping[str, Reader]] = {
    "AWS::Lambda::EventSourceMapping": reads(
        read_event_source_mapping, "lambda:GetEventSourceMapping", "lambda:ListTags"
    ),
    "AWS::Lambda::Function": reads(read_function, "lambda:GetFunction", "s3:GetObject", "s3:GetObjectVersion"),
    "AWS::Lambda::Permission": reads(read_permission, "lambda:GetPolicy"),
}
