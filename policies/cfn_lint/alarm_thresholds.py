"""A threshold that the metric never crosses, or always crosses, has no effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from rule_values import UNKNOWN, is_unknown, literal, referred, resolved, resources_of

_PERCENT = (0.0, 100.0)
_GIB = 1024.0**3
_DAY = 86_400_000.0


@dataclass(frozen=True)
class Range:
    """Values between which a threshold can be crossed by something that should be heard of."""

    low: float
    high: float


# From what the metric counts: a share ends at 100, a duration at what Lambda allows, the age of a record at how long a
# stream may keep it. For counts without an end: a failing system is heard of long before it has failed that often.
RANGES: Mapping[tuple[str, str], Range] = {
    ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds"): Range(0, 365 * _DAY),
    ("AWS/Kinesis", "ReadProvisionedThroughputExceeded"): Range(0, 1_000),
    ("AWS/Kinesis", "WriteProvisionedThroughputExceeded"): Range(0, 1_000),
    ("AWS/Lambda", "ConcurrentExecutions"): Range(0, 10_000),
    ("AWS/Lambda", "Duration"): Range(0, 900_000),
    ("AWS/Lambda", "Errors"): Range(0, 1_000),
    ("AWS/Lambda", "IteratorAge"): Range(0, 365 * _DAY),
    ("AWS/Lambda", "Throttles"): Range(0, 1_000),
    ("AWS/RDS", "CPUUtilization"): Range(*_PERCENT),
    ("AWS/RDS", "DatabaseConnections"): Range(0, 16_000),
    ("AWS/RDS", "DiskQueueDepth"): Range(0, 1_000),
    ("AWS/RDS", "FreeStorageSpace"): Range(_GIB, 65_536 * _GIB),
    ("AWS/RDS", "FreeableMemory"): Range(50 * 1024.0**2, 4_096 * _GIB),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): Range(0, 14 * _DAY / 1_000),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): Range(0, 100_000),
    ("AWS/EC2", "CPUUtilization"): Range(*_PERCENT),
    ("AWS/ECS", "CPUUtilization"): Range(*_PERCENT),
    ("AWS/ECS", "MemoryUtilization"): Range(*_PERCENT),
    ("AWS/ElastiCache", "CPUUtilization"): Range(*_PERCENT),
}


class AlarmThresholds(CloudFormationLintRule):
    """Alarms on metrics without a range are not judged, and not counted."""

    id = "E9505"
    shortdesc = "Alarms can fire"
    description = "The threshold lies where the metric can cross it"
    tags = ("cloudwatch", "alarm")
    resource_types = ("AWS::CloudWatch::Alarm",)

    def applies(self, template: dict[str, Any], logical_id: str) -> bool:
        return _range(template, template["Resources"][logical_id].get("Properties") or {}) is not None

    def match(self, cfn: Any) -> list[RuleMatch]:
        return list(self._matches(cfn.template))

    def _matches(self, template: dict[str, Any]) -> Iterator[RuleMatch]:
        for logical_id, _, properties in resources_of(template, self.resource_types):
            found = _range(template, properties)
            if found is None:
                continue
            threshold = _number(resolved(template, properties.get("Threshold")))
            operator = resolved(template, properties.get("ComparisonOperator"))
            path = ["Resources", logical_id, "Properties", "Threshold"]
            metric = " ".join(str(resolved(template, properties[name])) for name in ("Namespace", "MetricName"))
            if not isinstance(threshold, float) or is_unknown(operator):
                yield RuleMatch(path, f"the threshold of {metric} is not known before the deployment", kind="open")
            elif reason := _fault(str(operator), threshold, found):
                yield RuleMatch(path, f"{metric} {operator} {threshold:g} {reason}")


def _range(template: dict[str, Any], properties: Mapping[str, Any]) -> Range | None:
    """The range of the alarm's metric, narrowed by what the template says of the resource that it is about."""
    namespace, metric = (resolved(template, properties.get(name)) for name in ("Namespace", "MetricName"))
    found = RANGES.get((namespace, metric)) if isinstance(namespace, str) and isinstance(metric, str) else None
    if found is None or "Threshold" not in properties:
        return None
    subject = referred(template, properties.get("Dimensions"))
    about = (template["Resources"][subject].get("Properties") or {}) if subject else {}
    limits = {
        "Duration": ("Timeout", 1_000.0),
        "FreeStorageSpace": ("AllocatedStorage", _GIB),
        "GetRecords.IteratorAgeMilliseconds": ("RetentionPeriodHours", 3_600_000.0),
    }
    name, unit = limits.get(str(metric), ("", 1.0))
    limit = _number(resolved(template, about.get(name)))
    return Range(found.low, min(found.high, limit * unit)) if isinstance(limit, float) else found


def _fault(operator: str, threshold: float, found: Range) -> str | None:
    low, high = f"{found.low:g}", f"{found.high:g}"
    never = {
        "GreaterThanThreshold": threshold >= found.high,
        "GreaterThanOrEqualToThreshold": threshold > found.high,
        "LessThanThreshold": threshold <= found.low,
        "LessThanOrEqualToThreshold": threshold < found.low,
    }
    always = {
        "GreaterThanThreshold": threshold < found.low,
        "GreaterThanOrEqualToThreshold": threshold <= found.low,
        "LessThanThreshold": threshold > found.high,
        "LessThanOrEqualToThreshold": threshold >= found.high,
    }
    if never.get(operator):
        return f"does not fire in time, if ever (the metric is between {low} and {high})"
    return f"is always so (the metric is between {low} and {high})" if always.get(operator) else None


def _number(value: Any) -> Any:
    """The value as a float; a value that is unknown, or not numeric, is unknown."""
    value = literal(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return UNKNOWN
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _alarm(namespace: str, metric: str, threshold: Any, operator: str = "GreaterThanThreshold") -> dict[str, Any]:
    dimension = {"Name": "FunctionName", "Value": {"Ref": "Function"}}
    return {
        "Parameters": {"Many": {"Type": "Number"}, "Few": {"Type": "Number", "Default": 5}},
        "Resources": {
            "Function": {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": 60}},
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "ComparisonOperator": operator,
                    "Dimensions": [dimension] if namespace == "AWS/Lambda" else [],
                    "EvaluationPeriods": 1,
                    "MetricName": metric,
                    "Namespace": namespace,
                    "Threshold": threshold,
                },
            },
        },
    }


EXAMPLES = {
    "holding": [
        _alarm("AWS/RDS", "CPUUtilization", 80),
        _alarm("AWS/Lambda", "Errors", 0),
        _alarm("AWS/Lambda", "Errors", {"Ref": "Few"}),
        _alarm("AWS/Lambda", "Duration", 48_000),
        _alarm("AWS/RDS", "FreeStorageSpace", 20 * 1024**3, "LessThanThreshold"),
    ],
    "violated": [
        _alarm("AWS/RDS", "CPUUtilization", 100),
        _alarm("AWS/RDS", "CPUUtilization", 0, "GreaterThanOrEqualToThreshold"),
        _alarm("AWS/Lambda", "Errors", 999_999),
        _alarm("AWS/Lambda", "Errors", "999999"),
        _alarm("AWS/Lambda", "Duration", 60_000),
        _alarm("AWS/RDS", "FreeStorageSpace", 999_999, "LessThanThreshold"),
    ],
    "undecidable": [_alarm("AWS/Lambda", "Errors", {"Ref": "Many"})],
    "not applicable": [
        _alarm("Shop", "Orders", 999_999),
        {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}},
    ],
}
