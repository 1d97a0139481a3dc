"""Properties that MiniStack drops: (resource type, JSON pointer) → why. Such a property is not proven on it.

Each row has a test that fails when the emulator learns it. In pointers `*` matches any index or key; a row covers
what is below its pointer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.gap_table import covers

__all__ = ["GAPS", "NOT_TO_BE_FOUND", "is_gap"]

_DROPPED: Final = "its CloudFormation drops it"
_UNKNOWN: Final = "the service does not know it"
_NOT_SHOWN: Final = "GetSubscriptionAttributes does not show it"

GAPS: Final[Mapping[tuple[str, str], str]] = {
    ("AWS::ApiGateway::RestApi", "/DisableExecuteApiEndpoint"): _DROPPED,
    ("AWS::ApiGateway::RestApi", "/EndpointConfiguration"): _DROPPED,
    ("AWS::ApiGatewayV2::Api", "/CorsConfiguration"): _DROPPED,
    ("AWS::ApiGatewayV2::Stage", "/DefaultRouteSettings"): _DROPPED,
    ("AWS::AutoScaling::AutoScalingGroup", "/MetricsCollection"): _DROPPED,
    ("AWS::AutoScaling::AutoScalingGroup", "/TargetGroupARNs"): _DROPPED,
    ("AWS::AutoScaling::LaunchConfiguration", "/AssociatePublicIpAddress"): _DROPPED,
    ("AWS::AutoScaling::LaunchConfiguration", "/BlockDeviceMappings"): _DROPPED,
    ("AWS::AutoScaling::LaunchConfiguration", "/EbsOptimized"): _DROPPED,
    ("AWS::AutoScaling::LaunchConfiguration", "/InstanceMonitoring"): _DROPPED,
    ("AWS::AutoScaling::LaunchConfiguration", "/MetadataOptions"): _DROPPED,
    ("AWS::AutoScaling::LaunchConfiguration", "/UserData"): _DROPPED,
    ("AWS::CloudWatch::Alarm", "/EvaluateLowSampleCountPercentile"): _DROPPED,
    ("AWS::DynamoDB::GlobalTable", "/Replicas"): _DROPPED,
    ("AWS::DynamoDB::GlobalTable", "/SSESpecification"): _DROPPED,
    ("AWS::DynamoDB::GlobalTable", "/TimeToLiveSpecification"): _DROPPED,
    ("AWS::DynamoDB::Table", "/PointInTimeRecoverySpecification"): _DROPPED,
    ("AWS::DynamoDB::Table", "/ResourcePolicy"): _DROPPED,
    ("AWS::DynamoDB::Table", "/SSESpecification"): _DROPPED,
    ("AWS::DynamoDB::Table", "/TimeToLiveSpecification"): _DROPPED,
    ("AWS::EC2::VPCEndpoint", "/PolicyDocument"): _DROPPED,
    ("AWS::EC2::VPCEndpoint", "/PrivateDnsEnabled"): _DROPPED,
    ("AWS::EC2::VPCEndpoint", "/SecurityGroupIds"): _DROPPED,
    ("AWS::ECS::TaskDefinition", "/RuntimePlatform"): _DROPPED,
    ("AWS::ECS::TaskDefinition", "/Volumes"): _DROPPED,
    ("AWS::EFS::FileSystem", "/FileSystemPolicy"): _DROPPED,
    ("AWS::ElastiCache::CacheCluster", "/AutoMinorVersionUpgrade"): _DROPPED,
    ("AWS::ElasticLoadBalancingV2::ListenerRule", "/Actions"): _DROPPED,
    ("AWS::IAM::Role", "/PermissionsBoundary"): _DROPPED,
    ("AWS::Kinesis::Stream", "/DesiredShardLevelMetrics"): _DROPPED,
    ("AWS::Kinesis::Stream", "/MaxRecordSizeInKiB"): _UNKNOWN,
    ("AWS::Kinesis::Stream", "/StreamEncryption"): _DROPPED,
    ("AWS::Lambda::EventSourceMapping", "/KmsKeyArn"): _UNKNOWN,
    ("AWS::Lambda::EventSourceMapping", "/Tags"): _DROPPED,
    ("AWS::Lambda::EventSourceMapping", "/TumblingWindowInSeconds"): _UNKNOWN,
    ("AWS::Lambda::Function", "/DeadLetterConfig"): _DROPPED,
    ("AWS::Lambda::Function", "/KmsKeyArn"): _DROPPED,
    ("AWS::Lambda::Function", "/ReservedConcurrentExecutions"): _DROPPED,
    ("AWS::Lambda::Function", "/VpcConfig"): _DROPPED,
    ("AWS::Logs::LogGroup", "/DeletionProtectionEnabled"): _UNKNOWN,
    ("AWS::RDS::DBCluster", "/DBClusterParameterGroupName"): _DROPPED,
    ("AWS::RDS::DBCluster", "/EnableCloudwatchLogsExports"): _DROPPED,
    ("AWS::RDS::DBCluster", "/KmsKeyId"): _DROPPED,
    ("AWS::RDS::DBCluster", "/ManageMasterUserPassword"): _DROPPED,
    ("AWS::RDS::DBCluster", "/Tags"): _DROPPED,
    ("AWS::RDS::DBInstance", "/DatabaseInsightsMode"): _UNKNOWN,
    ("AWS::RDS::DBInstance", "/DedicatedLogVolume"): _UNKNOWN,
    ("AWS::RDS::DBInstance", "/EnableCloudwatchLogsExports"): _DROPPED,
    ("AWS::RDS::DBInstance", "/EngineLifecycleSupport"): _UNKNOWN,
    ("AWS::RDS::DBInstance", "/Iops"): _DROPPED,
    ("AWS::RDS::DBInstance", "/PerformanceInsightsKMSKeyId"): _DROPPED,
    ("AWS::RDS::DBInstance", "/StorageThroughput"): _DROPPED,
    ("AWS::S3::Bucket", "/AccelerateConfiguration"): _DROPPED,
    ("AWS::S3::Bucket", "/BucketEncryption"): _DROPPED,
    ("AWS::S3::Bucket", "/LifecycleConfiguration"): _DROPPED,
    ("AWS::S3::Bucket", "/LoggingConfiguration"): _DROPPED,
    ("AWS::S3::Bucket", "/ObjectLockConfiguration"): _DROPPED,
    ("AWS::S3::Bucket", "/ObjectLockEnabled"): _DROPPED,
    ("AWS::S3::Bucket", "/OwnershipControls"): _DROPPED,
    ("AWS::S3::Bucket", "/Tags"): _DROPPED,
    ("AWS::SNS::Subscription", "/Endpoint"): _NOT_SHOWN,
    ("AWS::SNS::Subscription", "/Protocol"): _NOT_SHOWN,
    ("AWS::SNS::Subscription", "/TopicArn"): _NOT_SHOWN,
    ("AWS::SNS::Topic", "/KmsMasterKeyId"): _DROPPED,
    ("AWS::SNS::Topic", "/SignatureVersion"): _DROPPED,
    ("AWS::SNS::Topic", "/TracingConfig"): _DROPPED,
    ("AWS::Scheduler::Schedule", "/ScheduleExpressionTimezone"): _DROPPED,
    ("AWS::StepFunctions::StateMachine", "/LoggingConfiguration"): _DROPPED,
    ("AWS::StepFunctions::StateMachine", "/TracingConfiguration"): _DROPPED,
}


NOT_TO_BE_FOUND: Final[Mapping[str, str]] = {
    "AWS::ApiGateway::RequestValidator": "its CloudFormation makes none",
    "AWS::ApiGatewayV2::Route": "its physical id is that of the API and the route's",
    "AWS::ECS::Service": "its ARN holds that of the cluster",
    "AWS::IAM::InstanceProfile": "its physical id is an ARN",
}
"""Types that its CloudFormation takes, and whose resources no service then knows by the physical id."""


def is_gap(resource_type: str, path: str) -> bool:
    """Whether the property, or one above it, has a row."""
    return covers(GAPS, resource_type, path)
