"""HTTP and WebSocket APIs with their stages, routes and integrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_api(call: Call) -> Created:
    created = call.send("apigatewayv2", "create_api", **{**call.properties, "Name": call.name})
    own = created["ApiId"]
    return Created(physical_id=own, attributes={"ApiId": own, "ApiEndpoint": created["ApiEndpoint"]})


def _create_stage(call: Call) -> Created:
    call.send("apigatewayv2", "create_stage", **call.properties)
    return Created(physical_id=call["StageName"])


def _within(kind: str) -> Handler:
    """A part of an API that has a separate id."""
    word, parameter = kind.lower(), f"{kind}Id"

    def create(call: Call) -> Created:
        own = call.send("apigatewayv2", f"create_{word}", **call.properties)[parameter]
        return Created(physical_id=own, attributes={parameter: own})

    def delete(call: Call) -> None:
        call.send("apigatewayv2", f"delete_{word}", ApiId=call["ApiId"], **{parameter: call.physical_id})

    return Handler(create=create, delete=delete)


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::ApiGatewayV2::Api": Handler(
        create=_create_api,
        delete=lambda call: call.send("apigatewayv2", "delete_api", ApiId=call.physical_id),
        name_property="Name",
    ),
    "AWS::ApiGatewayV2::Integration": _within("Integration"),
    "AWS::ApiGatewayV2::Route": _within("Route"),
    "AWS::ApiGatewayV2::Stage": Handler(
        create=_create_stage,
        delete=lambda call: call.send("apigatewayv2", "delete_stage", ApiId=call["ApiId"], StageName=call.physical_id),
    ),
}
