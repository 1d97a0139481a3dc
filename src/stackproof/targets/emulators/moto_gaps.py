"""Properties that moto's services cannot hold: (resource type, JSON pointer) → why. They are not proven on it.

Each row has a test that fails when the emulator learns it. In pointers `*` matches any index or key; a row covers
what is below its pointer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.gap_table import covers

__all__ = ["GAPS", "ZONES", "is_gap"]

ZONES: Final = "abcd"
"""The availability zones that the emulator has in every region."""

GAPS: Final[Mapping[tuple[str, str], str]] = {
    ("AWS::ApiGateway::RestApi", "/BinaryMediaTypes"): "CreateRestApi ignores it",
    ("AWS::AutoScaling::AutoScalingGroup", "/MetricsCollection"): "without names of metrics none is enabled",
    ("AWS::EC2::LaunchTemplate", "/LaunchTemplateData/TagSpecifications"): "mixed with the template's own tags",
    ("AWS::EC2::Subnet", "/EnableDns64"): "ModifySubnetAttribute ignores it",
    ("AWS::EC2::Subnet", "/PrivateDnsNameOptionsOnLaunch"): "every subnet shows the default",
    ("AWS::ECS::Service", "/DeploymentConfiguration"): "CreateService ignores it",
    ("AWS::ECS::Service", "/EnableECSManagedTags"): "CreateService ignores it",
    ("AWS::ECS::Service", "/HealthCheckGracePeriodSeconds"): "CreateService ignores it",
    ("AWS::ECS::TaskDefinition", "/Volumes"): "of each volume only name and host are kept",
    ("AWS::ElastiCache::ReplicationGroup", "/NumCacheClusters"): "the group shows one member too few",
    ("AWS::IAM::User", "/LoginProfile/PasswordResetRequired"): "CreateLoginProfile ignores it",
    ("AWS::IAM::User", "/PermissionsBoundary"): "CreateUser ignores it",
    ("AWS::KMS::Key", "/RotationPeriodInDays"): "GetKeyRotationStatus does not show it",
    ("AWS::Kinesis::Stream", "/MaxRecordSizeInKiB"): "CreateStream ignores it",
    ("AWS::Lambda::Function", "/DeadLetterConfig"): "CreateFunction ignores it",
    ("AWS::Lambda::Function", "/SnapStart"): 'every function shows "None"',
    ("AWS::Lambda::Permission", "/InvokedViaFunctionUrl"): "AddPermission ignores it",
    ("AWS::Logs::LogGroup", "/DeletionProtectionEnabled"): "CreateLogGroup ignores it",
    ("AWS::Logs::LogGroup", "/LogGroupClass"): "CreateLogGroup ignores it",
    ("AWS::Logs::SubscriptionFilter", "/Distribution"): "PutSubscriptionFilter ignores it",
    ("AWS::RDS::DBInstance", "/DatabaseInsightsMode"): "CreateDBInstance ignores it",
    ("AWS::RDS::DBInstance", "/DedicatedLogVolume"): "CreateDBInstance ignores it",
    ("AWS::RDS::DBInstance", "/EngineLifecycleSupport"): "CreateDBInstance ignores it",
    ("AWS::RDS::DBInstance", "/NetworkType"): "CreateDBInstance ignores it",
    ("AWS::RDS::DBInstance", "/PromotionTier"): "kept for members of a cluster only",
    ("AWS::SNS::Topic", "/SignatureVersion"): "GetTopicAttributes does not show it",
    ("AWS::SNS::Topic", "/TracingConfig"): "GetTopicAttributes does not show it",
    ("AWS::SQS::Queue", "/RedriveAllowPolicy"): "CreateQueue ignores it",
}


def is_gap(resource_type: str, path: str) -> bool:
    """Whether the property, or one above it, has a row."""
    return covers(GAPS, resource_type, path)
