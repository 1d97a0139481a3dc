"""One change of each type's resources behind CloudFormation's back, and what is known not to be proven of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampered:
    """A call that changes one property. The parameters are written as in a template, intrinsic functions and all.

    The path "*" represents all of the resource's properties: what can be made and deleted only is gone.
    """

    logical_id: str
    path: str
    service: str
    operation: str
    parameters: Any


def _ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def _att(name: str, attribute: str = "Arn") -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def _row(logical_id: str, path: str, call: str, **parameters: Any) -> Tampered:
    service, _, operation = call.partition(".")
    return Tampered(logical_id=logical_id, path=path, service=service, operation=operation, parameters=parameters)


def _allow(action: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _patch(logical_id: str, parameter: str, path: str, value: str) -> dict[str, Any]:
    """One operation of API Gateway's patches, on a resource by its id."""
    return {parameter: _ref(logical_id), "patchOperations": [{"op": "replace", "path": path, "value": value}]}


_ENCRYPTION: Final = "/BucketEncryption/ServerSideEncryptionConfiguration/0"
_ONE_TAG: Final = [{"Key": "team", "Value": "red"}]

TAMPERED: Final[Mapping[str, tuple[Tampered, ...]]] = {
    "aurora": (
        _row(
            "Cluster",
            "/BackupRetentionPeriod",
            "rds.modify_db_cluster",
            DBClusterIdentifier="orders",
            BackupRetentionPeriod=1,
        ),
        _row(
            "Settings",
            "/Parameters",
            "rds.modify_db_cluster_parameter_group",
            DBClusterParameterGroupName=_ref("Settings"),
            Parameters=[
                {
                    "ParameterName": "log_min_duration_statement",
                    "ParameterValue": "5000",
                    "ApplyMethod": "pending-reboot",
                }
            ],
        ),
    ),
    "caches": (
        _row(
            "Pages",
            "/ReplicationGroupDescription",
            "elasticache.modify_replication_group",
            ReplicationGroupId="pages",
            ReplicationGroupDescription="other pages",
        ),
        _row(
            "Sessions",
            "/Tags",
            "elasticache.add_tags_to_resource",
            ResourceName={"Fn::Sub": "arn:aws:elasticache:${AWS::Region}:${AWS::AccountId}:cluster:sessions"},
            Tags=_ONE_TAG,
        ),
        _row(
            "Subnets",
            "/Tags",
            "elasticache.add_tags_to_resource",
            ResourceName={"Fn::Sub": "arn:aws:elasticache:${AWS::Region}:${AWS::AccountId}:subnetgroup:caches"},
            Tags=_ONE_TAG,
        ),
    ),
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
    "cdn": (
        _row(
            "Access",
            "/OriginAccessControlConfig/SigningBehavior",
            "cloudfront.update_origin_access_control",
            Id=_ref("Access"),
            OriginAccessControlConfig={
                "Name": "bucket",
                "Description": "private",
                "OriginAccessControlOriginType": "s3",
                "SigningBehavior": "never",
                "SigningProtocol": "sigv4",
            },
        ),
        _row(
            "Distribution",
            "/Tags",
            "cloudfront.tag_resource",
            Resource={"Fn::Sub": "arn:aws:cloudfront::${AWS::AccountId}:distribution/${Distribution}"},
            Tags={"Items": _ONE_TAG},
        ),
    ),
    "connected": (
        _row("Acl", "/Tags", "ec2.create_tags", Resources=[_ref("Acl")], Tags=_ONE_TAG),
        _row(
            "Bound",
            "*",
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
            "*",
            "ec2.associate_dhcp_options",
            DhcpOptionsId="default",
            VpcId=_ref("Vpc"),
        ),
        _row("Vpn", "/Tags", "ec2.create_tags", Resources=[_ref("Vpn")], Tags=_ONE_TAG),
    ),
    "containers": (
        _row(
            "Cluster", "/Tags", "ecs.tag_resource", resourceArn=_att("Cluster"), tags=[{"key": "team", "value": "red"}]
        ),
        _row(
            "Entry",
            "/AccessPointTags",
            "efs.tag_resource",
            ResourceId=_ref("Entry"),
            Tags=_ONE_TAG,
        ),
        _row(
            "Files",
            "/LifecyclePolicies",
            "efs.put_lifecycle_configuration",
            FileSystemId=_ref("Files"),
            LifecyclePolicies=[{"TransitionToIA": "AFTER_7_DAYS"}],
        ),
        _row(
            "Images",
            "/ImageTagMutability",
            "ecr.put_image_tag_mutability",
            repositoryName="app/web",
            imageTagMutability="MUTABLE",
        ),
        _row(
            "Mount",
            "/SecurityGroups",
            "efs.modify_mount_target_security_groups",
            MountTargetId=_ref("Mount"),
            SecurityGroups=[],
        ),
        _row(
            "Scaling",
            "*",  # the emulator makes a new one, with another ARN
            "application-autoscaling.put_scaling_policy",
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            ServiceNamespace="ecs",
            ResourceId="service/apps/web",
            ScalableDimension="ecs:service:DesiredCount",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": 90},
        ),
        _row("Service", "/DesiredCount", "ecs.update_service", cluster="apps", service="web", desiredCount=1),
        _row(
            "Target",
            "/MaxCapacity",
            "application-autoscaling.register_scalable_target",
            ServiceNamespace="ecs",
            ResourceId="service/apps/web",
            ScalableDimension="ecs:service:DesiredCount",
            MaxCapacity=100,
        ),
        _row("Task", "/Tags", "ecs.tag_resource", resourceArn=_ref("Task"), tags=[{"key": "team", "value": "red"}]),
    ),
    "functions": (
        _row(
            "Function",
            "/Runtime",
            "lambda.update_function_configuration",
            FunctionName=_ref("Function"),
            Runtime="python3.9",
        ),
        _row("Mapping", "/Enabled", "lambda.update_event_source_mapping", UUID=_ref("Mapping"), Enabled=False),
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
    "http_api": (
        _row("Api", "/Description", "apigatewayv2.update_api", ApiId=_ref("Api"), Description="behind"),
        _row(
            "Route",
            "/AuthorizationType",
            "apigatewayv2.update_route",
            ApiId=_ref("Api"),
            RouteId=_ref("Route"),
            AuthorizationType="NONE",
        ),
        _row("Stage", "*", "apigatewayv2.delete_stage", ApiId=_ref("Api"), StageName="$default"),
        _row(
            "Upstream",
            "/TimeoutInMillis",
            "apigatewayv2.update_integration",
            ApiId=_ref("Api"),
            IntegrationId=_ref("Upstream"),
            TimeoutInMillis=10000,
        ),
    ),
    "identity": (
        _row(
            "Admins",
            "/Precedence",
            "cognito-idp.update_group",
            UserPoolId=_ref("Pool"),
            GroupName="admins",
            Description="who may all",
            Precedence=9,
        ),
        _row(
            "Client",
            "/ClientName",
            "cognito-idp.update_user_pool_client",
            UserPoolId=_ref("Pool"),
            ClientId=_ref("Client"),
            ClientName="other",
        ),
        _row(
            "Domain",
            "*",
            "cognito-idp.delete_user_pool_domain",
            UserPoolId=_ref("Pool"),
            Domain="customers-of-example",
        ),
        _row(
            "Pool",
            "/Schema/2",
            "cognito-idp.add_custom_attributes",
            UserPoolId=_ref("Pool"),
            CustomAttributes=[{"Name": "more", "AttributeDataType": "String"}],
        ),
    ),
    "lake": (
        _row(
            "Database",
            "/DatabaseInput/Description",
            "glue.update_database",
            Name="lake",
            DatabaseInput={
                "Name": "lake",
                "Description": "little",
                "LocationUri": {"Fn::Sub": "s3://${Bucket}/"},
            },
        ),
        _row("Orders", "*", "glue.delete_table", DatabaseName="lake", Name="orders"),
        _row("Queries", "*", "athena.delete_work_group", WorkGroup="analysts", RecursiveDeleteOption=True),
    ),
    "names": (
        _row(
            "Address",
            "/ResourceRecords",
            "route53.change_resource_record_sets",
            HostedZoneId=_ref("Zone"),
            ChangeBatch={
                "Changes": [
                    {
                        "Action": "UPSERT",
                        "ResourceRecordSet": {
                            "Name": "WWW.example.com",
                            "Type": "A",
                            "TTL": 300,
                            "ResourceRecords": [{"Value": "192.0.2.9"}],
                        },
                    }
                ]
            },
        ),
        _row(
            "Certificate",
            "/Tags",
            "acm.add_tags_to_certificate",
            CertificateArn=_ref("Certificate"),
            Tags=[{"Key": "stage", "Value": "test"}],
        ),
        _row(
            "Check",
            "/HealthCheckConfig/FailureThreshold",
            "route53.update_health_check",
            HealthCheckId=_ref("Check"),
            FailureThreshold=5,
        ),
        _row(
            "Zone",
            "/HostedZoneConfig/Comment",
            "route53.update_hosted_zone_comment",
            Id=_ref("Zone"),
            Comment="no more",
        ),
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
    "platforms": (
        _row("Kafka", "/Tags/team", "kafka.tag_resource", ResourceArn=_ref("Kafka"), Tags={"team": "red"}),
        _row("Kubernetes", "/Tags", "eks.tag_resource", resourceArn=_att("Kubernetes"), tags={"team": "red"}),
        _row("Nodes", "*", "eks.delete_nodegroup", clusterName="apps", nodegroupName="small"),
        _row(
            "Search",
            "/EBSOptions/VolumeSize",
            "opensearch.update_domain_config",
            DomainName="search",
            EBSOptions={"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": 40},
        ),
    ),
    "rest_api": (
        _row(
            "Api", "/Description", "apigateway.update_rest_api", **_patch("Api", "restApiId", "/description", "gives")
        ),
        _row(
            "Authorizer",
            "/Name",
            "apigateway.update_authorizer",
            restApiId=_ref("Api"),
            **_patch("Authorizer", "authorizerId", "/name", "coins"),
        ),
        _row(
            "Logging",
            "/CloudWatchRoleArn",
            "apigateway.update_account",
            patchOperations=[
                {"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::123456789012:role/other"}
            ],
        ),
        _row("Key", "/Enabled", "apigateway.update_api_key", **_patch("Key", "apiKey", "/enabled", "false")),
        _row(
            "Model",
            "*",
            "apigateway.delete_model",
            restApiId=_ref("Api"),
            modelName="Order",
        ),
        _row(
            "Plan",
            "/Description",
            "apigateway.update_usage_plan",
            **_patch("Plan", "usagePlanId", "/description", "many"),
        ),
        _row(
            "PlanKey",
            "*",
            "apigateway.delete_usage_plan_key",
            usagePlanId=_ref("Plan"),
            keyId=_ref("Key"),
        ),
        _row(
            "Post",
            "*",
            "apigateway.delete_method",
            restApiId=_ref("Api"),
            resourceId=_ref("Orders"),
            httpMethod="POST",
        ),
        _row(
            "Stage",
            "/TracingEnabled",
            "apigateway.update_stage",
            restApiId=_ref("Api"),
            **_patch("Stage", "stageName", "/tracingEnabled", "false"),
        ),
        _row(
            "Validator",
            "/ValidateRequestBody",
            "apigateway.update_request_validator",
            restApiId=_ref("Api"),
            **_patch("Validator", "requestValidatorId", "/validateRequestBody", "false"),
        ),
    ),
    "servers": (
        _row("Association", "*", "ec2.disassociate_address", AssociationId=_ref("Association")),
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
            LaunchTemplateData={  # the emulator takes nothing over from the version that it starts from
                "ImageId": "ami-12c6146b",
                "InstanceType": "t3.large",
                "KeyName": _ref("KeyPair"),
                "SecurityGroupIds": [_ref("Group")],
                "MetadataOptions": {"HttpTokens": "required"},
                "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3"}}],
                "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "blue"}]}],
            },
        ),
    ),
    "storage": (
        *(  # what is left is the encryption that every bucket has
            _row("Data", f"{_ENCRYPTION}/{name}", "s3.delete_bucket_encryption", Bucket=_ref("Data"))
            for name in (
                "BucketKeyEnabled",
                "ServerSideEncryptionByDefault/KMSMasterKeyID",
                "ServerSideEncryptionByDefault/SSEAlgorithm",
            )
        ),
        _row(
            "Data",
            "/VersioningConfiguration/Status",
            "s3.put_bucket_versioning",
            Bucket=_ref("Data"),
            VersioningConfiguration={"Status": "Suspended"},
        ),
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
            "Counters",
            "/ResourcePolicy/PolicyDocument",
            "dynamodb.put_resource_policy",
            ResourceArn={"Fn::GetAtt": ["Counters", "Arn"]},
            Policy='{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "dynamodb:*", "Resource": "*"}]}',
        ),
        _row(
            "Orders",
            "/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
            "dynamodb.update_continuous_backups",
            TableName=_ref("Orders"),
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
        ),
        _row(
            "Carts",
            "/Replicas",
            "dynamodb.update_continuous_backups",
            TableName=_ref("Carts"),
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
    "website": (
        _row(
            "Balancer",
            "/LoadBalancerAttributes",
            "elbv2.modify_load_balancer_attributes",
            LoadBalancerArn=_ref("Balancer"),
            Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "31"}],
        ),
        _row(
            "Goodbye",
            "/DefaultResult",
            "autoscaling.put_lifecycle_hook",
            AutoScalingGroupName=_ref("Servers"),
            LifecycleHookName=_ref("Goodbye"),
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
            HeartbeatTimeout=300,
            DefaultResult="ABANDON",
        ),
        _row(
            "Inside",
            "/DefaultActions",
            "elbv2.modify_listener",
            ListenerArn=_ref("Inside"),
            DefaultActions=[{"Type": "forward", "TargetGroupArn": _ref("Canary")}],
        ),
        _row(
            "Load",
            "/TargetTrackingConfiguration/TargetValue",
            "autoscaling.put_scaling_policy",
            AutoScalingGroupName=_ref("Servers"),
            PolicyName=_att("Load", "PolicyName"),
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={
                "TargetValue": 70,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            },
        ),
        _row(
            "New",
            "/Conditions",
            "elbv2.modify_rule",
            RuleArn=_ref("New"),
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/old/*"]}}],
        ),
        _row(
            "Servers",
            "/MaxSize",
            "autoscaling.update_auto_scaling_group",
            AutoScalingGroupName=_ref("Servers"),
            MaxSize=5,
        ),
        _row(
            "Targets",
            "/HealthCheckPath",
            "elbv2.modify_target_group",
            TargetGroupArn=_ref("Targets"),
            HealthCheckPath="/ill",
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

KINDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "address of a name changed": ("names", "Address", "/ResourceRecords"),
    "alarm silenced": ("watching", "OtherAlarm", "/ActionsEnabled"),
    "backups shortened": ("aurora", "Cluster", "/BackupRetentionPeriod"),
    "capacity changed": ("tables", "Counters", "/ProvisionedThroughput/ReadCapacityUnits"),
    "check made lenient": ("names", "Check", "/HealthCheckConfig/FailureThreshold"),
    "recovery off": ("tables", "Orders", "/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled"),
    "encryption off": ("storage", "Data", f"{_ENCRYPTION}/ServerSideEncryptionByDefault/SSEAlgorithm"),
    "endpoint's policy widened": ("connected", "S3", "/PolicyDocument"),
    "event source disabled": ("functions", "Mapping", "/Enabled"),
    "failed calls not repeated": ("functions", "Invocations", "/MaximumRetryAttempts"),
    "filter changed": ("watching", "Errors", "/FilterPattern"),
    "firewall entry widened": ("connected", "Https", "/CidrBlock"),
    "images made mutable": ("containers", "Images", "/ImageTagMutability"),
    "key switched off": ("rest_api", "Key", "/Enabled"),
    "managed policy detached": ("people", "Staff", "/ManagedPolicyArns"),
    "mount without security groups": ("containers", "Mount", "/SecurityGroups"),
    "policy widened": ("people", "StaffLogs", "/PolicyDocument"),
    "public access allowed": ("storage", "Data", "/PublicAccessBlockConfiguration/BlockPublicPolicy"),
    "public function": ("functions", "Url", "/AuthType"),
    "public route": ("http_api", "Route", "/AuthorizationType"),
    "request not validated": ("rest_api", "Validator", "/ValidateRequestBody"),
    "retention shortened": ("bus", "Archive", "/RetentionDays"),
    "role taken from a profile": ("people", "Profile", "/Roles"),
    "rule switched on": ("bus", "Nightly", "/State"),
    "runtime's version changed": ("functions", "Function", "/Runtime"),
    "schedule changed": ("bus", "Report", "/ScheduleExpression"),
    "scaling unbounded": ("containers", "Target", "/MaxCapacity"),
    "setting changed": ("watching", "Setting", "/Value"),
    "size changed": ("servers", "Data", "/Size"),
    "source check changed": ("servers", "Interface", "/SourceDestCheck"),
    "tags": ("connected", "Acl", "/Tags"),
    "tracing off": ("workflow", "Machine", "/TracingConfiguration/Enabled"),
    "traffic moved": ("website", "Inside", "/DefaultActions"),
    "trusted certificates replaced": ("people", "Provider", "/ThumbprintList"),
    "unsigned requests": ("cdn", "Access", "/OriginAccessControlConfig/SigningBehavior"),
    "versions off": ("storage", "Data", "/VersioningConfiguration/Status"),
}
"""What a change amounts to, and its row above: stack, resource, property."""

UNCHANGEABLE: Final = frozenset(
    {
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::Resource",
        "AWS::AutoScaling::LaunchConfiguration",
        "AWS::Lambda::Version",
        "AWS::Logs::LogStream",
    }
)
"""Types whose resources can be deleted but, at least on the emulator, not be changed."""

UNPROVEN: Final[Mapping[tuple[str, str], str]] = {
    ("AWS::ApiGateway::ApiKey", "/Value"): "write_only",
    ("AWS::ApplicationAutoScaling::ScalableTarget", "/RoleARN"): "write_only",
    ("AWS::CertificateManager::Certificate", "/DomainValidationOptions/0/HostedZoneId"): "write_only",
    ("AWS::ElastiCache::ReplicationGroup", "/CacheSubnetGroupName"): "write_only",
    ("AWS::IAM::User", "/LoginProfile/Password"): "write_only",
    ("AWS::Lambda::Function", "/Code/ZipFile"): "write_only",
    ("AWS::S3::Bucket", "/AccessControl"): "write_only",
}
"""What no reader can see, by type and property; what the emulator drops is in its own table."""

DELETED_OTHERWISE: Final = frozenset({"AWS::ApiGateway::Account"})
"""Types whose deletion is not to be seen: the settings of an account stay."""
