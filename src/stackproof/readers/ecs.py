"""Clusters, task definitions and services of containers, and repositories of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import (
    ReadingBuilder,
    as_in_template,
    found_or_none,
    parsed,
    pascal,
    picked,
    reads,
    tag_list,
)

__all__ = ["READERS"]

_CLUSTERS_AT_ONCE: Final = 100
_SERVICES_AT_ONCE: Final = 10
_FREE: Final = ("dockerLabels", "options", "driverOpts", "labels")
"""Members below which keys are the user's own."""


def read_cluster(request: ReadRequest) -> Reading | None:
    """DescribeClusters with settings, configurations and tags."""
    client = request.client("ecs")
    own = request.physical_id

    def described(names: Sequence[str]) -> list[Any]:
        include = ["ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "TAGS"]
        found: list[Any] = client.describe_clusters(clusters=list(names), include=include)["clusters"]
        return found

    def is_own(cluster: Any) -> bool:
        return own in {cluster["clusterName"], cluster["clusterArn"]}

    live = picked(request, described, request.siblings, own, is_own, at_most=_CLUSTERS_AT_ONCE)
    if live is None or live.get("status") == "INACTIVE":
        return None
    return ReadingBuilder(request).build(
        {
            "CapacityProviders": live.get("capacityProviders"),
            "ClusterName": live["clusterName"],
            "ClusterSettings": pascal(live.get("settings")),
            "Configuration": pascal(live.get("configuration")),
            "DefaultCapacityProviderStrategy": pascal(live.get("defaultCapacityProviderStrategy")),
            "ServiceConnectDefaults": pascal(live.get("serviceConnectDefaults")),
            "Tags": tag_list(live.get("tags"), "key", "value"),
        },
        {"Arn": live["clusterArn"]},
    )


_OF_TASK: Final = (
    "cpu",
    "enableFaultInjection",
    "ephemeralStorage",
    "executionRoleArn",
    "family",
    "inferenceAccelerators",
    "ipcMode",
    "memory",
    "networkMode",
    "pidMode",
    "placementConstraints",
    "requiresCompatibilities",
    "runtimePlatform",
    "taskRoleArn",
)
_NAMES: Final = {
    "EfsVolumeConfiguration": "EFSVolumeConfiguration",
    "FsxWindowsFileServerVolumeConfiguration": "FSxWindowsFileServerVolumeConfiguration",
    "FileSystemId": "FilesystemId",
    "Properties": "ProxyConfigurationProperties",
}
"""Members that CloudFormation spells otherwise than the service, capitals aside."""


def _renamed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_NAMES.get(key, key): _renamed(member) for key, member in value.items()}
    return [_renamed(member) for member in value] if isinstance(value, list) else value


def read_task_definition(request: ReadRequest) -> Reading | None:
    """DescribeTaskDefinition with tags."""
    client = request.client("ecs")
    own = request.physical_id
    answer = found_or_none(
        lambda: client.describe_task_definition(taskDefinition=own, include=["TAGS"]), "ClientException"
    )
    if answer is None or answer["taskDefinition"].get("status") == "INACTIVE":
        return None
    live = answer["taskDefinition"]
    proxy = live.get("proxyConfiguration")
    return ReadingBuilder(request).build(
        {
            **pascal({name: live.get(name) for name in _OF_TASK}),
            "ContainerDefinitions": pascal(live.get("containerDefinitions"), _FREE),
            "ProxyConfiguration": _renamed(pascal(proxy)) if proxy else None,
            "Tags": tag_list(answer.get("tags"), "key", "value"),
            "Volumes": _renamed(pascal(live.get("volumes"), _FREE)),
        },
        {"TaskDefinitionArn": live["taskDefinitionArn"]},
    )


_OF_SERVICE: Final = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "deploymentController",
    "desiredCount",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "launchType",
    "loadBalancers",
    "networkConfiguration",
    "placementConstraints",
    "platformVersion",
    "propagateTags",
    "schedulingStrategy",
    "serviceName",
    "serviceRegistries",
    "vpcLatticeConfigurations",
)


