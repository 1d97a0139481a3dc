"""What belongs to functions: versions, aliases, layers, URLs, and how they are invoked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, as_in_template, chosen, covered, found_or_none, reads

__all__ = ["READERS"]

_GONE: Final = "ResourceNotFoundException"


def _function(expected: JsonValue, arn: str) -> JsonValue:
    """A function in the template's spelling; the ARN may end in a version or an alias."""
    bare = ":".join(arn.split(":")[:7])
    name = bare.rpartition(":")[2]
    return as_in_template(expected, name, bare, bare.partition(":lambda:")[2], ":".join(bare.split(":")[4:]), arn)


def _concurrency(request: ReadRequest, builder: ReadingBuilder, arn: str) -> JsonValue:
    """A separate call, made only where the template sets it."""
    if "ProvisionedConcurrencyConfig" not in request.expected:
        return None
    client = request.client("lambda")
    bare, _, qualifier = arn.rpartition(":")
    answer = builder.call(
        "/ProvisionedConcurrencyConfig",
        lambda: found_or_none(
            lambda: client.get_provisioned_concurrency_config(FunctionName=bare, Qualifier=qualifier),
            "ProvisionedConcurrencyConfigNotFoundException",
            _GONE,
        ),
        None,
    )
    requested = (answer or {}).get("RequestedProvisionedConcurrentExecutions")
    return None if requested is None else {"ProvisionedConcurrentExecutions": requested}


def read_version(request: ReadRequest) -> Reading | None:
    """GetFunctionConfiguration of the version."""
    client = request.client("lambda")
    arn = request.physical_id
    live = found_or_none(lambda: client.get_function_configuration(FunctionName=arn), _GONE)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    return builder.build(
        {
            **covered(live, ("CodeSha256", "Description")),
            "FunctionName": _function(request.expected.get("FunctionName"), arn),
            "ProvisionedConcurrencyConfig": _concurrency(request, builder, arn),
        },
        {"FunctionArn": arn, "Version": live["Version"]},
    )


def read_alias(request: ReadRequest) -> Reading | None:
    """GetAlias."""
    client = request.client("lambda")
    bare, _, name = request.physical_id.rpartition(":")
    live = found_or_none(lambda: client.get_alias(FunctionName=bare, Name=name), _GONE)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    weights = (live.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    routing = [{"FunctionVersion": version, "FunctionWeight": weight} for version, weight in sorted(weights.items())]
    return builder.build(
        {
            **covered(live, ("Description", "FunctionVersion", "Name")),
            "FunctionName": _function(request.expected.get("FunctionName"), live["AliasArn"]),
            "ProvisionedConcurrencyConfig": _concurrency(request, builder, live["AliasArn"]),
            "RoutingConfig": {"AdditionalVersionWeights": routing} if routing else None,
        },
        {"AliasArn": live["AliasArn"]},
    )


def read_layer_version(request: ReadRequest) -> Reading | None:
    """GetLayerVersionByArn; no API returns the content of the layer."""
    client = request.client("lambda")
    arn, _, version = request.physical_id.rpartition(":")
    name = arn.rpartition(":")[2]
    live = found_or_none(lambda: client.get_layer_version(LayerName=name, VersionNumber=int(version)), _GONE)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    builder.unread["/Content"] = UnprovenReason.WRITE_ONLY
    names = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")
    return builder.build(
        {
            **covered(live, names),
            "Content": None,
            "LayerName": as_in_template(request.expected.get("LayerName"), name, arn),
        },
        {"LayerVersionArn": request.physical_id},
    )


def read_url(request: ReadRequest) -> Reading | None:
    """GetFunctionUrlConfig."""
    client = request.client("lambda")
    wanted = request.expected.get("TargetFunctionArn") or request.physical_id
    qualifier = chosen(request.expected, ("Qualifier",))
    live = found_or_none(lambda: client.get_function_url_config(FunctionName=wanted, **qualifier), _GONE)
    if live is None:
        return None
    arn = str(live["FunctionArn"])
    return ReadingBuilder(request).build(
        {
            **covered(live, ("AuthType", "Cors", "InvokeMode")),
            **qualifier,
            "TargetFunctionArn": _function(request.expected.get("TargetFunctionArn"), arn),
        },
        {"FunctionArn": arn, "FunctionUrl": live["FunctionUrl"]},
    )


def read_invoke_config(request: ReadRequest) -> Reading | None:
    """GetFunctionEventInvokeConfig."""
    client = request.client("lambda")
    requested = chosen(request.expected, ("FunctionName", "Qualifier"))
    live: Mapping[str, Any] | None = found_or_none(lambda: client.get_function_event_invoke_config(**requested), _GONE)
    if live is None:
        return None
    arn = str(live["FunctionArn"])
    destinations = {
        key: destination
        for key, destination in (live.get("DestinationConfig") or {}).items()
        if destination.get("Destination")
    }
    return ReadingBuilder(request).build(
        {
            **covered(live, ("MaximumEventAgeInSeconds", "MaximumRetryAttempts")),
            "DestinationConfig": destinations or None,
            "FunctionName": _function(request.expected.get("FunctionName"), arn),
            "Qualifier": as_in_template(request.expected.get("Qualifier"), ":".join(arn.split(":")[7:]) or "$LATEST"),
        },
        {},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::Lambda::Alias": reads(read_alias, "lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig"),
    "AWS::Lambda::EventInvokeConfig": reads(read_invoke_config, "lambda:GetFunctionEventInvokeConfig"),
    "AWS::Lambda::LayerVersion": reads(read_layer_version, "lambda:GetLayerVersion"),
    "AWS::Lambda::Url": reads(read_url, "lambda:GetFunctionUrlConfig"),
    "AWS::Lambda::Version": reads(
        read_version, "lambda:GetFunctionConfiguration", "lambda:GetProvisionedConcurrencyConfig"
    ),
}
