"""Databases with their subnet and parameter groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, chosen, covered, found_or_none, pages, reads, tag_list

__all__ = ["READERS"]

_SAME: Final = (
    "AllocatedStorage",
    "AutoMinorVersionUpgrade",
    "AvailabilityZone",
    "BackupRetentionPeriod",
    "BackupTarget",
    "CACertificateIdentifier",
    "CharacterSetName",
    "CopyTagsToSnapshot",
    "CustomIAMInstanceProfile",
    "DBClusterIdentifier",
    "DBInstanceClass",
    "DBInstanceIdentifier",
    "DBName",
    "DBSystemId",
    "DatabaseInsightsMode",
    "DedicatedLogVolume",
    "DeletionProtection",
    "EngineLifecycleSupport",
    "Engine",
    "EngineVersion",
    "Iops",
    "KmsKeyId",
    "LicenseModel",
    "MasterUsername",
    "MaxAllocatedStorage",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "MultiAZ",
    "NcharCharacterSetName",
    "NetworkType",
    "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "ProcessorFeatures",
    "PromotionTier",
    "PubliclyAccessible",
    "ReplicaMode",
    "StorageEncrypted",
    "StorageThroughput",
    "StorageType",
    "TdeCredentialArn",
    "Timezone",
)


def read_instance(request: ReadRequest) -> Reading | None:
    """DescribeDBInstances."""
    client = request.client("rds")
    answer = found_or_none(
        lambda: client.describe_db_instances(DBInstanceIdentifier=request.physical_id),
        "DBInstanceNotFound",
        "DBInstanceNotFoundFault",
    )
    if answer is None or not answer["DBInstances"]:
        return None
    live = answer["DBInstances"][0]
    if live.get("DBInstanceStatus") == "deleting":
        return None
    endpoint = live.get("Endpoint") or {}
    groups = live.get("DBParameterGroups") or [{}]
    options = live.get("OptionGroupMemberships") or [{}]
    builder = ReadingBuilder(request)
    arn = live.get("DBInstanceArn")
    return builder.build(
        {
            **covered(live, _SAME),
            "AssociatedRoles": [chosen(role, ("FeatureName", "RoleArn")) for role in live.get("AssociatedRoles", ())],
            "DBParameterGroupName": groups[0].get("DBParameterGroupName"),
            "DBSubnetGroupName": (live.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
            "EnableCloudwatchLogsExports": live.get("EnabledCloudwatchLogsExports"),
            "EnableIAMDatabaseAuthentication": live.get("IAMDatabaseAuthenticationEnabled"),
            "EnablePerformanceInsights": live.get("PerformanceInsightsEnabled"),
            "ManageMasterUserPassword": bool(live.get("MasterUserSecret")) or None,
            "OptionGroupName": options[0].get("OptionGroupName"),
            "Port": endpoint.get("Port") or live.get("DbInstancePort"),
            "Tags": _tags(request, arn, live.get("TagList"), builder),
            "VPCSecurityGroups": [group["VpcSecurityGroupId"] for group in live.get("VpcSecurityGroups", ())],
        },
        {
            "DBInstanceArn": arn,
            "DbiResourceId": live.get("DbiResourceId"),
            "CertificateDetails.CAIdentifier": (live.get("CertificateDetails") or {}).get("CAIdentifier"),
            "Endpoint.Address": endpoint.get("Address"),
            "Endpoint.HostedZoneId": endpoint.get("HostedZoneId"),
            "Endpoint.Port": None if endpoint.get("Port") is None else str(endpoint["Port"]),
            "MasterUserSecret.SecretArn": (live.get("MasterUserSecret") or {}).get("SecretArn"),
        },
    )


def _tags(request: ReadRequest, arn: Any, listed: Any, builder: ReadingBuilder) -> Any:
    """Tags from the description if the service puts them there, else from a separate call."""
    if listed is None:
        client = request.client("rds")
        listed = builder.call("/Tags", lambda: client.list_tags_for_resource(ResourceName=arn)["TagList"], [])
    return tag_list(listed)


def read_subnet_group(request: ReadRequest) -> Reading | None:
    """DescribeDBSubnetGroups."""
    client = request.client("rds")
    answer = found_or_none(
        lambda: client.describe_db_subnet_groups(DBSubnetGroupName=request.physical_id),
        "DBSubnetGroupNotFoundFault",
        "DBSubnetGroupNotFound",
    )
    if answer is None or not answer["DBSubnetGroups"]:
        return None
    live = answer["DBSubnetGroups"][0]
    builder = ReadingBuilder(request)
    arn = live.get("DBSubnetGroupArn")
    return builder.build(
        {
            "DBSubnetGroupDescription": live["DBSubnetGroupDescription"],
            "DBSubnetGroupName": live["DBSubnetGroupName"],
            "SubnetIds": [subnet["SubnetIdentifier"] for subnet in live.get("Subnets", ())],
            "Tags": _tags(request, arn, None, builder),
        },
        {"DBSubnetGroupArn": arn},
    )


def read_parameter_group(request: ReadRequest) -> Reading | None:
    """DescribeDBParameterGroups, and DescribeDBParameters for what differs from the family's defaults."""
    client = request.client("rds")
    name = request.physical_id
    answer = found_or_none(
        lambda: client.describe_db_parameter_groups(DBParameterGroupName=name),
        "DBParameterGroupNotFound",
        "DBParameterGroupNotFoundFault",
    )
    if answer is None or not answer["DBParameterGroups"]:
        return None
    live = answer["DBParameterGroups"][0]
    builder = ReadingBuilder(request)
    arn = live.get("DBParameterGroupArn")
    given: list[Any] = builder.call(
        "/Parameters",
        lambda: pages(client, "describe_db_parameters", "Parameters", DBParameterGroupName=name, Source="user"),
        [],
    )
    return builder.build(
        {
            "DBParameterGroupName": live["DBParameterGroupName"],
            "Description": live["Description"],
            "Family": live["DBParameterGroupFamily"],
            "Parameters": {parameter["ParameterName"]: parameter.get("ParameterValue") for parameter in given},
            "Tags": _tags(request, arn, None, builder),
        },
        {"DBParameterGroupArn": arn},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::RDS::DBInstance": reads(read_instance, "rds:DescribeDBInstances", "rds:ListTagsForResource"),
    "AWS::RDS::DBParameterGroup": reads(
        read_parameter_group, "rds:DescribeDBParameterGroups", "rds:DescribeDBParameters", "rds:ListTagsForResource"
    ),
    "AWS::RDS::DBSubnetGroup": reads(read_subnet_group, "rds:DescribeDBSubnetGroups", "rds:ListTagsForResource"),
}
