"""Keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_key(call: Call) -> Created:
    given = {name: value for name, value in call.properties.items() if name != "KeyPolicy"}
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in call.get("Tags", ())]
    key = call.send("kms", "create_key", **{**given, "Policy": call.get("KeyPolicy"), "Tags": tags})["KeyMetadata"]
    if str(call.get("EnableKeyRotation")).lower() == "true":
        call.send(
            "kms",
            "enable_key_rotation",
            KeyId=key["KeyId"],
            RotationPeriodInDays=call.get("RotationPeriodInDays"),
        )
    if str(call.get("Enabled")).lower() == "false":
        call.send("kms", "disable_key", KeyId=key["KeyId"])
    return Created(physical_id=key["KeyId"], attributes={"Arn": key["Arn"], "KeyId": key["KeyId"]})


def _delete_key(call: Call) -> None:
    call.send(
        "kms",
        "schedule_key_deletion",
        KeyId=call.physical_id,
        PendingWindowInDays=call.get("PendingWindowInDays", 30),
    )


def _create_alias(call: Call) -> Created:
    call.send("kms", "create_alias", **call.properties)
    return Created(physical_id=call["AliasName"])


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::KMS::Alias": Handler(
        create=_create_alias, delete=lambda call: call.send("kms", "delete_alias", AliasName=call.physical_id)
    ),
    "AWS::KMS::Key": Handler(create=_create_key, delete=_delete_key),
}
