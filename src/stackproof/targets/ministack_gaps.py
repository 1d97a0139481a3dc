"""What MiniStack drops: (resource type, JSON pointer) → why. Such a property is not proven on it.

Each row has a test that fails when the emulator learns it. In pointers `*` stands for any index or key; a row covers
what is below its pointer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.gap_table import covers

__all__ = ["GAPS", "is_gap"]

_DROPPED: Final = "its CloudFormation drops it"
_UNKNOWN: Final = "the service does not know it"
_NOT_SHOWN: Final = "GetSubscriptionAttributes does not show it"

GAPS: Final[Mapping[tuple[str, str], str]] = {
    ("AWS::CloudWatch::Alarm", "/EvaluateLowSampleCountPercentile"): _DROPPED,
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
    ("AWS::RDS::DBInstance", "/DatabaseInsightsMode"): _UNKNOWN,
    ("AWS::RDS::DBInstance", "/DedicatedLogVolume"): _UNKNOWN,
    ("AWS::RDS::DBInstance", "/EnableCloudwatchLogsExports"): _DROPPED,
    ("AWS::RDS::DBInstance", "/EngineLifecycleSupport"): _UNKNOWN,
    ("AWS::RDS::DBInstance", "/Iops"): _DROPPED,
    ("AWS::RDS::DBInstance", "/PerformanceInsightsKMSKeyId"): _DROPPED,
    ("AWS::RDS::DBInstance", "/StorageThroughput"): _DROPPED,
    ("AWS::SNS::Subscription", "/Endpoint"): _NOT_SHOWN,
    ("AWS::SNS::Subscription", "/Protocol"): _NOT_SHOWN,
    ("AWS::SNS::Subscription", "/TopicArn"): _NOT_SHOWN,
    ("AWS::SNS::Topic", "/KmsMasterKeyId"): _DROPPED,
    ("AWS::SNS::Topic", "/SignatureVersion"): _DROPPED,
    ("AWS::SNS::Topic", "/TracingConfig"): _DROPPED,
}


def is_gap(resource_type: str, path: str) -> bool:
    """Whether the property, or one above it, has a row."""
    return covers(GAPS, resource_type, path)
