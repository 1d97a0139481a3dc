"""Clusters that others run: OpenSearch domains, Kubernetes and Kafka."""

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
    parsed,
    pascal,
    reads,
    tag_list,
)

__all__ = ["READERS"]

_GONE: Final = ("ResourceNotFoundException", "NotFoundException", "BadRequestException")
_OF_DOMAIN: Final = (
    "AdvancedOptions",
    "AdvancedSecurityOptions",
    "ClusterConfig",
    "CognitoOptions",
    "DomainEndpointOptions",
    "DomainName",
    "EBSOptions",
    "EngineVersion",
    "IPAddressType",
    "NodeToNodeEncryptionOptions",
    "OffPeakWindowOptions",
    "SnapshotOptions",
    "SoftwareUpdateOptions",
)


def read_domain(request: ReadRequest) -> Reading | None:
    """DescribeDomain and ListTags."""
    client = request.client("opensearch")
    answer = found_or_none(lambda: client.describe_domain(DomainName=request.physical_id), "ResourceNotFoundException")
    if answer is None or answer["DomainStatus"].get("Deleted"):
        return None
    live = answer["DomainStatus"]
    arn = live["ARN"]
    builder = ReadingBuilder(request)
    tags: list[Any] = builder.call("/Tags", lambda: client.list_tags(ARN=arn)["TagList"], [])
    encryption = live.get("EncryptionAtRestOptions")
    given = request.expected.get("EncryptionAtRestOptions")
    wanted = given.get("KmsKeyId") if isinstance(given, Mapping) else None
    key = (encryption or {}).get("KmsKeyId")
    if key is not None:
        encryption = {**encryption, "KmsKeyId": as_in_template(wanted, key, str(key).rpartition("/")[2])}
    vpc = live.get("VPCOptions")
    return builder.build(
        {
            **covered(live, _OF_DOMAIN),
            "AccessPolicies": parsed(live.get("AccessPolicies")),
            "EncryptionAtRestOptions": encryption,
            "LogPublishingOptions": live.get("LogPublishingOptions"),
            "Tags": tag_list(tags),
            "VPCOptions": chosen(vpc, ("EgressEnabled", "SecurityGroupIds", "SubnetIds")) if vpc else None,
        },
        {
            "Arn": arn,
            "DomainArn": arn,
            "DomainEndpoint": live.get("Endpoint") or next(iter((live.get("Endpoints") or {}).values()), None),
            "Id": live.get("DomainId"),
        },
    )


_OF_CLUSTER: Final = (
    "accessConfig",
    "computeConfig",
    "deletionProtection",
    "kubernetesNetworkConfig",
    "name",
    "outpostConfig",
    "remoteNetworkConfig",
    "roleArn",
    "storageConfig",
    "upgradePolicy",
    "version",
    "zonalShiftConfig",
)


def read_kubernetes(request: ReadRequest) -> Reading | None:
    """DescribeCluster."""
    client = request.client("eks")
    answer = found_or_none(lambda: client.describe_cluster(name=request.physical_id), "ResourceNotFoundException")
    if answer is None or answer["cluster"].get("status") == "DELETING":
        return None
    live = answer["cluster"]
    vpc = pascal(live.get("resourcesVpcConfig") or {})
    names = ("EndpointPrivateAccess", "EndpointPublicAccess", "PublicAccessCidrs", "SecurityGroupIds", "SubnetIds")
    encryption = live.get("encryptionConfig") or []
    return ReadingBuilder(request).build(
        {
            **pascal({name: live.get(name) for name in _OF_CLUSTER}),
            "EncryptionConfig": pascal(encryption) or None,
            "Logging": _logging(live.get("logging")),
            "ResourcesVpcConfig": chosen(vpc, names),
            "Tags": tag_list(live.get("tags")),
        },
        {
            "Arn": live["arn"],
            "CertificateAuthorityData": (live.get("certificateAuthority") or {}).get("data"),
            "ClusterSecurityGroupId": vpc.get("ClusterSecurityGroupId"),
            "EncryptionConfigKeyArn": ((encryption or [{}])[0].get("provider") or {}).get("keyArn"),
            "Endpoint": live.get("endpoint"),
            "Id": live.get("id"),
            "OpenIdConnectIssuerUrl": ((live.get("identity") or {}).get("oidc") or {}).get("issuer"),
        },
    )


