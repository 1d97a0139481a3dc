"""Not only some alarm: the metrics in which trouble of a resource shows first each have one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from _alarms import is_watchable, watched, watches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from rule_values import resources_of

# A setting of this stack: for each type the metrics to watch; any one of a group will do.
METRICS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "AWS::Kinesis::Stream": (
        ("GetRecords.IteratorAgeMilliseconds", "IteratorAge"),
        ("WriteProvisionedThroughputExceeded", "PutRecords.ThrottledRecords"),
    ),
    "AWS::Lambda::Function": (("Errors",), ("Throttles",), ("Duration",)),
    "AWS::RDS::DBInstance": (("CPUUtilization",), ("FreeStorageSpace",), ("DatabaseConnections",)),
    "AWS::SQS::Queue": (("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"),),
}


class MetricsAlarmed(CloudFormationLintRule):
    """What has no alarm at all is left to E9506."""

    id = "W9507"
    shortdesc = "The metrics that tell of trouble are alarmed"
    description = "Each resource that has alarms has one on every metric in which its trouble shows first"
    tags = ("cloudwatch", "alarm")
    resource_types = tuple(METRICS)

    def applies(self, template: dict[str, Any], logical_id: str) -> bool:
        return is_watchable(template, logical_id) and bool(watched(template, logical_id, watches(template))[0])

    def match(self, cfn: Any) -> list[RuleMatch]:
        return list(self._matches(cfn.template))

    def _matches(self, template: dict[str, Any]) -> Iterator[RuleMatch]:
        every = watches(template)
        for logical_id, resource, _ in resources_of(template, self.resource_types):
            metrics, maybe = watched(template, logical_id, every)
            if not metrics or not is_watchable(template, logical_id):
                continue
            missing = [group for group in METRICS[resource["Type"]] if not metrics & {*group}]
            if missing:
                names = ", ".join(" or ".join(group) for group in missing)
                path = ["Resources", logical_id]
                yield RuleMatch(path, f"there is no alarm on {names}", kind="open" if maybe else "fail")


def _stack(*alarms: tuple[str, Any]) -> dict[str, Any]:
    """A function, and alarms: metric and how the function is named."""
    resources: dict[str, Any] = {"Function": {"Type": "AWS::Lambda::Function", "Properties": {"Role": "arn:role"}}}
    for number, (metric, name) in enumerate(alarms):
        resources[f"Alarm{number}"] = {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "ComparisonOperator": "GreaterThanThreshold",
                "Dimensions": [{"Name": "FunctionName", "Value": name}],
                "EvaluationPeriods": 1,
                "MetricName": metric,
                "Namespace": "AWS/Lambda",
                "Threshold": 0,
            },
        }
    return {"Resources": resources}


_IT = {"Ref": "Function"}

EXAMPLES = {
    "holding": [_stack(("Errors", _IT), ("Throttles", _IT), ("Duration", _IT))],
    "violated": [_stack(("Errors", _IT)), _stack(("Errors", _IT), ("Throttles", "another"), ("Duration", _IT))],
    "undecidable": [_stack(("Errors", _IT), ("Duration", _IT), ("Throttles", {"Fn::ImportValue": "name"}))],
    "not applicable": [{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}, _stack()],
}
