"""Queues and their policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, covered, found_or_none, least_alike, parsed, reads, tag_list

__all__ = ["READERS"]

_GONE: Final = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_SAME: Final = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)


def queue_attributes(request: ReadRequest, url: str) -> Mapping[str, Any] | None:
    """What the queue's reader and that of its policy ask for alike."""
    client = request.client("sqs")
    answer = request.memo(
        ("queue", url),
        lambda: found_or_none(lambda: client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]), *_GONE),
    )
    return None if answer is None else answer.get("Attributes", {})


def read_queue(request: ReadRequest) -> Reading | None:
    """GetQueueAttributes and ListQueueTags."""
    client = request.client("sqs")
    url = request.physical_id
    live = queue_attributes(request, url)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    name = str(live["QueueArn"]).rpartition(":")[2]
    tags: dict[str, str] = builder.call("/Tags", lambda: client.list_queue_tags(QueueUrl=url).get("Tags", {}), {})
    return builder.build(
        {
            **covered(live, _SAME),
            "QueueName": name,
            **{policy: parsed(live.get(policy)) for policy in ("RedriveAllowPolicy", "RedrivePolicy")},
            "Tags": tag_list(tags),
        },
        {"Arn": live["QueueArn"], "QueueName": name, "QueueUrl": url},
    )


def read_queue_policy(request: ReadRequest) -> Reading | None:
    """GetQueueAttributes of every queue that the template names; one without the policy is missing from the list."""
    queues = request.expected.get("Queues")
    policies: dict[str, JsonValue] = {}
    for url in queues if isinstance(queues, list) else ():
        live = queue_attributes(request, str(url))
        if live is not None and live.get("Policy"):
            policies[str(url)] = parsed(live["Policy"])
    if not policies:
        return None
    document = least_alike(request, "PolicyDocument", list(policies.values()))
    return ReadingBuilder(request).build(
        {"PolicyDocument": document, "Queues": list(policies)}, {"Id": request.physical_id}
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::SQS::Queue": reads(read_queue, "sqs:GetQueueAttributes", "sqs:ListQueueTags"),
    "AWS::SQS::QueuePolicy": reads(read_queue_policy, "sqs:GetQueueAttributes"),
}
