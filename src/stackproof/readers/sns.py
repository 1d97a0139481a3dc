"""Topics, their policies and subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import (
    ReadingBuilder,
    chosen,
    covered,
    found_or_none,
    least_alike,
    pages,
    parsed,
    reads,
    tag_list,
)

__all__ = ["READERS"]

_GONE: Final = ("NotFound", "NotFoundException")
_TEXTS: Final = (
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoThroughputScope",
    "FifoTopic",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
)


def read_topic(request: ReadRequest) -> Reading | None:
    """GetTopicAttributes and ListTagsForResource; subscriptions if the template has them in the topic."""
    client = request.client("sns")
    arn = request.physical_id
    live = topic_attributes(request, arn)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    name = arn.rpartition(":")[2]
    subscriptions: list[JsonValue] | None = None
    if "Subscription" in request.expected:
        listed: list[Any] = builder.call(
            "/Subscription", lambda: pages(client, "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn), []
        )
        subscriptions = [chosen(subscription, ("Endpoint", "Protocol")) for subscription in listed]
    return builder.build(
        {
            **covered(live, _TEXTS),
            "ArchivePolicy": parsed(live.get("ArchivePolicy")),
            "Subscription": subscriptions,
            "Tags": tag_list(builder.call("/Tags", lambda: client.list_tags_for_resource(ResourceArn=arn)["Tags"], [])),
            "TopicName": name,
        },
        {"TopicArn": arn, "TopicName": name},
    )


def topic_attributes(request: ReadRequest, arn: str) -> Mapping[str, Any] | None:
    """What the topic's reader and that of its policy ask for alike."""
    client = request.client("sns")
    answer: Mapping[str, Any] | None = request.memo(
        ("topic", arn), lambda: found_or_none(lambda: client.get_topic_attributes(TopicArn=arn)["Attributes"], *_GONE)
    )
    return answer


def read_topic_policy(request: ReadRequest) -> Reading | None:
    """GetTopicAttributes of every topic that the template names; one without the policy is missing from the list."""
    topics = request.expected.get("Topics")
    policies: dict[str, JsonValue] = {}
    for arn in topics if isinstance(topics, list) else ():
        live = topic_attributes(request, str(arn))
        if live is not None and live.get("Policy"):
            policies[str(arn)] = parsed(live["Policy"])
    if not policies:
        return None
    document = least_alike(request, "PolicyDocument", list(policies.values()))
    return ReadingBuilder(request).build(
        {"PolicyDocument": document, "Topics": list(policies)}, {"Id": request.physical_id}
    )


def read_subscription(request: ReadRequest) -> Reading | None:
    """GetSubscriptionAttributes."""
    client = request.client("sns")
    answer = found_or_none(lambda: client.get_subscription_attributes(SubscriptionArn=request.physical_id), *_GONE)
    if answer is None:
        return None
    live = answer["Attributes"]
    names = ("Endpoint", "FilterPolicyScope", "Protocol", "RawMessageDelivery", "SubscriptionRoleArn", "TopicArn")
    documents = ("DeliveryPolicy", "FilterPolicy", "RedrivePolicy", "ReplayPolicy")
    return ReadingBuilder(request).build(
        {**covered(live, names), **{name: parsed(live.get(name)) for name in documents}},
        {"Arn": request.physical_id},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::SNS::Subscription": reads(read_subscription, "sns:GetSubscriptionAttributes"),
    "AWS::SNS::Topic": reads(
        read_topic, "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"
    ),
    "AWS::SNS::TopicPolicy": reads(read_topic_policy, "sns:GetTopicAttributes"),
}
