"""Load balancers with their listeners, rules and target groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_load_balancer(call: Call) -> Created:
    given = {**call.properties, "Name": call.name}
    created = call.send("elbv2", "create_load_balancer", **given)["LoadBalancers"][0]
    arn = created["LoadBalancerArn"]
    if call.get("LoadBalancerAttributes"):
        attributes = call["LoadBalancerAttributes"]
        call.send("elbv2", "modify_load_balancer_attributes", LoadBalancerArn=arn, Attributes=attributes)
    return Created(
        physical_id=arn,
        attributes={
            "LoadBalancerArn": arn,
            "CanonicalHostedZoneID": created.get("CanonicalHostedZoneId"),
            "DNSName": created["DNSName"],
            "LoadBalancerFullName": arn.partition(":loadbalancer/")[2],
            "LoadBalancerName": created["LoadBalancerName"],
            "SecurityGroups": created.get("SecurityGroups"),
        },
    )


def _create_target_group(call: Call) -> Created:
    created = call.send("elbv2", "create_target_group", **{**call.properties, "Name": call.name})["TargetGroups"][0]
    arn = created["TargetGroupArn"]
    if call.get("TargetGroupAttributes"):
        attributes = call["TargetGroupAttributes"]
        call.send("elbv2", "modify_target_group_attributes", TargetGroupArn=arn, Attributes=attributes)
    if call.get("Targets"):
        call.send("elbv2", "register_targets", TargetGroupArn=arn, Targets=call["Targets"])
    return Created(
        physical_id=arn,
        attributes={
            "TargetGroupArn": arn,
            "TargetGroupFullName": arn.rpartition(":")[2],
            "TargetGroupName": created["TargetGroupName"],
            "LoadBalancerArns": created.get("LoadBalancerArns"),
        },
    )


def _create_listener(call: Call) -> Created:
    arn = call.send("elbv2", "create_listener", **call.properties)["Listeners"][0]["ListenerArn"]
    return Created(physical_id=arn, attributes={"ListenerArn": arn})


def _create_rule(call: Call) -> Created:
    arn = call.send("elbv2", "create_rule", **call.properties)["Rules"][0]["RuleArn"]
    return Created(physical_id=arn, attributes={"RuleArn": arn})


def _deleted(kind: str, create: Any, **more: Any) -> Handler:
    words = "".join(f"_{part.lower()}" for part in kind.split())
    parameter = f"{kind.replace(' ', '')}Arn"

    def delete(call: Call) -> None:
        call.send("elbv2", f"delete{words}", **{parameter: call.physical_id})

    return Handler(create=create, delete=delete, **more)


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::ElasticLoadBalancingV2::Listener": _deleted("Listener", _create_listener),
    "AWS::ElasticLoadBalancingV2::ListenerRule": _deleted("Rule", _create_rule),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _deleted(
        "Load Balancer", _create_load_balancer, name_property="Name", longest=32
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": _deleted(
        "Target Group", _create_target_group, name_property="Name", longest=32
    ),
}
