"""REST APIs with their resources, methods, deployments, stages, and what guards them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document, tag_map

__all__ = ["HANDLERS"]


def _send(call: Call, operation: str, **given: Any) -> Any:
    return call.send("apigateway", operation, **{**call.properties, "Tags": tag_map(call.get("Tags")), **given})


def _create_api(call: Call) -> Created:
    text = document(call["Policy"]) if "Policy" in call.properties else None
    own = _send(call, "create_rest_api", Name=call.name, Policy=text, ApiKeySource=call.get("ApiKeySourceType"))["id"]
    root = next(
        resource["id"] for resource in _send(call, "get_resources", RestApiId=own)["items"] if resource["path"] == "/"
    )
    return Created(physical_id=own, attributes={"RestApiId": own, "RootResourceId": root})


def _create_resource(call: Call) -> Created:
    own = _send(call, "create_resource")["id"]
    return Created(physical_id=own, attributes={"ResourceId": own})


def _create_method(call: Call) -> Created:
    _send(call, "put_method")
    where = {"restApiId": call["RestApiId"], "resourceId": call["ResourceId"], "httpMethod": call["HttpMethod"]}
    for response in call.get("MethodResponses", ()):
        call.send("apigateway", "put_method_response", **where, **response)
    given = call.get("Integration")
    if given:
        rest = {
            key: member for key, member in given.items() if key not in {"IntegrationResponses", "IntegrationHttpMethod"}
        }
        verb = given.get("IntegrationHttpMethod")
        call.send("apigateway", "put_integration", **where, **rest, integrationHttpMethod=verb)
        for response in given.get("IntegrationResponses", ()):
            call.send("apigateway", "put_integration_response", **where, **response)
    return Created(physical_id=call.name)


def _create_deployment(call: Call) -> Created:
    own = _send(call, "create_deployment")["id"]
    return Created(physical_id=own, attributes={"DeploymentId": own})


def _create_stage(call: Call) -> Created:
    _send(call, "create_stage")
    own = {"RestApiId": call["RestApiId"], "StageName": call["StageName"]}
    changes = [
        (
            f"/{setting['ResourcePath'].strip('/').replace('/', '~1') or '*'}/{setting['HttpMethod']}/{path}",
            setting[name],
        )
        for setting in call.get("MethodSettings", ())
        for name, path in _SETTINGS.items()
        if name in setting
    ]
    for name, path in (("DestinationArn", "destinationArn"), ("Format", "format")):
        if name in call.get("AccessLogSetting", {}):
            changes.append((f"/accessLogSettings/{path}", call["AccessLogSetting"][name]))
    operations = [{"op": "replace", "path": path, "value": value} for path, value in changes]
    if operations:
        call.send("apigateway", "update_stage", **own, PatchOperations=operations)
    return Created(physical_id=call["StageName"])


_SETTINGS: Final = {
    "DataTraceEnabled": "logging/dataTrace",
    "LoggingLevel": "logging/loglevel",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
}


def _create_authorizer(call: Call) -> Created:
    own = _send(call, "create_authorizer")["id"]
    return Created(physical_id=own, attributes={"AuthorizerId": own})


def _create_model(call: Call) -> Created:
    _send(call, "create_model", Name=call.name, Schema=document(call.get("Schema", {})))
    return Created(physical_id=call.name)


def _create_validator(call: Call) -> Created:
    own = _send(call, "create_request_validator")["id"]
    return Created(physical_id=own, attributes={"RequestValidatorId": own})


def _create_key(call: Call) -> Created:
    own = _send(call, "create_api_key", Name=call.name)["id"]
    return Created(physical_id=own, attributes={"APIKeyId": own})


def _create_plan(call: Call) -> Created:
    own = _send(call, "create_usage_plan", Name=call.get("UsagePlanName", call.name))["id"]
    return Created(physical_id=own, attributes={"Id": own})


def _create_plan_key(call: Call) -> Created:
    _send(call, "create_usage_plan_key")
    own = f"{call['KeyId']}:{call['UsagePlanId']}"
    return Created(physical_id=own, attributes={"Id": own})


def _handler(create: Any, operation: str, *own: str, within: str = "", name: str = "") -> Handler:
    """A type that is deleted by its id or by some of its properties, inside of what contains it."""

    def delete(call: Call) -> None:
        where = {within: call[within]} if within else {}
        parameters = {key: call[key] for key in own if key in call.properties}
        if not parameters:
            parameters = {own[0]: call.physical_id}
        call.send("apigateway", operation, **where, **parameters)

    return Handler(create=create, delete=delete, name_property=name)


_API: Final = "RestApiId"


def _set_account(call: Call) -> Created:
    """The settings stay when the stack is deleted, as on AWS."""
    role = call.get("CloudWatchRoleArn")
    if role is not None:
        change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
        call.send("apigateway", "update_account", patchOperations=[change])
    return Created(physical_id=call.name, attributes={"Id": call.name})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::ApiGateway::Account": Handler(create=_set_account),
    "AWS::ApiGateway::ApiKey": _handler(_create_key, "delete_api_key", "apiKey", name="Name"),
    "AWS::ApiGateway::Authorizer": _handler(_create_authorizer, "delete_authorizer", "authorizerId", within=_API),
    "AWS::ApiGateway::Deployment": _handler(_create_deployment, "delete_deployment", "deploymentId", within=_API),
    "AWS::ApiGateway::Method": _handler(_create_method, "delete_method", "ResourceId", "HttpMethod", within=_API),
    "AWS::ApiGateway::Model": _handler(_create_model, "delete_model", "modelName", within=_API, name="Name"),
    "AWS::ApiGateway::RequestValidator": _handler(
        _create_validator, "delete_request_validator", "requestValidatorId", within=_API
    ),
    "AWS::ApiGateway::Resource": _handler(_create_resource, "delete_resource", "resourceId", within=_API),
    "AWS::ApiGateway::RestApi": _handler(_create_api, "delete_rest_api", "restApiId", name="Name"),
    "AWS::ApiGateway::Stage": _handler(_create_stage, "delete_stage", "StageName", within=_API),
    "AWS::ApiGateway::UsagePlan": _handler(_create_plan, "delete_usage_plan", "usagePlanId"),
    "AWS::ApiGateway::UsagePlanKey": Handler(create=_create_plan_key),  # deleted with its plan
}
