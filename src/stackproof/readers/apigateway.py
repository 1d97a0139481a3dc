"""REST APIs with their resources, methods, deployments, stages, and what guards them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, found_or_none, parsed, pascal, reads, tag_list

__all__ = ["READERS"]

_GONE: Final = "NotFoundException"
_FREE: Final = ("requestParameters", "requestTemplates", "requestModels", "responseParameters", "variables")
"""Members below which keys are the user's own."""


def _read(request: ReadRequest, operation: str, *absent: str, **parameters: Any) -> Any:
    client = request.client("apigateway")
    return found_or_none(lambda: getattr(client, operation)(**parameters), _GONE, *absent)


def _api(request: ReadRequest) -> str:
    return str(request.expected.get("RestApiId"))


def _named(live: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The members that have CloudFormation's names, in its capitals."""
    found: dict[str, Any] = pascal({name: live.get(name) for name in names}, _FREE)
    return found


def read_account(request: ReadRequest) -> Reading | None:
    """GetAccount: the settings of the account and region, which are always there."""
    live = request.client("apigateway").get_account()
    return ReadingBuilder(request).build(
        {"CloudWatchRoleArn": live.get("cloudwatchRoleArn") or None}, {"Id": request.physical_id}
    )


def read_api(request: ReadRequest) -> Reading | None:
    """GetRestApi, and GetResources for its root."""
    client = request.client("apigateway")
    own = request.physical_id
    live = _read(request, "get_rest_api", restApiId=own)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    root = live.get("rootResourceId") or builder.call((), lambda: _root(client, own), None)
    text = live.get("policy")
    if isinstance(text, str) and text.startswith('{\\"'):  # the service escapes the document's quotes once more
        text = text.replace('\\"', '"').replace("\\/", "/")
    names = (
        "apiKeySource",
        "binaryMediaTypes",
        "description",
        "disableExecuteApiEndpoint",
        "endpointAccessMode",
        "endpointConfiguration",
        "minimumCompressionSize",
        "name",
        "securityPolicy",
        "version",
    )
    properties = _named(live, names)
    return builder.build(
        {
            **{key: property_ for key, property_ in properties.items() if key != "ApiKeySource"},
            "ApiKeySourceType": live.get("apiKeySource"),
            "Policy": parsed(text),
            "Tags": tag_list(live.get("tags")),
        },
        {"RestApiId": own, "RootResourceId": root},
    )


def _root(client: Any, api: str) -> JsonValue:
    pages = client.get_paginator("get_resources").paginate(restApiId=api)
    return next((resource["id"] for page in pages for resource in page["items"] if resource["path"] == "/"), None)


def read_resource(request: ReadRequest) -> Reading | None:
    """GetResource."""
    live = _read(request, "get_resource", restApiId=_api(request), resourceId=request.physical_id)
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {"ParentId": live.get("parentId"), "PathPart": live.get("pathPart"), "RestApiId": _api(request)},
        {"ResourceId": live["id"]},
    )


_OF_METHOD: Final = (
    "apiKeyRequired",
    "authorizationScopes",
    "authorizationType",
    "authorizerId",
    "httpMethod",
    "operationName",
    "requestModels",
    "requestParameters",
    "requestValidatorId",
)


def read_method(request: ReadRequest) -> Reading | None:
    """GetMethod; its integration and responses are part of the answer."""
    resource = str(request.expected.get("ResourceId"))
    verb = str(request.expected.get("HttpMethod"))
    live = _read(request, "get_method", restApiId=_api(request), resourceId=resource, httpMethod=verb)
    if live is None:
        return None
    responses = [
        pascal(response, ("responseModels", *_FREE)) for _, response in sorted(live.get("methodResponses", {}).items())
    ]
    return ReadingBuilder(request).build(
        {
            **_named(live, _OF_METHOD),
            "Integration": _integration(live.get("methodIntegration")),
            "MethodResponses": responses or None,
            "ResourceId": resource,
            "RestApiId": _api(request),
        },
        {},
    )


def _integration(live: Mapping[str, Any] | None) -> JsonValue:
    if not live:
        return None
    found: dict[str, Any] = pascal(
        {key: member for key, member in live.items() if key != "integrationResponses"}, _FREE
    )
    found["IntegrationHttpMethod"] = found.pop("HttpMethod", None)
    responses = [
        pascal(response, ("responseTemplates", *_FREE))
        for _, response in sorted(live.get("integrationResponses", {}).items())
    ]
    return {**{key: member for key, member in found.items() if member is not None}, "IntegrationResponses": responses}


def read_deployment(request: ReadRequest) -> Reading | None:
    """GetDeployment; its stage is a separate resource in the service."""
    live = _read(request, "get_deployment", restApiId=_api(request), deploymentId=request.physical_id)
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {"Description": live.get("description"), "RestApiId": _api(request)}, {"DeploymentId": live["id"]}
    )


_OF_STAGE: Final = (
    "cacheClusterEnabled",
    "cacheClusterSize",
    "clientCertificateId",
    "deploymentId",
    "description",
    "documentationVersion",
    "stageName",
    "tracingEnabled",
    "variables",
)
_SETTINGS: Final = {
    "cacheDataEncrypted": "CacheDataEncrypted",
    "cacheTtlInSeconds": "CacheTtlInSeconds",
    "cachingEnabled": "CachingEnabled",
    "dataTraceEnabled": "DataTraceEnabled",
    "loggingLevel": "LoggingLevel",
    "metricsEnabled": "MetricsEnabled",
    "throttlingBurstLimit": "ThrottlingBurstLimit",
    "throttlingRateLimit": "ThrottlingRateLimit",
}


