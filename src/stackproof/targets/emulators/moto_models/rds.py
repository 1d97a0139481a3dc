"""Databases with their subnet and parameter groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]

_PARAMETERS_AT_ONCE: Final = 20


def _create_instance(call: Call) -> Created:
    given = {
        **call.properties,
        "DBInstanceIdentifier": call.name.lower(),
        "VpcSecurityGroupIds": call.get("VPCSecurityGroups"),
    }
    created = call.send("rds", "create_db_instance", **given)["DBInstance"]
    endpoint = created.get("Endpoint") or _endpoint(call, created["DBInstanceIdentifier"])
    return Created(
        physical_id=created["DBInstanceIdentifier"],
        attributes={
            "DBInstanceArn": created.get("DBInstanceArn"),
            "DbiResourceId": created.get("DbiResourceId"),
            "Endpoint.Address": endpoint.get("Address"),
            "Endpoint.Port": str(endpoint.get("Port")),
            "Endpoint.HostedZoneId": endpoint.get("HostedZoneId"),
            "MasterUserSecret.SecretArn": created.get("MasterUserSecret", {}).get("SecretArn"),
        },
    )


def _endpoint(call: Call, identifier: str) -> Mapping[str, Any]:
    found = call.send("rds", "describe_db_instances", DBInstanceIdentifier=identifier)["DBInstances"][0]
    endpoint: Mapping[str, Any] = found.get("Endpoint", {})
    return endpoint


def _create_subnet_group(call: Call) -> Created:
    group = call.send("rds", "create_db_subnet_group", **{**call.properties, "DBSubnetGroupName": call.name.lower()})
    created = group["DBSubnetGroup"]
    return Created(
        physical_id=created["DBSubnetGroupName"], attributes={"DBSubnetGroupArn": created.get("DBSubnetGroupArn")}
    )


def _create_parameter_group(call: Call) -> Created:
    created = call.send(
        "rds",
        "create_db_parameter_group",
        DBParameterGroupName=call.name.lower(),
        DBParameterGroupFamily=call["Family"],
        Description=call["Description"],
        Tags=call.get("Tags"),
    )["DBParameterGroup"]
    name = created["DBParameterGroupName"]
    given = [
        {"ParameterName": key, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
        for key, value in (call.get("Parameters") or {}).items()
    ]
    for start in range(0, len(given), _PARAMETERS_AT_ONCE):
        call.send(
            "rds",
            "modify_db_parameter_group",
            DBParameterGroupName=name,
            Parameters=given[start : start + _PARAMETERS_AT_ONCE],
        )
    return Created(physical_id=name, attributes={"DBParameterGroupArn": created.get("DBParameterGroupArn")})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::RDS::DBInstance": Handler(
        create=_create_instance,
        delete=lambda call: call.send(
            "rds", "delete_db_instance", DBInstanceIdentifier=call.physical_id, SkipFinalSnapshot=True
        ),
        name_property="DBInstanceIdentifier",
        longest=63,
    ),
    "AWS::RDS::DBParameterGroup": Handler(
        create=_create_parameter_group,
        delete=lambda call: call.send("rds", "delete_db_parameter_group", DBParameterGroupName=call.physical_id),
        name_property="DBParameterGroupName",
    ),
    "AWS::RDS::DBSubnetGroup": Handler(
        create=_create_subnet_group,
        delete=lambda call: call.send("rds", "delete_db_subnet_group", DBSubnetGroupName=call.physical_id),
        name_property="DBSubnetGroupName",
    ),
}
