"""A record that cannot be processed neither stops the shard for ever nor is lost without a trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from rule_values import is_intrinsic, is_unknown, literal, referred, resolved, resources_of

_STREAMS = frozenset({"AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table", "AWS::Kinesis::Stream"})
_OTHER_SOURCES = frozenset({"DocumentDBEventSourceConfig", "Queues", "SelfManagedEventSource", "Topics"})


class EventSources(CloudFormationLintRule):
    """Every mapping is switched on; those on streams also give up a record in the end, alone, and say which."""

    id = "E9508"
    shortdesc = "Event source mappings are on and give up in the end"
    description = "Enabled is not false; on a stream, retries are bounded, batches bisected, failures sent somewhere"
    tags = ("lambda", "kinesis")
    resource_types = ("AWS::Lambda::EventSourceMapping",)

    def match(self, cfn: Any) -> list[RuleMatch]:
        return list(self._matches(cfn.template))

    def _matches(self, template: dict[str, Any]) -> Iterator[RuleMatch]:
        for logical_id, _, properties in resources_of(template, self.resource_types):
            path = ["Resources", logical_id, "Properties"]
            enabled = literal(resolved(template, properties.get("Enabled")))
            if is_unknown(enabled):
                yield RuleMatch([*path, "Enabled"], "whether the mapping is enabled is not known", kind="open")
            elif enabled is False:
                yield RuleMatch([*path, "Enabled"], "the mapping is switched off: nothing is processed")
            if _is_stream(template, properties):
                yield from _retries(template, path, properties)
                yield from _bisect(template, path, properties)
                yield from _destination(template, path, properties)


def _is_stream(template: dict[str, Any], properties: Mapping[str, Any]) -> bool:
    source = referred(template, properties.get("EventSourceArn"))
    if source is not None:
        return template["Resources"][source].get("Type") in _STREAMS
    # Queues have no place to start from, and brokers name topics or queues.
    return "StartingPosition" in properties and not _OTHER_SOURCES & properties.keys()


def _retries(template: dict[str, Any], path: list[Any], properties: Mapping[str, Any]) -> Iterator[RuleMatch]:
    retries = literal(resolved(template, properties.get("MaximumRetryAttempts")))
    if is_unknown(retries):
        yield RuleMatch([*path, "MaximumRetryAttempts"], "how often a batch is retried is not known", kind="open")
    elif retries is None:
        yield RuleMatch(path, "a failing batch is retried until its records expire: set MaximumRetryAttempts")
    elif not isinstance(retries, int) or retries < 0:
        yield RuleMatch([*path, "MaximumRetryAttempts"], "a failing batch is retried until its records expire")


def _bisect(template: dict[str, Any], path: list[Any], properties: Mapping[str, Any]) -> Iterator[RuleMatch]:
    name = "BisectBatchOnFunctionError"
    bisect = literal(resolved(template, properties.get(name)))
    if is_unknown(bisect):
        yield RuleMatch([*path, name], "whether a failing batch is bisected is not known", kind="open")
    elif bisect is not True:
        place = [*path, name] if name in properties else path
        yield RuleMatch(place, "one bad record takes its whole batch with it: set BisectBatchOnFunctionError")


def _destination(template: dict[str, Any], path: list[Any], properties: Mapping[str, Any]) -> Iterator[RuleMatch]:
    value: Any = properties
    place = list(path)
    for name in ("DestinationConfig", "OnFailure", "Destination"):
        value = resolved(template, value.get(name)) if isinstance(value, Mapping) and not is_unknown(value) else value
        if isinstance(value, Mapping) and is_intrinsic(value):
            break
        if value is None:
            yield RuleMatch(place, "records that are given up go nowhere: set DestinationConfig.OnFailure")
            return
        place.append(name)
        if is_unknown(value):
            break
    if is_unknown(value) and place[-1] != "Destination":
        yield RuleMatch(place, "where records go that are given up is not known", kind="open")


def _mapping(**properties: Any) -> dict[str, Any]:
    basis = {
        "BisectBatchOnFunctionError": True,
        "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Letters", "Arn"]}}},
        "EventSourceArn": {"Fn::GetAtt": ["Stream", "Arn"]},
        "FunctionName": "f",
        "MaximumRetryAttempts": 3,
        "StartingPosition": "LATEST",
    }
    given = {key: value for key, value in {**basis, **properties}.items() if value is not None}
    return {
        "Parameters": {"P": {"Type": "String"}, "On": {"Type": "String", "Default": "true"}},
        "Resources": {
            "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 2}},
            "Letters": {"Type": "AWS::SQS::Queue"},
            "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": given},
        },
    }


_QUEUE = {
    "Letters": {"Type": "AWS::SQS::Queue"},
    "Mapping": {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {"FunctionName": "f", "EventSourceArn": {"Fn::GetAtt": ["Letters", "Arn"]}},
    },
}

EXAMPLES = {
    "holding": [
        _mapping(),
        _mapping(Enabled={"Ref": "On"}, MaximumRetryAttempts=0),
        _mapping(DestinationConfig={"OnFailure": {"Destination": {"Ref": "P"}}}),
        {"Resources": _QUEUE},
    ],
    "violated": [
        _mapping(Enabled=False),
        _mapping(MaximumRetryAttempts=None),
        _mapping(MaximumRetryAttempts=-1),
        _mapping(BisectBatchOnFunctionError=None),
        _mapping(BisectBatchOnFunctionError="false"),
        _mapping(DestinationConfig=None),
        _mapping(DestinationConfig={}),
        _mapping(EventSourceArn="arn:aws:kinesis:us-east-1:1:stream/s", DestinationConfig=None),
    ],
    "undecidable": [
        _mapping(Enabled={"Ref": "P"}),
        _mapping(MaximumRetryAttempts={"Fn::ImportValue": "retries"}),
        _mapping(BisectBatchOnFunctionError={"Ref": "P"}),
        _mapping(DestinationConfig={"Fn::If": ["C", {"Ref": "AWS::NoValue"}, {}]}),
    ],
    "not applicable": [{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}],
}
