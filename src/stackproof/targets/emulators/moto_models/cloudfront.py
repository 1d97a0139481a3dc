"""Distributions, and how they reach their origins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]

_NAMES: Final = {
    "AcmCertificateArn": "ACMCertificateArn",
    "IPV6Enabled": "IsIPV6Enabled",
    "IamCertificateId": "IAMCertificateId",
    "OriginCustomHeaders": "CustomHeaders",
    "OriginSSLProtocols": "OriginSslProtocols",
    "SslSupportMethod": "SSLSupportMethod",
}


def _counted(value: Any) -> Any:
    """A configuration in the service's form: every list with its quantity."""
    if isinstance(value, list):
        return {"Quantity": len(value), "Items": [_counted(member) for member in value]}
    if not isinstance(value, Mapping):
        return value
    if "RestrictionType" in value:
        return {**_counted(value.get("Locations", [])), "RestrictionType": value["RestrictionType"]}
    found = {_NAMES.get(key, key): _counted(member) for key, member in value.items() if key != "CachedMethods"}
    if "S3OriginConfig" in value:  # the service wants an identity even where access control replaces it
        found["S3OriginConfig"] = {"OriginAccessIdentity": "", **value["S3OriginConfig"]}
    if "AllowedMethods" in value:
        found["AllowedMethods"]["CachedMethods"] = _counted(value.get("CachedMethods", ["GET", "HEAD"]))
    return found


def _create_distribution(call: Call) -> Created:
    given = _counted(call["DistributionConfig"])
    config = {"CallerReference": call.logical_id, "Comment": "", **given}
    created = call.send(
        "cloudfront",
        "create_distribution_with_tags",
        DistributionConfigWithTags={"DistributionConfig": config, "Tags": {"Items": call.get("Tags", [])}},
    )["Distribution"]
    return Created(physical_id=created["Id"], attributes={"Id": created["Id"], "DomainName": created["DomainName"]})


def _delete_distribution(call: Call) -> None:
    tag = call.send("cloudfront", "get_distribution", Id=call.physical_id)["ETag"]
    call.send("cloudfront", "delete_distribution", Id=call.physical_id, IfMatch=tag)


def _create_access_control(call: Call) -> Created:
    own = call.send("cloudfront", "create_origin_access_control", **call.properties)["OriginAccessControl"]["Id"]
    return Created(physical_id=own, attributes={"Id": own})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::CloudFront::Distribution": Handler(create=_create_distribution, delete=_delete_distribution),
    "AWS::CloudFront::OriginAccessControl": Handler(
        create=_create_access_control,
        delete=lambda call: call.send("cloudfront", "delete_origin_access_control", Id=call.physical_id),
    ),
}
