"""Networks: VPC, subnets, routes, gateways, addresses and flow logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, chosen, covered, found_or_none, pages, picked, reads, tag_list
from stackproof.readers.ec2_listed import described_by_id, first

__all__ = ["READERS"]


def read_vpc(request: ReadRequest) -> Reading | None:
    """DescribeVpcs, and DescribeVpcAttribute for DNS."""
    client = request.client("ec2")
    vpc_id = request.physical_id
    vpc = described_by_id(request, "describe_vpcs", "Vpcs", "VpcId", "vpc-id")
    if vpc is None:
        return None
    builder = ReadingBuilder(request)

    def attribute(name: str) -> bool | None:
        answer = client.describe_vpc_attribute(VpcId=vpc_id, Attribute=name[0].lower() + name[1:])
        value: bool = answer[name]["Value"]
        return value

    dns = {
        name: builder.call(f"/{name}", partial(attribute, name), None)
        for name in ("EnableDnsHostnames", "EnableDnsSupport")
    }
    group = builder.call((), lambda: _default_of(request, "describe_security_groups", "SecurityGroups"), None)
    acl = builder.call((), lambda: _default_of(request, "describe_network_acls", "NetworkAcls"), None)
    return builder.build(
        {**covered(vpc, ("CidrBlock", "InstanceTenancy")), **dns, "Tags": tag_list(vpc.get("Tags"))},
        {
            "VpcId": vpc_id,
            "CidrBlock": vpc["CidrBlock"],
            "CidrBlockAssociations": [
                association["AssociationId"] for association in vpc.get("CidrBlockAssociationSet", ())
            ],
            "Ipv6CidrBlocks": [
                association["Ipv6CidrBlock"] for association in vpc.get("Ipv6CidrBlockAssociationSet", ())
            ],
            "DefaultNetworkAcl": acl and acl["NetworkAclId"],
            "DefaultSecurityGroup": group and group["GroupId"],
        },
    )


_DEFAULT: Final = {
    "describe_network_acls": {"Name": "default", "Values": ["true"]},
    "describe_security_groups": {"Name": "group-name", "Values": ["default"]},
}


def _default_of(request: ReadRequest, operation: str, key: str) -> Any:
    """What EC2 made in the VPC by itself: every VPC has one of each."""
    client = request.client("ec2")

    def described(ids: Sequence[str]) -> list[Any]:
        found = pages(client, operation, key, Filters=[_DEFAULT[operation], {"Name": "vpc-id", "Values": list(ids)}])
        # An emulator that does not know a filter answers with more.
        return [row for row in found if row.get("IsDefault", row.get("GroupName") == "default")]

    own = request.physical_id
    return picked(request, described, request.siblings, own, lambda row: row["VpcId"] == own, about=operation)


def read_subnet(request: ReadRequest) -> Reading | None:
    """DescribeSubnets."""
    subnet = described_by_id(request, "describe_subnets", "Subnets", "SubnetId", "subnet-id")
    if subnet is None:
        return None
    names = (
        "AssignIpv6AddressOnCreation",
        "AvailabilityZone",
        "AvailabilityZoneId",
        "CidrBlock",
        "EnableDns64",
        "MapPublicIpOnLaunch",
        "OutpostArn",
        "VpcId",
    )
    ipv6 = [association["Ipv6CidrBlock"] for association in subnet.get("Ipv6CidrBlockAssociationSet", ())]
    options = subnet.get("PrivateDnsNameOptionsOnLaunch")
    return ReadingBuilder(request).build(
        {
            **covered(subnet, names),
            "Ipv6CidrBlock": first(ipv6),
            "PrivateDnsNameOptionsOnLaunch": options or None,
            "Tags": tag_list(subnet.get("Tags")),
        },
        {**covered(subnet, names), "SubnetId": subnet["SubnetId"], "Ipv6CidrBlocks": ipv6},
    )


def described_table(request: ReadRequest) -> Any:
    """What the table's reader and that of its routes ask for alike."""
    return described_by_id(request, "describe_route_tables", "RouteTables", "RouteTableId", "route-table-id")


def read_route_table(request: ReadRequest) -> Reading | None:
    """DescribeRouteTables."""
    table = described_table(request)
    if table is None:
        return None
    return ReadingBuilder(request).build(
        {"VpcId": table["VpcId"], "Tags": tag_list(table.get("Tags"))}, {"RouteTableId": table["RouteTableId"]}
    )


