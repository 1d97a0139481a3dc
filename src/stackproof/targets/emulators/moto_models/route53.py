"""Hosted zones with their records, health checks, and certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _tag(call: Call, kind: str, own: str, name: str) -> None:
    if call.get(name):
        call.send("route53", "change_tags_for_resource", ResourceType=kind, ResourceId=own, AddTags=call[name])


def _create_zone(call: Call) -> Created:
    vpcs = call.get("VPCs", ())
    created = call.send(
        "route53",
        "create_hosted_zone",
        Name=call.name,
        CallerReference=call.logical_id,
        HostedZoneConfig={**call.get("HostedZoneConfig", {}), "PrivateZone": bool(vpcs)},
        VPC=vpcs[0] if vpcs else None,
    )
    own = created["HostedZone"]["Id"].rpartition("/")[2]
    for vpc in vpcs[1:]:
        call.send("route53", "associate_vpc_with_hosted_zone", HostedZoneId=own, VPC=vpc)
    _tag(call, "hostedzone", own, "HostedZoneTags")
    if "QueryLoggingConfig" in call.properties:
        call.send("route53", "create_query_logging_config", HostedZoneId=own, **call["QueryLoggingConfig"])
    return Created(
        physical_id=own, attributes={"Id": own, "NameServers": created.get("DelegationSet", {}).get("NameServers")}
    )


def _change(call: Call, action: str) -> None:
    zone = call.get("HostedZoneId")
    if zone is None:
        name = call["HostedZoneName"]
        zone = call.send("route53", "list_hosted_zones_by_name", DNSName=name)["HostedZones"][0]["Id"]
    values = call.get("ResourceRecords")
    record: dict[str, Any] = {
        **call.properties,
        "ResourceRecords": [{"Value": value} for value in values] if values else None,
    }
    if "AliasTarget" in record:
        record["AliasTarget"] = {"EvaluateTargetHealth": False, **record["AliasTarget"]}
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    call.send("route53", "change_resource_record_sets", HostedZoneId=zone, ChangeBatch=batch)


def _create_record(call: Call) -> Created:
    _change(call, "CREATE")
    return Created(physical_id=call["Name"])


def _create_health_check(call: Call) -> Created:
    given = {"CallerReference": call.logical_id, "HealthCheckConfig": call["HealthCheckConfig"]}
    own = call.send("route53", "create_health_check", **given)["HealthCheck"]["Id"]
    _tag(call, "healthcheck", own, "HealthCheckTags")
    return Created(physical_id=own, attributes={"HealthCheckId": own})


def _create_certificate(call: Call) -> Created:
    arn = call.send("acm", "request_certificate", **{**call.properties, "DomainValidationOptions": None})
    return Created(physical_id=arn["CertificateArn"])


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::CertificateManager::Certificate": Handler(
        create=_create_certificate,
        delete=lambda call: call.send("acm", "delete_certificate", CertificateArn=call.physical_id),
    ),
    "AWS::Route53::HealthCheck": Handler(
        create=_create_health_check,
        delete=lambda call: call.send("route53", "delete_health_check", HealthCheckId=call.physical_id),
    ),
    "AWS::Route53::HostedZone": Handler(
        create=_create_zone,
        delete=lambda call: call.send("route53", "delete_hosted_zone", Id=call.physical_id),
        name_property="Name",
    ),
    "AWS::Route53::RecordSet": Handler(create=_create_record, delete=lambda call: _change(call, "DELETE")),
}
