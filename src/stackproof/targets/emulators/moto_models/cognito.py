"""User pools with their clients, domains and groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_pool(call: Call) -> Created:
    name = call.get("UserPoolName", call.name)
    created = call.send("cognito-idp", "create_user_pool", **{**call.properties, "PoolName": name})["UserPool"]
    own = created["Id"]
    provider = f"cognito-idp.{call.region}.amazonaws.com/{own}"
    return Created(
        physical_id=own,
        attributes={
            "UserPoolId": own,
            "Arn": created["Arn"],
            "ProviderName": provider,
            "ProviderURL": f"https://{provider}",
        },
    )


def _create_client(call: Call) -> Created:
    name = call.get("ClientName", call.name)
    created = call.send("cognito-idp", "create_user_pool_client", **{**call.properties, "ClientName": name})
    own = created["UserPoolClient"]["ClientId"]
    return Created(physical_id=own, attributes={"ClientId": own, "Name": name})


def _delete_client(call: Call) -> None:
    call.send("cognito-idp", "delete_user_pool_client", UserPoolId=call["UserPoolId"], ClientId=call.physical_id)


def _create_domain(call: Call) -> Created:
    created = call.send("cognito-idp", "create_user_pool_domain", **call.properties)
    return Created(physical_id=call["Domain"], attributes={"CloudFrontDistribution": created.get("CloudFrontDomain")})


def _create_group(call: Call) -> Created:
    call.send("cognito-idp", "create_group", **{**call.properties, "GroupName": call.name})
    return Created(physical_id=call.name)


def _delete_group(call: Call) -> None:
    call.send("cognito-idp", "delete_group", UserPoolId=call["UserPoolId"], GroupName=call.physical_id)


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::Cognito::UserPool": Handler(
        create=_create_pool,
        delete=lambda call: call.send("cognito-idp", "delete_user_pool", UserPoolId=call.physical_id),
        name_property="UserPoolName",
    ),
    "AWS::Cognito::UserPoolClient": Handler(create=_create_client, delete=_delete_client),
    "AWS::Cognito::UserPoolDomain": Handler(
        create=_create_domain,
        delete=lambda call: call.send(
            "cognito-idp", "delete_user_pool_domain", UserPoolId=call["UserPoolId"], Domain=call.physical_id
        ),
    ),
    "AWS::Cognito::UserPoolGroup": Handler(create=_create_group, delete=_delete_group, name_property="GroupName"),
}
