"""What belongs to log groups: streams, filters, and policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, found_or_none, pages, parsed, pascal, reads

__all__ = ["READERS"]


def _of_group(request: ReadRequest, operation: str, key: str) -> tuple[str, list[Any]]:
    """All of the log group that the template names, read once."""
    client = request.client("logs")
    group = str(request.expected.get("LogGroupName"))
    found: list[Any] = request.memo(
        (operation, group),
        lambda: (
            found_or_none(lambda: pages(client, operation, key, logGroupName=group), "ResourceNotFoundException") or []
        ),
    )
    return group, found


def read_metric_filter(request: ReadRequest) -> Reading | None:
    """DescribeMetricFilters of the log group."""
    group, found = _of_group(request, "describe_metric_filters", "metricFilters")
    live = next((metric_filter for metric_filter in found if metric_filter["filterName"] == request.physical_id), None)
    if live is None:
        return None
    transformations = [
        {
            **{key: value for key, value in pascal(transformation).items() if key != "Dimensions"},
            **(
                {"Dimensions": [{"Key": key, "Value": value} for key, value in transformation["dimensions"].items()]}
                if transformation.get("dimensions")
                else {}
            ),
        }
        for transformation in live["metricTransformations"]
    ]
    return ReadingBuilder(request).build(
        {
            "ApplyOnTransformedLogs": live.get("applyOnTransformedLogs"),
            "EmitSystemFieldDimensions": live.get("emitSystemFieldDimensions"),
            "FieldSelectionCriteria": live.get("fieldSelectionCriteria"),
            "FilterName": live["filterName"],
            "FilterPattern": live.get("filterPattern", ""),
            "LogGroupName": live.get("logGroupName") or group,
            "MetricTransformations": transformations,
        },
        {},
    )


def read_subscription_filter(request: ReadRequest) -> Reading | None:
    """DescribeSubscriptionFilters of the log group."""
    group, found = _of_group(request, "describe_subscription_filters", "subscriptionFilters")
    name = request.physical_id.rpartition("|")[0] or request.physical_id
    live = next(
        (
            subscription_filter
            for subscription_filter in found
            if subscription_filter["filterName"] in {name, request.physical_id}
        ),
        None,
    )
    if live is None:
        return None
    names = (
        "applyOnTransformedLogs",
        "destinationArn",
        "distribution",
        "emitSystemFields",
        "fieldSelectionCriteria",
        "filterName",
        "roleArn",
    )
    return ReadingBuilder(request).build(
        {
            **pascal({key: live.get(key) for key in names}),
            "FilterPattern": live.get("filterPattern", ""),
            "LogGroupName": live.get("logGroupName") or group,
        },
        {},
    )


def read_stream(request: ReadRequest) -> Reading | None:
    """DescribeLogStreams of the log group, by the name as a prefix."""
    client = request.client("logs")
    group, name = str(request.expected.get("LogGroupName")), request.physical_id
    found = found_or_none(
        lambda: pages(client, "describe_log_streams", "logStreams", logGroupName=group, logStreamNamePrefix=name),
        "ResourceNotFoundException",
    )
    if name not in [stream["logStreamName"] for stream in found or ()]:
        return None
    return ReadingBuilder(request).build({"LogGroupName": group, "LogStreamName": name}, {})


def read_resource_policy(request: ReadRequest) -> Reading | None:
    """DescribeResourcePolicies of the account."""
    client = request.client("logs")
    found: list[Any] = request.memo(
        "describe_resource_policies", lambda: pages(client, "describe_resource_policies", "resourcePolicies")
    )
    live = next((policy for policy in found if policy["policyName"] == request.physical_id), None)
    if live is None:
        return None
    document: JsonValue = parsed(live["policyDocument"])
    return ReadingBuilder(request).build({"PolicyDocument": document, "PolicyName": live["policyName"]}, {})


READERS: Final[Mapping[str, Reader]] = {
    "AWS::Logs::LogStream": reads(read_stream, "logs:DescribeLogStreams"),
    "AWS::Logs::MetricFilter": reads(read_metric_filter, "logs:DescribeMetricFilters"),
    "AWS::Logs::ResourcePolicy": reads(read_resource_policy, "logs:DescribeResourcePolicies"),
    "AWS::Logs::SubscriptionFilter": reads(read_subscription_filter, "logs:DescribeSubscriptionFilters"),
}
