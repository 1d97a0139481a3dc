"""Hosted zones with their records, health checks, and certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, chosen, covered, found_or_none, pages, reads, tag_list

__all__ = ["READERS"]

_NO_ZONE: Final = "NoSuchHostedZone"


def _tags(client: Any, kind: str, own: str, pointer: str, builder: ReadingBuilder) -> list[JsonValue]:
    found: list[Any] = builder.call(
        pointer,
        lambda: client.list_tags_for_resource(ResourceType=kind, ResourceId=own)["ResourceTagSet"]["Tags"],
        [],
    )
    return tag_list(found)


def read_zone(request: ReadRequest) -> Reading | None:
    """GetHostedZone, ListTagsForResource, and ListQueryLoggingConfigs where the template logs queries."""
    client = request.client("route53")
    own = request.physical_id.rpartition("/")[2]
    answer = found_or_none(lambda: client.get_hosted_zone(Id=own), _NO_ZONE)
    if answer is None:
        return None
    live = answer["HostedZone"]
    builder = ReadingBuilder(request)
    logged: JsonValue = None
    if "QueryLoggingConfig" in request.expected:
        found: list[Any] = builder.call(
            "/QueryLoggingConfig",
            lambda: client.list_query_logging_configs(HostedZoneId=own)["QueryLoggingConfigs"],
            [],
        )
        logged = chosen(found[0], ("CloudWatchLogsLogGroupArn",)) if found else None
    servers = (answer.get("DelegationSet") or {}).get("NameServers")
    comment = (live.get("Config") or {}).get("Comment")
    return builder.build(
        {
            "HostedZoneConfig": {"Comment": comment} if comment else None,
            "HostedZoneTags": _tags(client, "hostedzone", own, "/HostedZoneTags", builder),
            "Name": live["Name"],
            "QueryLoggingConfig": logged,
            "VPCs": [chosen(vpc, ("VPCId", "VPCRegion")) for vpc in answer.get("VPCs", ())],
        },
        {"Id": own, "NameServers": servers},
    )


def read_record(request: ReadRequest) -> Reading | None:
    """ListResourceRecordSets of the zone, once for all of its records."""
    zone = _zone(request)
    if not zone:
        return None
    client = request.client("route53")
    found: list[Any] = request.memo(
        ("records", zone),
        lambda: (
            found_or_none(
                lambda: pages(client, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone), _NO_ZONE
            )
            or []
        ),
    )
    wanted = request.expected
    name = wanted.get("Name") or request.physical_id
    key = (_bare(name), str(wanted.get("Type")), str(wanted.get("SetIdentifier") or ""))
    for live in found:
        if (_bare(live["Name"]), live["Type"], live.get("SetIdentifier", "")) == key:
            return ReadingBuilder(request).build(_record(live, name, wanted), {})
    return None


def _record(live: Mapping[str, Any], name: JsonValue, wanted: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    names = (
        "CidrRoutingConfig",
        "Failover",
        "GeoLocation",
        "GeoProximityLocation",
        "HealthCheckId",
        "MultiValueAnswer",
        "Region",
        "SetIdentifier",
        "TTL",
        "Type",
        "Weight",
    )
    alias = live.get("AliasTarget")
    given = wanted.get("AliasTarget")
    target = given.get("DNSName") if isinstance(given, Mapping) else None
    if alias and _bare(alias["DNSName"]) == _bare(target):
        alias = {**alias, "DNSName": target}
    return {
        **covered(live, names),
        **chosen(wanted, ("HostedZoneId", "HostedZoneName")),
        "AliasTarget": alias,
        "Name": name,
        "ResourceRecords": [record["Value"] for record in live.get("ResourceRecords", ())] or None,
    }


def _bare(name: Any) -> str:
    """A DNS name as all spellings of it: without case, the last dot, and the service's code for an asterisk."""
    return str(name).lower().removesuffix(".").replace("\\052", "*")


def _zone(request: ReadRequest) -> str:
    """The zone's id, looked up where the template gives its name."""
    if "HostedZoneId" in request.expected:
        return str(request.expected["HostedZoneId"]).rpartition("/")[2]
    name = request.expected.get("HostedZoneName")
    client = request.client("route53")
    found: list[Any] = request.memo("zones", lambda: pages(client, "list_hosted_zones", "HostedZones"))
    return next((zone["Id"].rpartition("/")[2] for zone in found if _bare(zone["Name"]) == _bare(name)), "")


def read_health_check(request: ReadRequest) -> Reading | None:
    """GetHealthCheck and ListTagsForResource."""
    client = request.client("route53")
    own = request.physical_id
    answer = found_or_none(lambda: client.get_health_check(HealthCheckId=own), "NoSuchHealthCheck")
    if answer is None:
        return None
    builder = ReadingBuilder(request)
    return builder.build(
        {
            "HealthCheckConfig": answer["HealthCheck"]["HealthCheckConfig"],
            "HealthCheckTags": _tags(client, "healthcheck", own, "/HealthCheckTags", builder),
        },
        {"HealthCheckId": own},
    )


def read_certificate(request: ReadRequest) -> Reading | None:
    """DescribeCertificate and ListTagsForCertificate."""
    client = request.client("acm")
    arn = request.physical_id
    answer = found_or_none(lambda: client.describe_certificate(CertificateArn=arn), "ResourceNotFoundException")
    if answer is None:
        return None
    live = answer["Certificate"]
    builder = ReadingBuilder(request)
    options = live.get("DomainValidationOptions") or []
    given = request.expected.get("SubjectAlternativeNames")
    named = given if isinstance(given, list) else []
    # The service counts the certificate's own name among them, a template does so rarely.
    others = [name for name in live.get("SubjectAlternativeNames", ()) if name != live["DomainName"] or name in named]
    tags: list[Any] = builder.call("/Tags", lambda: client.list_tags_for_certificate(CertificateArn=arn)["Tags"], [])
    return builder.build(
        {
            "CertificateAuthorityArn": live.get("CertificateAuthorityArn"),
            "CertificateTransparencyLoggingPreference": (live.get("Options") or {}).get(
                "CertificateTransparencyLoggingPreference"
            ),
            "DomainName": live["DomainName"],
            "DomainValidationOptions": _validation(request, options),
            "KeyAlgorithm": str(live.get("KeyAlgorithm") or "").replace("-", "_") or None,
            "SubjectAlternativeNames": others,
            "Tags": tag_list(tags),
            "ValidationMethod": options[0].get("ValidationMethod") if options else None,
        },
        {},
    )


def _validation(request: ReadRequest, live: list[Any]) -> list[JsonValue]:
    """The domains that the template names, in its order; the service has all of them."""
    given = request.expected.get("DomainValidationOptions")
    found = {option["DomainName"]: chosen(option, ("DomainName", "ValidationDomain")) for option in live}
    names = (
        [option.get("DomainName") for option in given if isinstance(option, Mapping)] if isinstance(given, list) else []
    )
    return [found[name] for name in names if name in found]


READERS: Final[Mapping[str, Reader]] = {
    "AWS::CertificateManager::Certificate": reads(
        read_certificate, "acm:DescribeCertificate", "acm:ListTagsForCertificate"
    ),
    "AWS::Route53::HealthCheck": reads(read_health_check, "route53:GetHealthCheck", "route53:ListTagsForResource"),
    "AWS::Route53::HostedZone": reads(
        read_zone, "route53:GetHostedZone", "route53:ListQueryLoggingConfigs", "route53:ListTagsForResource"
    ),
    "AWS::Route53::RecordSet": reads(read_record, "route53:ListHostedZones", "route53:ListResourceRecordSets"),
}