def read_service(request: ReadRequest) -> Reading | None:
    """DescribeServices of the template's cluster."""
    client = request.client("ecs")
    own = request.physical_id
    cluster = own.split("/")[1] if own.count("/") > 1 else request.expected.get("Cluster")  # the old form has none
    where = {"cluster": str(cluster)} if cluster else {}

    def described(arns: Sequence[str]) -> list[Any]:
        answer = found_or_none(
            lambda: client.describe_services(services=list(arns), include=["TAGS"], **where),
            "ClusterNotFoundException",
        )
        return [] if answer is None else list(answer["services"])

    here = {sibling for sibling in request.siblings if sibling.rpartition("/")[0] == own.rpartition("/")[0]}
    live = picked(
        request, described, here, own, lambda service: service["serviceArn"] == own, at_most=_SERVICES_AT_ONCE
    )
    if live is None or live.get("status") == "INACTIVE":
        return None
    arn = str(live["clusterArn"])
    task = str(live.get("taskDefinition"))
    name = task.partition(":task-definition/")[2]
    role = str(live.get("roleArn") or "")
    return ReadingBuilder(request).build(
        {
            **pascal({name: live.get(name) for name in _OF_SERVICE}),
            "Cluster": as_in_template(request.expected.get("Cluster"), arn.rpartition("/")[2], arn),
            "PlacementStrategies": pascal(live.get("placementStrategy")),
            "Role": as_in_template(request.expected.get("Role"), role, role.rpartition("/")[2]) if role else None,
            "Tags": tag_list(live.get("tags"), "key", "value"),
            "TaskDefinition": as_in_template(request.expected.get("TaskDefinition"), task, name),
        },
        {"ServiceArn": own, "Name": live["serviceName"]},
    )


def read_repository(request: ReadRequest) -> Reading | None:
    """DescribeRepositories, GetLifecyclePolicy, GetRepositoryPolicy and ListTagsForResource."""
    client = request.client("ecr")
    name = request.physical_id
    answer = found_or_none(
        lambda: client.describe_repositories(repositoryNames=[name])["repositories"], "RepositoryNotFoundException"
    )
    if not answer:
        return None
    live = answer[0]
    builder = ReadingBuilder(request)
    lifecycle: Any = builder.call(
        "/LifecyclePolicy",
        lambda: found_or_none(
            lambda: client.get_lifecycle_policy(repositoryName=name), "LifecyclePolicyNotFoundException"
        ),
        None,
    )
    policy: JsonValue = builder.call(
        "/RepositoryPolicyText",
        lambda: parsed(
            (
                found_or_none(
                    lambda: client.get_repository_policy(repositoryName=name), "RepositoryPolicyNotFoundException"
                )
                or {}
            ).get("policyText")
        ),
        None,
    )
    arn = live["repositoryArn"]
    tags: list[Any] = builder.call("/Tags", lambda: client.list_tags_for_resource(resourceArn=arn)["tags"], [])
    return builder.build(
        {
            "EncryptionConfiguration": pascal(live.get("encryptionConfiguration")),
            "ImageScanningConfiguration": pascal(live.get("imageScanningConfiguration")),
            "ImageTagMutability": live.get("imageTagMutability"),
            "ImageTagMutabilityExclusionFilters": [
                {
                    "ImageTagMutabilityExclusionFilterType": filter_["filterType"],
                    "ImageTagMutabilityExclusionFilterValue": filter_["filter"],
                }
                for filter_ in live.get("imageTagMutabilityExclusionFilters", ())
            ]
            or None,
            "LifecyclePolicy": {
                "LifecyclePolicyText": lifecycle["lifecyclePolicyText"],
                "RegistryId": lifecycle.get("registryId"),
            }
            if lifecycle
            else None,
            "RepositoryName": live["repositoryName"],
            "RepositoryPolicyText": policy,
            "Tags": tag_list(tags),
        },
        {"Arn": arn, "RepositoryUri": live["repositoryUri"]},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::ECR::Repository": reads(
        read_repository,
        "ecr:DescribeRepositories",
        "ecr:GetLifecyclePolicy",
        "ecr:GetRepositoryPolicy",
        "ecr:ListTagsForResource",
    ),
    "AWS::ECS::Cluster": reads(read_cluster, "ecs:DescribeClusters"),
    "AWS::ECS::Service": reads(read_service, "ecs:DescribeServices"),
    "AWS::ECS::TaskDefinition": reads(read_task_definition, "ecs:DescribeTaskDefinition"),
}
