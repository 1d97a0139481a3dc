"""One change of each type's resources behind CloudFormation's back, and what is known not to be proven of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampered:
    """A call that changes one property. The parameters are written as in a template, intrinsic functions and all.

    What exists only as a link between others can but be cut: then all of its properties, `more` with them, are gone.
    """

    logical_id: str
    path: str
    service: str
    operation: str
    parameters: Any
    more: tuple[str, ...] = ()


def _ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def _att(name: str, attribute: str = "Arn") -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def _row(logical_id: str, path: str, call: str, **parameters: Any) -> Tampered:  # noqa: ANN401
    service, _, operation = call.partition(".")
    first, *more = path.split()
    return Tampered(
        logical_id=logical_id, path=first, more=tuple(more), service=service, operation=operation, parameters=parameters
    )


def _allow(action: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


_ONE_TAG: Final = [{"Key": "team", "Value": "red"}]

TAMPERED: Final[Mapping[str, tuple[Tampered, ...]]] = {
    "bus": (
        _row("Archive", "/RetentionDays", "events.update_archive", ArchiveName=_ref("Archive"), RetentionDays=1),
        _row("Bus", "/Tags", "events.tag_resource", ResourceARN=_att("Bus"), Tags=_ONE_TAG),
        _row(
            "BusPolicy",
            "/Principal",
            "events.put_permission",
            EventBusName=_ref("Bus"),
            StatementId="partner",
            Action="events:PutEvents",
            Principal="123123123123",
        ),
        _row("Group", "/Tags", "scheduler.tag_resource", ResourceArn=_att("Group"), Tags=_ONE_TAG),
        _row("Nightly", "/State", "events.enable_rule", Name="nightly"),
        _row(
            "Report",
            "/ScheduleExpression",
            "scheduler.update_schedule",
            Name=_ref("Report"),
            GroupName="reports",
            ScheduleExpression="rate(2 hours)",
            ScheduleExpressionTimezone="Europe/Berlin",
            State="ENABLED",
            FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
            Target={
                "Arn": _att("Queue"),
                "RoleArn": _att("Role"),
                "Input": '{"report": "hourly"}',
                "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 600},
            },
        ),
    ),
    "connected": (
        _row("Acl", "/Tags", "ec2.create_tags", Resources=[_ref("Acl")], Tags=_ONE_TAG),
        _row(
            "Bound",
            "/NetworkAclId /SubnetId",
            "ec2.replace_network_acl_association",
            AssociationId=_ref("Bound"),
            NetworkAclId=_att("Peer", "DefaultNetworkAcl"),
        ),
        _row(
            "Https",
            "/CidrBlock",
            "ec2.replace_network_acl_entry",
            NetworkAclId=_ref("Acl"),
            RuleNumber=100,
            Protocol="6",
            RuleAction="allow",
            Egress=False,
            CidrBlock="10.0.0.0/8",
            PortRange={"From": 443, "To": 443},
        ),
        _row("Hub", "/Description", "ec2.modify_transit_gateway", TransitGatewayId=_ref("Hub"), Description="bub"),
        _row("Names", "/Tags", "ec2.create_tags", Resources=[_ref("Names")], Tags=_ONE_TAG),
        _row("Office", "/Tags", "ec2.create_tags", Resources=[_ref("Office")], Tags=_ONE_TAG),
        _row("Offices", "/Tags", "ec2.create_tags", Resources=[_ref("Offices")], Tags=_ONE_TAG),
        _row("Outwards", "/Tags", "ec2.create_tags", Resources=[_ref("Outwards")], Tags=_ONE_TAG),
        _row("Peering", "/Tags", "ec2.create_tags", Resources=[_ref("Peering")], Tags=_ONE_TAG),
        _row(
            "S3",
            "/PolicyDocument",
            "ec2.modify_vpc_endpoint",
            VpcEndpointId=_ref("S3"),
            PolicyDocument=_allow("s3:*"),
        ),
        _row(
            "VpcNames",
            "/DhcpOptionsId /VpcId",
            "ec2.associate_dhcp_options",
            DhcpOptionsId="default",
            VpcId=_ref("Vpc"),
        ),
        _row("Vpn", "/Tags", "ec2.create_tags", Resources=[_ref("Vpn")], Tags=_ONE_TAG),
    ),
    "functions": (
        _row(
            "Invocations",
            "/MaximumRetryAttempts",
            "lambda.update_function_event_invoke_config",
            FunctionName=_ref("Function"),
            MaximumRetryAttempts=0,
            MaximumEventAgeInSeconds=3600,
            DestinationConfig={"OnFailure": {"Destination": _att("Failures")}},
        ),
        _row(
            "Live",
            "/Description",
            "lambda.update_alias",
            FunctionName=_ref("Function"),
            Name="live",
            Description="what was called",
        ),
        _row("Url", "/AuthType", "lambda.update_function_url_config", FunctionName=_ref("Function"), AuthType="NONE"),
    ),
    "people": (
        _row(
            "Staff",
            "/ManagedPolicyArns",
            "iam.detach_group_policy",
            GroupName="staff",
            PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess",
        ),
        _row(
            "StaffLogs",
            "/PolicyDocument",
            "iam.put_group_policy",
            GroupName="staff",
            PolicyName="logs",
            PolicyDocument=_allow("logs:*"),
        ),
        _row("Ada", "/Tags", "iam.tag_user", UserName="ada", Tags=_ONE_TAG),
        _row(
            "AdaTopics",
            "/PolicyDocument",
            "iam.put_user_policy",
            UserName="ada",
            PolicyName="topics",
            PolicyDocument=_allow("sns:*"),
        ),
        _row(
            "InstanceLogs",
            "/PolicyDocument",
            "iam.put_role_policy",
            RoleName=_ref("Instance"),
            PolicyName="logs",
            PolicyDocument=_allow("logs:*"),
        ),
        _row(
            "Profile",
            "/Roles",
            "iam.remove_role_from_instance_profile",
            InstanceProfileName=_ref("Profile"),
            RoleName=_ref("Instance"),
        ),
        _row(
            "Provider",
            "/ThumbprintList",
            "iam.update_open_id_connect_provider_thumbprint",
            OpenIDConnectProviderArn=_ref("Provider"),
            ThumbprintList=["1" * 40],
        ),
    ),
    "servers": (
        _row("Association", "/AllocationId /InstanceId", "ec2.disassociate_address", AssociationId=_ref("Association")),
        _row("Data", "/Size", "ec2.modify_volume", VolumeId=_ref("Data"), Size=60),
        _row(
            "Interface",
            "/SourceDestCheck",
            "ec2.modify_network_interface_attribute",
            NetworkInterfaceId=_ref("Interface"),
            SourceDestCheck={"Value": True},
        ),
        _row("KeyPair", "/Tags", "ec2.create_tags", Resources=[_att("KeyPair", "KeyPairId")], Tags=_ONE_TAG),
        _row(
            "Server",
            "/SourceDestCheck",
            "ec2.modify_instance_attribute",
            InstanceId=_ref("Server"),
            SourceDestCheck={"Value": True},
        ),
        _row(
            "Template",
            "/LaunchTemplateData/InstanceType",
            "ec2.create_launch_template_version",
            LaunchTemplateId=_ref("Template"),
            SourceVersion="1",
            LaunchTemplateData={"InstanceType": "t3.large"},
        ),
    ),
    "storage": (
        _row(
            "Data",
            "/PublicAccessBlockConfiguration/BlockPublicPolicy",
            "s3.put_public_access_block",
            Bucket=_ref("Data"),
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": False,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        ),
        _row(
            "DataPolicy", "/PolicyDocument", "s3.put_bucket_policy", Bucket=_ref("Data"), Policy=_allow("s3:GetObject")
        ),
        _row(
            "Site",
            "/AccelerateConfiguration/AccelerationStatus",
            "s3.put_bucket_accelerate_configuration",
            Bucket=_ref("Site"),
            AccelerateConfiguration={"Status": "Suspended"},
        ),
    ),
    "tables": (
        _row(
            "Counters",
            "/ProvisionedThroughput/ReadCapacityUnits",
            "dynamodb.update_table",
            TableName="counters",
            ProvisionedThroughput={"ReadCapacityUnits": 6, "WriteCapacityUnits": 5},
        ),
        _row(
            "Orders",
            "/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
            "dynamodb.update_continuous_backups",
            TableName=_ref("Orders"),
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
        ),
    ),
    "watching": (
        _row(
            "Dashboard",
            "/DashboardBody",
            "cloudwatch.put_dashboard",
            DashboardName=_ref("Dashboard"),
            DashboardBody='{"widgets": []}',
        ),
        _row(
            "Errors",
            "/FilterPattern",
            "logs.put_metric_filter",
            logGroupName=_ref("Group"),
            filterName="errors",
            filterPattern="fatal",
            metricTransformations=[
                {
                    "metricName": "Errors",
                    "metricNamespace": "App",
                    "metricValue": "1",
                    "defaultValue": 0,
                    "unit": "Count",
                }
            ],
        ),
        _row("OtherAlarm", "/ActionsEnabled", "cloudwatch.disable_alarm_actions", AlarmNames=["other"]),
        _row(
            "Policy",
            "/PolicyDocument",
            "logs.put_resource_policy",
            policyName="dns",
            policyDocument=_allow("logs:PutLogEvents"),
        ),
        _row(
            "Setting",
            "/Value",
            "ssm.put_parameter",
            Name="/app/topic",
            Value="elsewhere",
            Type="String",
            Overwrite=True,
        ),
        _row(
            "Shipped",
            "/FilterPattern",
            "logs.put_subscription_filter",
            logGroupName=_ref("Group"),
            filterName=_ref("Shipped"),
            filterPattern="fatal",
            destinationArn=_att("Events"),
            roleArn=_att("Writer"),
        ),
    ),
    "workflow": (
        _row(
            "Approval",
            "/Tags",
            "stepfunctions.tag_resource",
            resourceArn=_ref("Approval"),
            tags=[{"key": "team", "value": "red"}],
        ),
        _row(
            "Machine",
            "/TracingConfiguration/Enabled",
            "stepfunctions.update_state_machine",
            stateMachineArn=_ref("Machine"),
            tracingConfiguration={"enabled": False},
        ),
    ),
}

UNCHANGEABLE: Final = frozenset({"AWS::Lambda::Version", "AWS::Logs::LogStream"})
"""Types whose resources can be deleted but not be changed."""

UNPROVEN: Final[Mapping[tuple[str, str], str]] = {
    ("AWS::IAM::User", "/LoginProfile/Password"): "write_only",
    ("AWS::Lambda::Function", "/Code/ZipFile"): "write_only",
    ("AWS::S3::Bucket", "/AccessControl"): "write_only",
}
"""What no reader can see, by type and property; what the emulator drops is in its own table."""

DELETED_OTHERWISE: Final = frozenset[str]()
"""Types whose deletion the emulator does not show."""
