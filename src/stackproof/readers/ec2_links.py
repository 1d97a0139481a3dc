"""What connects and bounds networks: endpoints, ACLs, peerings, options, and gateways of other kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, chosen, covered, found_or_none, pages, parsed, reads, tag_list
from stackproof.readers.ec2_listed import described_by_id, first

__all__ = ["READERS"]


def read_endpoint(request: ReadRequest) -> Reading | None:
    """DescribeVpcEndpoints."""
    live = described_by_id(request, "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", "vpc-endpoint-id")
    if live is None or str(live.get("State")).lower() in {"deleted", "deleting"}:
        return None
    names = (
        "DnsOptions",
        "IpAddressType",
        "PrivateDnsEnabled",
        "ResourceConfigurationArn",
        "RouteTableIds",
        "ServiceName",
        "ServiceNetworkArn",
        "ServiceRegion",
        "SubnetIds",
        "VpcEndpointType",
        "VpcId",
    )
    entries = [
        f"{ledger_entry.get('HostedZoneId')}:{ledger_entry.get('DnsName')}"
        for ledger_entry in live.get("DnsEntries", ())
    ]
    return ReadingBuilder(request).build(
        {
            **covered(live, names),
            "PolicyDocument": parsed(live.get("PolicyDocument")),
            "SecurityGroupIds": [group["GroupId"] for group in live.get("Groups", ())],
            "Tags": tag_list(live.get("Tags")),
        },
        {
            "Id": request.physical_id,
            "DnsEntries": entries,
            "NetworkInterfaceIds": live.get("NetworkInterfaceIds", []),
        },
    )


def read_acl(request: ReadRequest) -> Reading | None:
    """DescribeNetworkAcls."""
    live = described_by_id(request, "describe_network_acls", "NetworkAcls", "NetworkAclId", "network-acl-id")
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {"Tags": tag_list(live.get("Tags")), "VpcId": live["VpcId"]}, {"Id": request.physical_id}
    )


def _acl_with(request: ReadRequest, named: str, value: str) -> Any:
    client = request.client("ec2")
    here = [{"Name": named, "Values": [value]}]
    found: list[Any] = request.memo(
        (named, value), lambda: pages(client, "describe_network_acls", "NetworkAcls", Filters=here)
    )
    return first(found)


def read_acl_entry(request: ReadRequest) -> Reading | None:
    """DescribeNetworkAcls: the entry of the template's direction and number in the template's ACL."""
    acl_id = str(request.expected.get("NetworkAclId"))
    acl = _acl_with(request, "network-acl-id", acl_id)
    egress = str(request.expected.get("Egress", False)).lower() == "true"
    number = str(request.expected.get("RuleNumber"))
    for ledger_entry in acl["Entries"] if acl else ():
        if ledger_entry["Egress"] is egress and str(ledger_entry["RuleNumber"]) == number:
            return ReadingBuilder(request).build(
                {
                    **covered(
                        ledger_entry, ("CidrBlock", "Egress", "Ipv6CidrBlock", "PortRange", "RuleAction", "RuleNumber")
                    ),
                    "Icmp": ledger_entry.get("IcmpTypeCode"),
                    "NetworkAclId": acl_id,
                    "Protocol": ledger_entry["Protocol"],
                },
                {"Id": request.physical_id},
            )
    return None


def read_acl_association(request: ReadRequest) -> Reading | None:
    """DescribeNetworkAcls by the association's id."""
    own = request.physical_id
    acl = _acl_with(request, "association.association-id", own)
    live = first(
        association
        for association in (acl or {}).get("Associations", ())
        if association["NetworkAclAssociationId"] == own
    )
    if live is None:
        return None
    return ReadingBuilder(request).build(chosen(live, ("NetworkAclId", "SubnetId")), {"AssociationId": own})


