"""What connects and bounds networks: endpoints, ACLs, peerings, options, and gateways of other kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document

__all__ = ["HANDLERS"]


def _create_endpoint(call: Call) -> Created:
    given = {
        **call.properties,
        "PolicyDocument": document(call["PolicyDocument"]) if "PolicyDocument" in call.properties else None,
        "TagSpecifications": call.tag_specification("vpc-endpoint"),
    }
    created = call.send("ec2", "create_vpc_endpoint", **given)["VpcEndpoint"]
    entries = [
        f"{ledger_entry.get('HostedZoneId')}:{ledger_entry.get('DnsName')}"
        for ledger_entry in created.get("DnsEntries", ())
    ]
    return Created(
        physical_id=created["VpcEndpointId"],
        attributes={
            "Id": created["VpcEndpointId"],
            "DnsEntries": entries,
            "NetworkInterfaceIds": created.get("NetworkInterfaceIds", []),
        },
    )


def _create_acl(call: Call) -> Created:
    tags = call.tag_specification("network-acl")
    own = call.send("ec2", "create_network_acl", VpcId=call["VpcId"], TagSpecifications=tags)["NetworkAcl"]
    return Created(physical_id=own["NetworkAclId"], attributes={"Id": own["NetworkAclId"]})


def _create_entry(call: Call) -> Created:
    given = {"Egress": False, **call.properties, "IcmpTypeCode": call.get("Icmp")}
    call.send("ec2", "create_network_acl_entry", **given)
    return Created(physical_id=call.name, attributes={"Id": call.name})


def _delete_entry(call: Call) -> None:
    own = {"NetworkAclId": call["NetworkAclId"], "RuleNumber": call["RuleNumber"]}
    call.send("ec2", "delete_network_acl_entry", **own, Egress=call.get("Egress", False))


def _association(call: Call) -> Any:
    """The subnet's present ACL: an association is replaced, never made."""
    here = [{"Name": "association.subnet-id", "Values": [call["SubnetId"]]}]
    acl = call.send("ec2", "describe_network_acls", Filters=here)["NetworkAcls"][0]
    return next(association for association in acl["Associations"] if association["SubnetId"] == call["SubnetId"])


def _create_acl_association(call: Call) -> Created:
    present = _association(call)["NetworkAclAssociationId"]
    own = call.send("ec2", "replace_network_acl_association", AssociationId=present, NetworkAclId=call["NetworkAclId"])[
        "NewAssociationId"
    ]
    return Created(physical_id=own, attributes={"AssociationId": own})


def _delete_acl_association(call: Call) -> None:
    subnet = call.send("ec2", "describe_subnets", SubnetIds=[call["SubnetId"]])["Subnets"][0]
    here = [{"Name": "vpc-id", "Values": [subnet["VpcId"]]}, {"Name": "default", "Values": ["true"]}]
    default = call.send("ec2", "describe_network_acls", Filters=here)["NetworkAcls"][0]["NetworkAclId"]
    present = _association(call)["NetworkAclAssociationId"]
    call.send("ec2", "replace_network_acl_association", AssociationId=present, NetworkAclId=default)


def _create_peering(call: Call) -> Created:
    given = {**call.properties, "TagSpecifications": call.tag_specification("vpc-peering-connection")}
    own = call.send("ec2", "create_vpc_peering_connection", **given)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    call.send("ec2", "accept_vpc_peering_connection", VpcPeeringConnectionId=own)
    return Created(physical_id=own, attributes={"Id": own})


_OPTIONS: Final = {
    "DomainName": "domain-name",
    "DomainNameServers": "domain-name-servers",
    "NetbiosNameServers": "netbios-name-servers",
    "NetbiosNodeType": "netbios-node-type",
    "NtpServers": "ntp-servers",
}


def _create_options(call: Call) -> Created:
    given = [
        {"Key": key, "Values": call[name] if isinstance(call[name], list) else [call[name]]}
        for name, key in _OPTIONS.items()
        if name in call.properties
    ]
    own = call.send("ec2", "create_dhcp_options", DhcpConfigurations=given)["DhcpOptions"]["DhcpOptionsId"]
    if call.get("Tags"):  # moto forgets those that are given at creation
        call.send("ec2", "create_tags", Resources=[own], Tags=call["Tags"])
    return Created(physical_id=own, attributes={"DhcpOptionsId": own})


