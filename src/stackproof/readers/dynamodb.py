"""Tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.model.json import JsonValue
from stackproof.model.observation import Reading
from stackproof.ports import Reader, ReadRequest
from stackproof.readers.access import Parts, chosen, covered, found_or_none, pages, reads, tag_list

__all__ = ["READERS"]

_CAPACITY: Final = ("ReadCapacityUnits", "WriteCapacityUnits")


def read_table(request: ReadRequest) -> Reading | None:
    """DescribeTable, DescribeContinuousBackups, DescribeTimeToLive and ListTagsOfResource."""
    client = request.client("dynamodb")
    name = request.physical_id
    answer = found_or_none(lambda: client.describe_table(TableName=name), "ResourceNotFoundException")
    if answer is None or answer["Table"].get("TableStatus") == "DELETING":
        return None
    live = answer["Table"]
    arn = live["TableArn"]
    parts = Parts(request)
    backups: Mapping[str, Any] = parts.of(
        "/PointInTimeRecoverySpecification",
        lambda: client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"],
        {},
    )
    time_to_live: Mapping[str, Any] = parts.of(
        "/TimeToLiveSpecification",
        lambda: client.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
        {},
    )
    tags: list[Any] = parts.of("/Tags", lambda: pages(client, "list_tags_of_resource", "Tags", ResourceArn=arn), [])
    mode = (live.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    stream = live.get("StreamSpecification") or {}
    return parts.reading(
        {
            **covered(live, ("AttributeDefinitions", "DeletionProtectionEnabled", "KeySchema", "TableName")),
            "BillingMode": mode,
            "GlobalSecondaryIndexes": [_index(each, mode) for each in live.get("GlobalSecondaryIndexes") or ()] or None,
            "KinesisStreamSpecification": _stream(request, client, parts),
            "LocalSecondaryIndexes": [_index(each, None) for each in live.get("LocalSecondaryIndexes") or ()] or None,
            "OnDemandThroughput": live.get("OnDemandThroughput"),
            "PointInTimeRecoverySpecification": _recovery(backups),
            "ProvisionedThroughput": _throughput(live, mode),
            "SSESpecification": _encryption(live.get("SSEDescription") or {}),
            "StreamSpecification": chosen(stream, ("StreamViewType",)) if stream.get("StreamEnabled") else None,
            "TableClass": (live.get("TableClassSummary") or {}).get("TableClass", "STANDARD"),
            "Tags": tag_list(tags),
            "TimeToLiveSpecification": _time_to_live(time_to_live),
        },
        {"Arn": arn, "StreamArn": live.get("LatestStreamArn")},
    )


def _throughput(live: Mapping[str, Any], mode: str | None) -> JsonValue:
    return chosen(live.get("ProvisionedThroughput") or {}, _CAPACITY) if mode == "PROVISIONED" else None


def _index(live: Mapping[str, Any], mode: str | None) -> JsonValue:
    names = ("IndexName", "KeySchema", "OnDemandThroughput", "Projection")
    throughput = _throughput(live, mode)
    return {**chosen(live, names), **({"ProvisionedThroughput": throughput} if throughput else {})}


def _recovery(backups: Mapping[str, Any]) -> JsonValue:
    live = backups.get("PointInTimeRecoveryDescription")
    if live is None:
        return None
    enabled = live.get("PointInTimeRecoveryStatus") in {"ENABLED", "ENABLING"}
    return {"PointInTimeRecoveryEnabled": enabled, **chosen(live, ("RecoveryPeriodInDays",))}


def _encryption(live: Mapping[str, Any]) -> JsonValue:
    """A table without a description of its encryption is encrypted with a key of the service's own."""
    enabled = live.get("Status") in {"ENABLED", "ENABLING", "UPDATING"}
    return {
        "SSEEnabled": enabled,
        **({"KMSMasterKeyId": live.get("KMSMasterKeyArn"), "SSEType": live.get("SSEType")} if enabled else {}),
    }


def _time_to_live(live: Mapping[str, Any]) -> JsonValue:
    enabled = live.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    return {"Enabled": enabled, **chosen(live, ("AttributeName",))} if live else None


def _stream(request: ReadRequest, client: Any, parts: Parts) -> JsonValue:  # noqa: ANN401
    """Where changes go; a call of its own, made only where the template sets it."""
    if "KinesisStreamSpecification" not in request.expected:
        return None
    found: list[Any] = parts.of(
        "/KinesisStreamSpecification",
        lambda: client.describe_kinesis_streaming_destination(TableName=request.physical_id)[
            "KinesisDataStreamDestinations"
        ],
        [],
    )
    active = [each for each in found if each.get("DestinationStatus") in {"ACTIVE", "ENABLING"}]
    return chosen(active[0], ("ApproximateCreationDateTimePrecision", "StreamArn")) if active else None


READERS: Final[Mapping[str, Reader]] = {
    "AWS::DynamoDB::Table": reads(
        read_table,
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeKinesisStreamingDestination",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:ListTagsOfResource",
    )
}
