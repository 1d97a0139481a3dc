"""Alarms and dashboards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, covered, found_or_none, listed, pages, reads, tag_list

__all__ = ["READERS"]

_SAME: Final = (
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "AlarmName",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
)


def read_alarm(request: ReadRequest) -> Reading | None:
    """DescribeAlarms and ListTagsForResource."""
    return _alarm(request, "MetricAlarm", _SAME)


_OF_COMPOSITE: Final = (
    "ActionsEnabled",
    "ActionsSuppressor",
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressorWaitPeriod",
    "AlarmActions",
    "AlarmDescription",
    "AlarmName",
    "AlarmRule",
    "InsufficientDataActions",
    "OKActions",
)


def read_composite_alarm(request: ReadRequest) -> Reading | None:
    """DescribeAlarms and ListTagsForResource."""
    return _alarm(request, "CompositeAlarm", _OF_COMPOSITE)


def _alarm(request: ReadRequest, kind: str, names: tuple[str, ...]) -> Reading | None:
    client = request.client("cloudwatch")

    def described(some: Sequence[str]) -> list[Any]:
        return pages(client, "describe_alarms", f"{kind}s", AlarmNames=list(some), AlarmTypes=[kind])

    live = listed(request, described, "AlarmName")
    if live is None:
        return None
    builder = ReadingBuilder(request)
    arn = live["AlarmArn"]
    tags: list[Any] = builder.call("/Tags", lambda: client.list_tags_for_resource(ResourceARN=arn)["Tags"], [])
    return builder.build({**covered(live, names), "Tags": tag_list(tags)}, {"Arn": arn})


def read_dashboard(request: ReadRequest) -> Reading | None:
    """GetDashboard."""
    client = request.client("cloudwatch")
    live = found_or_none(
        lambda: client.get_dashboard(DashboardName=request.physical_id),
        "DashboardNotFoundError",
        "ResourceNotFound",
        "ResourceNotFoundException",
    )
    if live is None:
        return None
    builder = ReadingBuilder(request)
    tags: list[Any] = []
    if "Tags" in request.expected:
        arn = live["DashboardArn"]
        tags = builder.call("/Tags", lambda: client.list_tags_for_resource(ResourceARN=arn)["Tags"], [])
    return builder.build({**covered(live, ("DashboardBody", "DashboardName")), "Tags": tag_list(tags)}, {})


_OF_ALARMS: Final = ("cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource")
READERS: Final[Mapping[str, Reader]] = {
    "AWS::CloudWatch::Alarm": reads(read_alarm, *_OF_ALARMS),
    "AWS::CloudWatch::CompositeAlarm": reads(read_composite_alarm, *_OF_ALARMS),
    "AWS::CloudWatch::Dashboard": reads(read_dashboard, "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"),
}
