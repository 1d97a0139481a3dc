"""File systems, where they can be mounted, and how they are entered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, as_in_template, covered, found_or_none, parsed, reads, tag_list

__all__ = ["READERS"]


def read_file_system(request: ReadRequest) -> Reading | None:
    """DescribeFileSystems, DescribeLifecycleConfiguration, DescribeBackupPolicy and DescribeFileSystemPolicy."""
    client = request.client("efs")
    own = {"FileSystemId": request.physical_id}
    found = found_or_none(lambda: client.describe_file_systems(**own)["FileSystems"], "FileSystemNotFound")
    if not found or found[0].get("LifeCycleState") in {"deleting", "deleted"}:
        return None
    live = found[0]
    builder = ReadingBuilder(request)
    lifecycle: JsonValue = builder.call(
        "/LifecyclePolicies", lambda: client.describe_lifecycle_configuration(**own).get("LifecyclePolicies"), None
    )
    backup: Any = builder.call(
        "/BackupPolicy",
        lambda: found_or_none(lambda: client.describe_backup_policy(**own)["BackupPolicy"], "PolicyNotFound"),
        None,
    )
    policy: JsonValue = None
    if "FileSystemPolicy" in request.expected:
        policy = builder.call(
            "/FileSystemPolicy",
            lambda: parsed(
                found_or_none(lambda: client.describe_file_system_policy(**own)["Policy"], "PolicyNotFound")
            ),
            None,
        )
    status = (backup or {}).get("Status")
    key = live.get("KmsKeyId")
    names = (
        "AvailabilityZoneName",
        "Encrypted",
        "FileSystemProtection",
        "PerformanceMode",
        "ProvisionedThroughputInMibps",
        "ThroughputMode",
    )
    return builder.build(
        {
            **covered(live, names),
            "BackupPolicy": {"Status": {"ENABLING": "ENABLED", "DISABLING": "DISABLED"}.get(status, status)}
            if status
            else None,
            "FileSystemPolicy": policy,
            "FileSystemTags": tag_list(live.get("Tags")),
            "KmsKeyId": as_in_template(request.expected.get("KmsKeyId"), key, str(key).rpartition("/")[2]),
            "LifecyclePolicies": lifecycle,
        },
        {"FileSystemId": live["FileSystemId"], "Arn": live.get("FileSystemArn")},
    )


def read_mount_target(request: ReadRequest) -> Reading | None:
    """DescribeMountTargets and DescribeMountTargetSecurityGroups."""
    client = request.client("efs")
    own = request.physical_id
    found = found_or_none(
        lambda: client.describe_mount_targets(MountTargetId=own)["MountTargets"], "MountTargetNotFound"
    )
    if not found or found[0].get("LifeCycleState") in {"deleting", "deleted"}:
        return None
    live = found[0]
    builder = ReadingBuilder(request)
    groups: JsonValue = builder.call(
        "/SecurityGroups",
        lambda: client.describe_mount_target_security_groups(MountTargetId=own)["SecurityGroups"],
        None,
    )
    return builder.build(
        {**covered(live, ("FileSystemId", "IpAddress", "Ipv6Address", "SubnetId")), "SecurityGroups": groups},
        {"Id": own, "IpAddress": live.get("IpAddress")},
    )


def read_access_point(request: ReadRequest) -> Reading | None:
    """DescribeAccessPoints."""
    client = request.client("efs")
    found = found_or_none(
        lambda: client.describe_access_points(AccessPointId=request.physical_id)["AccessPoints"], "AccessPointNotFound"
    )
    if not found or found[0].get("LifeCycleState") in {"deleting", "deleted"}:
        return None
    live = found[0]
    return ReadingBuilder(request).build(
        {
            **covered(live, ("ClientToken", "FileSystemId", "PosixUser", "RootDirectory")),
            "AccessPointTags": tag_list(live.get("Tags")),
        },
        {"AccessPointId": live["AccessPointId"], "Arn": live.get("AccessPointArn")},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::EFS::AccessPoint": reads(read_access_point, "elasticfilesystem:DescribeAccessPoints"),
    "AWS::EFS::FileSystem": reads(
        read_file_system,
        "elasticfilesystem:DescribeBackupPolicy",
        "elasticfilesystem:DescribeFileSystemPolicy",
        "elasticfilesystem:DescribeFileSystems",
        "elasticfilesystem:DescribeLifecycleConfiguration",
    ),
    "AWS::EFS::MountTarget": reads(
        read_mount_target,
        "elasticfilesystem:DescribeMountTargets",
        "elasticfilesystem:DescribeMountTargetSecurityGroups",
    ),
}
