"""Secrets, what is attached to them, and their policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_secret(call: Call) -> Created:
    given = {**call.properties, "Name": call.name}
    if "SecretString" not in given:
        given["SecretString"] = _generated(call, call.get("GenerateSecretString", {}))
    arn = call.send("secretsmanager", "create_secret", **given)["ARN"]
    return Created(physical_id=arn, attributes={"Id": arn})


def _generated(call: Call, how: Mapping[str, Any]) -> str:
    password: str = call.send("secretsmanager", "get_random_password", **how)["RandomPassword"]
    if "SecretStringTemplate" not in how:
        return password
    return json.dumps({**json.loads(how["SecretStringTemplate"]), how["GenerateStringKey"]: password})


def _create_attachment(call: Call) -> Created:
    """Write where the database is into the secret, as AWS does."""
    client = call.client("secretsmanager")
    value = json.loads(client.get_secret_value(SecretId=call["SecretId"])["SecretString"])
    value |= _cluster_endpoint(call) if call["TargetType"].endswith("Cluster") else _instance_endpoint(call)
    client.put_secret_value(SecretId=call["SecretId"], SecretString=json.dumps(value))
    arn = client.describe_secret(SecretId=call["SecretId"])["ARN"]
    return Created(physical_id=arn, attributes={"Id": arn})


def _instance_endpoint(call: Call) -> dict[str, Any]:
    found = call.send("rds", "describe_db_instances", DBInstanceIdentifier=call["TargetId"])["DBInstances"][0]
    endpoint = {
        "engine": found["Engine"],
        "host": found["Endpoint"]["Address"],
        "port": found["Endpoint"]["Port"],
        "dbInstanceIdentifier": found["DBInstanceIdentifier"],
    }
    return {**endpoint, "dbname": found["DBName"]} if found.get("DBName") else endpoint


def _cluster_endpoint(call: Call) -> dict[str, Any]:
    found = call.send("rds", "describe_db_clusters", DBClusterIdentifier=call["TargetId"])["DBClusters"][0]
    endpoint = {
        "engine": found["Engine"],
        "host": found["Endpoint"],
        "port": found["Port"],
        "dbClusterIdentifier": found["DBClusterIdentifier"],
    }
    return {**endpoint, "dbname": found["DatabaseName"]} if found.get("DatabaseName") else endpoint


def _create_policy(call: Call) -> Created:
    call.send("secretsmanager", "put_resource_policy", **call.properties)
    return Created(physical_id=call["SecretId"], attributes={"Id": call["SecretId"]})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::SecretsManager::ResourcePolicy": Handler(
        create=_create_policy,
        delete=lambda call: call.send("secretsmanager", "delete_resource_policy", SecretId=call.physical_id),
    ),
    "AWS::SecretsManager::Secret": Handler(
        create=_create_secret,
        delete=lambda call: call.send(
            "secretsmanager", "delete_secret", SecretId=call.physical_id, ForceDeleteWithoutRecovery=True
        ),
        name_property="Name",
    ),
    "AWS::SecretsManager::SecretTargetAttachment": Handler(create=_create_attachment),
}
