"""Rules of security groups, routes of route tables, entries of network ACLs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from stackproof.drift.child import Child
from stackproof.drift.ports import ChildFamily
from stackproof.proof.ports import ReadRequest
from stackproof.readers.access import batch, chosen, pages
from stackproof.readers.ec2 import described_table

__all__ = ["FAMILIES"]

_ANYWHERE: Final = ("CidrIp", "0.0.0.0/0"), ("CidrIpv6", "::/0")
_LAST_ENTRY: Final = 32767
"""The number of the entry that AWS closes every network ACL with."""
_ICMP: Final = ("icmp", "icmpv6")


def rules(request: ReadRequest, *, egress: bool) -> Iterator[Child]:
    """DescribeSecurityGroupRules; AWS adds the rule that allows all egress if the template sets none."""
    client, own = request.client("ec2"), request.physical_id

    def described(groups: Sequence[str]) -> list[Any]:
        here = [{"Name": "group-id", "Values": list(groups)}]
        return pages(client, "describe_security_group_rules", "SecurityGroupRules", Filters=here)

    resource_type = "AWS::EC2::SecurityGroupEgress" if egress else "AWS::EC2::SecurityGroupIngress"
    for rule in batch(request, described, {own, *request.siblings}, own, about="rules of groups"):
        if rule["GroupId"] != own or rule["IsEgress"] is not egress:
            continue
        value = _rule(rule, egress=egress)
        peers = {(key, str(peer)) for key, peer in value.items()}
        if egress and value.get("IpProtocol") == "-1" and not peers.isdisjoint(_ANYWHERE):
            continue
        rule_id = str(rule["SecurityGroupRuleId"])
        identity = {key: member for key, member in value.items() if key != "Description"}
        if value.get("IpProtocol") in _ICMP:  # the type and the code, of which each may be any
            identity = {"FromPort": None, "ToPort": None, **identity}
        yield Child(resource_type=resource_type, child_id=rule_id, physical_id=rule_id, value=value, identity=identity)


def _rule(rule: Mapping[str, Any], *, egress: bool) -> dict[str, Any]:
    """In CloudFormation's names; a protocol without ports has the port -1 in the API and none in a template."""
    peer = "Destination" if egress else "Source"
    ports = {key: rule[key] for key in ("FromPort", "ToPort") if rule.get(key, -1) != -1}
    return {
        **chosen(rule, ("Description", "IpProtocol")),
        **ports,
        **({"CidrIp": rule["CidrIpv4"]} if rule.get("CidrIpv4") else {}),
        **chosen(rule, ("CidrIpv6",)),
        **({f"{peer}PrefixListId": rule["PrefixListId"]} if rule.get("PrefixListId") else {}),
        **({f"{peer}SecurityGroupId": rule["ReferencedGroupInfo"]["GroupId"]} if _peer(rule) else {}),
    }


def _peer(rule: Mapping[str, Any]) -> bool:
    return bool((rule.get("ReferencedGroupInfo") or {}).get("GroupId"))


_DESTINATIONS: Final = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


def routes(request: ReadRequest) -> Iterator[Child]:
    """DescribeRouteTables; local and propagated routes, and those of gateway endpoints, are AWS's own."""
    for route in (described_table(request) or {}).get("Routes", ()):
        gateway = str(route.get("GatewayId", ""))
        of_endpoint = gateway.startswith("vpce-") and "DestinationPrefixListId" in route
        if gateway == "local" or of_endpoint or route.get("Origin") == "EnableVgwRoutePropagation":
            continue
        destination = chosen(route, _DESTINATIONS)
        name = next((str(value) for value in destination.values()), "")
        value = {key: member for key, member in route.items() if key not in {"Origin", "State", "InstanceOwnerId"}}
        yield Child(
            resource_type="AWS::EC2::Route",
            child_id=name,
            physical_id=f"{request.physical_id}|{name}",
            value=value,
            identity=destination,
        )


def entries(request: ReadRequest) -> Iterator[Child]:
    """DescribeNetworkAcls; the last entry of each direction, which denies the rest, is AWS's own."""
    client = request.client("ec2")
    for acl in client.describe_network_acls(NetworkAclIds=[request.physical_id])["NetworkAcls"]:
        for ledger_entry in acl.get("Entries", ()):
            if ledger_entry["RuleNumber"] >= _LAST_ENTRY:
                continue
            direction = "egress" if ledger_entry.get("Egress") else "ingress"
            yield Child(
                resource_type="AWS::EC2::NetworkAclEntry",
                child_id=f"{direction} {ledger_entry['RuleNumber']}",
                value=chosen(
                    ledger_entry, ("CidrBlock", "Egress", "Ipv6CidrBlock", "Protocol", "RuleAction", "RuleNumber")
                ),
                identity={"RuleNumber": ledger_entry["RuleNumber"], "Egress": bool(ledger_entry.get("Egress"))},
            )


FAMILIES: Final[tuple[ChildFamily, ...]] = (
    ChildFamily(
        name="ingress rules",
        owners=("AWS::EC2::SecurityGroup",),
        own="SecurityGroupIngress",
        declared_by=(("AWS::EC2::SecurityGroupIngress", "GroupId"),),
        in_stacks=True,
        ids_may_differ=True,
        read=partial(rules, egress=False),
        actions=("ec2:DescribeSecurityGroupRules",),
    ),
    ChildFamily(
        name="egress rules",
        owners=("AWS::EC2::SecurityGroup",),
        own="SecurityGroupEgress",
        declared_by=(("AWS::EC2::SecurityGroupEgress", "GroupId"),),
        in_stacks=True,
        ids_may_differ=True,
        read=partial(rules, egress=True),
        actions=("ec2:DescribeSecurityGroupRules",),
    ),
    ChildFamily(
        name="routes",
        owners=("AWS::EC2::RouteTable",),
        declared_by=(("AWS::EC2::Route", "RouteTableId"),),
        in_stacks=True,
        ids_may_differ=True,
        read=routes,
        actions=("ec2:DescribeRouteTables",),
    ),
    ChildFamily(
        name="entries of a network ACL",
        owners=("AWS::EC2::NetworkAcl",),
        declared_by=(("AWS::EC2::NetworkAclEntry", "NetworkAclId"),),
        read=entries,
        actions=("ec2:DescribeNetworkAcls",),
    ),
)
