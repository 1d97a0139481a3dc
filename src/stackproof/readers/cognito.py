"""User pools with their clients, domains and groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.calls.recorder import without_secret
from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, covered, found_or_none, reads

__all__ = ["READERS"]

_GONE: Final = "ResourceNotFoundException"
_OF_POOL: Final = (
    "AccountRecoverySetting",
    "AdminCreateUserConfig",
    "AliasAttributes",
    "AutoVerifiedAttributes",
    "DeletionProtection",
    "DeviceConfiguration",
    "EmailConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "LambdaConfig",
    "MfaConfiguration",
    "Policies",
    "SmsAuthenticationMessage",
    "SmsConfiguration",
    "SmsVerificationMessage",
    "UserAttributeUpdateSettings",
    "UserPoolAddOns",
    "UserPoolTags",
    "UserPoolTier",
    "UsernameAttributes",
    "UsernameConfiguration",
    "VerificationMessageTemplate",
)


def read_pool(request: ReadRequest) -> Reading | None:
    """DescribeUserPool."""
    client = request.client("cognito-idp")
    own = request.physical_id
    answer = found_or_none(lambda: client.describe_user_pool(UserPoolId=own), _GONE)
    if answer is None:
        return None
    live = answer["UserPool"]
    provider = f"cognito-idp.{request.region}.amazonaws.com{'.cn' if request.partition == 'aws-cn' else ''}/{own}"
    return ReadingBuilder(request).build(
        {
            **covered(live, _OF_POOL),
            "Schema": _schema(request.expected.get("Schema"), live.get("SchemaAttributes", [])),
            "UserPoolName": live["Name"],
        },
        {"UserPoolId": own, "Arn": live.get("Arn"), "ProviderName": provider, "ProviderURL": f"https://{provider}"},
    )


def _schema(expected: JsonValue, live: list[Any]) -> list[JsonValue]:
    """The template's attributes in its order and spelling, then what else was added; standard ones are always there."""
    given = (
        [attribute for attribute in expected if isinstance(attribute, Mapping)] if isinstance(expected, list) else []
    )
    named = {str(attribute["Name"]): attribute for attribute in live}
    found: list[JsonValue] = []
    for attribute in given:
        name = str(attribute.get("Name"))
        for spelling in (name, f"custom:{name}"):
            if spelling in named:
                found.append({**named.pop(spelling), "Name": name})
                break
    added = [attribute for name, attribute in named.items() if name.startswith("custom:")]
    return [*found, *added]


_CLIENT: Final = "cognito-idp:DescribeUserPoolClient"
_OF_CLIENT: Final = (
    "AccessTokenValidity",
    "AllowedOAuthFlows",
    "AllowedOAuthFlowsUserPoolClient",
    "AllowedOAuthScopes",
    "AnalyticsConfiguration",
    "AuthSessionValidity",
    "CallbackURLs",
    "ClientName",
    "DefaultRedirectURI",
    "EnablePropagateAdditionalUserContextData",
    "EnableTokenRevocation",
    "ExplicitAuthFlows",
    "IdTokenValidity",
    "LogoutURLs",
    "PreventUserExistenceErrors",
    "ReadAttributes",
    "RefreshTokenRotation",
    "RefreshTokenValidity",
    "SupportedIdentityProviders",
    "TokenValidityUnits",
    "UserPoolId",
    "WriteAttributes",
)


def read_client(request: ReadRequest) -> Reading | None:
    """DescribeUserPoolClient; of its secret, only that there is one."""
    client = request.client("cognito-idp")
    pool = str(request.expected.get("UserPoolId"))
    with without_secret(_CLIENT):
        answer = found_or_none(
            lambda: client.describe_user_pool_client(UserPoolId=pool, ClientId=request.physical_id), _GONE
        )
    if answer is None:
        return None
    live = answer["UserPoolClient"]
    return ReadingBuilder(request).build(
        {**covered(live, _OF_CLIENT), "GenerateSecret": bool(live.get("ClientSecret"))},
        {"ClientId": live["ClientId"], "Name": live.get("ClientName")},
    )


def read_domain(request: ReadRequest) -> Reading | None:
    """DescribeUserPoolDomain."""
    client = request.client("cognito-idp")
    domain = str(request.expected.get("Domain") or request.physical_id)
    answer = found_or_none(lambda: client.describe_user_pool_domain(Domain=domain), _GONE)
    live = (answer or {}).get("DomainDescription") or {}
    if not live.get("UserPoolId"):
        return None
    return ReadingBuilder(request).build(
        covered(live, ("CustomDomainConfig", "Domain", "ManagedLoginVersion", "UserPoolId")),
        {"CloudFrontDistribution": live.get("CloudFrontDistribution")},
    )


def read_group(request: ReadRequest) -> Reading | None:
    """GetGroup."""
    client = request.client("cognito-idp")
    pool = str(request.expected.get("UserPoolId"))
    answer = found_or_none(lambda: client.get_group(UserPoolId=pool, GroupName=request.physical_id), _GONE)
    if answer is None:
        return None
    names = ("Description", "GroupName", "Precedence", "RoleArn", "UserPoolId")
    return ReadingBuilder(request).build(covered(answer["Group"], names), {})


READERS: Final[Mapping[str, Reader]] = {
    "AWS::Cognito::UserPool": reads(read_pool, "cognito-idp:DescribeUserPool"),
    "AWS::Cognito::UserPoolClient": reads(read_client, _CLIENT),
    "AWS::Cognito::UserPoolDomain": reads(read_domain, "cognito-idp:DescribeUserPoolDomain"),
    "AWS::Cognito::UserPoolGroup": reads(read_group, "cognito-idp:GetGroup"),
}
