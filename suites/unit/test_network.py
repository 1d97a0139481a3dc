"""The network: who can reach what, and on which way out."""

from typing import Any

import pytest

from stackproof.testing import Match, Resource, StackQuery, TemplateAssertions

SUBNET_TYPE = "aws-cdk:subnet-type"
WORLD = ("0.0.0.0/0", "::/0")


def subnets(stack: StackQuery, kind: str) -> tuple[Resource, ...]:
    """The subnets of a kind: Public, Private or Isolated."""
    tag = Match.array_with([{"Key": SUBNET_TYPE, "Value": kind}])
    return tuple(stack.resources("AWS::EC2::Subnet", where={"Tags": tag}))


def default_routes(stack: StackQuery, kind: str) -> list[dict[str, Any]]:
    """The properties of the default routes that the route tables of these subnets have."""
    ids = {subnet.logical_id for subnet in subnets(stack, kind)}
    tables = {
        table
        for resource in stack.resources("AWS::EC2::SubnetRouteTableAssociation")
        if ids & {*stack.references(resource, "/SubnetId")}
        for table in stack.references(resource, "/RouteTableId")
    }
    assert len(tables) == len(ids), "every subnet has a route table of its own"
    return [
        dict(resource.properties)
        for resource in stack.resources("AWS::EC2::Route", where={"DestinationCidrBlock": "0.0.0.0/0"})
        if tables & {*stack.references(resource, "/RouteTableId")}
    ]


def test_there_is_one_vpc_and_it_resolves_names(template: TemplateAssertions) -> None:
    template.resource_count_is("AWS::EC2::VPC", 1)
    template.has_resource_properties("AWS::EC2::VPC", {"EnableDnsSupport": True, "EnableDnsHostnames": True})


@pytest.mark.parametrize("kind", ["Public", "Private", "Isolated"])
def test_every_kind_of_subnet_spans_two_availability_zones(stack: StackQuery, kind: str) -> None:
    zones = [str(stack.value(subnet, "/AvailabilityZone")) for subnet in subnets(stack, kind)]
    assert len(zones) == len(set(zones)) == 2


def test_there_is_no_subnet_of_another_kind(stack: StackQuery) -> None:
    known = [subnet.logical_id for kind in ("Public", "Private", "Isolated") for subnet in subnets(stack, kind)]
    assert sorted(known) == sorted(stack.resources("AWS::EC2::Subnet").logical_ids)


def test_no_subnet_hands_out_public_addresses(template: TemplateAssertions) -> None:
    template.all_resources_properties("AWS::EC2::Subnet", {"MapPublicIpOnLaunch": False})


def test_public_subnets_lead_to_the_internet_gateway(stack: StackQuery) -> None:
    gateway = stack.resource("AWS::EC2::InternetGateway").logical_id
    assert [route.get("GatewayId") for route in default_routes(stack, "Public")] == [{"Ref": gateway}] * 2


def test_private_subnets_lead_out_through_nat(stack: StackQuery) -> None:
    gateways = [{"Ref": id_} for id_ in stack.resources("AWS::EC2::NatGateway").logical_ids]
    routes = [route.get("NatGatewayId") for route in default_routes(stack, "Private")]
    assert len(routes) == 2
    assert all(route in gateways for route in routes)


def test_isolated_subnets_lead_nowhere(stack: StackQuery) -> None:
    assert default_routes(stack, "Isolated") == []


def test_nat_stands_in_a_public_subnet(stack: StackQuery) -> None:
    public = {subnet.logical_id for subnet in subnets(stack, "Public")}
    homes = {
        home for resource in stack.resources("AWS::EC2::NatGateway") for home in stack.references(resource, "/SubnetId")
    }
    assert homes
    assert homes <= public


def test_all_traffic_of_the_vpc_is_logged(stack: StackQuery) -> None:
    flow_log = stack.resource("AWS::EC2::FlowLog", where={"ResourceType": "VPC", "TrafficType": "ALL"})
    assert stack.references(flow_log, "/ResourceId") == (stack.resource("AWS::EC2::VPC").logical_id,)
    (group,) = stack.references(flow_log, "/LogGroupName")
    assert group in stack.resources("AWS::Logs::LogGroup", authored=True).logical_ids


