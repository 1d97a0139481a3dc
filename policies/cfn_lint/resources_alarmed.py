"""What fails is heard of: every database, function, stream and dead-letter queue has an alarm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from _alarms import KINDS, is_watchable, watched, watches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from rule_values import resources_of


class ResourcesAlarmed(CloudFormationLintRule):
    """An alarm is on a resource if one of its dimensions names it, by reference or by name."""

    id = "E9506"
    shortdesc = "What can fail has an alarm"
    description = "There is an alarm on every database, function, stream and queue of dead letters"
    tags = ("cloudwatch", "alarm")
    resource_types = tuple(KINDS)

    def applies(self, template: dict[str, Any], logical_id: str) -> bool:
        return is_watchable(template, logical_id)

    def match(self, cfn: Any) -> list[RuleMatch]:
        return list(self._matches(cfn.template))

    def _matches(self, template: dict[str, Any]) -> Iterator[RuleMatch]:
        every = watches(template)
        for logical_id, resource, _ in resources_of(template, self.resource_types):
            if not self.applies(template, logical_id):
                continue
            metrics, maybe = watched(template, logical_id, every)
            if metrics:
                continue
            kind = "open" if maybe else "fail"
            said = "no alarm names it, unless one does by a value that is not known" if maybe else "no alarm is on it"
            yield RuleMatch(["Resources", logical_id], f"{resource['Type']}: {said}", kind=kind)


def _stack(*names: Any, **more: Any) -> dict[str, Any]:
    """A stream, and an alarm for each name that a dimension gives it."""
    alarms = {
        f"Alarm{number}": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "ComparisonOperator": "GreaterThanThreshold",
                "Dimensions": [{"Name": "StreamName", "Value": name}],
                "EvaluationPeriods": 1,
                "MetricName": "WriteProvisionedThroughputExceeded",
                "Namespace": "AWS/Kinesis",
                "Threshold": 0,
            },
        }
        for number, name in enumerate(names)
    }
    stream = {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "records", "ShardCount": 2}}
    return {"Resources": {"Stream": stream, **alarms, **more}}


_QUEUE = {"Queue": {"Type": "AWS::SQS::Queue"}}
_LETTERS = {
    "Letters": {"Type": "AWS::SQS::Queue"},
    "Queue": {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Letters", "Arn"]}, "maxReceiveCount": 3}
        },
    },
}

EXAMPLES = {
    "holding": [_stack({"Ref": "Stream"}), _stack("records"), _stack({"Fn::Sub": "${Stream}"})],
    "violated": [_stack(), _stack("another"), _stack({"Ref": "Queue"}, **_QUEUE), {"Resources": _LETTERS}],
    "undecidable": [_stack({"Fn::ImportValue": "stream"})],
    "not applicable": [{"Resources": _QUEUE}],
}
