"""Alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.model.observation import Reading
from stackproof.ports import Reader, ReadRequest
from stackproof.readers.access import Parts, covered, tag_list

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
    client = request.client("cloudwatch")
    answer = client.describe_alarms(AlarmNames=[request.physical_id], AlarmTypes=["MetricAlarm"])
    live = next(iter(answer["MetricAlarms"]), None)
    if live is None:
        return None
    parts = Parts(request)
    arn = live["AlarmArn"]
    tags: list[Any] = parts.of("/Tags", lambda: client.list_tags_for_resource(ResourceARN=arn)["Tags"], [])
    return parts.reading({**covered(live, _SAME), "Tags": tag_list(tags)}, {"Arn": arn})


READERS: Final[Mapping[str, Reader]] = {"AWS::CloudWatch::Alarm": read_alarm}
