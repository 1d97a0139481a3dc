"""No way leads from a database's subnets to the internet, nor back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from rule_values import is_unknown, references, referred, resolved, resources_of

_WAYS_OUT = {
    "EgressOnlyInternetGatewayId": "an internet gateway",
    "NatGatewayId": "a NAT gateway",
    "GatewayId": "an internet gateway",
}


class DatabaseSubnets(CloudFormationLintRule):
    """The way is database → subnet group → subnets → route tables → routes, all of them in the template."""

    id = "E9503"
    shortdesc = "Databases are in isolated subnets"
    description = "No route table of a database's subnets has a route to an internet or NAT gateway"
    tags = ("rds", "network")
    resource_types = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")

    def applies(self, template: dict[str, Any], logical_id: str) -> bool:
        """A replica and an instance in a cluster are where the other is."""
        entry = template["Resources"][logical_id]
        elsewhere = {"DBClusterIdentifier", "SourceDBInstanceIdentifier"} & (entry.get("Properties") or {}).keys()
        return entry["Type"] == "AWS::RDS::DBCluster" or not elsewhere

    def match(self, cfn: Any) -> list[RuleMatch]:
        return list(self._matches(cfn.template))

    def _matches(self, template: dict[str, Any]) -> Iterator[RuleMatch]:
        for logical_id, _, properties in resources_of(template, self.resource_types):
            if not self.applies(template, logical_id):
                continue
            path = ["Resources", logical_id, "Properties"]
            name = resolved(template, properties.get("DBSubnetGroupName"))
            if name is None:
                yield RuleMatch(path, "the database is in the default VPC, whose subnets are public")
                continue
            path.append("DBSubnetGroupName")
            group = referred(template, properties["DBSubnetGroupName"])
            subnets = _subnets(template, group)
            if subnets is None:
                yield RuleMatch(path, "the subnets of the database are not in this template", kind="open")
                continue
            for subnet, value in subnets:
                yield from _judged(template, path, subnet, value)


def _subnets(template: dict[str, Any], group: str | None) -> list[tuple[str | None, Any]] | None:
    """The subnets of the group, each with the value that names it; None if that is not known."""
    entry = template["Resources"].get(group) if group else None
    if not isinstance(entry, Mapping) or entry.get("Type") != "AWS::RDS::DBSubnetGroup":
        return None
    values = resolved(template, (entry.get("Properties") or {}).get("SubnetIds"))
    return [(referred(template, value), value) for value in values] if isinstance(values, list) else None


def _judged(template: dict[str, Any], path: list[Any], subnet: str | None, value: Any) -> Iterator[RuleMatch]:
    entry = template["Resources"].get(subnet) if subnet else None
    if not isinstance(entry, Mapping) or entry.get("Type") != "AWS::EC2::Subnet":
        yield RuleMatch(path, f"the routes of {value} are not in this template", kind="open")
        return
    tables = _tables(template, str(subnet))
    if not tables and referred(template, (entry.get("Properties") or {}).get("VpcId")) is None:
        yield RuleMatch(path, f"{subnet} has the main route table of a VPC that is not in this template", kind="open")
    for table in sorted(tables):
        yield from _routes(template, path, str(subnet), table)


def _tables(template: dict[str, Any], subnet: str) -> set[str]:
    associations = resources_of(template, ("AWS::EC2::SubnetRouteTableAssociation",))
    return {
        table
        for _, _, properties in associations
        if subnet in references(properties.get("SubnetId"))
        for table in references(properties.get("RouteTableId"))
    }


def _routes(template: dict[str, Any], path: list[Any], subnet: str, table: str) -> Iterator[RuleMatch]:
    for route, _, properties in resources_of(template, ("AWS::EC2::Route",)):
        if table not in references(properties.get("RouteTableId")):
            continue
        for name, way in _WAYS_OUT.items():
            gateway = properties.get(name)
            if resolved(template, gateway) is None:
                continue
            leads = _leads_out(template, gateway) if name == "GatewayId" else True
            if leads is None:
                yield RuleMatch(path, f"where {route} leads from {subnet} is not in this template", kind="open")
            elif leads:
                yield RuleMatch(path, f"{route} leads from {subnet} to {way}")


def _leads_out(template: dict[str, Any], gateway: Any) -> bool | None:
    """A gateway may also be one of a VPN; None if it is not known which it is."""
    target = referred(template, gateway)
    if target is not None:
        return template["Resources"][target].get("Type") == "AWS::EC2::InternetGateway"
    known = resolved(template, gateway)
    return None if is_unknown(known) else str(known).startswith("igw-")


def _network(route: dict[str, Any] | None, **group: Any) -> dict[str, Any]:
    """A database in one subnet, and a route that its route table has."""
    table = {"RouteTableId": {"Ref": "Table"}}
    resources: dict[str, Any] = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Internet": {"Type": "AWS::EC2::InternetGateway"},
        "Vpn": {"Type": "AWS::EC2::VPNGateway", "Properties": {"Type": "ipsec.1"}},
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"},
        },
        "Table": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
        "Association": {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Properties": {**table, "SubnetId": {"Ref": "Subnet"}},
        },
        "Group": {
            "Type": "AWS::RDS::DBSubnetGroup",
            "Properties": {"DBSubnetGroupDescription": "d", "SubnetIds": [{"Ref": "Subnet"}], **group},
        },
        "Database": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBSubnetGroupName": {"Ref": "Group"}}},
    }
    if route is not None:
        properties = {**table, "DestinationCidrBlock": "0.0.0.0/0", **route}
        resources["Route"] = {"Type": "AWS::EC2::Route", "Properties": properties}
    return {"Resources": resources}


EXAMPLES = {
    "holding": [_network(None), _network({"GatewayId": {"Ref": "Vpn"}}), _network({"GatewayId": "vgw-1"})],
    "violated": [
        _network({"GatewayId": {"Ref": "Internet"}}),
        _network({"GatewayId": "igw-1"}),
        _network({"NatGatewayId": "nat-1"}),
        {"Resources": {"Database": {"Type": "AWS::RDS::DBInstance", "Properties": {"Engine": "postgres"}}}},
    ],
    "undecidable": [
        _network(None, SubnetIds=[{"Fn::ImportValue": "subnet"}]),
        _network({"GatewayId": {"Fn::ImportValue": "gateway"}}),
        {
            "Parameters": {"Name": {"Type": "String"}},
            "Resources": {
                "Database": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBSubnetGroupName": {"Ref": "Name"}}}
            },
        },
    ],
    "not applicable": [{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}],
}
