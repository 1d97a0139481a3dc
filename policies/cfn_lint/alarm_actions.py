"""An alarm needs an action that somebody receives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from rule_values import is_unknown, literal, resolved, resources_of


class AlarmActions(CloudFormationLintRule):
    """What is done when the alarm is over, or has no data, does not count."""

    id = "E9504"
    shortdesc = "Alarms have actions"
    description = "AlarmActions is not empty, and ActionsEnabled is not false"
    tags = ("cloudwatch", "alarm")
    resource_types = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")

    def match(self, cfn: Any) -> list[RuleMatch]:
        return list(self._matches(cfn.template))

    def _matches(self, template: dict[str, Any]) -> Iterator[RuleMatch]:
        for logical_id, _, properties in resources_of(template, self.resource_types):
            path = ["Resources", logical_id, "Properties"]
            enabled = literal(resolved(template, properties.get("ActionsEnabled")))
            if is_unknown(enabled):
                yield RuleMatch([*path, "ActionsEnabled"], "whether the alarm acts is not known", kind="open")
            elif enabled is False:
                yield RuleMatch([*path, "ActionsEnabled"], "the actions of the alarm are switched off")
            acts = _acts(template, properties.get("AlarmActions"))
            place = [*path, "AlarmActions"] if "AlarmActions" in properties else path
            if acts is None:
                yield RuleMatch(place, "whether the alarm has an action is not known", kind="open")
            elif not acts:
                yield RuleMatch(place, "the alarm has no action")


def _acts(template: dict[str, Any], value: Any) -> bool | None:
    """Whether there is an action; None if that depends on what only the deployment knows."""
    actions = resolved(template, value)
    if is_unknown(actions):
        return None
    if not isinstance(actions, list):
        return False
    found = [_is_action(template, action) for action in actions]
    return True if True in found else (None if None in found else False)


def _is_action(template: dict[str, Any], value: Any) -> bool | None:
    """A reference to anything is one; a choice is one if both of its branches are."""
    known = resolved(template, value)
    if not is_unknown(known):
        return bool(known)
    if "Fn::If" not in value:
        return True
    branches = [_is_action(template, branch) for branch in value["Fn::If"][1:]]
    return True if all(branches) else None


def _alarm(**properties: Any) -> dict[str, Any]:
    basis = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1}
    return {
        "Parameters": {"Topic": {"Type": "String"}, "Default": {"Type": "String", "Default": "arn:aws:sns:::t"}},
        "Conditions": {"Loud": {"Fn::Equals": [{"Ref": "Topic"}, "x"]}},
        "Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {**basis, **properties}}},
    }


EXAMPLES = {
    "holding": [
        _alarm(AlarmActions=[{"Ref": "Topic"}]),
        _alarm(AlarmActions=[{"Ref": "Default"}], ActionsEnabled=True),
        _alarm(AlarmActions=[{"Fn::ImportValue": "topic"}]),
    ],
    "violated": [
        _alarm(),
        _alarm(AlarmActions=[]),
        _alarm(AlarmActions=[{"Ref": "AWS::NoValue"}]),
        _alarm(AlarmActions=["arn:aws:sns:::t"], ActionsEnabled="false"),
        _alarm(OKActions=["arn:aws:sns:::t"]),
    ],
    "undecidable": [
        _alarm(AlarmActions={"Fn::Split": [",", {"Ref": "Topic"}]}),
        _alarm(AlarmActions=[{"Fn::If": ["Loud", "arn:aws:sns:::t", {"Ref": "AWS::NoValue"}]}]),
        _alarm(AlarmActions=["arn:aws:sns:::t"], ActionsEnabled={"Ref": "Topic"}),
    ],
    "not applicable": [{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}],
}
