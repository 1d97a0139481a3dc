"""Clusters of databases with their parameter groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import (
    ReadingBuilder,
    as_in_template,
    chosen,
    covered,
    found_or_none,
    pages,
    reads,
    tag_list,
)

__all__ = ["READERS"]

_OF_CLUSTER: Final = (
    "AllocatedStorage",
    "AutoMinorVersionUpgrade",
    "AvailabilityZones",
    "BacktrackWindow",
    "BackupRetentionPeriod",
    "CopyTagsToSnapshot",
    "DBClusterIdentifier",
    "DBClusterInstanceClass",
    "DatabaseInsightsMode",
    "DatabaseName",
    "DeletionProtection",
    "Engine",
    "EngineLifecycleSupport",
    "EngineMode",
    "EngineVersion",
    "Iops",
    "MasterUsername",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "NetworkType",
    "PerformanceInsightsEnabled",
    "PerformanceInsightsRetentionPeriod",
    "Port",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "PubliclyAccessible",
    "ReplicationSourceIdentifier",
    "StorageEncrypted",
    "StorageType",
)


def _key(request: ReadRequest, name: str, arn: Any) -> JsonValue:
    return as_in_template(request.expected.get(name), arn, str(arn).rpartition("/")[2])


def read_cluster(request: ReadRequest) -> Reading | None:
    """DescribeDBClusters."""
    client = request.client("rds")
    found = found_or_none(
        lambda: client.describe_db_clusters(DBClusterIdentifier=request.physical_id)["DBClusters"],
        "DBClusterNotFoundFault",
    )
    if not found or found[0].get("Status") == "deleting":
        return None
    live = found[0]
    secret = live.get("MasterUserSecret") or {}
    group = live.get("DBSubnetGroup")
    return ReadingBuilder(request).build(
        {
            **covered(live, _OF_CLUSTER),
            "AssociatedRoles": [chosen(role, ("FeatureName", "RoleArn")) for role in live.get("AssociatedRoles", ())],
            "DBClusterParameterGroupName": live.get("DBClusterParameterGroup"),
            "DBSubnetGroupName": group,
            "EnableCloudwatchLogsExports": live.get("EnabledCloudwatchLogsExports"),
            "EnableGlobalWriteForwarding": live.get("GlobalWriteForwardingRequested"),
            "EnableHttpEndpoint": live.get("HttpEndpointEnabled"),
            "EnableIAMDatabaseAuthentication": live.get("IAMDatabaseAuthenticationEnabled"),
            "KmsKeyId": _key(request, "KmsKeyId", live.get("KmsKeyId")),
            "ManageMasterUserPassword": bool(secret) or None,
            "PerformanceInsightsKmsKeyId": _key(
                request, "PerformanceInsightsKmsKeyId", live.get("PerformanceInsightsKMSKeyId")
            ),
            "ScalingConfiguration": live.get("ScalingConfigurationInfo"),
            "ServerlessV2ScalingConfiguration": live.get("ServerlessV2ScalingConfiguration"),
            "Tags": tag_list(live.get("TagList")),
            "VpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in live.get("VpcSecurityGroups", ())],
        },
        {
            "DBClusterArn": live.get("DBClusterArn"),
            "DBClusterResourceId": live.get("DbClusterResourceId"),
            "Endpoint.Address": live.get("Endpoint"),
            "Endpoint.Port": None if live.get("Port") is None else str(live["Port"]),
            "MasterUserSecret.SecretArn": secret.get("SecretArn"),
            "ReadEndpoint.Address": live.get("ReaderEndpoint"),
        },
    )


def read_parameter_group(request: ReadRequest) -> Reading | None:
    """DescribeDBClusterParameterGroups, DescribeDBClusterParameters and ListTagsForResource."""
    client = request.client("rds")
    own = {"DBClusterParameterGroupName": request.physical_id}
    found = found_or_none(
        lambda: client.describe_db_cluster_parameter_groups(**own)["DBClusterParameterGroups"],
        "DBParameterGroupNotFound",
        "DBClusterParameterGroupNotFound",
        "DBParameterGroupNotFoundFault",
    )
    if not found:
        return None
    live = found[0]
    builder = ReadingBuilder(request)
    arn = live.get("DBClusterParameterGroupArn")
    given: list[Any] = builder.call(
        "/Parameters",
        lambda: pages(client, "describe_db_cluster_parameters", "Parameters", Source="user", **own),
        [],
    )
    tags: list[Any] = builder.call("/Tags", lambda: client.list_tags_for_resource(ResourceName=arn)["TagList"], [])
    return builder.build(
        {
            "DBClusterParameterGroupName": live["DBClusterParameterGroupName"],
            "Description": live["Description"],
            "Family": live["DBParameterGroupFamily"],
            "Parameters": {parameter["ParameterName"]: parameter.get("ParameterValue") for parameter in given},
            "Tags": tag_list(tags),
        },
        {},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::RDS::DBCluster": reads(read_cluster, "rds:DescribeDBClusters"),
    "AWS::RDS::DBClusterParameterGroup": reads(
        read_parameter_group,
        "rds:DescribeDBClusterParameterGroups",
        "rds:DescribeDBClusterParameters",
        "rds:ListTagsForResource",
    ),
}
