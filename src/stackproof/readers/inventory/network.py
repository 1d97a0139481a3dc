"""What lies in VPCs, less what every VPC is given by AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stackproof.drift.child import Listed
from stackproof.drift.ports import Listing
from stackproof.readers.access import pages

__all__ = ["LISTINGS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Of:
    """How EC2 lists one type: the operation, the member with the rows and the member with the id."""

    resource_type: str
    noun: str
    operation: str
    key: str
    identity: str
    vpc: Callable[[Mapping[str, Any]], str | None] = lambda row: row.get("VpcId")
    own: Callable[[Mapping[str, Any]], bool] = lambda row: bool(row.get("IsDefault"))
    action: str = ""

    def listed(self, client: Callable[[str], Any]) -> Iterator[Listed]:
        """All of the type in the region."""
        ec2 = client("ec2")
        for page in pages(ec2, self.operation, self.key):
            if self.own(page) or page.get("State") in {"deleted", "terminated", "shutting-down"}:
                continue
            identity = str(page[self.identity])
            tags = {tag["Key"]: tag["Value"] for tag in page.get("Tags", ())}
            yield Listed(
                resource_type=self.resource_type,
                physical_id=identity,
                name=str(page.get("GroupName") or tags.get("Name") or identity),
                arn=f":{self.noun}/{identity}",
                vpc_id=self.vpc(page) or "",
            )


def _attached(row: Mapping[str, Any]) -> str | None:
    return next((attachment.get("VpcId") for attachment in row.get("Attachments", ())), None)


def _is_main(row: Mapping[str, Any]) -> bool:
    return any(association.get("Main") for association in row.get("Associations", ()))


_TYPES: Final = (
    _Of(
        resource_type="AWS::EC2::InternetGateway",
        noun="internet-gateway",
        operation="describe_internet_gateways",
        key="InternetGateways",
        identity="InternetGatewayId",
        vpc=_attached,
        action="ec2:DescribeInternetGateways",
    ),
    _Of(
        resource_type="AWS::EC2::NatGateway",
        noun="natgateway",
        operation="describe_nat_gateways",
        key="NatGateways",
        identity="NatGatewayId",
        action="ec2:DescribeNatGateways",
    ),
    _Of(
        resource_type="AWS::EC2::NetworkAcl",
        noun="network-acl",
        operation="describe_network_acls",
        key="NetworkAcls",
        identity="NetworkAclId",
        action="ec2:DescribeNetworkAcls",
    ),
    _Of(
        resource_type="AWS::EC2::RouteTable",
        noun="route-table",
        operation="describe_route_tables",
        key="RouteTables",
        identity="RouteTableId",
        own=_is_main,
        action="ec2:DescribeRouteTables",
    ),
    _Of(
        resource_type="AWS::EC2::SecurityGroup",
        noun="security-group",
        operation="describe_security_groups",
        key="SecurityGroups",
        identity="GroupId",
        own=lambda group: group.get("GroupName") == "default",
        action="ec2:DescribeSecurityGroups",
    ),
    _Of(
        resource_type="AWS::EC2::Subnet",
        noun="subnet",
        operation="describe_subnets",
        key="Subnets",
        identity="SubnetId",
        own=lambda subnet: bool(subnet.get("DefaultForAz")),
        action="ec2:DescribeSubnets",
    ),
    _Of(
        resource_type="AWS::EC2::VPC",
        noun="vpc",
        operation="describe_vpcs",
        key="Vpcs",
        identity="VpcId",
        action="ec2:DescribeVpcs",
    ),
    _Of(
        resource_type="AWS::EC2::VPCEndpoint",
        noun="vpc-endpoint",
        operation="describe_vpc_endpoints",
        key="VpcEndpoints",
        identity="VpcEndpointId",
        action="ec2:DescribeVpcEndpoints",
    ),
)


def _instances(client: Callable[[str], Any]) -> Iterator[Listed]:
    """DescribeInstances, less terminated ones and those that an Auto Scaling group started."""
    for reservation in pages(client("ec2"), "describe_instances", "Reservations"):
        for instance in reservation["Instances"]:
            tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())}
            if instance["State"]["Name"] in {"terminated", "shutting-down"} or "aws:autoscaling:groupName" in tags:
                continue
            identity = str(instance["InstanceId"])
            yield Listed(
                resource_type="AWS::EC2::Instance",
                physical_id=identity,
                name=str(tags.get("Name") or identity),
                arn=f":instance/{identity}",
                vpc_id=str(instance.get("VpcId") or ""),
            )


LISTINGS: Final[tuple[Listing, ...]] = (
    *(
        Listing(
            resource_type=resource_type.resource_type,
            read=resource_type.listed,
            actions=(resource_type.action,),
            in_vpc=True,
        )
        for resource_type in _TYPES
    ),
    Listing(resource_type="AWS::EC2::Instance", read=_instances, actions=("ec2:DescribeInstances",), in_vpc=True),
)
