"""Tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from stackproof.core.json import JsonObject, JsonValue, as_objects
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, chosen, covered, found_or_none, pages, parsed, reads, tag_list

__all__ = ["READERS"]

_CAPACITY: Final = ("ReadCapacityUnits", "WriteCapacityUnits")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """What the calls for one table return; `recovery` and `tags` of a global table are its replica's."""

    live: Mapping[str, Any]
    recovery: JsonValue
    tags: list[JsonValue]
    time_to_live: JsonValue

    @property
    def mode(self) -> str:
        return str((self.live.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED"))

    @property
    def stream(self) -> JsonValue:
        found = self.live.get("StreamSpecification") or {}
        return chosen(found, ("StreamViewType",)) if found.get("StreamEnabled") else None

    @property
    def table_class(self) -> str:
        return str((self.live.get("TableClassSummary") or {}).get("TableClass", "STANDARD"))

    def indexes(self, kind: str, *, names: tuple[str, ...] = (), mode: str | None = None) -> JsonValue:
        return [_index(index, mode, names) for index in self.live.get(kind) or ()] or None


def _describe_table(request: ReadRequest, builder: ReadingBuilder, *, replica: str = "") -> _Table | None:
    """DescribeTable, DescribeContinuousBackups, DescribeTimeToLive and ListTagsOfResource.

    What a refused call would have returned is below `replica`, if that is given.
    """
    client = request.client("dynamodb")
    name = request.physical_id
    answer = found_or_none(lambda: client.describe_table(TableName=name), "ResourceNotFoundException")
    if answer is None or answer["Table"].get("TableStatus") == "DELETING":
        return None
    arn = answer["Table"]["TableArn"]
    backups: Mapping[str, Any] = builder.call(
        replica or "/PointInTimeRecoverySpecification",
        lambda: client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"],
        {},
    )
    time_to_live: Mapping[str, Any] = builder.call(
        "/TimeToLiveSpecification",
        lambda: client.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
        {},
    )
    tags: list[Any] = builder.call(
        replica or "/Tags", lambda: pages(client, "list_tags_of_resource", "Tags", ResourceArn=arn), []
    )
    return _Table(
        live=answer["Table"],
        recovery=_recovery(backups),
        tags=tag_list(tags),
        time_to_live=_time_to_live(time_to_live),
    )


def _policy(request: ReadRequest, arn: str) -> JsonValue:
    """GetResourcePolicy."""
    client = request.client("dynamodb")
    answer = found_or_none(lambda: client.get_resource_policy(ResourceArn=arn), "PolicyNotFoundException")
    return {"PolicyDocument": parsed(answer["Policy"])} if answer else None


def read_table(request: ReadRequest) -> Reading | None:
    """A table of one region."""
    builder = ReadingBuilder(request)
    table = _describe_table(request, builder)
    if table is None:
        return None
    live = table.live
    return builder.build(
        {
            **covered(live, ("AttributeDefinitions", "DeletionProtectionEnabled", "KeySchema", "TableName")),
            "BillingMode": table.mode,
            "GlobalSecondaryIndexes": table.indexes(
                "GlobalSecondaryIndexes", names=("OnDemandThroughput",), mode=table.mode
            ),
            "KinesisStreamSpecification": _stream(request, request.client("dynamodb"), builder),
            "LocalSecondaryIndexes": table.indexes("LocalSecondaryIndexes"),
            "OnDemandThroughput": live.get("OnDemandThroughput"),
            "PointInTimeRecoverySpecification": table.recovery,
            "ProvisionedThroughput": _throughput(live, table.mode),
            "ResourcePolicy": builder.call("/ResourcePolicy", lambda: _policy(request, live["TableArn"]), None),
            "SSESpecification": _encryption(live.get("SSEDescription") or {}),
            "StreamSpecification": table.stream,
            "TableClass": table.table_class,
            "Tags": table.tags,
            "TimeToLiveSpecification": table.time_to_live,
        },
        {"Arn": live["TableArn"], "StreamArn": live.get("LatestStreamArn")},
    )


def read_global_table(request: ReadRequest) -> Reading | None:
    """A table with replicas: the one of this region in full, others as DescribeTable returns them.

    What a template sets of a replica beyond that leaves the list unread: it is one property.
    """
    builder = ReadingBuilder(request)
    table = _describe_table(request, builder, replica="/Replicas")
    if table is None:
        return None
    live = table.live
    key = (live.get("SSEDescription") or {}).get("KMSMasterKeyArn")
    own: JsonObject = {
        "Region": request.region,
        **covered(live, ("DeletionProtectionEnabled",)),
        "PointInTimeRecoverySpecification": table.recovery,
        "TableClass": table.table_class,
        "Tags": table.tags,
        **({"SSESpecification": {"KMSMasterKeyId": key}} if key else {}),
    }
    others = [replica for replica in live.get("Replicas") or () if replica.get("RegionName") != request.region]
    for replica in as_objects(request.expected.get("Replicas", [])):
        known = {*own, "SSESpecification"} if replica.get("Region") == request.region else _OF_OTHERS
        if replica.keys() - known:
            builder.unread.setdefault("/Replicas", UnprovenReason.NO_READER)
    encryption = _encryption(live.get("SSEDescription") or {})
    return builder.build(
        {
            **covered(live, ("AttributeDefinitions", "KeySchema", "MultiRegionConsistency", "TableName")),
            "BillingMode": table.mode,
            "GlobalSecondaryIndexes": table.indexes("GlobalSecondaryIndexes"),
            "LocalSecondaryIndexes": table.indexes("LocalSecondaryIndexes"),
            "Replicas": [own, *(_replica(other) for other in others)],
            "SSESpecification": chosen(encryption, ("SSEEnabled", "SSEType")),
            "StreamSpecification": table.stream,
            "TimeToLiveSpecification": table.time_to_live,
        },
        {"Arn": live["TableArn"], "StreamArn": live.get("LatestStreamArn"), "TableId": live.get("TableId")},
    )


_OF_OTHERS: Final = frozenset({"Region", "SSESpecification", "TableClass"})


def _replica(live: Mapping[str, Any]) -> JsonValue:
    """A replica in another region."""
    key = live.get("KMSMasterKeyId")
    return {
        "Region": live.get("RegionName"),
        "TableClass": (live.get("ReplicaTableClassSummary") or {}).get("TableClass", "STANDARD"),
        **({"SSESpecification": {"KMSMasterKeyId": key}} if key else {}),
    }


def _throughput(live: Mapping[str, Any], mode: str | None) -> JsonValue:
    return chosen(live.get("ProvisionedThroughput") or {}, _CAPACITY) if mode == "PROVISIONED" else None


def _index(live: Mapping[str, Any], mode: str | None, names: tuple[str, ...]) -> JsonValue:
    throughput = _throughput(live, mode)
    return {
        **chosen(live, ("IndexName", "KeySchema", "Projection", *names)),
        **({"ProvisionedThroughput": throughput} if throughput else {}),
    }


def _recovery(backups: Mapping[str, Any]) -> JsonValue:
    live = backups.get("PointInTimeRecoveryDescription")
    if live is None:
        return None
    enabled = live.get("PointInTimeRecoveryStatus") in {"ENABLED", "ENABLING"}
    return {"PointInTimeRecoveryEnabled": enabled, **chosen(live, ("RecoveryPeriodInDays",))}


def _encryption(live: Mapping[str, Any]) -> JsonObject:
    """A table without a description of its encryption is encrypted with a key of the service's own."""
    enabled = live.get("Status") in {"ENABLED", "ENABLING", "UPDATING"}
    return {
        "SSEEnabled": enabled,
        **({"KMSMasterKeyId": live.get("KMSMasterKeyArn"), "SSEType": live.get("SSEType")} if enabled else {}),
    }


def _time_to_live(live: Mapping[str, Any]) -> JsonValue:
    enabled = live.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    return {"Enabled": enabled, **chosen(live, ("AttributeName",))} if live else None


def _stream(request: ReadRequest, client: Any, builder: ReadingBuilder) -> JsonValue:
    """Where changes go; a separate call, made only where the template sets it."""
    if "KinesisStreamSpecification" not in request.expected:
        return None
    found: list[Any] = builder.call(
        "/KinesisStreamSpecification",
        lambda: client.describe_kinesis_streaming_destination(TableName=request.physical_id)[
            "KinesisDataStreamDestinations"
        ],
        [],
    )
    active = [destination for destination in found if destination.get("DestinationStatus") in {"ACTIVE", "ENABLING"}]
    return chosen(active[0], ("ApproximateCreationDateTimePrecision", "StreamArn")) if active else None


_ACTIONS: Final = (
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:ListTagsOfResource",
)

READERS: Final[Mapping[str, Reader]] = {
    "AWS::DynamoDB::GlobalTable": reads(read_global_table, *_ACTIONS),
    "AWS::DynamoDB::Table": reads(
        read_table, *_ACTIONS, "dynamodb:DescribeKinesisStreamingDestination", "dynamodb:GetResourcePolicy"
    ),
}