def read_peering(request: ReadRequest) -> Reading | None:
    """DescribeVpcPeeringConnections."""
    live = described_by_id(
        request,
        "describe_vpc_peering_connections",
        "VpcPeeringConnections",
        "VpcPeeringConnectionId",
        "vpc-peering-connection-id",
    )
    if live is None or live["Status"]["Code"] in {"deleted", "deleting", "failed", "rejected", "expired"}:
        return None
    accepter, requester = live["AccepterVpcInfo"], live["RequesterVpcInfo"]
    return ReadingBuilder(request).build(
        {
            "PeerOwnerId": accepter.get("OwnerId"),
            "PeerRegion": accepter.get("Region"),
            "PeerVpcId": accepter.get("VpcId"),
            "Tags": tag_list(live.get("Tags")),
            "VpcId": requester.get("VpcId"),
        },
        {"Id": request.physical_id},
    )


def read_dhcp_options(request: ReadRequest) -> Reading | None:
    """DescribeDhcpOptions."""
    live = described_by_id(request, "describe_dhcp_options", "DhcpOptions", "DhcpOptionsId", "dhcp-options-id")
    if live is None:
        return None
    given = {
        configuration["Key"]: [
            value["Value"] if isinstance(value, Mapping) else value for value in configuration["Values"]
        ]
        for configuration in live["DhcpConfigurations"]
    }
    return ReadingBuilder(request).build(
        {
            "DomainName": first(given.get("domain-name")),
            "DomainNameServers": given.get("domain-name-servers"),
            "Ipv6AddressPreferredLeaseTime": first(given.get("ipv6-address-preferred-lease-time")),
            "NetbiosNameServers": given.get("netbios-name-servers"),
            "NetbiosNodeType": first(given.get("netbios-node-type")),
            "NtpServers": given.get("ntp-servers"),
            "Tags": tag_list(live.get("Tags")),
        },
        {"DhcpOptionsId": live["DhcpOptionsId"]},
    )


def read_dhcp_association(request: ReadRequest) -> Reading | None:
    """DescribeVpcs: which options the template's VPC has."""
    client = request.client("ec2")
    vpc_id = str(request.expected.get("VpcId"))
    here = [{"Name": "vpc-id", "Values": [vpc_id]}]
    live = first(pages(client, "describe_vpcs", "Vpcs", Filters=here))
    if live is None or live.get("DhcpOptionsId") in {None, "", "default"}:
        return None
    return ReadingBuilder(request).build({"DhcpOptionsId": live["DhcpOptionsId"], "VpcId": vpc_id}, {})


def read_egress_only_gateway(request: ReadRequest) -> Reading | None:
    """DescribeEgressOnlyInternetGateways."""
    client = request.client("ec2")
    own = request.physical_id
    found = found_or_none(
        lambda: client.describe_egress_only_internet_gateways(EgressOnlyInternetGatewayIds=[own])[
            "EgressOnlyInternetGateways"
        ],
        "InvalidGatewayID.NotFound",
        "InvalidEgressOnlyInternetGatewayId.NotFound",
    )
    live = first(found)
    attached = first((live or {}).get("Attachments"))
    if live is None or attached is None:
        return None
    return ReadingBuilder(request).build({"Tags": tag_list(live.get("Tags")), "VpcId": attached["VpcId"]}, {"Id": own})


_OF_TRANSIT: Final = (
    "AmazonSideAsn",
    "AssociationDefaultRouteTableId",
    "AutoAcceptSharedAttachments",
    "DefaultRouteTableAssociation",
    "DefaultRouteTablePropagation",
    "DnsSupport",
    "MulticastSupport",
    "PropagationDefaultRouteTableId",
    "SecurityGroupReferencingSupport",
    "TransitGatewayCidrBlocks",
    "VpnEcmpSupport",
)


def read_transit_gateway(request: ReadRequest) -> Reading | None:
    """DescribeTransitGateways."""
    live = described_by_id(
        request, "describe_transit_gateways", "TransitGateways", "TransitGatewayId", "transit-gateway-id"
    )
    if live is None or live.get("State") in {"deleted", "deleting"}:
        return None
    return ReadingBuilder(request).build(
        {
            **covered(live.get("Options") or {}, _OF_TRANSIT),
            "Description": live.get("Description"),
            "Tags": tag_list(live.get("Tags")),
        },
        {"Id": live["TransitGatewayId"], "TransitGatewayArn": live.get("TransitGatewayArn")},
    )


