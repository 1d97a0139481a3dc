"""Event buses with their rules, policies and archives, and schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import (
    ReadingBuilder,
    as_in_template,
    chosen,
    covered,
    found_or_none,
    pages,
    parsed,
    reads,
    tag_list,
)

__all__ = ["READERS"]

_GONE: Final = "ResourceNotFoundException"


def _tags(client: Any, arn: str, builder: ReadingBuilder) -> list[JsonValue]:
    return tag_list(builder.call("/Tags", lambda: client.list_tags_for_resource(ResourceARN=arn)["Tags"], []))


def read_rule(request: ReadRequest) -> Reading | None:
    """DescribeRule, ListTargetsByRule and ListTagsForResource."""
    client = request.client("events")
    bus, _, name = request.physical_id.rpartition("|")
    bus = str(request.expected.get("EventBusName") or bus or "default")
    live = found_or_none(lambda: client.describe_rule(Name=name, EventBusName=bus), _GONE)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    targets: list[Any] = builder.call(
        "/Targets", lambda: pages(client, "list_targets_by_rule", "Targets", Rule=name, EventBusName=bus), []
    )
    named = live.get("EventBusName")
    arn = live["Arn"]
    bus_arn = f"{arn.partition(':rule/')[0]}:event-bus/{named}"
    return builder.build(
        {
            **covered(live, ("Description", "Name", "RoleArn", "ScheduleExpression", "State")),
            "EventBusName": as_in_template(request.expected.get("EventBusName"), named, bus_arn),
            "EventPattern": parsed(live.get("EventPattern")),
            "Tags": _tags(client, arn, builder),
            "Targets": targets,
        },
        {"Arn": arn, "RuleName": live["Name"]},
    )


def read_bus(request: ReadRequest) -> Reading | None:
    """DescribeEventBus and ListTagsForResource."""
    client = request.client("events")
    live = found_or_none(lambda: client.describe_event_bus(Name=request.physical_id), _GONE)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    names = ("DeadLetterConfig", "Description", "KmsKeyIdentifier", "LogConfig", "Name")
    return builder.build(
        {**covered(live, names), "Policy": parsed(live.get("Policy")), "Tags": _tags(client, live["Arn"], builder)},
        {"Arn": live["Arn"], "Name": live["Name"]},
    )


def read_bus_policy(request: ReadRequest) -> Reading | None:
    """DescribeEventBus, and in its policy the template's statement."""
    client = request.client("events")
    bus = str(request.expected.get("EventBusName") or "default")
    sid = request.expected.get("StatementId")
    live = found_or_none(lambda: client.describe_event_bus(Name=bus), _GONE)
    policy = parsed((live or {}).get("Policy"))
    statements = policy.get("Statement") if isinstance(policy, Mapping) else ()
    for statement in statements if isinstance(statements, list) else ():
        if isinstance(statement, Mapping) and statement.get("Sid") == sid:
            properties: dict[str, Any] = {"EventBusName": bus, "StatementId": sid}
            if "Statement" in request.expected:
                properties["Statement"] = {key: value for key, value in statement.items() if key != "Sid"}
            else:
                properties |= {
                    "Action": statement.get("Action"),
                    "Condition": _condition(statement.get("Condition")),
                    "Principal": _account(statement.get("Principal")),
                }
            return ReadingBuilder(request).build(properties, {})
    return None


def _condition(live: JsonValue) -> JsonValue:
    """The one test of a condition as PutPermission takes it; a condition of more than that as it is."""
    if isinstance(live, Mapping) and len(live) == 1:
        [(kind, tests)] = live.items()
        if isinstance(tests, Mapping) and len(tests) == 1:
            [(key, value)] = tests.items()
            return {"Type": kind, "Key": key, "Value": value}
    return live


def _account(principal: JsonValue) -> JsonValue:
    """The account as PutPermission takes it: its number alone."""
    named = principal.get("AWS") if isinstance(principal, Mapping) else principal
    parts = named.split(":") if isinstance(named, str) else []
    return parts[4] if len(parts) > 4 and parts[5] == "root" else named  # noqa: PLR2004 - an ARN's account


def read_archive(request: ReadRequest) -> Reading | None:
    """DescribeArchive."""
    client = request.client("events")
    live = found_or_none(lambda: client.describe_archive(ArchiveName=request.physical_id), _GONE)
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {
            **covered(live, ("ArchiveName", "Description", "KmsKeyIdentifier", "RetentionDays")),
            "EventPattern": parsed(live.get("EventPattern")),
            "SourceArn": live["EventSourceArn"],
        },
        {"Arn": live["ArchiveArn"], "ArchiveName": live["ArchiveName"]},
    )


_SCHEDULE: Final = (
    "Description",
    "FlexibleTimeWindow",
    "GroupName",
    "KmsKeyArn",
    "Name",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "State",
    "Target",
)


def read_schedule(request: ReadRequest) -> Reading | None:
    """GetSchedule."""
    client = request.client("scheduler")
    group = chosen(request.expected, ("GroupName",))
    live = found_or_none(lambda: client.get_schedule(Name=request.physical_id, **group), _GONE)
    if live is None:
        return None
    dates = {
        name: live[name].strftime("%Y-%m-%dT%H:%M:%S.000Z") if live.get(name) else None
        for name in ("EndDate", "StartDate")
    }
    return ReadingBuilder(request).build({**covered(live, _SCHEDULE), **dates}, {"Arn": live["Arn"]})


def read_schedule_group(request: ReadRequest) -> Reading | None:
    """GetScheduleGroup and ListTagsForResource."""
    client = request.client("scheduler")
    live = found_or_none(lambda: client.get_schedule_group(Name=request.physical_id), _GONE)
    if live is None or live.get("State") == "DELETING":
        return None
    builder = ReadingBuilder(request)
    arn = live["Arn"]
    tags: list[Any] = builder.call("/Tags", lambda: client.list_tags_for_resource(ResourceArn=arn).get("Tags"), [])
    return builder.build({"Name": live["Name"], "Tags": tag_list(tags)}, {"Arn": arn, **chosen(live, ("State",))})


READERS: Final[Mapping[str, Reader]] = {
    "AWS::Events::Archive": reads(read_archive, "events:DescribeArchive"),
    "AWS::Events::EventBus": reads(read_bus, "events:DescribeEventBus", "events:ListTagsForResource"),
    "AWS::Events::EventBusPolicy": reads(read_bus_policy, "events:DescribeEventBus"),
    "AWS::Events::Rule": reads(
        read_rule, "events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"
    ),
    "AWS::Scheduler::Schedule": reads(read_schedule, "scheduler:GetSchedule"),
    "AWS::Scheduler::ScheduleGroup": reads(
        read_schedule_group, "scheduler:GetScheduleGroup", "scheduler:ListTagsForResource"
    ),
}
