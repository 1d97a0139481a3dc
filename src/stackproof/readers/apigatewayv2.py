"""HTTP and WebSocket APIs with their stages, routes and integrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, covered, found_or_none, reads

__all__ = ["READERS"]

_OF_API: Final = (
    "ApiKeySelectionExpression",
    "CorsConfiguration",
    "Description",
    "DisableExecuteApiEndpoint",
    "IpAddressType",
    "Name",
    "ProtocolType",
    "RouteSelectionExpression",
    "Tags",
    "Version",
)
_OF_STAGE: Final = (
    "AccessLogSettings",
    "AutoDeploy",
    "ClientCertificateId",
    "DefaultRouteSettings",
    "DeploymentId",
    "Description",
    "RouteSettings",
    "StageName",
    "StageVariables",
    "Tags",
)
_OF_INTEGRATION: Final = (
    "ConnectionId",
    "ConnectionType",
    "ContentHandlingStrategy",
    "CredentialsArn",
    "Description",
    "IntegrationMethod",
    "IntegrationSubtype",
    "IntegrationType",
    "IntegrationUri",
    "PassthroughBehavior",
    "PayloadFormatVersion",
    "RequestParameters",
    "RequestTemplates",
    "ResponseParameters",
    "TemplateSelectionExpression",
    "TimeoutInMillis",
    "TlsConfig",
)
_OF_ROUTE: Final = (
    "ApiKeyRequired",
    "AuthorizationScopes",
    "AuthorizationType",
    "AuthorizerId",
    "ModelSelectionExpression",
    "OperationName",
    "RequestModels",
    "RequestParameters",
    "RouteKey",
    "RouteResponseSelectionExpression",
    "Target",
)


def _read(request: ReadRequest, operation: str, **parameters: Any) -> Any:
    client = request.client("apigatewayv2")
    return found_or_none(lambda: getattr(client, operation)(**parameters), "NotFoundException")


def read_api(request: ReadRequest) -> Reading | None:
    """GetApi."""
    own = request.physical_id
    live = _read(request, "get_api", ApiId=own)
    if live is None:
        return None
    return ReadingBuilder(request).build(covered(live, _OF_API), {"ApiId": own, "ApiEndpoint": live.get("ApiEndpoint")})


def read_stage(request: ReadRequest) -> Reading | None:
    """GetStage."""
    api = str(request.expected.get("ApiId"))
    live = _read(request, "get_stage", ApiId=api, StageName=str(request.expected.get("StageName")))
    if live is None:
        return None
    return ReadingBuilder(request).build({**covered(live, _OF_STAGE), "ApiId": api}, {})


def read_integration(request: ReadRequest) -> Reading | None:
    """GetIntegration."""
    api = str(request.expected.get("ApiId"))
    live = _read(request, "get_integration", ApiId=api, IntegrationId=request.physical_id)
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {**covered(live, _OF_INTEGRATION), "ApiId": api}, {"IntegrationId": live["IntegrationId"]}
    )


def read_route(request: ReadRequest) -> Reading | None:
    """GetRoute."""
    api = str(request.expected.get("ApiId"))
    live = _read(request, "get_route", ApiId=api, RouteId=request.physical_id)
    if live is None:
        return None
    return ReadingBuilder(request).build({**covered(live, _OF_ROUTE), "ApiId": api}, {"RouteId": live["RouteId"]})


READERS: Final[Mapping[str, Reader]] = {
    "AWS::ApiGatewayV2::Api": reads(read_api, "apigateway:GET"),
    "AWS::ApiGatewayV2::Integration": reads(read_integration, "apigateway:GET"),
    "AWS::ApiGatewayV2::Route": reads(read_route, "apigateway:GET"),
    "AWS::ApiGatewayV2::Stage": reads(read_stage, "apigateway:GET"),
}
