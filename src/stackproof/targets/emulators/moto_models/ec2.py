"""Networks: VPC, subnets, routes, gateways and flow logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_vpc(call: Call) -> Created:
    vpc = call.send(
        "ec2",
        "create_vpc",
        CidrBlock=call.get("CidrBlock"),
        InstanceTenancy=call.get("InstanceTenancy"),
        TagSpecifications=call.tag_specification("vpc"),
    )["Vpc"]
    vpc_id = vpc["VpcId"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in call.properties:
            call.send("ec2", "modify_vpc_attribute", VpcId=vpc_id, **{name: {"Value": call[name]}})
    here = [{"Name": "vpc-id", "Values": [vpc_id]}]
    groups = call.send("ec2", "describe_security_groups", Filters=here)["SecurityGroups"]
    acls = call.send("ec2", "describe_network_acls", Filters=here)["NetworkAcls"]
    return Created(
        physical_id=vpc_id,
        attributes={
            "VpcId": vpc_id,
            "CidrBlock": vpc["CidrBlock"],
            "CidrBlockAssociations": [
                association["AssociationId"] for association in vpc.get("CidrBlockAssociationSet", ())
            ],
            "DefaultNetworkAcl": next((acl["NetworkAclId"] for acl in acls if acl["IsDefault"]), None),
            "DefaultSecurityGroup": next(
                (group["GroupId"] for group in groups if group["GroupName"] == "default"), None
            ),
            "Ipv6CidrBlocks": [],
        },
    )


def _create_subnet(call: Call) -> Created:
    subnet = call.send("ec2", "create_subnet", **call.properties, TagSpecifications=call.tag_specification("subnet"))[
        "Subnet"
    ]
    subnet_id = subnet["SubnetId"]
    for name in ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation"):
        if name in call.properties:
            call.send("ec2", "modify_subnet_attribute", SubnetId=subnet_id, **{name: {"Value": call[name]}})
    return Created(
        physical_id=subnet_id,
        attributes={
            "SubnetId": subnet_id,
            "VpcId": subnet["VpcId"],
            "CidrBlock": subnet["CidrBlock"],
            "AvailabilityZone": subnet["AvailabilityZone"],
            "AvailabilityZoneId": subnet.get("AvailabilityZoneId"),
            "Ipv6CidrBlocks": [],
        },
    )


def _create_route_table(call: Call) -> Created:
    table = call.send(
        "ec2", "create_route_table", VpcId=call["VpcId"], TagSpecifications=call.tag_specification("route-table")
    )["RouteTable"]["RouteTableId"]
    return Created(physical_id=table, attributes={"RouteTableId": table})


def _destination(call: Call) -> dict[str, str]:
    names = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    return {name: str(call[name]) for name in names if name in call.properties}


def _create_route(call: Call) -> Created:
    call.send("ec2", "create_route", **call.properties)
    destination = next(iter(_destination(call).values()))
    return Created(physical_id=f"{call['RouteTableId']}|{destination}", attributes={"CidrBlock": destination})


def _delete_route(call: Call) -> None:
    call.send("ec2", "delete_route", RouteTableId=call["RouteTableId"], **_destination(call))


def _create_association(call: Call) -> Created:
    association = call.send("ec2", "associate_route_table", **call.properties)["AssociationId"]
    return Created(physical_id=association, attributes={"Id": association})


def _create_internet_gateway(call: Call) -> Created:
    gateway = call.send("ec2", "create_internet_gateway", TagSpecifications=call.tag_specification("internet-gateway"))[
        "InternetGateway"
    ]["InternetGatewayId"]
    return Created(physical_id=gateway, attributes={"InternetGatewayId": gateway})


def _create_attachment(call: Call) -> Created:
    if "InternetGatewayId" in call.properties:
        call.send("ec2", "attach_internet_gateway", **call.properties)
        return Created(physical_id=f"IGW|{call['VpcId']}", attributes={"AttachmentType": "IGW"})
    call.send("ec2", "attach_vpn_gateway", **call.properties)
    return Created(physical_id=f"VGW|{call['VpcId']}", attributes={"AttachmentType": "VGW"})


def _delete_attachment(call: Call) -> None:
    if "InternetGatewayId" in call.properties:
        call.send("ec2", "detach_internet_gateway", **call.properties)
    else:
        call.send("ec2", "detach_vpn_gateway", **call.properties)


def _create_address(call: Call) -> Created:
    address = call.send(
        "ec2",
        "allocate_address",
        Domain=call.get("Domain", "vpc"),
        TagSpecifications=call.tag_specification("elastic-ip"),
    )
    if "InstanceId" in call.properties:
        call.send("ec2", "associate_address", AllocationId=address["AllocationId"], InstanceId=call["InstanceId"])
    return Created(
        physical_id=address["PublicIp"],
        attributes={"AllocationId": address["AllocationId"], "PublicIp": address["PublicIp"]},
    )


def _delete_address(call: Call) -> None:
    found = call.send("ec2", "describe_addresses", PublicIps=[call.physical_id])["Addresses"]
    call.send("ec2", "release_address", AllocationId=found[0]["AllocationId"])


def _create_nat_gateway(call: Call) -> Created:
    gateway = call.send(
        "ec2", "create_nat_gateway", **call.properties, TagSpecifications=call.tag_specification("natgateway")
    )["NatGateway"]["NatGatewayId"]
    return Created(physical_id=gateway, attributes={"NatGatewayId": gateway})


def _create_flow_log(call: Call) -> Created:
    answer = call.send(
        "ec2",
        "create_flow_logs",
        **call.properties,
        ResourceIds=[call["ResourceId"]],
        TagSpecifications=call.tag_specification("vpc-flow-log"),
    )
    if not answer["FlowLogIds"]:
        raise ValueError(answer["Unsuccessful"][0]["Error"]["Message"])
    return Created(physical_id=answer["FlowLogIds"][0], attributes={"Id": answer["FlowLogIds"][0]})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::EC2::EIP": Handler(create=_create_address, delete=_delete_address),
    "AWS::EC2::FlowLog": Handler(
        create=_create_flow_log,
        delete=lambda call: call.send("ec2", "delete_flow_logs", FlowLogIds=[call.physical_id]),
    ),
    "AWS::EC2::InternetGateway": Handler(
        create=_create_internet_gateway,
        delete=lambda call: call.send("ec2", "delete_internet_gateway", InternetGatewayId=call.physical_id),
    ),
    "AWS::EC2::NatGateway": Handler(
        create=_create_nat_gateway,
        delete=lambda call: call.send("ec2", "delete_nat_gateway", NatGatewayId=call.physical_id),
    ),
    "AWS::EC2::Route": Handler(create=_create_route, delete=_delete_route),
    "AWS::EC2::RouteTable": Handler(
        create=_create_route_table,
        delete=lambda call: call.send("ec2", "delete_route_table", RouteTableId=call.physical_id),
    ),
    "AWS::EC2::Subnet": Handler(
        create=_create_subnet, delete=lambda call: call.send("ec2", "delete_subnet", SubnetId=call.physical_id)
    ),
    "AWS::EC2::SubnetRouteTableAssociation": Handler(
        create=_create_association,
        delete=lambda call: call.send("ec2", "disassociate_route_table", AssociationId=call.physical_id),
    ),
    "AWS::EC2::VPC": Handler(
        create=_create_vpc, delete=lambda call: call.send("ec2", "delete_vpc", VpcId=call.physical_id)
    ),
    "AWS::EC2::VPCGatewayAttachment": Handler(create=_create_attachment, delete=_delete_attachment),
}