def _route_table(request: ReadRequest, table_id: str) -> Any:
    """A table, read once for all of its routes, together with the tables of other routes."""
    client = request.client("ec2")

    def described(ids: Sequence[str]) -> list[Any]:
        here = [{"Name": "route-table-id", "Values": list(ids)}]
        return pages(client, "describe_route_tables", "RouteTables", Filters=here)

    # The id of a route names its table; an older one is a name that CloudFormation made.
    others = {sibling.partition("|")[0] for sibling in request.siblings if sibling.startswith("rtb-")}
    return picked(request, described, others, table_id, lambda table: table["RouteTableId"] == table_id)


_DESTINATIONS: Final = (
    "DestinationCidrBlock",
    "DestinationIpv6CidrBlock",
    "DestinationPrefixListId",
)
_GATEWAYS: Final = (
    "CarrierGatewayId",
    "CoreNetworkArn",
    "InstanceId",
    "LocalGatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
)


def read_route(request: ReadRequest) -> Reading | None:
    """DescribeRouteTables: the route to the template's destination in the template's table."""
    table_id, is_named, wanted = request.physical_id.partition("|")
    if not is_named:  # a route of an older stack has an id that names no table
        table_id = str(request.expected.get("RouteTableId"))
        wanted = next((str(request.expected[name]) for name in _DESTINATIONS if name in request.expected), "")
    table = _route_table(request, table_id)
    for route in table["Routes"] if table else ():
        if wanted not in [route.get(name) for name in _DESTINATIONS]:
            continue
        gateway = str(route.get("GatewayId") or "")
        via = "VpcEndpointId" if gateway.startswith("vpce-") else "GatewayId"
        return ReadingBuilder(request).build(
            {
                **covered(route, (*_DESTINATIONS, *_GATEWAYS)),
                via: gateway or None,
                "EgressOnlyInternetGatewayId": route.get("EgressOnlyInternetGatewayId"),
                "RouteTableId": table_id,
            },
            {"CidrBlock": wanted},
        )
    return None


def read_association(request: ReadRequest) -> Reading | None:
    """DescribeRouteTables by the association's id."""
    client = request.client("ec2")
    own = request.physical_id

    def described(ids: Sequence[str]) -> list[Any]:
        here = [{"Name": "association.route-table-association-id", "Values": list(ids)}]
        return pages(client, "describe_route_tables", "RouteTables", Filters=here)

    def is_own(association: Any) -> bool:
        return bool(association["RouteTableAssociationId"] == own)

    table = picked(request, described, request.siblings, own, lambda table: any(map(is_own, table["Associations"])))
    if table is None:
        return None
    live = next(filter(is_own, table["Associations"]))
    return ReadingBuilder(request).build(chosen(live, ("RouteTableId", "SubnetId")), {"Id": own})


def read_internet_gateway(request: ReadRequest) -> Reading | None:
    """DescribeInternetGateways."""
    gateway = described_by_id(
        request, "describe_internet_gateways", "InternetGateways", "InternetGatewayId", "internet-gateway-id"
    )
    if gateway is None:
        return None
    return ReadingBuilder(request).build(
        {"Tags": tag_list(gateway.get("Tags"))}, {"InternetGatewayId": request.physical_id}
    )


def read_gateway_attachment(request: ReadRequest) -> Reading | None:
    """DescribeInternetGateways or DescribeVpnGateways: whether the template's gateway is attached to its VPC."""
    client = request.client("ec2")
    if gateway := request.expected.get("InternetGatewayId"):
        call, name, key = client.describe_internet_gateways, "InternetGatewayId", "InternetGateways"
        attachments, absent = "Attachments", "InvalidInternetGatewayID.NotFound"
    else:
        gateway = request.expected.get("VpnGatewayId")
        call, name, key = client.describe_vpn_gateways, "VpnGatewayId", "VpnGateways"
        attachments, absent = "VpcAttachments", "InvalidVpnGatewayID.NotFound"
    live = first(found_or_none(lambda: call(**{f"{name}s": [gateway]})[key], absent))
    attached = [
        attachment
        for attachment in (live or {}).get(attachments, ())
        if attachment["State"] in {"available", "attached"}
    ]
    if not attached:
        return None
    kind = "IGW" if name == "InternetGatewayId" else "VGW"
    return ReadingBuilder(request).build({name: gateway, "VpcId": attached[0]["VpcId"]}, {"AttachmentType": kind})


