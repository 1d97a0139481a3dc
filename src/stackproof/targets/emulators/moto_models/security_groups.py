"""Security groups and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]

_ANYWHERE: Final = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def _permission(rule: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A rule in CloudFormation's shape as a permission in EC2's."""
    description = {"Description": rule["Description"]} if "Description" in rule else {}
    found: dict[str, Any] = {"IpProtocol": rule["IpProtocol"]}
    found |= {name: rule[name] for name in ("FromPort", "ToPort") if name in rule}
    if "CidrIp" in rule:
        found["IpRanges"] = [{"CidrIp": rule["CidrIp"], **description}]
    if "CidrIpv6" in rule:
        found["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **description}]
    for name in ("SourcePrefixListId", "DestinationPrefixListId"):
        if name in rule:
            found["PrefixListIds"] = [{"PrefixListId": rule[name], **description}]
    for name in ("SourceSecurityGroupId", "DestinationSecurityGroupId"):
        if name in rule:
            found["UserIdGroupPairs"] = [{"GroupId": rule[name], **description}]
    return [found]


def _create_group(call: Call) -> Created:
    group = call.send(
        "ec2",
        "create_security_group",
        GroupName=call.name,
        Description=call["GroupDescription"],
        VpcId=call.get("VpcId"),
        TagSpecifications=call.tag_specification("security-group"),
    )["GroupId"]
    if "SecurityGroupEgress" in call.properties:
        call.send("ec2", "revoke_security_group_egress", GroupId=group, IpPermissions=_ANYWHERE)
    for rule in call.get("SecurityGroupIngress", ()):
        call.send("ec2", "authorize_security_group_ingress", GroupId=group, IpPermissions=_permission(rule))
    for rule in call.get("SecurityGroupEgress", ()):
        call.send("ec2", "authorize_security_group_egress", GroupId=group, IpPermissions=_permission(rule))
    return Created(physical_id=group, attributes={"GroupId": group, "Id": group, "VpcId": call.get("VpcId")})


def _created_rule(call: Call, direction: str) -> Created:
    answer = call.send(
        "ec2",
        f"authorize_security_group_{direction}",
        GroupId=call["GroupId"],
        IpPermissions=_permission(call.properties),
    )
    rule = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return Created(physical_id=rule, attributes={"Id": rule})


def _delete_rule(call: Call, direction: str) -> None:
    call.send(
        "ec2",
        f"revoke_security_group_{direction}",
        GroupId=call["GroupId"],
        SecurityGroupRuleIds=[call.physical_id],
    )


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::EC2::SecurityGroup": Handler(
        create=_create_group,
        delete=lambda call: call.send("ec2", "delete_security_group", GroupId=call.physical_id),
        name_property="GroupName",
    ),
    "AWS::EC2::SecurityGroupEgress": Handler(
        create=lambda call: _created_rule(call, "egress"), delete=lambda call: _delete_rule(call, "egress")
    ),
    "AWS::EC2::SecurityGroupIngress": Handler(
        create=lambda call: _created_rule(call, "ingress"), delete=lambda call: _delete_rule(call, "ingress")
    ),
}
