"""Queues and their policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, tag_map

__all__ = ["HANDLERS"]

_ATTRIBUTES: Final = (
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
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)


def _create_queue(call: Call) -> Created:
    fifo = str(call.get("FifoQueue")).lower() == "true"
    name = call.name if not fifo or call.name.endswith(".fifo") else f"{call.name[:75]}.fifo"
    url = call.send(
        "sqs",
        "create_queue",
        QueueName=name,
        Attributes={attribute: call[attribute] for attribute in _ATTRIBUTES if attribute in call.properties},
        tags=tag_map(call.get("Tags")),
    )["QueueUrl"]
    arn = call.send("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Created(physical_id=url, attributes={"Arn": arn, "QueueName": name, "QueueUrl": url})


def _create_policy(call: Call) -> Created:
    for queue in call["Queues"]:
        call.send("sqs", "set_queue_attributes", QueueUrl=queue, Attributes={"Policy": call["PolicyDocument"]})
    return Created(physical_id=call.name, attributes={"Id": call.name})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::SQS::Queue": Handler(
        create=_create_queue,
        delete=lambda call: call.send("sqs", "delete_queue", QueueUrl=call.physical_id),
        name_property="QueueName",
        longest=80,
    ),
    "AWS::SQS::QueuePolicy": Handler(create=_create_policy),
}
