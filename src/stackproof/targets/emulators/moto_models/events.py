"""Event buses with their rules, policies and archives, and schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document

__all__ = ["HANDLERS"]


def _pattern(call: Call) -> str | None:
    return document(call["EventPattern"]) if "EventPattern" in call.properties else None


def _create_rule(call: Call) -> Created:
    bus = call.get("EventBusName", "default")
    given = {**call.properties, "Name": call.name, "EventPattern": _pattern(call)}
    arn = call.send("events", "put_rule", **given)["RuleArn"]
    if call.get("Targets"):
        call.send("events", "put_targets", Rule=call.name, EventBusName=bus, Targets=call["Targets"])
    own = call.name if bus == "default" else f"{bus.rpartition('/')[2]}|{call.name}"
    return Created(physical_id=own, attributes={"Arn": arn, "RuleName": call.name})


def _delete_rule(call: Call) -> None:
    rule = {"Name": call.name, "EventBusName": call.get("EventBusName", "default")}
    targets = [target["Id"] for target in call.get("Targets", ())]
    if targets:
        call.send("events", "remove_targets", Rule=call.name, EventBusName=rule["EventBusName"], Ids=targets)
    call.send("events", "delete_rule", **rule)


def _create_bus(call: Call) -> Created:
    arn = call.send("events", "create_event_bus", **{**call.properties, "Name": call.name})["EventBusArn"]
    if "Policy" in call.properties:
        call.send("events", "put_permission", EventBusName=call.name, Policy=document(call["Policy"]))
    return Created(physical_id=call.name, attributes={"Arn": arn, "Name": call.name})


def _create_bus_policy(call: Call) -> Created:
    given: dict[str, Any] = dict(call.properties)
    if "Statement" in given:
        statement = {**given.pop("Statement"), "Sid": call["StatementId"]}
        given["Policy"] = document({"Version": "2012-10-17", "Statement": [statement]})
        given.pop("StatementId")
    call.send("events", "put_permission", **given)
    return Created(physical_id=f"{call.get('EventBusName', 'default')}|{call['StatementId']}")


def _create_archive(call: Call) -> Created:
    given = {
        **call.properties,
        "ArchiveName": call.name,
        "EventSourceArn": call["SourceArn"],
        "EventPattern": _pattern(call),
    }
    arn = call.send("events", "create_archive", **given)["ArchiveArn"]
    return Created(physical_id=call.name, attributes={"Arn": arn, "ArchiveName": call.name})


def _create_schedule(call: Call) -> Created:
    arn = call.send("scheduler", "create_schedule", **{**call.properties, "Name": call.name})["ScheduleArn"]
    return Created(physical_id=call.name, attributes={"Arn": arn})


def _delete_schedule(call: Call) -> None:
    call.send("scheduler", "delete_schedule", Name=call.physical_id, GroupName=call.get("GroupName"))


def _create_schedule_group(call: Call) -> Created:
    created = call.send("scheduler", "create_schedule_group", Name=call.name, Tags=call.get("Tags"))
    return Created(physical_id=call.name, attributes={"Arn": created["ScheduleGroupArn"], "State": "ACTIVE"})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::Events::Archive": Handler(
        create=_create_archive,
        delete=lambda call: call.send("events", "delete_archive", ArchiveName=call.physical_id),
        name_property="ArchiveName",
        longest=48,
    ),
    "AWS::Events::EventBus": Handler(
        create=_create_bus,
        delete=lambda call: call.send("events", "delete_event_bus", Name=call.physical_id),
        name_property="Name",
    ),
    "AWS::Events::EventBusPolicy": Handler(create=_create_bus_policy),
    "AWS::Events::Rule": Handler(create=_create_rule, delete=_delete_rule, name_property="Name", longest=64),
    "AWS::Scheduler::Schedule": Handler(
        create=_create_schedule, delete=_delete_schedule, name_property="Name", longest=64
    ),
    "AWS::Scheduler::ScheduleGroup": Handler(
        create=_create_schedule_group,
        delete=lambda call: call.send("scheduler", "delete_schedule_group", Name=call.physical_id),
        name_property="Name",
        longest=64,
    ),
}
