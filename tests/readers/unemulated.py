"""Recorded answers for what the stacks on the emulator do not have: whole types, and what they cannot set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.live_fakes import ACCOUNT, failure
from tests.readers.examples import TAGS, Example

_ARN: Final = f"arn:aws:x:us-east-1:{ACCOUNT}:thing"
_FUNCTION: Final = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
_SECRET: Final = {
    "ARN": _ARN,
    "Name": "n",
    "RotationEnabled": True,
    "RotationLambdaARN": _FUNCTION,
    "RotationRules": {"AutomaticallyAfterDays": 30, "Duration": "2h"},
}

_BUCKET: Final[Mapping[str, Any]] = {
    "head_bucket": {},
    "get_bucket_encryption": failure("ServerSideEncryptionConfigurationNotFoundError"),
    "get_bucket_lifecycle_configuration": failure("NoSuchLifecycleConfiguration"),
    "get_bucket_logging": {},
    "get_bucket_notification_configuration": {
        "EventBridgeConfiguration": {},
        "LambdaFunctionConfigurations": [{"LambdaFunctionArn": _FUNCTION, "Events": ["s3:A", "s3:B"]}],
    },
    "get_bucket_ownership_controls": failure("OwnershipControlsNotFoundError"),
    "get_public_access_block": failure("NoSuchPublicAccessBlockConfiguration"),
    "get_bucket_tagging": failure("NoSuchTagSet"),
    "get_bucket_versioning": {"Status": "Enabled"},
    "get_bucket_replication": {
        "ReplicationConfiguration": {
            "Role": "arn:r",
            "Rules": [
                {"ID": "a", "Status": "Enabled", "Filter": {"Tag": {"Key": "k", "Value": "v"}}},
                {"ID": "b", "Status": "Enabled", "Filter": {"And": {"Prefix": "p", "Tags": TAGS}}},
                {"ID": "c", "Status": "Disabled", "Prefix": ""},
            ],
        }
    },
}

EXAMPLES: Final = (
    Example(
        resource_type="AWS::ApiGateway::RequestValidator",
        physical_id="v",
        expected={"RestApiId": "a"},
        answers={
            "get_request_validator": {
                "id": "v",
                "name": "n",
                "validateRequestBody": True,
                "validateRequestParameters": False,
            }
        },
        properties={
            "Name": "n",
            "RestApiId": "a",
            "ValidateRequestBody": True,
            "ValidateRequestParameters": False,
        },
        attributes={"RequestValidatorId": "v"},
        gone=(
            {"get_request_validator": failure("NotFoundException")},
            {"get_request_validator": failure("BadRequestException")},
        ),
    ),
    Example(
        resource_type="AWS::CloudFormation::Stack",
        physical_id="arn:aws:cloudformation:us-east-1:1:stack/Inner/1",
        expected={"TemplateURL": "https://bucket/key", "Parameters": {"Size": "1", "Password": "p", "Other": "x"}},
        answers={
            "describe_stacks": {
                "Stacks": [
                    {
                        "StackStatus": "CREATE_COMPLETE",
                        "Parameters": [
                            {"ParameterKey": "Size", "ParameterValue": "2"},
                            {"ParameterKey": "Password", "ParameterValue": "****"},
                            {"ParameterKey": "Default", "ParameterValue": "d"},
                        ],
                        "Outputs": [{"OutputKey": "Arn", "OutputValue": _ARN}],
                        "Tags": TAGS,
                    }
                ]
            }
        },
        properties={"Parameters": {"Size": "2", "Password": "****"}, "Tags": TAGS},
        attributes={"Outputs.Arn": _ARN},
        gone=(
            {"describe_stacks": failure("ValidationError")},
            {"describe_stacks": {"Stacks": [{"StackStatus": "DELETE_COMPLETE"}]}},
        ),
    ),
    Example(
        resource_type="AWS::S3::Bucket",
        name="that is replicated",
        physical_id="b",
        expected={"ReplicationConfiguration": {}},
        answers=_BUCKET,
        properties={
            "BucketName": "b",
            "NotificationConfiguration": {
                "EventBridgeConfiguration": {"EventBridgeEnabled": True},
                "LambdaConfigurations": [
                    {"Event": "s3:A", "Function": _FUNCTION},
                    {"Event": "s3:B", "Function": _FUNCTION},
                ],
            },
            "VersioningConfiguration": {"Status": "Enabled"},
            "ReplicationConfiguration": {
                "Role": "arn:r",
                "Rules": [
                    {"Id": "a", "Status": "Enabled", "Filter": {"TagFilter": {"Key": "k", "Value": "v"}}},
                    {"Id": "b", "Status": "Enabled", "Filter": {"And": {"Prefix": "p", "TagFilters": TAGS}}},
                    {"Id": "c", "Status": "Disabled", "Prefix": ""},
                ],
            },
        },
        gone=({"head_bucket": failure("404")},),
        denied={
            "get_bucket_replication": ("/ReplicationConfiguration",),
            "get_bucket_versioning": ("/VersioningConfiguration",),
        },
    ),
    Example(
        resource_type="AWS::SSM::Parameter",
        name="that is a secret: its value is not asked for",
        physical_id="/p",
        expected={"Value": "x"},
        answers={
            "describe_parameters": {"Parameters": [{"Name": "/p", "Type": "SecureString"}]},
            "list_tags_for_resource": {"TagList": []},
        },
        properties={"Name": "/p", "Type": "SecureString", "Tags": {}},
        gone=({"describe_parameters": {"Parameters": []}},),
        denied={"list_tags_for_resource": ("/Tags",)},
    ),
    Example(
        resource_type="AWS::DynamoDB::GlobalTable",
        name="with a replica in another region",
        physical_id="t",
        expected={"Replicas": [{"Region": "us-east-1"}, {"Region": "eu-west-1", "TableClass": "STANDARD"}]},
        answers={
            "describe_table": {
                "Table": {
                    "TableName": "t",
                    "TableArn": _ARN,
                    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
                    "Replicas": [
                        {"RegionName": "us-east-1"},
                        {"RegionName": "eu-west-1", "KMSMasterKeyId": "arn:k"},
                    ],
                }
            },
            "describe_continuous_backups": {"ContinuousBackupsDescription": {}},
            "describe_time_to_live": {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}},
            "list_tags_of_resource": {"Tags": TAGS},
        },
        properties={
            "TableName": "t",
            "BillingMode": "PAY_PER_REQUEST",
            "Replicas": [
                {
                    "Region": "us-east-1",
                    "DeletionProtectionEnabled": None,
                    "PointInTimeRecoverySpecification": None,
                    "TableClass": "STANDARD",
                    "Tags": TAGS,
                },
                {"Region": "eu-west-1", "TableClass": "STANDARD", "SSESpecification": {"KMSMasterKeyId": "arn:k"}},
            ],
            "SSESpecification": {"SSEEnabled": False},
            "TimeToLiveSpecification": {"Enabled": False},
        },
        attributes={"Arn": _ARN},
        gone=({"describe_table": failure("ResourceNotFoundException")},),
        denied={"describe_continuous_backups": ("/Replicas",), "list_tags_of_resource": ("/Replicas",)},
    ),
    Example(
        resource_type="AWS::DynamoDB::Table",
        name="whose changes go to a stream",
        physical_id="t",
        expected={"KinesisStreamSpecification": {"StreamArn": "arn:s"}},
        answers={
            "describe_table": {
                "Table": {
                    "TableName": "t",
                    "TableArn": _ARN,
                    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
                    "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": "arn:k"},
                }
            },
            "describe_continuous_backups": {"ContinuousBackupsDescription": {}},
            "get_resource_policy": failure("PolicyNotFoundException"),
            "describe_time_to_live": {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}},
            "list_tags_of_resource": {"Tags": TAGS},
            "describe_kinesis_streaming_destination": {
                "KinesisDataStreamDestinations": [
                    {"DestinationStatus": "DISABLED", "StreamArn": "arn:old"},
                    {"DestinationStatus": "ACTIVE", "StreamArn": "arn:s"},
                ]
            },
        },
        properties={
            "TableName": "t",
            "BillingMode": "PAY_PER_REQUEST",
            "KinesisStreamSpecification": {"StreamArn": "arn:s"},
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": "arn:k"},
            "TableClass": "STANDARD",
            "Tags": TAGS,
            "TimeToLiveSpecification": {"Enabled": False},
        },
        attributes={"Arn": _ARN},
        gone=({"describe_table": failure("ResourceNotFoundException")},),
        denied={"describe_kinesis_streaming_destination": ("/KinesisStreamSpecification",)},
    ),
    Example(
        resource_type="AWS::Lambda::Version",
        name="with capacity of its own",
        physical_id=f"{_FUNCTION}:3",
        expected={"FunctionName": "f", "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}},
        answers={
            "get_function_configuration": {"Version": "3", "CodeSha256": "h"},
            "get_provisioned_concurrency_config": {"RequestedProvisionedConcurrentExecutions": 2},
        },
        properties={
            "CodeSha256": "h",
            "FunctionName": "f",
            "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2},
        },
        attributes={"Version": "3"},
        gone=({"get_function_configuration": failure("ResourceNotFoundException")},),
        denied={"get_provisioned_concurrency_config": ("/ProvisionedConcurrencyConfig",)},
    ),
    Example(
        resource_type="AWS::Events::EventBusPolicy",
        name="with a statement",
        physical_id="b|s",
        expected={"EventBusName": "b", "StatementId": "s", "Statement": {"Effect": "Allow"}},
        answers={
            "describe_event_bus": {"Policy": '{"Statement": [{"Sid": "r"}, {"Sid": "s", "Effect": "Deny"}]}'},
        },
        properties={"EventBusName": "b", "StatementId": "s", "Statement": {"Effect": "Deny"}},
        gone=(
            {"describe_event_bus": {"Policy": '{"Statement": [{"Sid": "r"}]}'}},
            {"describe_event_bus": {}},
            {"describe_event_bus": failure("ResourceNotFoundException")},
        ),
    ),
    Example(
        resource_type="AWS::ApplicationAutoScaling::ScalableTarget",
        name="on a schedule",
        physical_id="service/c/s|ecs:service:DesiredCount|ecs",
        expected={"ScheduledActions": [], "Tags": []},
        answers={
            "describe_scalable_targets": {
                "ScalableTargets": [{"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "service/c/s"}]
            },
            "describe_scheduled_actions": {
                "ScheduledActions": [{"ScheduledActionName": "n", "Schedule": "rate(1 day)"}]
            },
            "list_tags_for_resource": {"Tags": {"a": "b"}},
        },
        properties={
            "MinCapacity": 1,
            "MaxCapacity": 2,
            "ResourceId": "service/c/s",
            "ScheduledActions": [{"ScheduledActionName": "n", "Schedule": "rate(1 day)"}],
            "Tags": TAGS,
        },
        gone=({"describe_scalable_targets": {"ScalableTargets": []}},),
        denied={"describe_scheduled_actions": ("/ScheduledActions",), "list_tags_for_resource": ("/Tags",)},
    ),
    Example(
        resource_type="AWS::AutoScaling::AutoScalingGroup",
        name="that collects named metrics",
        physical_id="g",
        expected={"MetricsCollection": [{"Granularity": "1Minute", "Metrics": ["GroupMinSize", "GroupMaxSize"]}]},
        answers={
            "describe_auto_scaling_groups": {
                "AutoScalingGroups": [
                    {
                        "AutoScalingGroupName": "g",
                        "EnabledMetrics": [
                            {"Metric": "GroupMinSize", "Granularity": "1Minute"},
                            {"Metric": "GroupMaxSize", "Granularity": "1Minute"},
                        ],
                    }
                ]
            }
        },
        properties={
            "AutoScalingGroupName": "g",
            "MetricsCollection": [{"Granularity": "1Minute", "Metrics": ["GroupMaxSize", "GroupMinSize"]}],
            "Tags": [],
        },
        gone=({"describe_auto_scaling_groups": {"AutoScalingGroups": []}},),
    ),
    Example(
        resource_type="AWS::CloudWatch::CompositeAlarm",
        physical_id="c",
        answers={
            "describe_alarms": {
                "CompositeAlarms": [
                    {"AlarmName": "c", "AlarmArn": _ARN, "AlarmRule": "ALARM(a)", "AlarmActions": ["arn:t"]}
                ]
            },
            "list_tags_for_resource": {"Tags": TAGS},
        },
        properties={"AlarmName": "c", "AlarmRule": "ALARM(a)", "AlarmActions": ["arn:t"], "Tags": TAGS},
        attributes={"Arn": _ARN},
        gone=({"describe_alarms": {"CompositeAlarms": []}},),
        denied={"list_tags_for_resource": ("/Tags",)},
    ),
    Example(
        resource_type="AWS::Lambda::LayerVersion",
        physical_id=f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:l:3",
        expected={"LayerName": "l"},
        answers={"get_layer_version": {"Description": "d", "CompatibleRuntimes": ["python3.13"]}},
        properties={"LayerName": "l", "Description": "d", "CompatibleRuntimes": ["python3.13"]},
        attributes={"LayerVersionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:l:3"},
        gone=({"get_layer_version": failure("ResourceNotFoundException")},),
    ),
    Example(
        resource_type="AWS::SecretsManager::RotationSchedule",
        physical_id=_ARN,
        expected={"SecretId": "n"},
        answers={"describe_secret": _SECRET},
        properties={
            "SecretId": "n",
            "RotationLambdaARN": _FUNCTION,
            "RotationRules": {"AutomaticallyAfterDays": 30, "Duration": "2h"},
        },
        attributes={"Id": _ARN},
        gone=(
            {"describe_secret": {**_SECRET, "RotationEnabled": False}},
            {"describe_secret": failure("ResourceNotFoundException")},
        ),
    ),
)
