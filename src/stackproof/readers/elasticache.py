"""Caches: clusters, replication groups and subnet groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, as_in_template, chosen, covered, found_or_none, reads, tag_list

__all__ = ["READERS"]

_OF_CLUSTER: Final = (
    "AutoMinorVersionUpgrade",
    "CacheNodeType",
    "CacheSubnetGroupName",
    "Engine",
    "EngineVersion",
    "IpDiscovery",
    "NetworkType",
    "NumCacheNodes",
    "PreferredMaintenanceWindow",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "TransitEncryptionEnabled",
)


def _tags(client: Any, arn: Any, builder: ReadingBuilder) -> list[JsonValue]:
    return tag_list(builder.call("/Tags", lambda: client.list_tags_for_resource(ResourceName=arn)["TagList"], []))


def _logs(live: Mapping[str, Any]) -> list[JsonValue]:
    names = ("DestinationDetails", "DestinationType", "LogFormat", "LogType")
    return [chosen(configuration, names) for configuration in live.get("LogDeliveryConfigurations", ())]


def read_cluster(request: ReadRequest) -> Reading | None:
    """DescribeCacheClusters with nodes, and ListTagsForResource."""
    client = request.client("elasticache")
    own = request.physical_id
    found = found_or_none(
        lambda: client.describe_cache_clusters(CacheClusterId=own, ShowCacheNodeInfo=True)["CacheClusters"],
        "CacheClusterNotFound",
    )
    if not found or found[0].get("CacheClusterStatus") in {"deleting", "deleted"}:
        return None
    live = found[0]
    builder = ReadingBuilder(request)
    nodes = live.get("CacheNodes") or [{}]
    first = nodes[0].get("Endpoint") or {}
    configuration = live.get("ConfigurationEndpoint") or {}
    return builder.build(
        {
            **covered(live, _OF_CLUSTER),
            "CacheParameterGroupName": (live.get("CacheParameterGroup") or {}).get("CacheParameterGroupName"),
            "ClusterName": live["CacheClusterId"],
            "LogDeliveryConfigurations": _logs(live),
            "NotificationTopicArn": (live.get("NotificationConfiguration") or {}).get("TopicArn"),
            "Port": configuration.get("Port") or first.get("Port"),
            "Tags": _tags(client, live.get("ARN"), builder),
            "VpcSecurityGroupIds": [group["SecurityGroupId"] for group in live.get("SecurityGroups", ())],
        },
        {
            "ConfigurationEndpoint.Address": configuration.get("Address"),
            "ConfigurationEndpoint.Port": _text(configuration.get("Port")),
            "RedisEndpoint.Address": first.get("Address"),
            "RedisEndpoint.Port": _text(first.get("Port")),
        },
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


_OF_GROUP: Final = (
    "AtRestEncryptionEnabled",
    "AutoMinorVersionUpgrade",
    "CacheNodeType",
    "ClusterMode",
    "IpDiscovery",
    "NetworkType",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "SnapshottingClusterId",
    "TransitEncryptionEnabled",
    "TransitEncryptionMode",
    "UserGroupIds",
)
_SWITCHED: Final = {
    "AutomaticFailoverEnabled": "AutomaticFailover",
    "DataTieringEnabled": "DataTiering",
    "MultiAZEnabled": "MultiAZ",
}


def read_replication_group(request: ReadRequest) -> Reading | None:
    """DescribeReplicationGroups, DescribeCacheClusters of one member, and ListTagsForResource."""
    client = request.client("elasticache")
    own = request.physical_id
    found = found_or_none(
        lambda: client.describe_replication_groups(ReplicationGroupId=own)["ReplicationGroups"],
        "ReplicationGroupNotFoundFault",
    )
    if not found or found[0].get("Status") in {"deleting", "deleted"}:
        return None
    live = found[0]
    builder = ReadingBuilder(request)
    groups = live.get("NodeGroups") or []
    members = [len(group.get("NodeGroupMembers") or ()) for group in groups]
    key = live.get("KmsKeyId")
    primary = (groups[0].get("PrimaryEndpoint") if groups else None) or {}
    reader = (groups[0].get("ReaderEndpoint") if groups else None) or {}
    configuration = live.get("ConfigurationEndpoint") or {}
    return builder.build(
        {
            **covered(live, _OF_GROUP),
            **_of_member(request, live, builder),
            **{name: live.get(member) in {"enabled", "enabling"} for name, member in _SWITCHED.items()},
            "KmsKeyId": as_in_template(request.expected.get("KmsKeyId"), key, str(key).rpartition("/")[2]),
            "LogDeliveryConfigurations": _logs(live),
            "NumCacheClusters": len(live.get("MemberClusters") or ()) or None,
            "NumNodeGroups": len(groups) or None,
            "Port": configuration.get("Port") or primary.get("Port"),
            "ReplicasPerNodeGroup": members[0] - 1 if members and len(set(members)) == 1 else None,
            "ReplicationGroupDescription": live.get("Description"),
            "ReplicationGroupId": live["ReplicationGroupId"],
            "Tags": _tags(client, live.get("ARN"), builder),
        },
        {
            "ConfigurationEndPoint.Address": configuration.get("Address"),
            "ConfigurationEndPoint.Port": _text(configuration.get("Port")),
            "PrimaryEndPoint.Address": primary.get("Address"),
            "PrimaryEndPoint.Port": _text(primary.get("Port")),
            "ReaderEndPoint.Address": reader.get("Address"),
            "ReaderEndPoint.Port": _text(reader.get("Port")),
        },
    )


_OF_MEMBER: Final = (
    "CacheParameterGroupName",
    "CacheSubnetGroupName",
    "Engine",
    "EngineVersion",
    "NotificationTopicArn",
    "PreferredMaintenanceWindow",
    "SecurityGroupIds",
)


def _of_member(request: ReadRequest, live: Mapping[str, Any], builder: ReadingBuilder) -> dict[str, JsonValue]:
    """What only the members know, of the first of them; a group without one leaves it unread."""
    names = [name for name in _OF_MEMBER if name in request.expected]
    members = live.get("MemberClusters") or []
    if not names or not members:
        return {"Engine": live.get("Engine")}
    client = request.client("elasticache")
    found: list[Any] = builder.call(
        [f"/{name}" for name in names],
        lambda: (
            found_or_none(
                lambda: client.describe_cache_clusters(CacheClusterId=members[0])["CacheClusters"],
                "CacheClusterNotFound",
            )
            or []
        ),
        [],
    )
    if not found:
        return {"Engine": live.get("Engine")}
    member = found[0]
    return {
        **covered(member, ("CacheSubnetGroupName", "Engine", "EngineVersion", "PreferredMaintenanceWindow")),
        "CacheParameterGroupName": (member.get("CacheParameterGroup") or {}).get("CacheParameterGroupName"),
        "NotificationTopicArn": (member.get("NotificationConfiguration") or {}).get("TopicArn"),
        "SecurityGroupIds": [group["SecurityGroupId"] for group in member.get("SecurityGroups", ())],
    }


def read_subnet_group(request: ReadRequest) -> Reading | None:
    """DescribeCacheSubnetGroups and ListTagsForResource."""
    client = request.client("elasticache")
    found = found_or_none(
        lambda: client.describe_cache_subnet_groups(CacheSubnetGroupName=request.physical_id)["CacheSubnetGroups"],
        "CacheSubnetGroupNotFoundFault",
    )
    if not found:
        return None
    live = found[0]
    builder = ReadingBuilder(request)
    return builder.build(
        {
            "CacheSubnetGroupName": live["CacheSubnetGroupName"],
            "Description": live.get("CacheSubnetGroupDescription"),
            "SubnetIds": [subnet["SubnetIdentifier"] for subnet in live.get("Subnets", ())],
            "Tags": _tags(client, live.get("ARN"), builder),
        },
        {},
    )


_TAGS: Final = "elasticache:ListTagsForResource"
READERS: Final[Mapping[str, Reader]] = {
    "AWS::ElastiCache::CacheCluster": reads(read_cluster, _TAGS, "elasticache:DescribeCacheClusters"),
    "AWS::ElastiCache::ReplicationGroup": reads(
        read_replication_group,
        _TAGS,
        "elasticache:DescribeCacheClusters",
        "elasticache:DescribeReplicationGroups",
    ),
    "AWS::ElastiCache::SubnetGroup": reads(read_subnet_group, _TAGS, "elasticache:DescribeCacheSubnetGroups"),
}