def _logging(live: Mapping[str, Any] | None) -> JsonValue:
    """The kinds of logs that are switched on; CloudFormation lists no others."""
    groups = (live or {}).get("clusterLogging") or []
    kinds = [{"Type": kind} for group in groups if group.get("enabled") for kind in group.get("types", ())]
    return {"ClusterLogging": {"EnabledTypes": kinds}} if kinds else None


_OF_NODES: Final = (
    "amiType",
    "capacityType",
    "diskSize",
    "instanceTypes",
    "launchTemplate",
    "nodeRepairConfig",
    "nodegroupName",
    "releaseVersion",
    "remoteAccess",
    "scalingConfig",
    "subnets",
    "updateConfig",
    "version",
)


def read_nodes(request: ReadRequest) -> Reading | None:
    """DescribeNodegroup."""
    client = request.client("eks")
    cluster, _, name = request.physical_id.partition("/")
    if not name:
        cluster, name = (str(request.expected.get(key)) for key in ("ClusterName", "NodegroupName"))
    answer = found_or_none(
        lambda: client.describe_nodegroup(clusterName=cluster, nodegroupName=name), "ResourceNotFoundException"
    )
    if answer is None or answer["nodegroup"].get("status") == "DELETING":
        return None
    live = answer["nodegroup"]
    return ReadingBuilder(request).build(
        {
            **pascal({name: live.get(name) for name in _OF_NODES}),
            "ClusterName": live["clusterName"],
            "Labels": live.get("labels"),
            "NodeRole": live.get("nodeRole"),
            "Tags": live.get("tags"),
            "Taints": pascal(live.get("taints")),
        },
        {
            "Arn": live["nodegroupArn"],
            "ClusterName": live["clusterName"],
            "Id": request.physical_id,
            "NodegroupName": live["nodegroupName"],
        },
    )


_OF_KAFKA: Final = (
    "BrokerNodeGroupInfo",
    "ClientAuthentication",
    "EncryptionInfo",
    "EnhancedMonitoring",
    "LoggingInfo",
    "NumberOfBrokerNodes",
    "OpenMonitoring",
    "StorageMode",
)


def read_kafka(request: ReadRequest) -> Reading | None:
    """DescribeCluster."""
    client = request.client("kafka")
    answer = found_or_none(lambda: client.describe_cluster(ClusterArn=request.physical_id), *_GONE)
    if answer is None or answer["ClusterInfo"].get("State") == "DELETING":
        return None
    live = answer["ClusterInfo"]
    software = live.get("CurrentBrokerSoftwareInfo") or {}
    configuration = {"Arn": software.get("ConfigurationArn"), "Revision": software.get("ConfigurationRevision")}
    return ReadingBuilder(request).build(
        {
            **covered(live, _OF_KAFKA),
            "ClusterName": live["ClusterName"],
            "ConfigurationInfo": configuration if configuration["Arn"] else None,
            "KafkaVersion": software.get("KafkaVersion"),
            "Tags": live.get("Tags"),
        },
        {"Arn": live["ClusterArn"], "CurrentVersion": live.get("CurrentVersion")},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::EKS::Cluster": reads(read_kubernetes, "eks:DescribeCluster"),
    "AWS::EKS::Nodegroup": reads(read_nodes, "eks:DescribeNodegroup"),
    "AWS::MSK::Cluster": reads(read_kafka, "kafka:DescribeCluster"),
    "AWS::OpenSearchService::Domain": reads(read_domain, "es:DescribeDomain", "es:ListTags"),
}
