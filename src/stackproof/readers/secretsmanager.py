"""Secrets and what is attached to them. The value of a secret is never read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import (
    ReadingBuilder,
    as_in_template,
    chosen,
    covered,
    found_or_none,
    parsed,
    reads,
    tag_list,
)

__all__ = ["READERS"]


def _described(request: ReadRequest, secret_id: str) -> Any:
    client = request.client("secretsmanager")
    answer = request.memo(
        ("secret", secret_id),
        lambda: found_or_none(lambda: client.describe_secret(SecretId=secret_id), "ResourceNotFoundException"),
    )
    return None if answer is None or answer.get("DeletedDate") else answer


def read_secret(request: ReadRequest) -> Reading | None:
    """DescribeSecret."""
    live = _described(request, request.physical_id)
    if live is None:
        return None
    replicas = [chosen(replica, ("Region", "KmsKeyId")) for replica in live.get("ReplicationStatus", ())]
    return ReadingBuilder(request).build(
        {
            **covered(live, ("Description", "KmsKeyId", "Name")),
            "ReplicaRegions": replicas,
            "Tags": tag_list(live.get("Tags")),
        },
        {"Id": live["ARN"]},
    )


def read_attachment(request: ReadRequest) -> Reading | None:
    """DescribeSecret. The attachment's target is only in the secret's value, which is never read."""
    live = _described(request, request.physical_id)
    if live is None:
        return None
    wanted = request.expected.get("SecretId")
    own = wanted if wanted in {live["ARN"], live["Name"]} else live["ARN"]
    builder = ReadingBuilder(request)
    builder.unread.update({"/TargetId": UnprovenReason.WRITE_ONLY, "/TargetType": UnprovenReason.WRITE_ONLY})
    return builder.build({"SecretId": own}, {"Id": live["ARN"]})


def read_resource_policy(request: ReadRequest) -> Reading | None:
    """GetResourcePolicy."""
    client = request.client("secretsmanager")
    secret_id = str(request.expected.get("SecretId") or request.physical_id)
    answer = found_or_none(lambda: client.get_resource_policy(SecretId=secret_id), "ResourceNotFoundException")
    if answer is None or not answer.get("ResourcePolicy"):
        return None
    return ReadingBuilder(request).build(
        {"SecretId": secret_id, "ResourcePolicy": parsed(answer["ResourcePolicy"])}, {"Id": answer["ARN"]}
    )


def read_rotation(request: ReadRequest) -> Reading | None:
    """DescribeSecret: how the secret rotates."""
    secret_id = str(request.expected.get("SecretId") or request.physical_id)
    live = _described(request, secret_id)
    if live is None or not live.get("RotationEnabled"):
        return None
    rules = chosen(live.get("RotationRules") or {}, ("AutomaticallyAfterDays", "Duration", "ScheduleExpression"))
    return ReadingBuilder(request).build(
        {
            **covered(live, ("ExternalSecretRotationMetadata", "ExternalSecretRotationRoleArn", "RotationLambdaARN")),
            "RotationRules": rules or None,
            "SecretId": as_in_template(request.expected.get("SecretId"), live["ARN"], live["Name"]),
        },
        {"Id": live["ARN"]},
    )


_DESCRIBE: Final = "secretsmanager:DescribeSecret"
READERS: Final[Mapping[str, Reader]] = {
    "AWS::SecretsManager::ResourcePolicy": reads(read_resource_policy, "secretsmanager:GetResourcePolicy"),
    "AWS::SecretsManager::RotationSchedule": reads(read_rotation, _DESCRIBE),
    "AWS::SecretsManager::Secret": reads(read_secret, _DESCRIBE),
    "AWS::SecretsManager::SecretTargetAttachment": reads(read_attachment, _DESCRIBE),
}
