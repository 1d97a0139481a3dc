"""Keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, covered, found_or_none, pages, parsed, reads, tag_list

__all__ = ["READERS"]


def read_key(request: ReadRequest) -> Reading | None:
    """DescribeKey, GetKeyPolicy, GetKeyRotationStatus and ListResourceTags; a key that awaits deletion is absent."""
    client = request.client("kms")
    answer = found_or_none(lambda: client.describe_key(KeyId=request.physical_id), "NotFoundException")
    if answer is None or answer["KeyMetadata"]["KeyState"] in {"PendingDeletion", "PendingReplicaDeletion"}:
        return None
    key = answer["KeyMetadata"]
    builder = ReadingBuilder(request)
    rotation = builder.call(
        ("/EnableKeyRotation", "/RotationPeriodInDays"),
        lambda: found_or_none(
            lambda: client.get_key_rotation_status(KeyId=key["KeyId"]), "UnsupportedOperationException"
        ),
        None,
    )
    policy: JsonValue = builder.call(
        "/KeyPolicy",
        lambda: parsed(client.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"]),
        None,
    )
    tags: list[Any] = builder.call("/Tags", lambda: pages(client, "list_resource_tags", "Tags", KeyId=key["KeyId"]), [])
    return builder.build(
        {
            **covered(key, ("Description", "Enabled", "KeySpec", "KeyUsage", "MultiRegion", "Origin")),
            "EnableKeyRotation": (rotation or {}).get("KeyRotationEnabled"),
            "RotationPeriodInDays": (rotation or {}).get("RotationPeriodInDays"),
            "KeyPolicy": policy,
            "Tags": tag_list(tags, "TagKey", "TagValue"),
        },
        {"Arn": key["Arn"], "KeyId": key["KeyId"]},
    )


def read_alias(request: ReadRequest) -> Reading | None:
    """ListAliases, once for all aliases."""
    client = request.client("kms")
    aliases: list[Any] = request.memo("aliases", lambda: pages(client, "list_aliases", "Aliases"))
    for alias in aliases:
        if alias["AliasName"] == request.physical_id:
            # The API names the key by its id, whichever name the template has for it.
            target = request.expected.get("TargetKeyId")
            same = isinstance(target, str) and target.rpartition("/")[2] == alias.get("TargetKeyId")
            return ReadingBuilder(request).build(
                {"AliasName": alias["AliasName"], "TargetKeyId": target if same else alias.get("TargetKeyId")}, {}
            )
    return None


READERS: Final[Mapping[str, Reader]] = {
    "AWS::KMS::Alias": reads(read_alias, "kms:ListAliases"),
    "AWS::KMS::Key": reads(
        read_key, "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"
    ),
}