def read_address(request: ReadRequest) -> Reading | None:
    """DescribeAddresses by the public address."""
    client = request.client("ec2")
    address = first(
        found_or_none(
            lambda: client.describe_addresses(PublicIps=[request.physical_id.partition("|")[0]])["Addresses"],
            "InvalidAddress.NotFound",
        )
    )
    if address is None:
        return None
    return ReadingBuilder(request).build(
        {
            **covered(address, ("Domain", "InstanceId", "NetworkBorderGroup", "PublicIpv4Pool")),
            "Tags": tag_list(address.get("Tags")),
        },
        chosen(address, ("AllocationId", "PublicIp")),
    )


def read_nat_gateway(request: ReadRequest) -> Reading | None:
    """DescribeNatGateways; one that is deleted stays to be seen for an hour."""
    gateway = described_by_id(request, "describe_nat_gateways", "NatGateways", "NatGatewayId", "nat-gateway-id")
    if gateway is None or gateway.get("State") in {"deleted", "deleting", "failed"}:
        return None
    addresses = gateway.get("NatGatewayAddresses") or []
    primary = first(address for address in addresses if address.get("IsPrimary")) or first(addresses) or {}
    return ReadingBuilder(request).build(
        {
            **covered(gateway, ("ConnectivityType", "SubnetId", "VpcId")),
            "AllocationId": primary.get("AllocationId"),
            "PrivateIpAddress": primary.get("PrivateIp"),
            "Tags": tag_list(gateway.get("Tags")),
        },
        {"NatGatewayId": request.physical_id, "EniId": primary.get("NetworkInterfaceId")},
    )


def read_flow_log(request: ReadRequest) -> Reading | None:
    """DescribeFlowLogs; what is logged about follows from the id."""
    client = request.client("ec2")
    log = first(client.describe_flow_logs(FlowLogIds=[request.physical_id])["FlowLogs"])
    if log is None:
        return None
    kind = next(
        (name for start, name in _LOGGED.items() if str(log["ResourceId"]).startswith(start)), "NetworkInterface"
    )
    names = (
        "DeliverCrossAccountRole",
        "DestinationOptions",
        "LogDestination",
        "LogDestinationType",
        "LogFormat",
        "LogGroupName",
        "MaxAggregationInterval",
        "ResourceId",
        "TrafficType",
    )
    return ReadingBuilder(request).build(
        {
            **covered(log, names),
            "DeliverLogsPermissionArn": log.get("DeliverLogsPermissionArn"),
            "ResourceType": kind,
            "Tags": tag_list(log.get("Tags")),
        },
        {"Id": request.physical_id},
    )


_LOGGED: Final = {
    "vpc-": "VPC",
    "subnet-": "Subnet",
    "eni-": "NetworkInterface",
    "tgw-attach-": "TransitGatewayAttachment",
    "tgw-": "TransitGateway",
}

READERS: Final[Mapping[str, Reader]] = {
    "AWS::EC2::EIP": reads(read_address, "ec2:DescribeAddresses"),
    "AWS::EC2::FlowLog": reads(read_flow_log, "ec2:DescribeFlowLogs"),
    "AWS::EC2::InternetGateway": reads(read_internet_gateway, "ec2:DescribeInternetGateways"),
    "AWS::EC2::NatGateway": reads(read_nat_gateway, "ec2:DescribeNatGateways"),
    "AWS::EC2::Route": reads(read_route, "ec2:DescribeRouteTables"),
    "AWS::EC2::RouteTable": reads(read_route_table, "ec2:DescribeRouteTables"),
    "AWS::EC2::Subnet": reads(read_subnet, "ec2:DescribeSubnets"),
    "AWS::EC2::SubnetRouteTableAssociation": reads(read_association, "ec2:DescribeRouteTables"),
    "AWS::EC2::VPC": reads(
        read_vpc,
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcAttribute",
        "ec2:DescribeVpcs",
    ),
    "AWS::EC2::VPCGatewayAttachment": reads(
        read_gateway_attachment, "ec2:DescribeInternetGateways", "ec2:DescribeVpnGateways"
    ),
}
