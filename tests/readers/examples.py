"""For each reader: recorded answers of its service, and what it makes of them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.live_fakes import ACCOUNT, Body, failure, policy, text

TAGS: Final = [{"Key": "a", "Value": "b"}]
ARN: Final = f"arn:aws:x:us-east-1:{ACCOUNT}:thing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """`answers` make the reading with these properties and attributes; with `gone` over them there is none.

    `denied` names further calls that may be refused, and the pointers that are unread then.
    """

    resource_type: str
    physical_id: str
    answers: Mapping[str, Any]
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)
    gone: tuple[Mapping[str, Any], ...] = ()
    denied: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    name: str = ""

    @property
    def id(self) -> str:
        return f"{self.resource_type} {self.name}".strip()


_PEERS: Final = {"Description": "d", "FromPort": 1, "ToPort": 2, "IpProtocol": "tcp"}
_CODE: Final = b"code"
_SHA: Final = base64.b64encode(hashlib.sha256(_CODE).digest()).decode()
_FUNCTION: Final = {
    "FunctionName": "f",
    "FunctionArn": ARN,
    "CodeSha256": _SHA,
    "Handler": "a.b",
    "KMSKeyArn": "arn:key",
    "VpcConfig": {"SubnetIds": ["s"], "SecurityGroupIds": ["g"], "VpcId": "v"},
    "Environment": {"Variables": {"A": "b"}},
    "Layers": [{"Arn": "arn:layer", "CodeSize": 1}],
    "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
}
_STREAM: Final = {
    "StreamName": "s",
    "StreamARN": ARN,
    "StreamStatus": "ACTIVE",
    "RetentionPeriodHours": 24,
    "OpenShardCount": 2,
    "EncryptionType": "KMS",
    "KeyId": "k",
    "EnhancedMonitoring": [{"ShardLevelMetrics": ["IncomingBytes"]}],
}

_NETWORK: Final = (
    Example(
        resource_type="AWS::EC2::VPC",
        physical_id="vpc-1",
        answers={
            "describe_vpcs": {
                "Vpcs": [
                    {
                        "VpcId": "vpc-1",
                        "CidrBlock": "10.0.0.0/16",
                        "InstanceTenancy": "default",
                        "Tags": TAGS,
                        "CidrBlockAssociationSet": [{"AssociationId": "assoc"}],
                        "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "fd00::/56"}],
                    }
                ]
            },
            "describe_vpc_attribute": lambda **asked: {
                asked["Attribute"][0].upper() + asked["Attribute"][1:]: {"Value": True}
            },
            "describe_security_groups": [
                {"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "default", "VpcId": "vpc-1"}]}
            ],
            "describe_network_acls": {"NetworkAcls": [{"NetworkAclId": "acl-1", "IsDefault": True, "VpcId": "vpc-1"}]},
        },
        properties={
            "CidrBlock": "10.0.0.0/16",
            "InstanceTenancy": "default",
            "EnableDnsHostnames": True,
            "EnableDnsSupport": True,
            "Tags": TAGS,
        },
        attributes={"VpcId": "vpc-1", "DefaultSecurityGroup": "sg-1", "DefaultNetworkAcl": "acl-1"},
        gone=({"describe_vpcs": {"Vpcs": []}},),
        denied={"describe_vpc_attribute": ("/EnableDnsHostnames", "/EnableDnsSupport"), "describe_network_acls": ()},
    ),
    Example(
        resource_type="AWS::EC2::Subnet",
        physical_id="subnet-1",
        answers={
            "describe_subnets": {
                "Subnets": [
                    {
                        "SubnetId": "subnet-1",
                        "VpcId": "vpc-1",
                        "CidrBlock": "10.0.0.0/24",
                        "MapPublicIpOnLaunch": False,
                        "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "fd00::/64"}],
                    }
                ]
            }
        },
        properties={
            "VpcId": "vpc-1",
            "CidrBlock": "10.0.0.0/24",
            "MapPublicIpOnLaunch": False,
            "Ipv6CidrBlock": "fd00::/64",
            "Tags": [],
        },
        attributes={"SubnetId": "subnet-1", "Ipv6CidrBlocks": ["fd00::/64"]},
        gone=({"describe_subnets": {"Subnets": []}},),
    ),
    Example(
        resource_type="AWS::EC2::RouteTable",
        physical_id="rtb-1",
        answers={"describe_route_tables": {"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Tags": TAGS}]}},
        properties={"VpcId": "vpc-1", "Tags": TAGS},
        attributes={"RouteTableId": "rtb-1"},
        gone=({"describe_route_tables": {"RouteTables": []}},),
    ),
    Example(
        resource_type="AWS::EC2::Route",
        physical_id="rtb-1|0.0.0.0/0",
        expected={"RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"},
        answers={
            "describe_route_tables": {
                "RouteTables": [
                    {
                        "RouteTableId": "rtb-1",
                        "Routes": [
                            {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"},
                            {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"},
                        ],
                    }
                ]
            }
        },
        properties={"RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"},
        attributes={"CidrBlock": "0.0.0.0/0"},
        gone=(
            {"describe_route_tables": {"RouteTables": [{"RouteTableId": "rtb-1", "Routes": []}]}},
            {"describe_route_tables": {"RouteTables": []}},
        ),
    ),
    Example(
        resource_type="AWS::EC2::Route",
        name="to an endpoint, by its id alone",
        physical_id="rtb-1|pl-1",
        answers={
            "describe_route_tables": {
                "RouteTables": [
                    {
                        "RouteTableId": "rtb-1",
                        "Routes": [{"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1"}],
                    }
                ]
            }
        },
        properties={"RouteTableId": "rtb-1", "DestinationPrefixListId": "pl-1", "VpcEndpointId": "vpce-1"},
    ),
    Example(
        resource_type="AWS::EC2::SubnetRouteTableAssociation",
        physical_id="rtbassoc-1",
        answers={
            "describe_route_tables": {
                "RouteTables": [
                    {
                        "Associations": [
                            {"RouteTableAssociationId": "rtbassoc-0", "RouteTableId": "rtb-1", "SubnetId": "subnet-0"},
                            {"RouteTableAssociationId": "rtbassoc-1", "RouteTableId": "rtb-1", "SubnetId": "subnet-1"},
                        ]
                    }
                ]
            }
        },
        properties={"RouteTableId": "rtb-1", "SubnetId": "subnet-1"},
        attributes={"Id": "rtbassoc-1"},
        gone=({"describe_route_tables": {"RouteTables": []}},),
    ),
    Example(
        resource_type="AWS::EC2::InternetGateway",
        physical_id="igw-1",
        answers={"describe_internet_gateways": {"InternetGateways": [{"InternetGatewayId": "igw-1", "Tags": TAGS}]}},
        properties={"Tags": TAGS},
        attributes={"InternetGatewayId": "igw-1"},
        gone=({"describe_internet_gateways": {"InternetGateways": []}},),
    ),
    Example(
        resource_type="AWS::EC2::VPCGatewayAttachment",
        physical_id="IGW|vpc-1",
        expected={"InternetGatewayId": "igw-1", "VpcId": "vpc-1"},
        answers={
            "describe_internet_gateways": {
                "InternetGateways": [{"Attachments": [{"VpcId": "vpc-1", "State": "available"}]}]
            }
        },
        properties={"InternetGatewayId": "igw-1", "VpcId": "vpc-1"},
        attributes={"AttachmentType": "IGW"},
        gone=(
            {"describe_internet_gateways": {"InternetGateways": [{"Attachments": []}]}},
            {"describe_internet_gateways": failure("InvalidInternetGatewayID.NotFound")},
        ),
    ),
    Example(
        resource_type="AWS::EC2::VPCGatewayAttachment",
        name="of a VPN gateway",
        physical_id="VGW|vpc-1",
        expected={"VpnGatewayId": "vgw-1", "VpcId": "vpc-1"},
        answers={
            "describe_vpn_gateways": {"VpnGateways": [{"VpcAttachments": [{"VpcId": "vpc-1", "State": "attached"}]}]}
        },
        properties={"VpnGatewayId": "vgw-1", "VpcId": "vpc-1"},
        gone=({"describe_vpn_gateways": {"VpnGateways": [{"VpcAttachments": [{"State": "detached"}]}]}},),
    ),
    Example(
        resource_type="AWS::EC2::EIP",
        physical_id="192.0.2.1",
        answers={
            "describe_addresses": {
                "Addresses": [{"Domain": "vpc", "PublicIp": "192.0.2.1", "AllocationId": "eipalloc-1"}]
            }
        },
        properties={"Domain": "vpc", "Tags": []},
        attributes={"AllocationId": "eipalloc-1", "PublicIp": "192.0.2.1"},
        gone=({"describe_addresses": failure("InvalidAddress.NotFound")},),
    ),
    Example(
        resource_type="AWS::EC2::NatGateway",
        physical_id="nat-1",
        answers={
            "describe_nat_gateways": {
                "NatGateways": [
                    {
                        "NatGatewayId": "nat-1",
                        "State": "available",
                        "SubnetId": "subnet-1",
                        "ConnectivityType": "public",
                        "NatGatewayAddresses": [
                            {"AllocationId": "eipalloc-2"},
                            {"AllocationId": "eipalloc-1", "IsPrimary": True, "NetworkInterfaceId": "eni-1"},
                        ],
                    }
                ]
            }
        },
        properties={"SubnetId": "subnet-1", "ConnectivityType": "public", "AllocationId": "eipalloc-1", "Tags": []},
        attributes={"NatGatewayId": "nat-1", "EniId": "eni-1"},
        gone=(
            {"describe_nat_gateways": {"NatGateways": []}},
            {"describe_nat_gateways": {"NatGateways": [{"NatGatewayId": "nat-1", "State": "deleted"}]}},
        ),
    ),
    Example(
        resource_type="AWS::EC2::FlowLog",
        physical_id="fl-1",
        answers={
            "describe_flow_logs": {
                "FlowLogs": [{"ResourceId": "subnet-1", "TrafficType": "ALL", "LogGroupName": "g", "Tags": TAGS}]
            }
        },
        properties={
            "ResourceId": "subnet-1",
            "ResourceType": "Subnet",
            "TrafficType": "ALL",
            "LogGroupName": "g",
            "Tags": TAGS,
        },
        attributes={"Id": "fl-1"},
        gone=({"describe_flow_logs": {"FlowLogs": []}},),
    ),
    Example(
        resource_type="AWS::EC2::SecurityGroup",
        physical_id="sg-1",
        answers={
            "describe_security_groups": {
                "SecurityGroups": [
                    {
                        "GroupId": "sg-1",
                        "GroupName": "n",
                        "Description": "d",
                        "VpcId": "vpc-1",
                        "IpPermissions": [
                            {
                                "IpProtocol": "tcp",
                                "FromPort": 1,
                                "ToPort": 2,
                                "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "d"}],
                                "UserIdGroupPairs": [{"GroupId": "sg-2"}],
                            }
                        ],
                        "IpPermissionsEgress": [
                            {
                                "IpProtocol": "-1",
                                "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                                "PrefixListIds": [{"PrefixListId": "pl-1"}],
                                "UserIdGroupPairs": [{"GroupId": "sg-3"}],
                            }
                        ],
                    }
                ]
            }
        },
        properties={
            "GroupDescription": "d",
            "GroupName": "n",
            "VpcId": "vpc-1",
            "SecurityGroupIngress": [
                {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "CidrIp": "10.0.0.0/8", "Description": "d"},
                {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "SourceSecurityGroupId": "sg-2"},
            ],
            "SecurityGroupEgress": [
                {"IpProtocol": "-1", "CidrIpv6": "::/0"},
                {"IpProtocol": "-1", "DestinationPrefixListId": "pl-1"},
                {"IpProtocol": "-1", "DestinationSecurityGroupId": "sg-3"},
            ],
            "Tags": [],
        },
        attributes={"GroupId": "sg-1"},
        gone=({"describe_security_groups": {"SecurityGroups": []}},),
    ),
    Example(
        resource_type="AWS::EC2::SecurityGroupIngress",
        physical_id="sgr-1",
        answers={
            "describe_security_group_rules": {
                "SecurityGroupRules": [
                    {
                        **_PEERS,
                        "SecurityGroupRuleId": "sgr-1",
                        "IsEgress": False,
                        "GroupId": "sg-1",
                        "ReferencedGroupInfo": {"GroupId": "sg-2", "UserId": ACCOUNT},
                    }
                ]
            }
        },
        properties={
            **_PEERS,
            "GroupId": "sg-1",
            "SourceSecurityGroupId": "sg-2",
            "SourceSecurityGroupOwnerId": ACCOUNT,
        },
        attributes={"Id": "sgr-1"},
        gone=(
            {"describe_security_group_rules": {"SecurityGroupRules": []}},
            {
                "describe_security_group_rules": {
                    "SecurityGroupRules": [{"SecurityGroupRuleId": "sgr-1", "IsEgress": True}]
                }
            },
        ),
    ),
    Example(
        resource_type="AWS::EC2::SecurityGroupIngress",
        name="of an older stack, without an id",
        physical_id="SomeName",
        expected={"GroupId": "sg-1", "IpProtocol": "tcp", "FromPort": "1", "ToPort": 2, "CidrIp": "10.0.0.0/8"},
        answers={
            "describe_security_groups": {
                "SecurityGroups": [
                    {
                        "IpPermissions": [
                            {"IpProtocol": "udp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
                            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
                        ]
                    }
                ]
            }
        },
        properties={"GroupId": "sg-1", "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "CidrIp": "10.0.0.0/8"},
        gone=({"describe_security_groups": failure("InvalidGroup.NotFound")},),
    ),
    Example(
        resource_type="AWS::EC2::SecurityGroupEgress",
        physical_id="sgr-1",
        answers={
            "describe_security_group_rules": {
                "SecurityGroupRules": [
                    {
                        **_PEERS,
                        "SecurityGroupRuleId": "sgr-1",
                        "IsEgress": True,
                        "GroupId": "sg-1",
                        "CidrIpv4": "10.0.0.0/8",
                    }
                ]
            }
        },
        properties={**_PEERS, "GroupId": "sg-1", "CidrIp": "10.0.0.0/8"},
    ),
)

_DATA: Final = (
    Example(
        resource_type="AWS::KMS::Key",
        physical_id="k-1",
        answers={
            "describe_key": {"KeyMetadata": {"KeyId": "k-1", "Arn": ARN, "KeyState": "Enabled", "Description": "d"}},
            "get_key_rotation_status": {"KeyRotationEnabled": True, "RotationPeriodInDays": 365},
            "get_key_policy": {"Policy": text(policy("kms:*"))},
            "list_resource_tags": {"Tags": [{"TagKey": "a", "TagValue": "b"}]},
        },
        properties={
            "Description": "d",
            "EnableKeyRotation": True,
            "RotationPeriodInDays": 365,
            "KeyPolicy": policy("kms:*"),
            "Tags": TAGS,
        },
        attributes={"Arn": ARN, "KeyId": "k-1"},
        gone=(
            {"describe_key": failure("NotFoundException")},
            {"describe_key": {"KeyMetadata": {"KeyState": "PendingDeletion"}}},
        ),
        denied={
            "get_key_rotation_status": ("/EnableKeyRotation", "/RotationPeriodInDays"),
            "get_key_policy": ("/KeyPolicy",),
            "list_resource_tags": ("/Tags",),
        },
    ),
    Example(
        resource_type="AWS::KMS::Alias",
        physical_id="alias/a",
        expected={"AliasName": "alias/a", "TargetKeyId": "arn:aws:kms:x:1:key/k-1"},
        answers={"list_aliases": {"Aliases": [{"AliasName": "alias/a", "TargetKeyId": "k-1"}]}},
        properties={"AliasName": "alias/a", "TargetKeyId": "arn:aws:kms:x:1:key/k-1"},
        gone=({"list_aliases": {"Aliases": []}},),
    ),
    Example(
        resource_type="AWS::KMS::Alias",
        name="of another key",
        physical_id="alias/a",
        answers={"list_aliases": {"Aliases": [{"AliasName": "alias/a", "TargetKeyId": "k-2"}]}},
        properties={"AliasName": "alias/a", "TargetKeyId": "k-2"},
    ),
    Example(
        resource_type="AWS::RDS::DBInstance",
        physical_id="db",
        answers={
            "describe_db_instances": {
                "DBInstances": [
                    {
                        "DBInstanceArn": ARN,
                        "DBInstanceIdentifier": "db",
                        "MultiAZ": True,
                        "Endpoint": {"Address": "db.x", "Port": 5432},
                        "DBParameterGroups": [{"DBParameterGroupName": "p"}],
                        "DBSubnetGroup": {"DBSubnetGroupName": "s"},
                        "EnabledCloudwatchLogsExports": ["postgresql"],
                        "IAMDatabaseAuthenticationEnabled": True,
                        "PerformanceInsightsEnabled": True,
                        "MasterUserSecret": {"SecretArn": "arn:secret"},
                        "OptionGroupMemberships": [{"OptionGroupName": "o"}],
                        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
                        "AssociatedRoles": [{"RoleArn": "arn:r", "FeatureName": "s3Import", "Status": "ACTIVE"}],
                        "TagList": TAGS,
                    }
                ]
            }
        },
        properties={
            "DBInstanceIdentifier": "db",
            "MultiAZ": True,
            "Port": 5432,
            "DBParameterGroupName": "p",
            "DBSubnetGroupName": "s",
            "EnableCloudwatchLogsExports": ["postgresql"],
            "EnableIAMDatabaseAuthentication": True,
            "EnablePerformanceInsights": True,
            "ManageMasterUserPassword": True,
            "OptionGroupName": "o",
            "VPCSecurityGroups": ["sg-1"],
            "AssociatedRoles": [{"RoleArn": "arn:r", "FeatureName": "s3Import"}],
            "Tags": TAGS,
        },
        attributes={"DBInstanceArn": ARN, "Endpoint.Address": "db.x", "Endpoint.Port": "5432"},
        gone=(
            {"describe_db_instances": failure("DBInstanceNotFound")},
            {"describe_db_instances": {"DBInstances": []}},
        ),
    ),
    Example(
        resource_type="AWS::RDS::DBInstance",
        name="while it is being created, its tags by a call of their own",
        physical_id="db",
        answers={
            "describe_db_instances": {"DBInstances": [{"DBInstanceIdentifier": "db", "DBInstanceArn": ARN}]},
            "list_tags_for_resource": {"TagList": TAGS},
        },
        properties={"DBInstanceIdentifier": "db", "AssociatedRoles": [], "VPCSecurityGroups": [], "Tags": TAGS},
        denied={"list_tags_for_resource": ("/Tags",)},
    ),
    Example(
        resource_type="AWS::RDS::DBSubnetGroup",
        physical_id="s",
        answers={
            "describe_db_subnet_groups": {
                "DBSubnetGroups": [
                    {
                        "DBSubnetGroupName": "s",
                        "DBSubnetGroupDescription": "d",
                        "DBSubnetGroupArn": ARN,
                        "Subnets": [{"SubnetIdentifier": "subnet-1"}],
                    }
                ]
            },
            "list_tags_for_resource": {"TagList": TAGS},
        },
        properties={
            "DBSubnetGroupName": "s",
            "DBSubnetGroupDescription": "d",
            "SubnetIds": ["subnet-1"],
            "Tags": TAGS,
        },
        attributes={"DBSubnetGroupArn": ARN},
        gone=(
            {"describe_db_subnet_groups": failure("DBSubnetGroupNotFoundFault")},
            {"describe_db_subnet_groups": {"DBSubnetGroups": []}},
        ),
        denied={"list_tags_for_resource": ("/Tags",)},
    ),
    Example(
        resource_type="AWS::RDS::DBParameterGroup",
        physical_id="p",
        answers={
            "describe_db_parameter_groups": {
                "DBParameterGroups": [
                    {
                        "DBParameterGroupName": "p",
                        "DBParameterGroupFamily": "postgres15",
                        "Description": "d",
                        "DBParameterGroupArn": ARN,
                    }
                ]
            },
            "describe_db_parameters": [
                {"Parameters": [{"ParameterName": "a", "ParameterValue": "1"}]},
                {"Parameters": [{"ParameterName": "b", "ParameterValue": "2"}]},
            ],
            "list_tags_for_resource": {"TagList": []},
        },
        properties={
            "DBParameterGroupName": "p",
            "Family": "postgres15",
            "Description": "d",
            "Parameters": {"a": "1", "b": "2"},
            "Tags": [],
        },
        attributes={"DBParameterGroupArn": ARN},
        gone=(
            {"describe_db_parameter_groups": failure("DBParameterGroupNotFound")},
            {"describe_db_parameter_groups": {"DBParameterGroups": []}},
        ),
        denied={"describe_db_parameters": ("/Parameters",), "list_tags_for_resource": ("/Tags",)},
    ),
    Example(
        resource_type="AWS::SecretsManager::Secret",
        physical_id=ARN,
        answers={
            "describe_secret": {
                "ARN": ARN,
                "Name": "n",
                "KmsKeyId": "k",
                "ReplicationStatus": [{"Region": "eu-west-1", "Status": "InSync"}],
                "Tags": TAGS,
            }
        },
        properties={"Name": "n", "KmsKeyId": "k", "ReplicaRegions": [{"Region": "eu-west-1"}], "Tags": TAGS},
        attributes={"Id": ARN},
        gone=(
            {"describe_secret": failure("ResourceNotFoundException")},
            {"describe_secret": {"ARN": ARN, "Name": "n", "DeletedDate": "today"}},
        ),
    ),
    Example(
        resource_type="AWS::SecretsManager::SecretTargetAttachment",
        physical_id=ARN,
        expected={"SecretId": "n", "TargetId": "db", "TargetType": "AWS::RDS::DBInstance"},
        answers={"describe_secret": {"ARN": ARN, "Name": "n"}},
        properties={"SecretId": "n"},
        attributes={"Id": ARN},
        gone=({"describe_secret": failure("ResourceNotFoundException")},),
    ),
    Example(
        resource_type="AWS::SecretsManager::ResourcePolicy",
        physical_id=ARN,
        expected={"SecretId": ARN},
        answers={"get_resource_policy": {"ARN": ARN, "ResourcePolicy": text(policy("a:b"))}},
        properties={"SecretId": ARN, "ResourcePolicy": policy("a:b")},
        gone=(
            {"get_resource_policy": failure("ResourceNotFoundException")},
            {"get_resource_policy": {"ARN": ARN}},
        ),
    ),
    Example(
        resource_type="AWS::Kinesis::Stream",
        physical_id="s",
        answers={
            "describe_stream_summary": {"StreamDescriptionSummary": _STREAM},
            "list_tags_for_stream": lambda **asked: {
                "Tags": [{"Key": "b" if "ExclusiveStartTagKey" in asked else "a", "Value": "1"}],
                "HasMoreTags": "ExclusiveStartTagKey" not in asked,
            },
        },
        properties={
            "Name": "s",
            "DesiredShardLevelMetrics": ["IncomingBytes"],
            "RetentionPeriodHours": 24,
            "ShardCount": 2,
            "StreamEncryption": {"EncryptionType": "KMS", "KeyId": "k"},
            "StreamModeDetails": {"StreamMode": "PROVISIONED"},
            "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}],
        },
        attributes={"Arn": ARN},
        gone=(
            {"describe_stream_summary": failure("ResourceNotFoundException")},
            {"describe_stream_summary": {"StreamDescriptionSummary": {"StreamStatus": "DELETING"}}},
        ),
        denied={"list_tags_for_stream": ("/Tags",)},
    ),
    Example(
        resource_type="AWS::Kinesis::Stream",
        name="on demand and without a key",
        physical_id="s",
        answers={
            "describe_stream_summary": {
                "StreamDescriptionSummary": {
                    "StreamName": "s",
                    "StreamARN": ARN,
                    "StreamStatus": "ACTIVE",
                    "RetentionPeriodHours": 24,
                    "OpenShardCount": 4,
                    "EncryptionType": "NONE",
                    "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
                }
            },
            "list_tags_for_stream": {"Tags": [], "HasMoreTags": False},
        },
        properties={
            "Name": "s",
            "RetentionPeriodHours": 24,
            "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
            "Tags": [],
        },
    ),
)

_COMPUTE: Final = (
    Example(
        resource_type="AWS::Lambda::Function",
        physical_id="f",
        expected={"Code": {"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "1"}},
        answers={
            "get_function": {
                "Configuration": _FUNCTION,
                "Concurrency": {"ReservedConcurrentExecutions": 5},
                "Tags": {"a": "b"},
            },
            "get_object": lambda **_: {"Body": Body(_CODE)},
        },
        properties={
            "Code": {"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "1"},
            "Environment": {"Variables": {"A": "b"}},
            "FunctionName": "f",
            "Handler": "a.b",
            "KmsKeyArn": "arn:key",
            "Layers": ["arn:layer"],
            "ReservedConcurrentExecutions": 5,
            "SnapStart": {"ApplyOn": "None"},
            "Tags": TAGS,
            "VpcConfig": {"SubnetIds": ["s"], "SecurityGroupIds": ["g"]},
        },
        attributes={"Arn": ARN},
        gone=({"get_function": failure("ResourceNotFoundException")},),
        denied={"get_object": ("/Code/S3Bucket", "/Code/S3Key")},
    ),
    Example(
        resource_type="AWS::Lambda::Function",
        name="that runs other code",
        physical_id="f",
        expected={"Code": {"S3Bucket": "b", "S3Key": "k"}},
        answers={
            "get_function": {"Configuration": {"FunctionArn": ARN, "CodeSha256": "other"}},
            "get_object": lambda **_: {"Body": Body(_CODE)},
        },
        properties={"Code": {"S3Bucket": "b", "S3Key": "other code, with SHA-256 other"}, "Tags": []},
    ),
    Example(
        resource_type="AWS::Lambda::Function",
        name="whose archive is gone",
        physical_id="f",
        expected={"Code": {"S3Bucket": "b", "S3Key": "k"}},
        answers={"get_function": {"Configuration": {"FunctionArn": ARN}}, "get_object": failure("NoSuchKey")},
        properties={"Tags": []},
    ),
    Example(
        resource_type="AWS::Lambda::EventSourceMapping",
        physical_id="u-1",
        expected={"FunctionName": "f", "Tags": TAGS},
        answers={
            "get_event_source_mapping": {
                "State": "Enabled",
                "BatchSize": 10,
                "FunctionArn": "arn:aws:lambda:us-east-1:1:function:f",
                "EventSourceMappingArn": ARN,
            },
            "list_tags": {"Tags": {"a": "b"}},
        },
        properties={"BatchSize": 10, "Enabled": True, "FunctionName": "f", "Tags": TAGS},
        attributes={"Id": "u-1", "EventSourceMappingArn": ARN},
        gone=(
            {"get_event_source_mapping": failure("ResourceNotFoundException")},
            {"get_event_source_mapping": {"State": "Deleting"}},
        ),
        denied={"list_tags": ("/Tags",)},
    ),
    Example(
        resource_type="AWS::Lambda::EventSourceMapping",
        name="of another function, disabled",
        physical_id="u-1",
        expected={"FunctionName": "f"},
        answers={
            "get_event_source_mapping": {"State": "Disabled", "FunctionArn": "arn:aws:lambda:us-east-1:1:function:g"}
        },
        properties={"Enabled": False, "FunctionName": "arn:aws:lambda:us-east-1:1:function:g", "Tags": []},
    ),
    Example(
        resource_type="AWS::Lambda::Permission",
        physical_id="s-1",
        expected={"FunctionName": "f"},
        answers={
            "get_policy": {
                "Policy": text(
                    {
                        "Statement": [
                            {"Sid": "s-0"},
                            {
                                "Sid": "s-1",
                                "Action": "lambda:InvokeFunction",
                                "Principal": {"Service": "sns.amazonaws.com"},
                                "Resource": "arn:aws:lambda:us-east-1:1:function:f",
                                "Condition": {
                                    "ArnLike": {"AWS:SourceArn": "arn:t"},
                                    "Bool": {"lambda:InvokedViaFunctionUrl": "true"},
                                    "StringEquals": {"AWS:SourceAccount": "1"},
                                },
                            },
                        ]
                    }
                )
            }
        },
        properties={
            "Action": "lambda:InvokeFunction",
            "FunctionName": "f",
            "InvokedViaFunctionUrl": "true",
            "Principal": "sns.amazonaws.com",
            "SourceAccount": "1",
            "SourceArn": "arn:t",
        },
        attributes={"Id": "s-1"},
        gone=(
            {"get_policy": failure("ResourceNotFoundException")},
            {"get_policy": {"Policy": '{"Statement": []}'}},
            {"get_policy": {"Policy": "[]"}},
        ),
    ),
    Example(
        resource_type="AWS::Lambda::Permission",
        name="with other tests than the service writes",
        physical_id="s-1",
        expected={"FunctionName": "f"},
        answers={
            "get_policy": {
                "Policy": text(
                    {
                        "Statement": [
                            {
                                "Sid": "s-1",
                                "Effect": "Deny",
                                "Action": "a",
                                "Principal": "*",
                                "Resource": "f",
                                "Condition": {"StringNotEquals": {"AWS:SourceAccount": "1"}},
                            }
                        ]
                    }
                )
            }
        },
        properties={
            "Action": "Deny a",
            "FunctionName": "f",
            "Principal": '*, if {"StringNotEquals AWS:SourceAccount":"1"}',
        },
    ),
    Example(
        resource_type="AWS::Lambda::Permission",
        name="for everyone",
        physical_id="s-1",
        expected={"FunctionName": "f"},
        answers={"get_policy": {"Policy": '{"Statement": [{"Sid": "s-1", "Principal": "*", "Resource": "f"}]}'}},
        properties={"FunctionName": "f", "Principal": "*"},
    ),
    Example(
        resource_type="AWS::IAM::Role",
        physical_id="r",
        answers={
            "get_role": {
                "Role": {
                    "Arn": ARN,
                    "RoleId": "AROA",
                    "RoleName": "r",
                    "AssumeRolePolicyDocument": policy("sts:AssumeRole"),
                    "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:b"},
                    "Tags": TAGS,
                }
            },
            "list_attached_role_policies": [
                {"AttachedPolicies": [{"PolicyArn": "arn:1"}]},
                {"AttachedPolicies": [{"PolicyArn": "arn:2"}]},
            ],
            "list_role_policies": {"PolicyNames": ["p"]},
            "get_role_policy": {"PolicyDocument": policy("a:b")},
        },
        properties={
            "RoleName": "r",
            "AssumeRolePolicyDocument": policy("sts:AssumeRole"),
            "ManagedPolicyArns": ["arn:1", "arn:2"],
            "PermissionsBoundary": "arn:b",
            "Policies": [{"PolicyName": "p", "PolicyDocument": policy("a:b")}],
            "Tags": TAGS,
        },
        attributes={"Arn": ARN, "RoleId": "AROA"},
        gone=({"get_role": failure("NoSuchEntity")},),
        denied={
            "list_attached_role_policies": ("/ManagedPolicyArns",),
            "list_role_policies": ("/Policies",),
            "get_role_policy": ("/Policies",),
        },
    ),
    Example(
        resource_type="AWS::IAM::Policy",
        physical_id="p",
        expected={"PolicyName": "p", "PolicyDocument": policy("a:b"), "Roles": ["r", "s"], "Users": ["u"]},
        answers={
            "get_role_policy": lambda **asked: (
                {"PolicyDocument": policy("a:b")} if asked["RoleName"] == "r" else failure("NoSuchEntity")
            ),
            "get_user_policy": {"PolicyDocument": policy("c:d")},
        },
        properties={"PolicyName": "p", "PolicyDocument": policy("c:d"), "Roles": ["r"], "Users": ["u"]},
        gone=({"get_role_policy": failure("NoSuchEntity"), "get_user_policy": failure("NoSuchEntity")},),
    ),
    Example(
        resource_type="AWS::IAM::ManagedPolicy",
        physical_id=ARN,
        answers={
            "get_policy": {"Policy": {"Arn": ARN, "PolicyName": "p", "PolicyId": "ANPA", "DefaultVersionId": "v2"}},
            "get_policy_version": {"PolicyVersion": {"Document": policy("a:b")}},
            "list_entities_for_policy": {"PolicyRoles": [{"RoleName": "r"}], "PolicyUsers": []},
        },
        properties={"ManagedPolicyName": "p", "PolicyDocument": policy("a:b"), "Roles": ["r"]},
        attributes={"PolicyArn": ARN, "PolicyId": "ANPA"},
        gone=({"get_policy": failure("NoSuchEntity")},),
        denied={
            "get_policy_version": ("/PolicyDocument",),
            "list_entities_for_policy": ("/Groups", "/Roles", "/Users"),
        },
    ),
    Example(
        resource_type="AWS::Logs::LogGroup",
        physical_id="/g",
        expected={"DataProtectionPolicy": {}},
        answers={
            "describe_log_groups": {
                "logGroups": [
                    {"logGroupName": "/g/other", "arn": "x"},
                    {"logGroupName": "/g", "arn": f"{ARN}:*", "retentionInDays": 7, "kmsKeyId": "k"},
                ]
            },
            "list_tags_for_resource": lambda **asked: {"tags": {"a": "b"}} if asked["resourceArn"] == ARN else None,
            "get_data_protection_policy": {"policyDocument": '{"Name": "p"}'},
        },
        properties={
            "DataProtectionPolicy": {"Name": "p"},
            "KmsKeyId": "k",
            "LogGroupName": "/g",
            "RetentionInDays": 7,
            "Tags": TAGS,
        },
        attributes={"Arn": f"{ARN}:*"},
        gone=({"describe_log_groups": {"logGroups": []}},),
        denied={"list_tags_for_resource": ("/Tags",), "get_data_protection_policy": ("/DataProtectionPolicy",)},
    ),
)

_MESSAGES: Final = (
    Example(
        resource_type="AWS::SNS::Topic",
        physical_id="arn:aws:sns:x:1:t",
        expected={"Subscription": []},
        answers={
            "get_topic_attributes": {"Attributes": {"DisplayName": "d", "KmsMasterKeyId": "k", "ArchivePolicy": "{}"}},
            "list_tags_for_resource": {"Tags": TAGS},
            "list_subscriptions_by_topic": {
                "Subscriptions": [{"Endpoint": "e", "Protocol": "sqs", "SubscriptionArn": "s"}]
            },
        },
        properties={
            "ArchivePolicy": {},
            "DisplayName": "d",
            "KmsMasterKeyId": "k",
            "Subscription": [{"Endpoint": "e", "Protocol": "sqs"}],
            "Tags": TAGS,
            "TopicName": "t",
        },
        attributes={"TopicArn": "arn:aws:sns:x:1:t", "TopicName": "t"},
        gone=({"get_topic_attributes": failure("NotFound")},),
        denied={"list_tags_for_resource": ("/Tags",), "list_subscriptions_by_topic": ("/Subscription",)},
    ),
    Example(
        resource_type="AWS::SNS::TopicPolicy",
        physical_id="p",
        expected={"Topics": ["arn:1", "arn:2", "arn:3"]},
        answers={
            "get_topic_attributes": lambda **asked: {
                "arn:1": {"Attributes": {"Policy": text(policy("a:b"))}},
                "arn:2": {"Attributes": {}},
                "arn:3": failure("NotFound"),
            }[asked["TopicArn"]]
        },
        properties={"PolicyDocument": policy("a:b"), "Topics": ["arn:1"]},
        gone=({"get_topic_attributes": failure("NotFound")},),
    ),
    Example(
        resource_type="AWS::SNS::Subscription",
        physical_id="arn:s",
        answers={
            "get_subscription_attributes": {
                "Attributes": {"Endpoint": "e", "Protocol": "sqs", "TopicArn": "arn:t", "FilterPolicy": '{"a": ["b"]}'}
            }
        },
        properties={"Endpoint": "e", "Protocol": "sqs", "TopicArn": "arn:t", "FilterPolicy": {"a": ["b"]}},
        attributes={"Arn": "arn:s"},
        gone=({"get_subscription_attributes": failure("NotFound")},),
    ),
    Example(
        resource_type="AWS::SQS::Queue",
        physical_id="http://q",
        answers={
            "get_queue_attributes": {
                "Attributes": {"QueueArn": "arn:aws:sqs:x:1:q", "DelaySeconds": "5", "RedrivePolicy": '{"a": 1}'}
            },
            "list_queue_tags": {"Tags": {"a": "b"}},
        },
        properties={"DelaySeconds": "5", "QueueName": "q", "RedrivePolicy": {"a": 1}, "Tags": TAGS},
        attributes={"Arn": "arn:aws:sqs:x:1:q", "QueueName": "q", "QueueUrl": "http://q"},
        gone=({"get_queue_attributes": failure("AWS.SimpleQueueService.NonExistentQueue")},),
        denied={"list_queue_tags": ("/Tags",)},
    ),
    Example(
        resource_type="AWS::SQS::QueuePolicy",
        physical_id="p",
        expected={"Queues": ["http://1", "http://2", "http://3"]},
        answers={
            "get_queue_attributes": lambda **asked: {
                "http://1": {"Attributes": {"Policy": text(policy("a:b"))}},
                "http://2": {},
                "http://3": failure("QueueDoesNotExist"),
            }[asked["QueueUrl"]]
        },
        properties={"PolicyDocument": policy("a:b"), "Queues": ["http://1"]},
        gone=({"get_queue_attributes": failure("QueueDoesNotExist")},),
    ),
    Example(
        resource_type="AWS::CloudWatch::Alarm",
        physical_id="a",
        answers={
            "describe_alarms": {"MetricAlarms": [{"AlarmName": "a", "AlarmArn": ARN, "Threshold": 80.0}]},
            "list_tags_for_resource": {"Tags": TAGS},
        },
        properties={"AlarmName": "a", "Threshold": 80.0, "Tags": TAGS},
        attributes={"Arn": ARN},
        gone=({"describe_alarms": {"MetricAlarms": []}},),
        denied={"list_tags_for_resource": ("/Tags",)},
    ),
)

EXAMPLES: Final = (*_NETWORK, *_DATA, *_COMPUTE, *_MESSAGES)
