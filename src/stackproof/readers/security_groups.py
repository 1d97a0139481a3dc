"""Security groups and their rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, chosen, covered, found_or_none, listed, pages, reads, tag_list

__all__ = ["READERS"]

_PEER: Final = {False: "SourceSecurityGroupId", True: "DestinationSecurityGroupId"}
_PREFIX_LIST: Final = {False: "SourcePrefixListId", True: "DestinationPrefixListId"}


def _rules(permissions: Any, *, egress: bool) -> list[JsonValue]:
    """EC2's permissions, one rule for each peer, as CloudFormation writes them."""
    found: list[JsonValue] = []
    for permission in permissions:
        ports = chosen(permission, ("IpProtocol", "FromPort", "ToPort"))
        peers = [
            *(("CidrIp", range_["CidrIp"], range_) for range_ in permission.get("IpRanges", ())),
            *(("CidrIpv6", range_["CidrIpv6"], range_) for range_ in permission.get("Ipv6Ranges", ())),
            *((_PREFIX_LIST[egress], id_["PrefixListId"], id_) for id_ in permission.get("PrefixListIds", ())),
            *((_PEER[egress], pair["GroupId"], pair) for pair in permission.get("UserIdGroupPairs", ())),
        ]
        for name, value, peer in peers:
            owner = {} if egress or "UserId" not in peer else {"SourceSecurityGroupOwnerId": peer["UserId"]}
            found.append({**ports, name: value, **owner, **chosen(peer, ("Description",))})
    return found


def read_group(request: ReadRequest) -> Reading | None:
    """DescribeSecurityGroups."""
    client = request.client("ec2")

    def described(ids: Sequence[str]) -> list[Any]:
        here = [{"Name": "group-id", "Values": list(ids)}]
        return pages(client, "describe_security_groups", "SecurityGroups", Filters=here)

    group = listed(request, described, "GroupId")
    if group is None:
        return None
    return ReadingBuilder(request).build(
        {
            "GroupDescription": group["Description"],
            "GroupName": group["GroupName"],
            "SecurityGroupEgress": _rules(group.get("IpPermissionsEgress", ()), egress=True),
            "SecurityGroupIngress": _rules(group.get("IpPermissions", ()), egress=False),
            "Tags": tag_list(group.get("Tags")),
            "VpcId": group.get("VpcId"),
        },
        {"GroupId": group["GroupId"], "Id": group["GroupId"], "VpcId": group.get("VpcId")},
    )


def read_rule(request: ReadRequest) -> Reading | None:
    """DescribeSecurityGroupRules; a rule of an older stack has no id and is found in its group."""
    egress = request.resource_type.endswith("Egress")
    if not request.physical_id.startswith("sgr-"):
        return _rule_in_group(request, egress=egress)
    client = request.client("ec2")

    def described(ids: Sequence[str]) -> list[Any]:
        here = [{"Name": "security-group-rule-id", "Values": list(ids)}]
        return pages(client, "describe_security_group_rules", "SecurityGroupRules", Filters=here)

    rule = listed(request, described, "SecurityGroupRuleId")
    if rule is None or rule["IsEgress"] is not egress:
        return None
    peer = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    owner = None if egress else (rule.get("ReferencedGroupInfo") or {}).get("UserId")
    return ReadingBuilder(request).build(
        {
            **covered(rule, ("Description", "FromPort", "GroupId", "IpProtocol", "ToPort")),
            "CidrIp": rule.get("CidrIpv4"),
            "CidrIpv6": rule.get("CidrIpv6"),
            _PEER[egress]: peer,
            _PREFIX_LIST[egress]: rule.get("PrefixListId"),
            "SourceSecurityGroupOwnerId": owner,
        },
        {"Id": request.physical_id},
    )


def _rule_in_group(request: ReadRequest, *, egress: bool) -> Reading | None:
    client = request.client("ec2")
    group_id = request.expected.get("GroupId")
    groups = found_or_none(
        lambda: client.describe_security_groups(GroupIds=[group_id])["SecurityGroups"], "InvalidGroup.NotFound"
    )
    for group in groups or ():
        for rule in _rules(group.get("IpPermissionsEgress" if egress else "IpPermissions", ()), egress=egress):
            own = {key: str(value) for key, value in request.expected.items() if key != "GroupId"}
            if isinstance(rule, Mapping) and all(str(rule.get(key)) == value for key, value in own.items()):
                return ReadingBuilder(request).build({**rule, "GroupId": group_id}, {"Id": request.physical_id})
    return None


READERS: Final[Mapping[str, Reader]] = {
    "AWS::EC2::SecurityGroup": reads(read_group, "ec2:DescribeSecurityGroups"),
    "AWS::EC2::SecurityGroupEgress": reads(read_rule, "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"),
    "AWS::EC2::SecurityGroupIngress": reads(read_rule, "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"),
}
