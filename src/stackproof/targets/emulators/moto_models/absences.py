"""What is gone, said in the services' own words: asked for it, moto breaks; and one thing that moto cannot delete.

Extended are: a deployment of a REST API and a Kafka cluster that are not there, and DeleteCacheSubnetGroup.
"""

from __future__ import annotations

from typing import Any

__all__ = ["extend_absences"]


def extend_absences() -> None:
    """Extend moto's API Gateway, Kafka and ElastiCache; once in a process."""
    from moto.apigateway.exceptions import DeploymentNotFoundException
    from moto.apigateway.models import RestAPI
    from moto.kafka.exceptions import NotFoundException
    from moto.kafka.models import KafkaBackend

    deployed, described = RestAPI.get_deployment, KafkaBackend.describe_cluster

    def get_deployment(api: Any, deployment_id: str) -> Any:
        if deployment_id not in api.deployments:
            raise DeploymentNotFoundException
        return deployed(api, deployment_id)

    def describe_cluster(backend: Any, cluster_arn: str) -> dict[str, Any]:
        if cluster_arn not in backend.clusters:
            raise NotFoundException(f"The cluster {cluster_arn} does not exist.")
        return described(backend, cluster_arn)

    setattr(RestAPI, "get_deployment", get_deployment)  # noqa: B010 - a method is replaced on purpose
    setattr(KafkaBackend, "describe_cluster", describe_cluster)  # noqa: B010
    _delete_subnet_groups()


def _delete_subnet_groups() -> None:
    from moto.core.responses import EmptyResult
    from moto.elasticache.exceptions import CacheSubnetGroupNotFound
    from moto.elasticache.responses import ElastiCacheResponse

    def delete_cache_subnet_group(response: Any) -> Any:
        name = response._get_param("CacheSubnetGroupName")  # noqa: SLF001 - as all of its operations do
        if response.elasticache_backend.cache_subnet_groups.pop(name, None) is None:
            raise CacheSubnetGroupNotFound(name)
        return EmptyResult()

    setattr(ElastiCacheResponse, "delete_cache_subnet_group", delete_cache_subnet_group)  # noqa: B010