def test_flow_logs_may_write_to_their_group_alone(stack: StackQuery) -> None:
    flow_log = stack.resource("AWS::EC2::FlowLog")
    role = stack.references(flow_log, "/DeliverLogsPermissionArn")
    policies = [
        resource for resource in stack.resources("AWS::IAM::Policy") if stack.references(resource, "/Roles") == role
    ]
    assert len(policies) == 1
    assert stack.references(policies[0], "/PolicyDocument") == stack.references(flow_log, "/LogGroupName")


def test_the_default_security_group_is_closed(stack: StackQuery) -> None:
    closing = stack.resource("Custom::VpcRestrictDefaultSG", authored=None)
    vpc = stack.resource("AWS::EC2::VPC").logical_id
    assert stack.value(closing, "/DefaultSecurityGroupId") == {"Fn::GetAtt": [vpc, "DefaultSecurityGroup"]}


def test_nothing_admits_the_world(stack: StackQuery) -> None:
    rules = [dict(resource.properties) for resource in stack.resources("AWS::EC2::SecurityGroupIngress")]
    inline = stack.resources("AWS::EC2::SecurityGroup", where={"SecurityGroupIngress": Match.any_value()}).or_none()
    rules += [rule for group in inline for rule in stack.value(group, "/SecurityGroupIngress")]
    assert rules
    assert [rule for rule in rules if rule.get("CidrIp") in WORLD or rule.get("CidrIpv6") in WORLD] == []


@pytest.mark.parametrize(
    "resource_type",
    ["AWS::EC2::Subnet", "AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup", "AWS::EC2::VPCGatewayAttachment"],
)
def test_all_of_the_network_is_in_the_one_vpc(stack: StackQuery, resource_type: str) -> None:
    vpc = stack.resource("AWS::EC2::VPC").logical_id
    homes = {home for resource in stack.resources(resource_type) for home in stack.references(resource, "/VpcId")}
    assert homes == {vpc}
    assert all("VpcId" in resource.properties for resource in stack.resources(resource_type))


def test_the_internet_gateway_is_attached(stack: StackQuery) -> None:
    attachment = stack.resource("AWS::EC2::VPCGatewayAttachment")
    gateway = stack.resource("AWS::EC2::InternetGateway").logical_id
    assert stack.references(attachment, "/InternetGatewayId") == (gateway,)


def test_every_nat_gateway_has_an_address_of_the_vpc(stack: StackQuery) -> None:
    used = [stack.references(resource, "/AllocationId") for resource in stack.resources("AWS::EC2::NatGateway")]
    addresses = stack.resources("AWS::EC2::EIP", where={"Domain": "vpc"}).logical_ids
    assert sorted(used) == [(address,) for address in addresses]


def test_security_groups_are_those_of_the_database_and_of_the_function(stack: StackQuery) -> None:
    used = {
        *stack.references(stack.resource("AWS::RDS::DBInstance"), "/VPCSecurityGroups"),
        *stack.references(stack.resource("AWS::Lambda::Function"), "/VpcConfig/SecurityGroupIds"),
    }
    assert used == {*stack.resources("AWS::EC2::SecurityGroup", authored=True).logical_ids}
    assert len(used) == 2


def test_the_function_reaches_https_and_the_database_alone(stack: StackQuery) -> None:
    (group,) = stack.references(stack.resource("AWS::Lambda::Function"), "/VpcConfig/SecurityGroupIds")
    inline = stack.value(
        next(resource for resource in stack.resources() if resource.logical_id == group), "/SecurityGroupEgress"
    )
    assert [(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in inline] == [("tcp", 443, 443)]
    beside = stack.resource(
        "AWS::EC2::SecurityGroupEgress", where={"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    )
    assert stack.references(beside, "/GroupId") == (group,)
    database = stack.references(stack.resource("AWS::RDS::DBInstance"), "/VPCSecurityGroups")
    assert stack.references(beside, "/DestinationSecurityGroupId") == database


def test_the_database_reaches_nothing(template: TemplateAssertions) -> None:
    # CDK's way to say "nothing": EC2 would add a rule that allows everything if there were none.
    nowhere = {"CidrIp": "255.255.255.255/32", "IpProtocol": "icmp"}
    template.has_resource_properties(
        "AWS::EC2::SecurityGroup",
        {
            "GroupDescription": Match.string_like_regexp("database"),
            "SecurityGroupEgress": [nowhere],
            "SecurityGroupIngress": Match.absent(),
        },
    )
