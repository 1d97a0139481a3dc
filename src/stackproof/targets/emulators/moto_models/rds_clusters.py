"""Clusters of databases with their parameter groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_cluster(call: Call) -> Created:
    created = call.send("rds", "create_db_cluster", **{**call.properties, "DBClusterIdentifier": call.name.lower()})
    live = created["DBCluster"]
    return Created(
        physical_id=live["DBClusterIdentifier"],
        attributes={
            "DBClusterArn": live["DBClusterArn"],
            "DBClusterResourceId": live.get("DbClusterResourceId"),
            "Endpoint.Address": live.get("Endpoint"),
            "Endpoint.Port": str(live.get("Port")),
            "MasterUserSecret.SecretArn": live.get("MasterUserSecret", {}).get("SecretArn"),
            "ReadEndpoint.Address": live.get("ReaderEndpoint"),
        },
    )


def _delete_cluster(call: Call) -> None:
    own = {"DBClusterIdentifier": call.physical_id}
    call.send("rds", "modify_db_cluster", **own, DeletionProtection=False)
    call.send("rds", "delete_db_cluster", **own, SkipFinalSnapshot=True)


def _create_parameter_group(call: Call) -> Created:
    name = call.name.lower()
    given = {**call.properties, "DBClusterParameterGroupName": name, "DBParameterGroupFamily": call["Family"]}
    call.send("rds", "create_db_cluster_parameter_group", **given)
    parameters = [
        {"ParameterName": key, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
        for key, value in call["Parameters"].items()
    ]
    call.send("rds", "modify_db_cluster_parameter_group", DBClusterParameterGroupName=name, Parameters=parameters)
    return Created(physical_id=name)


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::RDS::DBCluster": Handler(
        create=_create_cluster, delete=_delete_cluster, name_property="DBClusterIdentifier", longest=63
    ),
    "AWS::RDS::DBClusterParameterGroup": Handler(
        create=_create_parameter_group,
        delete=lambda call: call.send(
            "rds", "delete_db_cluster_parameter_group", DBClusterParameterGroupName=call.physical_id
        ),
        name_property="DBClusterParameterGroupName",
    ),
}