def read_vpn_gateway(request: ReadRequest) -> Reading | None:
    """DescribeVpnGateways."""
    live = described_by_id(request, "describe_vpn_gateways", "VpnGateways", "VpnGatewayId", "vpn-gateway-id")
    if live is None or live.get("State") in {"deleted", "deleting"}:
        return None
    return ReadingBuilder(request).build(
        {**covered(live, ("AmazonSideAsn", "Type")), "Tags": tag_list(live.get("Tags"))},
        {"VPNGatewayId": live["VpnGatewayId"]},
    )


def read_customer_gateway(request: ReadRequest) -> Reading | None:
    """DescribeCustomerGateways."""
    live = described_by_id(
        request, "describe_customer_gateways", "CustomerGateways", "CustomerGatewayId", "customer-gateway-id"
    )
    if live is None or live.get("State") in {"deleted", "deleting"}:
        return None
    return ReadingBuilder(request).build(
        {
            **covered(live, ("BgpAsn", "BgpAsnExtended", "CertificateArn", "DeviceName", "IpAddress", "Type")),
            "Tags": tag_list(live.get("Tags")),
        },
        {"CustomerGatewayId": live["CustomerGatewayId"]},
    )


def read_prefix_list(request: ReadRequest) -> Reading | None:
    """DescribeManagedPrefixLists and GetManagedPrefixListEntries."""
    live = described_by_id(request, "describe_managed_prefix_lists", "PrefixLists", "PrefixListId", "prefix-list-id")
    if live is None or str(live.get("State")).startswith("delete"):
        return None
    client = request.client("ec2")
    builder = ReadingBuilder(request)
    entries: list[JsonValue] = builder.call(
        "/Entries",
        lambda: [
            chosen(ledger_entry, ("Cidr", "Description"))
            for ledger_entry in pages(
                client, "get_managed_prefix_list_entries", "Entries", PrefixListId=request.physical_id
            )
        ],
        [],
    )
    return builder.build(
        {
            **covered(live, ("AddressFamily", "MaxEntries", "PrefixListName")),
            "Entries": entries,
            "Tags": tag_list(live.get("Tags")),
        },
        {
            "Arn": live.get("PrefixListArn"),
            "OwnerId": live.get("OwnerId"),
            "PrefixListId": live["PrefixListId"],
            "Version": live.get("Version"),
        },
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::EC2::CustomerGateway": reads(read_customer_gateway, "ec2:DescribeCustomerGateways"),
    "AWS::EC2::DHCPOptions": reads(read_dhcp_options, "ec2:DescribeDhcpOptions"),
    "AWS::EC2::EgressOnlyInternetGateway": reads(read_egress_only_gateway, "ec2:DescribeEgressOnlyInternetGateways"),
    "AWS::EC2::NetworkAcl": reads(read_acl, "ec2:DescribeNetworkAcls"),
    "AWS::EC2::NetworkAclEntry": reads(read_acl_entry, "ec2:DescribeNetworkAcls"),
    "AWS::EC2::PrefixList": reads(
        read_prefix_list, "ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries"
    ),
    "AWS::EC2::SubnetNetworkAclAssociation": reads(read_acl_association, "ec2:DescribeNetworkAcls"),
    "AWS::EC2::TransitGateway": reads(read_transit_gateway, "ec2:DescribeTransitGateways"),
    "AWS::EC2::VPCDHCPOptionsAssociation": reads(read_dhcp_association, "ec2:DescribeVpcs"),
    "AWS::EC2::VPCEndpoint": reads(read_endpoint, "ec2:DescribeVpcEndpoints"),
    "AWS::EC2::VPCPeeringConnection": reads(read_peering, "ec2:DescribeVpcPeeringConnections"),
    "AWS::EC2::VPNGateway": reads(read_vpn_gateway, "ec2:DescribeVpnGateways"),
}
