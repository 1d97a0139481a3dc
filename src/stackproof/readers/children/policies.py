"""Statements of the policies of buckets, queues, topics, keys and secrets, where no template has such a policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue, digest
from stackproof.drift.child import Child
from stackproof.drift.ports import ChildFamily
from stackproof.proof.ports import ReadRequest
from stackproof.readers.access import found_or_none, parsed
from stackproof.readers.sns import topic_attributes
from stackproof.readers.sqs import queue_attributes

__all__ = ["FAMILIES", "statements"]

_OF_AWS: Final = frozenset(
    {
        *("AddPermission", "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "Publish", "Receive"),
        *("RemovePermission", "SetTopicAttributes", "Subscribe"),
    }
)
"""What a topic's default policy allows its own account."""


def statements(policy: JsonValue, resource_type: str) -> Iterator[Child]:
    """One child for each statement; one without a Sid is named by its hash."""
    listed = policy.get("Statement") if isinstance(policy, Mapping) else None
    for statement in listed if isinstance(listed, list) else [listed] if listed else []:
        sid = statement.get("Sid") if isinstance(statement, Mapping) else None
        yield Child(
            resource_type=resource_type, child_id=str(sid or f"statement {digest(statement)[:8]}"), value=statement
        )


def of_bucket(request: ReadRequest) -> Iterator[Child]:
    """GetBucketPolicy."""
    client = request.client("s3")
    answer: Any = found_or_none(lambda: client.get_bucket_policy(Bucket=request.physical_id), "NoSuchBucketPolicy")
    yield from statements(parsed(answer["Policy"]) if answer else None, "AWS::S3::BucketPolicy")


def of_queue(request: ReadRequest) -> Iterator[Child]:
    """GetQueueAttributes."""
    live = queue_attributes(request, request.physical_id)
    yield from statements(parsed((live or {}).get("Policy")), "AWS::SQS::QueuePolicy")


def of_topic(request: ReadRequest) -> Iterator[Child]:
    """GetTopicAttributes; the statement that lets the topic's own account use it is AWS's own."""
    policy = parsed((topic_attributes(request, request.physical_id) or {}).get("Policy"))
    for statement in statements(policy, "AWS::SNS::TopicPolicy"):
        if not _is_of_aws(statement.value, request):
            yield statement


def _is_of_aws(statement: JsonValue, request: ReadRequest) -> bool:
    """By its content: a statement keeps its id when it is changed by hand."""
    if not isinstance(statement, Mapping) or statement.get("Sid") != "__default_statement_ID":
        return False
    named = statement.get("Action")
    actions = {str(action).rpartition(":")[2] for action in (named if isinstance(named, list) else [named])}
    return {key: member for key, member in statement.items() if key not in {"Action", "Sid"}} == {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Resource": request.physical_id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": request.account}},
    } and actions <= _OF_AWS


def of_secret(request: ReadRequest) -> Iterator[Child]:
    """GetResourcePolicy."""
    answer = request.client("secretsmanager").get_resource_policy(SecretId=request.physical_id)
    yield from statements(parsed(answer.get("ResourcePolicy")), "AWS::SecretsManager::ResourcePolicy")


def of_stream(request: ReadRequest) -> Iterator[Child]:
    """GetResourcePolicy."""
    arn = f"arn:{request.partition}:kinesis:{request.region}:{request.account}:stream/{request.physical_id}"
    answer = request.client("kinesis").get_resource_policy(ResourceARN=arn)
    yield from statements(parsed(answer.get("Policy")), "AWS::Kinesis::ResourcePolicy")


FAMILIES: Final[tuple[ChildFamily, ...]] = (
    ChildFamily(
        name="statements of a bucket's policy",
        owners=("AWS::S3::Bucket",),
        declared_by=(("AWS::S3::BucketPolicy", "Bucket"),),
        read=of_bucket,
        actions=("s3:GetBucketPolicy",),
    ),
    ChildFamily(
        name="statements of a queue's policy",
        owners=("AWS::SQS::Queue",),
        declared_by=(("AWS::SQS::QueuePolicy", "Queues"), ("AWS::SQS::QueueInlinePolicy", "Queue")),
        read=of_queue,
        actions=("sqs:GetQueueAttributes",),
    ),
    ChildFamily(
        name="statements of a topic's policy",
        owners=("AWS::SNS::Topic",),
        declared_by=(("AWS::SNS::TopicPolicy", "Topics"), ("AWS::SNS::TopicInlinePolicy", "TopicArn")),
        read=of_topic,
        actions=("sns:GetTopicAttributes",),
    ),
    ChildFamily(
        name="statements of a stream's policy",
        owners=("AWS::Kinesis::Stream",),
        declared_by=(("AWS::Kinesis::ResourcePolicy", "ResourceArn"),),
        read=of_stream,
        actions=("kinesis:GetResourcePolicy",),
    ),
    ChildFamily(
        name="statements of a secret's policy",
        owners=("AWS::SecretsManager::Secret",),
        declared_by=(("AWS::SecretsManager::ResourcePolicy", "SecretId"),),
        read=of_secret,
        actions=("secretsmanager:GetResourcePolicy",),
    ),
)
