"""What belongs to functions: versions, aliases, layers, URLs, and how they are invoked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_version(call: Call) -> Created:
    created = call.send("lambda", "publish_version", **call.properties)
    arn = created["FunctionArn"]
    if not arn.endswith(f":{created['Version']}"):
        arn = f"{arn}:{created['Version']}"
    return Created(physical_id=arn, attributes={"FunctionArn": arn, "Version": created["Version"]})


def _create_alias(call: Call) -> Created:
    weights = (call.get("RoutingConfig") or {}).get("AdditionalVersionWeights", ())
    routing = {"AdditionalVersionWeights": {weight["FunctionVersion"]: weight["FunctionWeight"] for weight in weights}}
    given = {**call.properties, "RoutingConfig": routing if weights else None}
    arn = call.send("lambda", "create_alias", **given)["AliasArn"]
    return Created(physical_id=arn, attributes={"AliasArn": arn})


def _create_layer_version(call: Call) -> Created:
    given = {**call.properties, "LayerName": call.name}
    arn = call.send("lambda", "publish_layer_version", **given)["LayerVersionArn"]
    return Created(physical_id=arn, attributes={"LayerVersionArn": arn})


def _delete_layer_version(call: Call) -> None:
    layer, _, version = call.physical_id.rpartition(":")
    call.send("lambda", "delete_layer_version", LayerName=layer.rpartition(":")[2], VersionNumber=version)


def _create_url(call: Call) -> Created:
    given = {**call.properties, "FunctionName": call["TargetFunctionArn"]}
    created = call.send("lambda", "create_function_url_config", **given)
    arn = created["FunctionArn"]
    return Created(physical_id=arn, attributes={"FunctionArn": arn, "FunctionUrl": created["FunctionUrl"]})


def _create_invoke_config(call: Call) -> Created:
    call.send("lambda", "put_function_event_invoke_config", **call.properties)
    return Created(physical_id=f"{call['FunctionName']}|{call['Qualifier']}")


def _delete_alias(call: Call) -> None:
    function, _, name = call.physical_id.rpartition(":")
    call.send("lambda", "delete_alias", FunctionName=function, Name=name)


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::Lambda::Alias": Handler(create=_create_alias, delete=_delete_alias),
    "AWS::Lambda::EventInvokeConfig": Handler(create=_create_invoke_config),
    "AWS::Lambda::LayerVersion": Handler(
        create=_create_layer_version, delete=_delete_layer_version, name_property="LayerName", longest=64
    ),
    "AWS::Lambda::Url": Handler(
        create=_create_url,
        delete=lambda call: call.send("lambda", "delete_function_url_config", FunctionName=call.physical_id),
    ),
    "AWS::Lambda::Version": Handler(create=_create_version),
}
