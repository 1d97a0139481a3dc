"""File systems, where they can be mounted, and how they are entered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document

__all__ = ["HANDLERS"]


def _create_file_system(call: Call) -> Created:
    given = {**call.properties, "CreationToken": call.name[:64], "Tags": call.get("FileSystemTags")}
    if "BackupPolicy" in call.properties:
        given["Backup"] = call["BackupPolicy"]["Status"] == "ENABLED"
    created = call.send("efs", "create_file_system", **given)
    own = {"FileSystemId": created["FileSystemId"]}
    if "LifecyclePolicies" in call.properties:
        call.send("efs", "put_lifecycle_configuration", **own, LifecyclePolicies=call["LifecyclePolicies"])
    if "FileSystemPolicy" in call.properties:
        call.send("efs", "put_file_system_policy", **own, Policy=document(call["FileSystemPolicy"]))
    return Created(physical_id=created["FileSystemId"], attributes={**own, "Arn": created["FileSystemArn"]})


def _create_mount_target(call: Call) -> Created:
    created = call.send("efs", "create_mount_target", **call.properties)
    own = created["MountTargetId"]
    return Created(physical_id=own, attributes={"Id": own, "IpAddress": created.get("IpAddress")})


def _create_access_point(call: Call) -> Created:
    given = {**call.properties, "ClientToken": call.name[:64], "Tags": call.get("AccessPointTags")}
    created = call.send("efs", "create_access_point", **given)
    own = created["AccessPointId"]
    return Created(physical_id=own, attributes={"AccessPointId": own, "Arn": created["AccessPointArn"]})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::EFS::AccessPoint": Handler(
        create=_create_access_point,
        delete=lambda call: call.send("efs", "delete_access_point", AccessPointId=call.physical_id),
    ),
    "AWS::EFS::FileSystem": Handler(
        create=_create_file_system,
        delete=lambda call: call.send("efs", "delete_file_system", FileSystemId=call.physical_id),
    ),
    "AWS::EFS::MountTarget": Handler(
        create=_create_mount_target,
        delete=lambda call: call.send("efs", "delete_mount_target", MountTargetId=call.physical_id),
    ),
}
