"""What the rules about alarms share: which metrics of which resources the alarms of a template watch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rule_values import is_unknown, references, resolved, resources_of

ALARM = "AWS::CloudWatch::Alarm"


@dataclass(frozen=True)
class Kind:
    """How alarms name a resource of one type: by a dimension of a namespace; `name` is the property that sets it."""

    namespace: str
    dimension: str
    name: str


KINDS = {
    "AWS::Kinesis::Stream": Kind("AWS/Kinesis", "StreamName", "Name"),
    "AWS::Lambda::Function": Kind("AWS/Lambda", "FunctionName", "FunctionName"),
    "AWS::RDS::DBCluster": Kind("AWS/RDS", "DBClusterIdentifier", "DBClusterIdentifier"),
    "AWS::RDS::DBInstance": Kind("AWS/RDS", "DBInstanceIdentifier", "DBInstanceIdentifier"),
    "AWS::SQS::Queue": Kind("AWS/SQS", "QueueName", "QueueName"),
}


@dataclass(frozen=True)
class Watch:
    """One metric that an alarm watches; `value` is the dimension's value, as it is written."""

    namespace: Any
    metric: Any
    dimension: Any
    value: Any


def watches(template: dict[str, Any]) -> list[Watch]:
    """Every metric with its dimensions, of alarms on one metric and of those on an expression over several."""
    return [
        Watch(resolved(template, metric.get("Namespace")), resolved(template, metric.get("MetricName")), name, value)
        for _, _, properties in resources_of(template, (ALARM,))
        for metric in _metrics(properties)
        for name, value in _dimensions(template, metric)
    ]


def watched(template: dict[str, Any], logical_id: str, every: list[Watch]) -> tuple[set[str], bool]:
    """The metrics of the resource that alarms watch, and whether an alarm may be on it that names it unknowably."""
    entry = template["Resources"][logical_id]
    kind = KINDS[entry["Type"]]
    name = resolved(template, (entry.get("Properties") or {}).get(kind.name))
    metrics, maybe = set(), False
    for alarm in every:
        if alarm.namespace != kind.namespace or alarm.dimension != kind.dimension:
            continue
        value = resolved(template, alarm.value)
        if logical_id in references(alarm.value) or (isinstance(name, str) and value == name):
            metrics.add(str(alarm.metric))
        elif is_unknown(value) and not references(alarm.value) & set(template["Resources"]):
            maybe = True
    return metrics, maybe


def is_watchable(template: dict[str, Any], logical_id: str) -> bool:
    """Of queues only those that dead letters go to; every other resource of a type in `KINDS`."""
    if template["Resources"][logical_id]["Type"] != "AWS::SQS::Queue":
        return True
    return logical_id in {
        reference for value in _dead_letter_places(template["Resources"]) for reference in references(value)
    }


def _dead_letter_places(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            if key in {"DeadLetterConfig", "OnFailure", "RedrivePolicy"}:
                yield member
            else:
                yield from _dead_letter_places(member)
    elif isinstance(value, list):
        for element in value:
            yield from _dead_letter_places(element)


def _metrics(properties: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "MetricName" in properties:
        yield properties
    queries = properties.get("Metrics")
    for query in queries if isinstance(queries, list) else ():
        stat = query.get("MetricStat") if isinstance(query, Mapping) else None
        if isinstance(stat, Mapping) and isinstance(stat.get("Metric"), Mapping):
            yield stat["Metric"]


def _dimensions(template: dict[str, Any], metric: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    dimensions = metric.get("Dimensions")
    for dimension in dimensions if isinstance(dimensions, list) else ():
        if isinstance(dimension, Mapping):
            yield resolved(template, dimension.get("Name")), dimension.get("Value")
