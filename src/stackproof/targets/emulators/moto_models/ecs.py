"""Clusters, task definitions and services of containers, and repositories of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document

__all__ = ["HANDLERS"]


def _create_cluster(call: Call) -> Created:
    given = {**call.properties, "ClusterName": call.name, "Settings": call.get("ClusterSettings")}
    created = call.send("ecs", "create_cluster", **given)["cluster"]
    return Created(physical_id=call.name, attributes={"Arn": created["clusterArn"]})


def _create_task_definition(call: Call) -> Created:
    given = {"Family": call.name, **call.properties}
    arn = call.send("ecs", "register_task_definition", **given)["taskDefinition"]["taskDefinitionArn"]
    return Created(physical_id=arn, attributes={"TaskDefinitionArn": arn})


def _create_service(call: Call) -> Created:
    given = {**call.properties, "ServiceName": call.name, "PlacementStrategy": call.get("PlacementStrategies")}
    created = call.send("ecs", "create_service", **given)["service"]
    return Created(
        physical_id=created["serviceArn"], attributes={"ServiceArn": created["serviceArn"], "Name": call.name}
    )


def _delete_service(call: Call) -> None:
    call.send("ecs", "delete_service", service=call.physical_id, cluster=call.get("Cluster"), force=True)


def _create_repository(call: Call) -> Created:
    name = call.name.lower()
    created = call.send("ecr", "create_repository", **{**call.properties, "RepositoryName": name})["repository"]
    if "LifecyclePolicy" in call.properties:
        text = call["LifecyclePolicy"]["LifecyclePolicyText"]
        call.send("ecr", "put_lifecycle_policy", repositoryName=name, lifecyclePolicyText=text)
    if "RepositoryPolicyText" in call.properties:
        text = document(call["RepositoryPolicyText"])
        call.send("ecr", "set_repository_policy", repositoryName=name, policyText=text)
    return Created(
        physical_id=name, attributes={"Arn": created["repositoryArn"], "RepositoryUri": created["repositoryUri"]}
    )


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::ECR::Repository": Handler(
        create=_create_repository,
        delete=lambda call: call.send("ecr", "delete_repository", repositoryName=call.physical_id, force=True),
        name_property="RepositoryName",
    ),
    "AWS::ECS::Cluster": Handler(
        create=_create_cluster,
        delete=lambda call: call.send("ecs", "delete_cluster", cluster=call.physical_id),
        name_property="ClusterName",
    ),
    "AWS::ECS::Service": Handler(create=_create_service, delete=_delete_service, name_property="ServiceName"),
    "AWS::ECS::TaskDefinition": Handler(
        create=_create_task_definition,
        delete=lambda call: call.send("ecs", "deregister_task_definition", taskDefinition=call.physical_id),
        name_property="Family",
    ),
}
