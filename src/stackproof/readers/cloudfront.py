"""Distributions, and how they reach their origins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, covered, found_or_none, reads, tag_list

__all__ = ["READERS"]

_NAMES: Final = {
    "ACMCertificateArn": "AcmCertificateArn",
    "CustomHeaders": "OriginCustomHeaders",
    "IAMCertificateId": "IamCertificateId",
    "IsIPV6Enabled": "IPV6Enabled",
    "OriginSslProtocols": "OriginSSLProtocols",
    "SSLSupportMethod": "SslSupportMethod",
}
_WITH_QUANTITIES: Final = frozenset({"OriginGroups"})
"""What CloudFormation writes as the service does; elsewhere its lists are plain."""


def _plain(value: Any) -> JsonValue:
    """CloudFormation's form of a configuration: lists without a quantity, and its own spelling."""
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if not isinstance(value, Mapping):
        return value  # type: ignore[no-any-return]
    if "RestrictionType" in value:
        return {"RestrictionType": value["RestrictionType"], "Locations": value.get("Items", [])}
    if "Quantity" in value and "CachedMethods" not in value:
        return _plain(value.get("Items") or [])
    found: dict[str, JsonValue] = {}
    for name, member in value.items():
        key = str(name)
        if key == "AllowedMethods":
            cached = member.get("CachedMethods") or {}
            found |= {"AllowedMethods": member.get("Items", []), "CachedMethods": cached.get("Items", [])}
        else:
            found[_NAMES.get(key, key)] = member if key in _WITH_QUANTITIES else _plain(member)
    return found


def read_distribution(request: ReadRequest) -> Reading | None:
    """GetDistribution and ListTagsForResource."""
    client = request.client("cloudfront")
    answer = found_or_none(lambda: client.get_distribution(Id=request.physical_id), "NoSuchDistribution")
    if answer is None:
        return None
    live = answer["Distribution"]
    arn = live["ARN"]
    builder = ReadingBuilder(request)
    tags: list[Any] = builder.call("/Tags", lambda: client.list_tags_for_resource(Resource=arn)["Tags"]["Items"], [])
    return builder.build(
        {"DistributionConfig": _plain(live["DistributionConfig"]), "Tags": tag_list(tags)},
        {"Id": live["Id"], "DomainName": live["DomainName"]},
    )


def read_access_control(request: ReadRequest) -> Reading | None:
    """GetOriginAccessControl."""
    client = request.client("cloudfront")
    own = request.physical_id
    answer = found_or_none(lambda: client.get_origin_access_control(Id=own), "NoSuchOriginAccessControl")
    if answer is None:
        return None
    live = answer["OriginAccessControl"]["OriginAccessControlConfig"]
    names = ("Description", "Name", "OriginAccessControlOriginType", "SigningBehavior", "SigningProtocol")
    return ReadingBuilder(request).build({"OriginAccessControlConfig": covered(live, names)}, {"Id": own})


READERS: Final[Mapping[str, Reader]] = {
    "AWS::CloudFront::Distribution": reads(
        read_distribution, "cloudfront:GetDistribution", "cloudfront:ListTagsForResource"
    ),
    "AWS::CloudFront::OriginAccessControl": reads(read_access_control, "cloudfront:GetOriginAccessControl"),
}
