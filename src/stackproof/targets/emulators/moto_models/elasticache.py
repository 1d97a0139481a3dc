"""Caches: clusters, replication groups and subnet groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_cluster(call: Call) -> Created:
    given = {
        **call.properties,
        "CacheClusterId": call.name.lower(),
        "SecurityGroupIds": call.get("VpcSecurityGroupIds"),
    }
    own = call.send("elasticache", "create_cache_cluster", **given)["CacheCluster"]["CacheClusterId"]
    return Created(physical_id=own)


def _create_group(call: Call) -> Created:
    given = {**call.properties, "ReplicationGroupId": call.name.lower()}
    own = call.send("elasticache", "create_replication_group", **given)["ReplicationGroup"]["ReplicationGroupId"]
    return Created(physical_id=own)


def _create_subnet_group(call: Call) -> Created:
    given = {
        **call.properties,
        "CacheSubnetGroupName": call.name.lower(),
        "CacheSubnetGroupDescription": call["Description"],
    }
    created = call.send("elasticache", "create_cache_subnet_group", **given)["CacheSubnetGroup"]
    return Created(physical_id=created["CacheSubnetGroupName"])


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::ElastiCache::CacheCluster": Handler(
        create=_create_cluster,
        delete=lambda call: call.send("elasticache", "delete_cache_cluster", CacheClusterId=call.physical_id),
        name_property="ClusterName",
        longest=50,
    ),
    "AWS::ElastiCache::ReplicationGroup": Handler(
        create=_create_group,
        delete=lambda call: call.send("elasticache", "delete_replication_group", ReplicationGroupId=call.physical_id),
        name_property="ReplicationGroupId",
        longest=40,
    ),
    "AWS::ElastiCache::SubnetGroup": Handler(
        create=_create_subnet_group,
        delete=lambda call: call.send(
            "elasticache", "delete_cache_subnet_group", CacheSubnetGroupName=call.physical_id
        ),
        name_property="CacheSubnetGroupName",
    ),
}
