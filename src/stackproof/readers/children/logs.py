"""Filters of log groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stackproof.drift.audit.children import ITSELF
from stackproof.drift.child import Child
from stackproof.drift.ports import ChildFamily
from stackproof.proof.ports import ReadRequest
from stackproof.readers.access import pages, pascal

__all__ = ["FAMILIES"]

_GROUP: Final = ("AWS::Logs::LogGroup",)


def metric_filters(request: ReadRequest) -> Iterator[Child]:
    """DescribeMetricFilters of the group."""
    client = request.client("logs")
    for page in pages(client, "describe_metric_filters", "metricFilters", logGroupName=request.physical_id):
        name = str(page["filterName"])
        yield Child(
            resource_type="AWS::Logs::MetricFilter",
            child_id=name,
            value=pascal({key: page[key] for key in ("filterName", "filterPattern") if key in page}),
            identity={ITSELF: name},
        )


def subscription_filters(request: ReadRequest) -> Iterator[Child]:
    """DescribeSubscriptionFilters of the group."""
    client = request.client("logs")
    names = ("destinationArn", "filterName", "filterPattern")
    for page in pages(client, "describe_subscription_filters", "subscriptionFilters", logGroupName=request.physical_id):
        name = str(page["filterName"])
        yield Child(
            resource_type="AWS::Logs::SubscriptionFilter",
            child_id=name,
            value=pascal({key: page[key] for key in names if key in page}),
            identity={ITSELF: name},
        )


FAMILIES: Final[tuple[ChildFamily, ...]] = (
    ChildFamily(
        name="metric filters",
        owners=_GROUP,
        declared_by=(("AWS::Logs::MetricFilter", "LogGroupName"),),
        read=metric_filters,
        actions=("logs:DescribeMetricFilters",),
    ),
    ChildFamily(
        name="subscription filters",
        owners=_GROUP,
        declared_by=(("AWS::Logs::SubscriptionFilter", "LogGroupName"),),
        read=subscription_filters,
        actions=("logs:DescribeSubscriptionFilters",),
    ),
)
