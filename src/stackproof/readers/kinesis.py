"""Data streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, chosen, found_or_none, reads, tag_list

__all__ = ["READERS"]


def read_stream(request: ReadRequest) -> Reading | None:
    """DescribeStreamSummary and ListTagsForStream."""
    client = request.client("kinesis")
    name = request.physical_id
    answer = found_or_none(lambda: client.describe_stream_summary(StreamName=name), "ResourceNotFoundException")
    if answer is None or answer["StreamDescriptionSummary"]["StreamStatus"] == "DELETING":
        return None
    live = answer["StreamDescriptionSummary"]
    builder = ReadingBuilder(request)
    mode = (live.get("StreamModeDetails") or {}).get("StreamMode", "PROVISIONED")
    encrypted = live.get("EncryptionType", "NONE") != "NONE"
    metrics = [
        name for monitoring in live.get("EnhancedMonitoring", ()) for name in monitoring.get("ShardLevelMetrics", ())
    ]
    return builder.build(
        {
            "DesiredShardLevelMetrics": metrics or None,
            "MaxRecordSizeInKiB": live.get("MaxRecordSizeInKiB"),
            "Name": live["StreamName"],
            "RetentionPeriodHours": live["RetentionPeriodHours"],
            "ShardCount": live["OpenShardCount"] if mode == "PROVISIONED" else None,
            "StreamEncryption": chosen(live, ("EncryptionType", "KeyId")) if encrypted else None,
            "StreamModeDetails": {"StreamMode": mode},
            "Tags": tag_list(builder.call("/Tags", lambda: _tags(client, name), [])),
        },
        {"Arn": live["StreamARN"]},
    )


def _tags(client: Any, name: str) -> list[Any]:
    """All tags; the service has pages but no paginator for them."""
    found: list[Any] = []
    after: dict[str, str] = {}
    while True:
        answer = client.list_tags_for_stream(StreamName=name, **after)
        found.extend(answer["Tags"])
        if not answer.get("HasMoreTags"):
            return found
        after = {"ExclusiveStartTagKey": found[-1]["Key"]}


READERS: Final[Mapping[str, Reader]] = {
    "AWS::Kinesis::Stream": reads(read_stream, "kinesis:DescribeStreamSummary", "kinesis:ListTagsForStream")
}
