"""TapStack holds under its own rules, and each risky edit of its template is caught by one of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from stackproof.policy.engines.worker_engine import WorkerEngine
from stackproof.policy.finding import EngineAnswer, Kind
from stackproof.template.loading.template import parse_bytes

pytestmark = pytest.mark.usefixtures("processes")

# What CDK adds by itself, marked as generated where the whole assembly is known.
GENERATED = "CustomVpcRestrictDefaultSG"
Body = dict[str, Any]
Edit = Callable[[Body], object]


def judged(engine: WorkerEngine, body: Body) -> EngineAnswer:
    return engine.evaluate(parse_bytes(json.dumps(body).encode(), path="t.json", file="t.json", stack_name="TapStack"))


def of_type(body: Body, resource_type: str, part: str = "") -> list[str]:
    """Logical ids of the resources of a type whose id has the part in it."""
    return [
        name
        for name, resource in body["Resources"].items()
        if resource["Type"] == resource_type and part in name and not name.startswith(GENERATED)
    ]


def one(body: Body, resource_type: str, part: str = "") -> dict[str, Any]:
    (name,) = of_type(body, resource_type, part)
    found: dict[str, Any] = body["Resources"][name]
    return found


def set_property(resource_type: str, part: str, **values: Any) -> Edit:
    return lambda body: one(body, resource_type, part)["Properties"].update(values)


def drop_property(resource_type: str, part: str, *names: str) -> Edit:
    def edit(body: Body) -> None:
        for name in names:
            del one(body, resource_type, part)["Properties"][name]

    return edit


def drop(resource_type: str, part: str = "") -> Edit:
    def edit(body: Body) -> None:
        (name,) = of_type(body, resource_type, part)
        del body["Resources"][name]

    return edit


def set_attribute(resource_type: str, part: str, **values: str) -> Edit:
    return lambda body: one(body, resource_type, part).update(values)


def in_public_subnets(body: Body) -> None:
    subnets = [{"Ref": name} for name in of_type(body, "AWS::EC2::Subnet", "public")]
    one(body, "AWS::RDS::DBSubnetGroup")["Properties"]["SubnetIds"] = subnets


def open_port(body: Body) -> None:
    ingress = one(body, "AWS::EC2::SecurityGroupIngress")["Properties"]
    del ingress["SourceSecurityGroupId"]
    ingress["CidrIp"] = "0.0.0.0/0"


def any_resource(body: Body) -> None:
    statements = one(body, "AWS::IAM::Policy", "Processor")["Properties"]["PolicyDocument"]["Statement"]
    statements[2]["Resource"] = "*"


ALARM, STREAM, DATABASE = "AWS::CloudWatch::Alarm", "AWS::Kinesis::Stream", "AWS::RDS::DBInstance"
MAPPING, LOGS = "AWS::Lambda::EventSourceMapping", "AWS::Logs::LogGroup"
PROTECTION, TRAFFIC = "database_deletion_protection", "CKV2_STACKPROOF_1"
ALARMS = (
    "DatabaseCpu",
    "DatabaseFreeStorage",
    "DatabaseConnections",
    "FunctionErrors",
    "FunctionThrottles",
    "FunctionDuration",
    "StreamIteratorAge",
    "StreamWritesRefused",
    "DeadLetters",
)
# 999999 milliseconds are a fair age for a record to raise an alarm.
COUNTED = tuple(alarm for alarm in ALARMS if alarm != "StreamIteratorAge")
LINT, CHECKOV, GUARD = "cfn-lint", "checkov", "cloudformation-validate"


def together(*edits: Edit) -> Edit:
    """Several edits at once, each to be caught at its own resource: an engine takes a second for a template."""

    def edit(body: Body) -> None:
        for edit in edits:
            edit(body)

    return edit


def dropped(*parts: str) -> Edit:
    return together(*(drop(ALARM, part) for part in parts))


# The edit, the engine and rule that catch it, and at how many resources.
EDITS: Mapping[str, tuple[Edit, str, str, int]] = {
    "first alarms deleted": (dropped("DatabaseCpu", "FunctionErrors", "StreamIteratorAge"), LINT, "W9507", 3),
    "next alarms deleted": (dropped("DatabaseFreeStorage", "FunctionThrottles", "StreamWrites"), LINT, "W9507", 3),
    "last alarms deleted": (dropped("DatabaseConnections", "FunctionDuration"), LINT, "W9507", 2),
    "only alarm deleted": (dropped("DeadLetters"), LINT, "E9506", 1),
    "alarms without action": (
        together(*(drop_property(ALARM, alarm, "AlarmActions") for alarm in ALARMS)),
        LINT,
        "E9504",
        len(ALARMS),
    ),
    "alarms switched off": (
        together(*(set_property(ALARM, alarm, ActionsEnabled=False) for alarm in ALARMS)),
        LINT,
        "E9504",
        len(ALARMS),
    ),
    "thresholds 999999": (
        together(*(set_property(ALARM, name, Threshold=999_999) for name in COUNTED)),
        LINT,
        "E9505",
        len(COUNTED),
    ),
    "backups 0": (set_property(DATABASE, "", BackupRetentionPeriod=0), LINT, "E9501", 1),
    "backups not set": (drop_property(DATABASE, "", "BackupRetentionPeriod"), LINT, "E9501", 1),
    "database deleted": (set_attribute(DATABASE, "", DeletionPolicy="Delete"), LINT, "E9502", 1),
    "database deleted on replacement": (set_attribute(DATABASE, "", UpdateReplacePolicy="Delete"), LINT, "E9502", 1),
    "stream and key deleted": (
        together(*(set_attribute(name, "", DeletionPolicy="Delete") for name in (STREAM, "AWS::KMS::Key"))),
        LINT,
        "E9502",
        2,
    ),
    "no deletion protection": (set_property(DATABASE, "", DeletionProtection=False), GUARD, PROTECTION, 1),
    "deletion protection removed": (drop_property(DATABASE, "", "DeletionProtection"), GUARD, PROTECTION, 1),
    "database in public subnets": (in_public_subnets, LINT, "E9503", 1),
    "event source disabled": (set_property(MAPPING, "", Enabled=False), LINT, "E9508", 1),
    "retries removed": (drop_property(MAPPING, "", "MaximumRetryAttempts"), LINT, "E9508", 1),
    "bisect removed": (drop_property(MAPPING, "", "BisectBatchOnFunctionError"), LINT, "E9508", 1),
    "dead letters removed": (drop_property(MAPPING, "", "DestinationConfig"), LINT, "E9508", 1),
    "shards halved": (set_property(STREAM, "", ShardCount=1), GUARD, "stream_shards", 1),
    "flow log deleted": (drop("AWS::EC2::FlowLog"), LINT, "E9509", 1),
    "flow log of refusals": (set_property("AWS::EC2::FlowLog", "", TrafficType="REJECT"), CHECKOV, TRAFFIC, 1),
    "port 5432 open": (open_port, CHECKOV, "CKV_STACKPROOF_1", 1),
    "any resource": (any_resource, LINT, "E9510", 1),
    "log retention removed": (drop_property(LOGS, "Processor", "RetentionInDays"), GUARD, "log_retention", 1),
    "log key removed": (drop_property(LOGS, "Processor", "KmsKeyId"), CHECKOV, "CKV_STACKPROOF_2", 1),
    "tags removed": (drop_property(STREAM, "", "Tags"), LINT, "W9511", 1),
}


def of_project(answer: EngineAnswer) -> set[str]:
    return {count.rule_id for count in answer.counts if count.project}


@pytest.mark.parametrize("name", ["cfn-lint", "checkov", "cloudformation-validate"])
def test_the_stack_holds_and_no_rule_has_nothing_to_look_at(
    name: str, engines: Mapping[str, WorkerEngine], tap_stack: Body
) -> None:
    answer = judged(engines[name], tap_stack)
    own = of_project(answer)
    found = {
        (finding.rule_id, finding.location.logical_id)
        for finding in answer.findings
        if finding.rule_id in own and not str(finding.location.logical_id).startswith(GENERATED)
    }
    assert own
    assert found == set()
    assert [count for count in answer.counts if count.project and not count.looked_at] == []


@pytest.mark.parametrize("name", EDITS)
def test_a_risky_edit_is_caught(name: str, engines: Mapping[str, WorkerEngine], tap_stack: Body) -> None:
    edit, engine, rule_id, places = EDITS[name]
    body = copy.deepcopy(tap_stack)
    edit(body)
    answer = judged(engines[engine], body)
    found = {
        finding.location.logical_id
        for finding in answer.findings
        if finding.rule_id == rule_id
        and finding.kind is Kind.FAIL
        and not str(finding.location.logical_id).startswith(GENERATED)
    }
    assert len(found) == places
