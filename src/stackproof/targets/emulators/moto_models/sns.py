"""Topics, their policies and subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]

_TOPIC_ATTRIBUTES: Final = (
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoThroughputScope",
    "FifoTopic",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
)
_SUBSCRIPTION_ATTRIBUTES: Final = (
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "ReplayPolicy",
    "SubscriptionRoleArn",
)


def _chosen(call: Call, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: call[name] for name in names if name in call.properties}


def _create_topic(call: Call) -> Created:
    arn = call.send(
        "sns", "create_topic", Name=call.name, Attributes=_chosen(call, _TOPIC_ATTRIBUTES), Tags=call.get("Tags")
    )["TopicArn"]
    for subscription in call.get("Subscription", ()):
        call.send("sns", "subscribe", TopicArn=arn, **subscription)
    return Created(physical_id=arn, attributes={"TopicArn": arn, "TopicName": call.name})


def _create_policy(call: Call) -> Created:
    for topic in call["Topics"]:
        call.send(
            "sns",
            "set_topic_attributes",
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=call["PolicyDocument"],
        )
    return Created(physical_id=call.name, attributes={"Id": call.name})


def _create_subscription(call: Call) -> Created:
    arn = call.send(
        "sns",
        "subscribe",
        **call.properties,
        Attributes=_chosen(call, _SUBSCRIPTION_ATTRIBUTES),
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return Created(physical_id=arn, attributes={"Arn": arn})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::SNS::Subscription": Handler(
        create=_create_subscription,
        delete=lambda call: call.send("sns", "unsubscribe", SubscriptionArn=call.physical_id),
    ),
    "AWS::SNS::Topic": Handler(
        create=_create_topic,
        delete=lambda call: call.send("sns", "delete_topic", TopicArn=call.physical_id),
        name_property="TopicName",
    ),
    "AWS::SNS::TopicPolicy": Handler(create=_create_policy),
}
