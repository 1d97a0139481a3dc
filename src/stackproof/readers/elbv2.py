"""Load balancers with their listeners, rules and target groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from stackproof.core.json import JsonObject, JsonValue
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import (
    ReadingBuilder,
    chosen,
    covered,
    found_or_none,
    listed,
    pages,
    picked,
    reads,
    tag_list,
)

__all__ = ["READERS"]

_AT_ONCE: Final = 20
_GONE: Final = {
    "describe_load_balancers": ("LoadBalancerNotFound",),
    "describe_listeners": ("ListenerNotFound",),
    "describe_rules": ("RuleNotFound",),
    "describe_target_groups": ("TargetGroupNotFound",),
}


def _described(request: ReadRequest, operation: str, key: str, parameter: str, identity: str) -> Any:
    """All of them in one call. A missing one fails the whole call; then the own one is read alone."""
    client = request.client("elbv2")

    def described(arns: Sequence[str]) -> list[Any]:
        found = found_or_none(lambda: pages(client, operation, key, **{parameter: list(arns)}), *_GONE[operation])
        return [] if found is None else found

    return listed(request, described, identity, at_most=_AT_ONCE)


def _tags(request: ReadRequest, builder: ReadingBuilder) -> list[JsonValue]:
    """Tags of all of them in one call. A missing one fails the whole call; then the own ones are read alone."""
    client = request.client("elbv2")
    own = request.physical_id

    def described(arns: Sequence[str]) -> list[Any]:
        found = found_or_none(
            lambda: client.describe_tags(ResourceArns=list(arns))["TagDescriptions"],
            *(code for codes in _GONE.values() for code in codes),
        )
        return [] if found is None else list(found)

    def is_own(description: Any) -> bool:
        return bool(description["ResourceArn"] == own)

    found: Any = builder.call(
        "/Tags", lambda: picked(request, described, request.siblings, own, is_own, at_most=_AT_ONCE), None
    )
    return tag_list(found["Tags"] if found else [])


def _attributes(
    request: ReadRequest,
    builder: ReadingBuilder,
    name: str,
    describe: Callable[..., Any],
    **of: str,
) -> list[JsonValue]:
    """Of the attributes, of which a service has all with defaults, those that the template sets."""
    given = request.expected.get(name)
    if name not in request.expected:
        return []
    keys = (
        {attribute.get("Key") for attribute in given if isinstance(attribute, Mapping)}
        if isinstance(given, list)
        else set()
    )
    live: list[Any] = builder.call(f"/{name}", lambda: describe(**of)["Attributes"], [])
    return [chosen(attribute, ("Key", "Value")) for attribute in live if attribute["Key"] in keys]


def read_load_balancer(request: ReadRequest) -> Reading | None:
    """DescribeLoadBalancers, DescribeLoadBalancerAttributes and DescribeTags."""
    client = request.client("elbv2")
    arn = request.physical_id
    live = _described(request, "describe_load_balancers", "LoadBalancers", "LoadBalancerArns", "LoadBalancerArn")
    if live is None:
        return None
    builder = ReadingBuilder(request)
    zones = live.get("AvailabilityZones") or []
    return builder.build(
        {
            **covered(live, ("IpAddressType", "Scheme", "SecurityGroups", "Type")),
            "LoadBalancerAttributes": _attributes(
                request,
                builder,
                "LoadBalancerAttributes",
                client.describe_load_balancer_attributes,
                LoadBalancerArn=arn,
            ),
            "Name": live["LoadBalancerName"],
            "SubnetMappings": [_mapping(zone) for zone in zones],
            "Subnets": [zone["SubnetId"] for zone in zones],
            "Tags": _tags(request, builder),
        },
        {
            "LoadBalancerArn": arn,
            "CanonicalHostedZoneID": live.get("CanonicalHostedZoneId"),
            "DNSName": live.get("DNSName"),
            "LoadBalancerFullName": arn.partition(":loadbalancer/")[2],
            "LoadBalancerName": live["LoadBalancerName"],
            "SecurityGroups": live.get("SecurityGroups"),
        },
    )


def _mapping(zone: Mapping[str, Any]) -> JsonValue:
    addresses = zone.get("LoadBalancerAddresses") or [{}]
    return {
        "SubnetId": zone["SubnetId"],
        **chosen(addresses[0], ("AllocationId", "IPv6Address", "PrivateIPv4Address")),
    }


def read_target_group(request: ReadRequest) -> Reading | None:
    """DescribeTargetGroups, DescribeTargetGroupAttributes, DescribeTargetHealth and DescribeTags."""
    client = request.client("elbv2")
    arn = request.physical_id
    live = _described(request, "describe_target_groups", "TargetGroups", "TargetGroupArns", "TargetGroupArn")
    if live is None:
        return None
    builder = ReadingBuilder(request)
    targets: list[Any] = []
    if "Targets" in request.expected:
        targets = builder.call(
            "/Targets", lambda: client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"], []
        )
    names = (
        "HealthCheckEnabled",
        "HealthCheckIntervalSeconds",
        "HealthCheckPath",
        "HealthCheckPort",
        "HealthCheckProtocol",
        "HealthCheckTimeoutSeconds",
        "HealthyThresholdCount",
        "IpAddressType",
        "Matcher",
        "Port",
        "Protocol",
        "ProtocolVersion",
        "TargetType",
        "UnhealthyThresholdCount",
        "VpcId",
    )
    return builder.build(
        {
            **covered(live, names),
            "Name": live["TargetGroupName"],
            "Tags": _tags(request, builder),
            "TargetGroupAttributes": _attributes(
                request, builder, "TargetGroupAttributes", client.describe_target_group_attributes, TargetGroupArn=arn
            ),
            "Targets": [chosen(target["Target"], ("AvailabilityZone", "Id", "Port")) for target in targets],
        },
        {
            "TargetGroupArn": arn,
            "TargetGroupName": live["TargetGroupName"],
            "TargetGroupFullName": arn.rpartition(":")[2],
            "LoadBalancerArns": live.get("LoadBalancerArns"),
        },
    )


_SIGN_IN: Final = "AuthenticateOidcConfig"


def _actions(request: ReadRequest, name: str, live: Any, builder: ReadingBuilder) -> list[JsonValue]:
    """Actions in CloudFormation's form, which has a target group either by itself or in `ForwardConfig`.

    The service gives both for a single group; what the template does not set is dropped.
    """
    given = request.expected.get(name)
    names = {
        key for action in (given if isinstance(given, list) else ()) if isinstance(action, Mapping) for key in action
    }
    if _SIGN_IN in names:  # it holds a secret that no API returns, in an array that is compared as a whole
        builder.unread[f"/{name}"] = UnprovenReason.WRITE_ONLY
    return [_action(action, names) for action in live or ()]


def _action(action: Mapping[str, Any], names: set[str]) -> JsonObject:
    found = dict(action)
    if "ForwardConfig" not in names:
        found.pop("ForwardConfig", None)
    return found


def read_listener(request: ReadRequest) -> Reading | None:
    """DescribeListeners and DescribeTags."""
    live = _described(request, "describe_listeners", "Listeners", "ListenerArns", "ListenerArn")
    if live is None:
        return None
    builder = ReadingBuilder(request)
    names = ("AlpnPolicy", "LoadBalancerArn", "MutualAuthentication", "Port", "Protocol", "SslPolicy")
    certificates = [chosen(certificate, ("CertificateArn",)) for certificate in live.get("Certificates") or ()]
    return builder.build(
        {
            **covered(live, names),
            "Certificates": certificates or None,
            "DefaultActions": _actions(request, "DefaultActions", live.get("DefaultActions"), builder),
            **({"Tags": _tags(request, builder)} if "Tags" in request.expected else {}),
        },
        {"ListenerArn": live["ListenerArn"]},
    )


_CONDITIONS: Final = (
    "HostHeaderConfig",
    "HttpHeaderConfig",
    "HttpRequestMethodConfig",
    "PathPatternConfig",
    "QueryStringConfig",
    "SourceIpConfig",
)


def read_rule(request: ReadRequest) -> Reading | None:
    """DescribeRules; the listener is known only from the rule's ARN."""
    live = _described(request, "describe_rules", "Rules", "RuleArns", "RuleArn")
    if live is None:
        return None
    builder = ReadingBuilder(request)
    listener = live["RuleArn"].replace(":listener-rule/", ":listener/").rpartition("/")[0]
    conditions = [
        {"Field": condition.get("Field"), **chosen(condition, ("RegexValues", "Values", *_CONDITIONS))}
        for condition in live["Conditions"]
    ]
    return builder.build(
        {
            "Actions": _actions(request, "Actions", live["Actions"], builder),
            "Conditions": conditions,
            "ListenerArn": listener,
            "Priority": live["Priority"],
            **({"Tags": _tags(request, builder)} if "Tags" in request.expected else {}),
            "Transforms": live.get("Transforms"),
        },
        {"RuleArn": live["RuleArn"], "IsDefault": live.get("IsDefault")},
    )


_TAGS: Final = "elasticloadbalancing:DescribeTags"
READERS: Final[Mapping[str, Reader]] = {
    "AWS::ElasticLoadBalancingV2::Listener": reads(read_listener, _TAGS, "elasticloadbalancing:DescribeListeners"),
    "AWS::ElasticLoadBalancingV2::ListenerRule": reads(read_rule, _TAGS, "elasticloadbalancing:DescribeRules"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": reads(
        read_load_balancer,
        _TAGS,
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": reads(
        read_target_group,
        _TAGS,
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    ),
}