def read_stage(request: ReadRequest) -> Reading | None:
    """GetStage."""
    live = _read(request, "get_stage", restApiId=_api(request), stageName=request.physical_id)
    if live is None:
        return None
    log = live.get("accessLogSettings")
    return ReadingBuilder(request).build(
        {
            **_named(live, _OF_STAGE),
            "AccessLogSetting": pascal(log) if log else None,
            "CanarySetting": pascal(live.get("canarySettings"), ("stageVariableOverrides",)),
            "MethodSettings": [
                _setting(path, setting) for path, setting in sorted(live.get("methodSettings", {}).items())
            ],
            "RestApiId": _api(request),
            "Tags": tag_list(live.get("tags")),
        },
        {},
    )


def _setting(path: str, live: Mapping[str, Any]) -> JsonValue:
    """Settings of a method: the service keys them by path and verb, with the path's slashes written as `~1`."""
    resource, _, verb = path.rpartition("/")
    where = resource.replace("~1", "/")
    return {
        "HttpMethod": verb,
        "ResourcePath": where if where.startswith("/") else f"/{where}",
        **{name: live[key] for key, name in _SETTINGS.items() if key in live},
    }


def read_authorizer(request: ReadRequest) -> Reading | None:
    """GetAuthorizer."""
    live = _read(request, "get_authorizer", restApiId=_api(request), authorizerId=request.physical_id)
    if live is None:
        return None
    names = (
        "authType",
        "authorizerCredentials",
        "authorizerResultTtlInSeconds",
        "authorizerUri",
        "identitySource",
        "identityValidationExpression",
        "name",
        "type",
    )
    return ReadingBuilder(request).build(
        {**_named(live, names), "ProviderARNs": live.get("providerARNs"), "RestApiId": _api(request)},
        {"AuthorizerId": live["id"]},
    )


def read_model(request: ReadRequest) -> Reading | None:
    """GetModel."""
    live = _read(request, "get_model", restApiId=_api(request), modelName=request.physical_id)
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {
            **_named(live, ("contentType", "description", "name")),
            "RestApiId": _api(request),
            "Schema": parsed(live.get("schema")),
        },
        {},
    )


def read_validator(request: ReadRequest) -> Reading | None:
    """GetRequestValidator; a request is bad when it names a validator that is not there."""
    live = _read(
        request,
        "get_request_validator",
        "BadRequestException",
        restApiId=_api(request),
        requestValidatorId=request.physical_id,
    )
    if live is None:
        return None
    names = ("name", "validateRequestBody", "validateRequestParameters")
    return ReadingBuilder(request).build(
        {**_named(live, names), "RestApiId": _api(request)}, {"RequestValidatorId": live["id"]}
    )


def read_key(request: ReadRequest) -> Reading | None:
    """GetApiKey without its value, which is a secret."""
    live = _read(request, "get_api_key", apiKey=request.physical_id, includeValue=False)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    builder.unread["/Value"] = UnprovenReason.WRITE_ONLY
    stages = [dict(zip(("RestApiId", "StageName"), key.split("/"), strict=False)) for key in live.get("stageKeys", ())]
    return builder.build(
        {
            **_named(live, ("customerId", "description", "enabled", "name")),
            "StageKeys": stages or None,
            "Tags": tag_list(live.get("tags")),
            "Value": None,
        },
        {"APIKeyId": live["id"]},
    )


def read_plan(request: ReadRequest) -> Reading | None:
    """GetUsagePlan."""
    live = _read(request, "get_usage_plan", usagePlanId=request.physical_id)
    if live is None:
        return None
    stages: list[JsonValue] = [
        {
            **{key: value for key, value in pascal(stage, ("throttle",)).items() if key != "Throttle"},
            **(
                {"Throttle": {path: pascal(rate) for path, rate in stage["throttle"].items()}}
                if "throttle" in stage
                else {}
            ),
        }
        for stage in live.get("apiStages", ())
    ]
    return ReadingBuilder(request).build(
        {
            **_named(live, ("description", "quota", "throttle")),
            "ApiStages": stages,
            "Tags": tag_list(live.get("tags")),
            "UsagePlanName": live["name"],
        },
        {"Id": live["id"]},
    )


def read_plan_key(request: ReadRequest) -> Reading | None:
    """GetUsagePlanKey."""
    plan, key = str(request.expected.get("UsagePlanId")), str(request.expected.get("KeyId"))
    live = _read(request, "get_usage_plan_key", usagePlanId=plan, keyId=key)
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {"KeyId": live["id"], "KeyType": live.get("type"), "UsagePlanId": plan}, {"Id": request.physical_id}
    )


_GET: Final = "apigateway:GET"
READERS: Final[Mapping[str, Reader]] = {
    "AWS::ApiGateway::Account": reads(read_account, _GET),
    "AWS::ApiGateway::ApiKey": reads(read_key, _GET),
    "AWS::ApiGateway::Authorizer": reads(read_authorizer, _GET),
    "AWS::ApiGateway::Deployment": reads(read_deployment, _GET),
    "AWS::ApiGateway::Method": reads(read_method, _GET),
    "AWS::ApiGateway::Model": reads(read_model, _GET),
    "AWS::ApiGateway::RequestValidator": reads(read_validator, _GET),
    "AWS::ApiGateway::Resource": reads(read_resource, _GET),
    "AWS::ApiGateway::RestApi": reads(read_api, _GET),
    "AWS::ApiGateway::Stage": reads(read_stage, _GET),
    "AWS::ApiGateway::UsagePlan": reads(read_plan, _GET),
    "AWS::ApiGateway::UsagePlanKey": reads(read_plan_key, _GET),
}
