"""Tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_table(call: Call) -> Created:
    given = {
        **call.properties,
        "TableName": call.name,
        "SSESpecification": _encryption(call),
        "StreamSpecification": {**call["StreamSpecification"], "StreamEnabled": True}
        if "StreamSpecification" in call.properties
        else None,
        "ResourcePolicy": None,
    }
    table = call.send("dynamodb", "create_table", **given)["TableDescription"]
    for name, operation in (
        ("PointInTimeRecoverySpecification", "update_continuous_backups"),
        ("TimeToLiveSpecification", "update_time_to_live"),
    ):
        if name in call.properties:
            call.send("dynamodb", operation, TableName=call.name, **{name: call[name]})
    if "ResourcePolicy" in call.properties:
        policy = json.dumps(call["ResourcePolicy"]["PolicyDocument"])
        call.send("dynamodb", "put_resource_policy", ResourceArn=table["TableArn"], Policy=policy)
    return Created(
        physical_id=call.name,
        attributes={
            "Arn": table["TableArn"],
            "StreamArn": table.get("LatestStreamArn"),
            "TableId": table.get("TableId"),
        },
    )


def _create_global_table(call: Call) -> Created:
    """A table that has its one replica here: the emulator's tables have none in other regions."""
    replicas = call["Replicas"]
    if {replica["Region"] for replica in replicas} != {call.region}:
        raise NotImplementedError("AWS::DynamoDB::GlobalTable with replicas in other regions is not implemented")
    replica = {name: value for name, value in replicas[0].items() if name not in {"Region", "SSESpecification"}}
    shared = {name: value for name, value in call.properties.items() if name != "Replicas"}
    own_key = replicas[0].get("SSESpecification")
    if own_key is not None:
        shared["SSESpecification"] = {**call["SSESpecification"], **own_key}
    return _create_table(replace(call, properties={**shared, **replica}))


def _encryption(call: Call) -> Mapping[str, object] | None:
    given = call.get("SSESpecification")
    return None if given is None else {**given, "Enabled": given["SSEEnabled"]}


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::DynamoDB::GlobalTable": Handler(
        create=_create_global_table,
        delete=lambda call: call.send("dynamodb", "delete_table", TableName=call.physical_id),
        name_property="TableName",
    ),
    "AWS::DynamoDB::Table": Handler(
        create=_create_table,
        delete=lambda call: call.send("dynamodb", "delete_table", TableName=call.physical_id),
        name_property="TableName",
    ),
}
