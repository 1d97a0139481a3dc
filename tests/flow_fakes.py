"""A pipeline in memory: a stream with shards, a function, and rows."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from stackproof.core.json import JsonObject, JsonValue
from stackproof.proof.flow_values import Receipt, Row, Sending


class FakePipeline:
    """Hands over what is on the stream whenever its rows are read, one record a shard at a time.

    `stored_as` says how often a record that comes in is written; `answer` makes what the function says to an event.
    With `stops_after`, nothing more is handed over once so many records were.
    """

    target = "fake"
    stream_arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"

    def __init__(
        self,
        *,
        shards: int = 2,
        stored_as: Callable[[str, bool], int] = lambda _, seen: 0 if seen else 1,
        answer: Callable[[], JsonValue] | None = None,
        lacks: Mapping[str, str] | None = None,
        deaf_to: frozenset[str] = frozenset(),
        stops_after: int | None = None,
    ) -> None:
        self.lacks = dict(lacks or {})
        self.events: list[JsonObject] = []
        self.listeners: list[str] = []
        self._stored_as = stored_as
        self._answer = answer
        self._deaf_to = deaf_to
        self._left = stops_after
        self._streams: dict[str, list[Receipt]] = {f"shard-{number}": [] for number in range(shards)}
        self._position = dict.fromkeys(self._streams, 0)
        self._seen: set[str] = set()
        self._rows: list[Row] = []
        self._published: list[JsonObject] = []

    def shards(self) -> tuple[str, ...]:
        return tuple(self._streams)

    def at_once(self) -> int:
        return 1

    def put(self, sendings: Sequence[Sending]) -> tuple[Receipt, ...]:
        receipts = []
        for sending in sendings:
            stream = self._streams[sending.shard_id]
            stream.append(Receipt(key=sending.key, shard_id=sending.shard_id, sequence_number=str(len(stream))))
            receipts.append(stream[-1])
        return tuple(receipts)

    def hand_over_again(self) -> None:
        self._position = dict.fromkeys(self._streams, 0)

    def invoke(self, event: JsonObject) -> JsonValue:
        self.events.append(event)
        if self._answer is not None:
            return self._answer()
        failed = []
        records: Any = event["Records"]
        for record in records:
            kinesis = record["kinesis"]
            try:
                json.loads(base64.b64decode(kinesis["data"]))
            except ValueError:
                failed.append({"itemIdentifier": kinesis["sequenceNumber"]})
            else:
                self._rows.append((kinesis["partitionKey"],))
        return {"batchItemFailures": failed}

    def rows(self) -> tuple[Row, ...]:
        for shard, stream in self._streams.items():
            if self._position[shard] < len(stream) and self._left != 0:
                self._left = None if self._left is None else self._left - 1
                self._store(stream[self._position[shard]])
                self._position[shard] += 1
        return tuple(self._rows)

    def listen(self, topic_arn: str) -> str:
        self.listeners.append(topic_arn)
        return topic_arn

    def messages(self, listener: str) -> tuple[JsonObject, ...]:
        assert listener in self.listeners
        return (self._published.pop(),) if self._published else ()

    def stop_listening(self, listener: str) -> None:
        self.listeners.remove(listener)

    def set_alarms(self, names: Iterable[str], reason: str) -> None:
        self._published = [
            {"AlarmName": name, "NewStateValue": state, "NewStateReason": reason}
            for name in names
            if name not in self._deaf_to
            for state in ("OK", "ALARM")
        ]

    def _store(self, receipt: Receipt) -> None:
        times = self._stored_as(receipt.key, receipt.key in self._seen)
        self._seen.add(receipt.key)
        self._rows.extend([(receipt.key, receipt.shard_id)] * times)
