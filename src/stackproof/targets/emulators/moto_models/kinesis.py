"""Data streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, tag_map

__all__ = ["HANDLERS"]

_HOURS: Final = 24  # a stream keeps its records for a day by default
_TAGS_AT_ONCE: Final = 10


def _create_stream(call: Call) -> Created:
    name = call.name
    call.send("kinesis", "create_stream", **{**call.properties, "StreamName": name, "Tags": None})
    hours = int(call.get("RetentionPeriodHours", _HOURS))
    if hours > _HOURS:
        call.send("kinesis", "increase_stream_retention_period", StreamName=name, RetentionPeriodHours=hours)
    if encryption := call.get("StreamEncryption"):
        call.send("kinesis", "start_stream_encryption", StreamName=name, **encryption)
    if metrics := call.get("DesiredShardLevelMetrics"):
        call.send("kinesis", "enable_enhanced_monitoring", StreamName=name, ShardLevelMetrics=metrics)
    tags = list(tag_map(call.get("Tags")).items())
    for start in range(0, len(tags), _TAGS_AT_ONCE):
        call.send("kinesis", "add_tags_to_stream", StreamName=name, Tags=dict(tags[start : start + _TAGS_AT_ONCE]))
    arn = call.send("kinesis", "describe_stream_summary", StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    return Created(physical_id=name, attributes={"Arn": arn})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::Kinesis::Stream": Handler(
        create=_create_stream,
        delete=lambda call: call.send(
            "kinesis", "delete_stream", StreamName=call.physical_id, EnforceConsumerDeletion=True
        ),
        name_property="Name",
        longest=128,
    ),
}
