"""What belongs to log groups: streams, filters, and policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document

__all__ = ["HANDLERS"]


def _create_metric_filter(call: Call) -> Created:
    transformations = [
        {
            **transformation,
            "Dimensions": {dimension["Key"]: dimension["Value"] for dimension in transformation["Dimensions"]}
            if "Dimensions" in transformation
            else None,
        }
        for transformation in call["MetricTransformations"]
    ]
    given = {**call.properties, "FilterName": call.name, "MetricTransformations": transformations}
    call.send("logs", "put_metric_filter", **given)
    return Created(physical_id=call.name)


def _create_subscription_filter(call: Call) -> Created:
    call.send("logs", "put_subscription_filter", **{**call.properties, "FilterName": call.name})
    return Created(physical_id=call.name)


def _create_stream(call: Call) -> Created:
    call.send("logs", "create_log_stream", LogGroupName=call["LogGroupName"], LogStreamName=call.name)
    return Created(physical_id=call.name)


def _create_policy(call: Call) -> Created:
    text = document(call["PolicyDocument"])
    call.send("logs", "put_resource_policy", policyName=call["PolicyName"], policyDocument=text)
    return Created(physical_id=call["PolicyName"])


def _filter(kind: str) -> Handler:
    create = _create_metric_filter if kind == "metric" else _create_subscription_filter

    def delete(call: Call) -> None:
        call.send("logs", f"delete_{kind}_filter", logGroupName=call["LogGroupName"], filterName=call.physical_id)

    return Handler(create=create, delete=delete, name_property="FilterName")


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::Logs::LogStream": Handler(
        create=_create_stream,
        delete=lambda call: call.send(
            "logs", "delete_log_stream", logGroupName=call["LogGroupName"], logStreamName=call.physical_id
        ),
        name_property="LogStreamName",
    ),
    "AWS::Logs::MetricFilter": _filter("metric"),
    "AWS::Logs::ResourcePolicy": Handler(
        create=_create_policy,
        delete=lambda call: call.send("logs", "delete_resource_policy", policyName=call.physical_id),
    ),
    "AWS::Logs::SubscriptionFilter": _filter("subscription"),
}