def _create_options_association(call: Call) -> Created:
    call.send("ec2", "associate_dhcp_options", **call.properties)
    return Created(physical_id=call.name)


def _create_egress_only_gateway(call: Call) -> Created:
    tags = call.tag_specification("egress-only-internet-gateway")
    created = call.send("ec2", "create_egress_only_internet_gateway", VpcId=call["VpcId"], TagSpecifications=tags)
    own = created["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    return Created(physical_id=own, attributes={"Id": own})


def _create_transit_gateway(call: Call) -> Created:
    created = call.send(
        "ec2",
        "create_transit_gateway",
        Description=call.get("Description"),
        Options=call.properties,
        TagSpecifications=call.tag_specification("transit-gateway"),
    )["TransitGateway"]
    own = created["TransitGatewayId"]
    return Created(physical_id=own, attributes={"Id": own, "TransitGatewayArn": created.get("TransitGatewayArn")})


def _create_vpn_gateway(call: Call) -> Created:
    given = {**call.properties, "TagSpecifications": call.tag_specification("vpn-gateway")}
    own = call.send("ec2", "create_vpn_gateway", **given)["VpnGateway"]["VpnGatewayId"]
    return Created(physical_id=own, attributes={"VPNGatewayId": own})


def _create_customer_gateway(call: Call) -> Created:
    given = {**call.properties, "TagSpecifications": call.tag_specification("customer-gateway")}
    own = call.send("ec2", "create_customer_gateway", **given)["CustomerGateway"]["CustomerGatewayId"]
    return Created(physical_id=own, attributes={"CustomerGatewayId": own})


def _create_prefix_list(call: Call) -> Created:
    given = {**call.properties, "TagSpecifications": call.tag_specification("prefix-list")}
    created = call.send("ec2", "create_managed_prefix_list", **given)["PrefixList"]
    own = created["PrefixListId"]
    return Created(physical_id=own, attributes={"PrefixListId": own, "Arn": created.get("PrefixListArn")})


def _by_id(create: Any, operation: str, parameter: str, *, many: bool = False) -> Handler:
    """A type that is deleted by one call with its id."""

    def delete(call: Call) -> None:
        call.send("ec2", operation, **{parameter: [call.physical_id] if many else call.physical_id})

    return Handler(create=create, delete=delete)


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::EC2::CustomerGateway": _by_id(_create_customer_gateway, "delete_customer_gateway", "CustomerGatewayId"),
    "AWS::EC2::DHCPOptions": _by_id(_create_options, "delete_dhcp_options", "DhcpOptionsId"),
    "AWS::EC2::EgressOnlyInternetGateway": _by_id(
        _create_egress_only_gateway, "delete_egress_only_internet_gateway", "EgressOnlyInternetGatewayId"
    ),
    "AWS::EC2::NetworkAcl": _by_id(_create_acl, "delete_network_acl", "NetworkAclId"),
    "AWS::EC2::NetworkAclEntry": Handler(create=_create_entry, delete=_delete_entry),
    "AWS::EC2::PrefixList": _by_id(_create_prefix_list, "delete_managed_prefix_list", "PrefixListId"),
    "AWS::EC2::SubnetNetworkAclAssociation": Handler(create=_create_acl_association, delete=_delete_acl_association),
    "AWS::EC2::TransitGateway": _by_id(_create_transit_gateway, "delete_transit_gateway", "TransitGatewayId"),
    "AWS::EC2::VPCDHCPOptionsAssociation": Handler(
        create=_create_options_association,
        delete=lambda call: call.send("ec2", "associate_dhcp_options", DhcpOptionsId="default", VpcId=call["VpcId"]),
    ),
    "AWS::EC2::VPCEndpoint": _by_id(_create_endpoint, "delete_vpc_endpoints", "VpcEndpointIds", many=True),
    "AWS::EC2::VPCPeeringConnection": _by_id(
        _create_peering, "delete_vpc_peering_connection", "VpcPeeringConnectionId"
    ),
    "AWS::EC2::VPNGateway": _by_id(_create_vpn_gateway, "delete_vpn_gateway", "VpnGatewayId"),
}
