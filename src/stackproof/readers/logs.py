"""Log groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, pages, parsed, reads, tag_list

__all__ = ["READERS"]


def read_group(request: ReadRequest) -> Reading | None:
    """DescribeLogGroups by the name as a prefix, ListTagsForResource, and further calls for what is rarely set."""
    client = request.client("logs")
    name = request.physical_id
    found = pages(client, "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    live = next((group for group in found if group["logGroupName"] == name), None)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    arn = str(live["arn"])
    bare = arn.removesuffix(":*")
    tags: dict[str, str] = builder.call("/Tags", lambda: client.list_tags_for_resource(resourceArn=bare)["tags"], {})
    protection = None
    if "DataProtectionPolicy" in request.expected:
        protection = builder.call(
            "/DataProtectionPolicy",
            lambda: parsed(client.get_data_protection_policy(logGroupIdentifier=name).get("policyDocument")),
            None,
        )
    return builder.build(
        {
            "DataProtectionPolicy": protection,
            "DeletionProtectionEnabled": live.get("deletionProtectionEnabled"),
            "KmsKeyId": live.get("kmsKeyId"),
            "LogGroupClass": live.get("logGroupClass"),
            "LogGroupName": name,
            "RetentionInDays": live.get("retentionInDays"),
            "Tags": tag_list(tags),
        },
        {"Arn": f"{bare}:*"},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::Logs::LogGroup": reads(
        read_group, "logs:DescribeLogGroups", "logs:GetDataProtectionPolicy", "logs:ListTagsForResource"
    )
}
