"""Subscriptions of topics, consumers of streams, targets and rules of event buses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stackproof.core.secret_values import masked_text
from stackproof.drift.child import Child
from stackproof.drift.ports import ChildFamily
from stackproof.proof.ports import ReadRequest
from stackproof.readers.access import chosen, pages

__all__ = ["FAMILIES"]


def subscriptions(request: ReadRequest) -> Iterator[Child]:
    """ListSubscriptionsByTopic; one that waits to be confirmed has no ARN yet."""
    client = request.client("sns")
    for subscription in pages(client, "list_subscriptions_by_topic", "Subscriptions", TopicArn=request.physical_id):
        arn = str(subscription["SubscriptionArn"])
        waits = not arn.startswith("arn:")
        yield Child(
            resource_type="AWS::SNS::Subscription",
            child_id=f"{subscription['Protocol']} {masked_text(str(subscription['Endpoint']))}" if waits else arn,
            physical_id="" if waits else arn,
            value=chosen(subscription, ("Endpoint", "Protocol")),
            identity=chosen(subscription, ("Endpoint", "Protocol")),
        )


def consumers(request: ReadRequest) -> Iterator[Child]:
    """ListStreamConsumers."""
    client = request.client("kinesis")
    described = client.describe_stream_summary(StreamName=request.physical_id)["StreamDescriptionSummary"]
    for consumer in pages(client, "list_stream_consumers", "Consumers", StreamARN=described["StreamARN"]):
        yield Child(
            resource_type="AWS::Kinesis::StreamConsumer",
            child_id=str(consumer["ConsumerName"]),
            physical_id=str(consumer["ConsumerARN"]),
            value=chosen(consumer, ("ConsumerName",)),
        )


def _rule(request: ReadRequest) -> dict[str, str]:
    """The physical id of a rule on a custom bus is the bus, a bar and the name, or the rule's ARN."""
    bus, _, name = request.physical_id.rpartition("|")
    if request.physical_id.startswith("arn:"):
        bus, _, name = request.physical_id.partition(":rule/")[2].rpartition("/")
    own = request.expected.get("EventBusName")
    return {"Rule": name, **({"EventBusName": bus or str(own)} if bus or isinstance(own, str) else {})}


def targets(request: ReadRequest) -> Iterator[Child]:
    """ListTargetsByRule."""
    client = request.client("events")
    for target in pages(client, "list_targets_by_rule", "Targets", **_rule(request)):
        yield Child(resource_type="AWS::Events::Rule", child_id=str(target["Id"]), value=target)


def rules(request: ReadRequest) -> Iterator[Child]:
    """ListRules of a bus, less those that AWS services keep on it."""
    client = request.client("events")
    bus = request.physical_id
    for rule in pages(client, "list_rules", "Rules", EventBusName=bus):
        if rule.get("ManagedBy"):
            continue
        name = str(rule["Name"])
        yield Child(
            resource_type="AWS::Events::Rule",
            child_id=name,
            physical_id=f"{bus}|{name}",
            value=chosen(rule, ("EventPattern", "Name", "ScheduleExpression", "State")),
            identity={"Name": name},
        )


FAMILIES: Final[tuple[ChildFamily, ...]] = (
    ChildFamily(
        name="subscriptions",
        owners=("AWS::SNS::Topic",),
        own="Subscription",
        declared_by=(("AWS::SNS::Subscription", "TopicArn"),),
        in_stacks=True,
        from_elsewhere=True,
        read=subscriptions,
        actions=("sns:ListSubscriptionsByTopic",),
    ),
    ChildFamily(
        name="consumers of a stream",
        owners=("AWS::Kinesis::Stream",),
        in_stacks=True,
        read=consumers,
        actions=("kinesis:DescribeStreamSummary", "kinesis:ListStreamConsumers"),
    ),
    ChildFamily(
        name="targets of a rule",
        owners=("AWS::Events::Rule",),
        own="Targets",
        read=targets,
        actions=("events:ListTargetsByRule",),
    ),
    ChildFamily(
        name="rules of a bus",
        owners=("AWS::Events::EventBus",),
        declared_by=(("AWS::Events::Rule", "EventBusName"),),
        in_stacks=True,
        ids_may_differ=True,
        read=rules,
        actions=("events:ListRules",),
    ),
)
