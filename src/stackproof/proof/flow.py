"""Proof of a declared flow of data: records go in at the stream, exactly the right rows come out at the database."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Final, TypeAlias

from stackproof.assertions.failures import StackAssertionError, VacuousAssertionError
from stackproof.core.backoff import growing_pauses
from stackproof.core.errors import TargetError
from stackproof.core.json import JsonObject, JsonValue
from stackproof.deployment.deployment import Deployment
from stackproof.proof.flow_values import Delivery, FlowFact, Invocation, Receipt, Row, Sending
from stackproof.proof.ports import Pipeline
from stackproof.template.intrinsics import references
from stackproof.template.template import Resource, Template

__all__ = ["DataFlow", "Flow", "FlowPath", "FlowRun", "Limit", "OpenFlow", "flow", "kinesis_event", "path_of"]

_MAPPING: Final = "AWS::Lambda::EventSourceMapping"
_SECRET: Final = "AWS::SecretsManager::Secret"  # noqa: S105 - a type
_SHARD: Final = "shardId-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A declared flow, by logical ids. `rows` is a query whose first column is a record's key.

    `ca_bundle` is the function's environment variable that names the file of the authorities it trusts. `cleanup` is
    the statement that removes the rows whose key is like `:prefix`, and none but these; a flow that runs in an account
    needs it.
    """

    stream: str
    function: str = ""
    database: str = ""
    rows: str = ""
    ca_bundle: str | None = None
    cleanup: str | None = None

    def through(self, function: Resource, *, ca_bundle: str | None = None) -> Flow:
        """The function that is given what is on the stream."""
        return replace(self, function=function.logical_id, ca_bundle=ca_bundle)

    def arrives_at(self, database: Resource, *, rows: str, cleanup: str | None = None) -> Flow:
        """The database that the function writes to, the query that shows what it wrote, and how to remove it."""
        return replace(self, database=database.logical_id, rows=rows, cleanup=cleanup)

    def __str__(self) -> str:
        return f"{self.stream} → {self.function} → {self.database}"


def flow(stream: Resource) -> Flow:
    """Begin to declare a flow: `flow(stream).through(function).arrives_at(database, rows="SELECT …")`."""
    return Flow(stream=stream.logical_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPath:
    """What the template has on the way: the mapping, the secret with the database's address, and where failures go."""

    mapping: str
    secret: str
    dead_letters: str | None = None


def path_of(declared: Flow, template: Template) -> FlowPath:
    """The way that the template gives the flow; raises StackAssertionError where it has none."""
    resources = {resource.logical_id: resource for resource in template.resources}
    mapping = next(
        (
            resource
            for resource in template.resources
            if resource.resource_type == _MAPPING
            and declared.stream in references(resource.properties.get("EventSourceArn"))
            and declared.function in references(resource.properties.get("FunctionName"))
        ),
        None,
    )
    if mapping is None:
        raise StackAssertionError(f"{declared}: no event source mapping leads from {declared.stream}")
    reached = _reached(resources, resources[declared.function].properties.get("Environment"))
    secret = next((logical_id for logical_id in reached if resources[logical_id].resource_type == _SECRET), None)
    if declared.database not in reached or secret is None:
        raise StackAssertionError(
            f"{resources[declared.function].location()}: {declared}: the function's environment names no secret of "
            f"{declared.database}"
        )
    failed = sorted(references(mapping.properties.get("DestinationConfig")) & resources.keys())
    return FlowPath(mapping=mapping.logical_id, secret=secret, dead_letters=failed[0] if failed else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How long to wait for what has to come, in seconds, and how the pauses between two looks grow."""

    seconds: float = 60.0
    pause: float = 0.05
    longest_pause: float = 1.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def until(self, done: Callable[[], bool]) -> bool:
        """Whether it was done in time."""
        end = self.clock() + self.seconds
        pauses = growing_pauses(first=self.pause, longest=self.longest_pause)
        while not done():
            if self.clock() >= end:
                return False
            self.sleep(next(pauses))
        return True


class FlowRun:
    """A flow where records run. `record` makes the data of a valid record for a key; `name` keeps the keys apart."""

    def __init__(
        self,
        *,
        declared: Flow,
        path: FlowPath,
        pipeline: Pipeline,
        record: Callable[[str], bytes],
        name: str,
        note: Callable[[FlowFact], None] = lambda _: None,
        limit: Limit | None = None,
    ) -> None:
        self.declared = declared
        self.path = path
        self._pipeline = pipeline
        self._record = record
        self._name = name
        self._note = note
        self._limit = limit or Limit()
        self._fences = 0

    def send(self, *keys: str) -> Delivery:
        """Put a record for each key, over all shards in turn, and wait for their rows.

        A last record on each shard marks the end: when it arrives, all earlier records are processed. A row that is
        missing then never comes, and an extra row has come. Raises TargetError if a last record does not arrive.
        """
        if not keys:
            raise VacuousAssertionError(f"{self.declared}: nothing was sent")
        names = [f"{self._name}-{key}" for key in keys]
        shards = self._pipeline.shards()
        start = self._limit.clock()
        receipts = self._pipeline.put(
            [
                Sending(key=name, data=self._record(name), shard_id=shard)
                for name, shard in zip(names, cycle(shards), strict=False)
            ]
        )
        found = self._delivery(receipts, start)
        used = len({receipt.shard_id for receipt in receipts})
        self._say(f"{len(names) - len(found.late)} of {len(names)} records on {used} shards are rows")
        return found

    def hand_over_again(self, delivery: Delivery) -> Delivery:
        """Give the function every record of the delivery a second time, and read its rows after that.

        Raises TargetError if a last record does not arrive: then it is unknown whether the records were given again.
        """
        start = self._limit.clock()
        self._pipeline.hand_over_again()
        found = self._delivery(delivery.receipts, start)
        self._say(f"{len(found.receipts)} records were handed over twice and are {len(found.rows)} rows")
        return found

    def invoke(self, batch: Mapping[str, bytes | None]) -> Invocation:
        """Give the function one batch, by key: data, or None for a valid record. Raises TargetError if it raises."""
        if not batch:
            raise VacuousAssertionError(f"{self.declared}: the batch is empty")
        names = {f"{self._name}-{key}": data for key, data in batch.items()}
        entries = {key: self._record(key) if data is None else data for key, data in names.items()}
        event = kinesis_event(entries, stream_arn=self._pipeline.stream_arn)
        numbers = {_sequence_number(key): key for key in entries}
        refused = tuple(numbers.get(number, number) for number in _refused(self._pipeline.invoke(event)))
        rows = self._rows(entries)
        self._say(f"of a batch of {len(entries)} the function refused {len(refused)} by name and stored {len(rows)}")
        return Invocation(refused=tuple(sorted(self._short(key) for key in refused)), rows=rows)

    def dead_letters(self) -> str | None:
        """Why the way to the dead letters cannot be seen here; None if it can, or if the template has none."""
        reason = self._pipeline.lacks.get("dead_letters")
        if self.path.dead_letters is None or reason is None:
            return None
        text = f"the way to {self.path.dead_letters} was not emulated: {reason}"
        self._say(text, emulated=False)
        return text

    def alarm(self, names: Collection[str], topic_arn: str) -> frozenset[str]:
        """Set alarms to ALARM; gives those that the topic published in time."""
        if not names:
            raise VacuousAssertionError(f"{topic_arn}: no alarm is named")
        published: set[str] = set()
        listener = self._pipeline.listen(topic_arn)

        def all_published() -> bool:
            messages = self._pipeline.messages(listener)
            published.update(
                str(message["AlarmName"]) for message in messages if message.get("NewStateValue") == "ALARM"
            )
            return published >= set(names)

        try:
            self._pipeline.set_alarms(sorted(names), f"set by a test of {self._name}")
            self._limit.until(all_published)
        finally:
            self._pipeline.stop_listening(listener)
        self._say(f"{len(published & set(names))} of {len(names)} alarms reached {topic_arn.rpartition(':')[2]}")
        return frozenset(published & set(names))

    def _delivery(self, receipts: tuple[Receipt, ...], start: float) -> Delivery:
        self._fence(receipts)
        keys = {receipt.key for receipt in receipts}
        rows = self._rows(keys)
        stored = {str(row[0]) for row in rows}
        return Delivery(
            receipts=receipts,
            rows=rows,
            late=tuple(sorted(keys - stored)),
            seconds=self._limit.clock() - start,
        )

    def _fence(self, receipts: Collection[Receipt]) -> None:
        """Put a last record after the earlier ones, and wait for it.

        Until it arrives, the state of the earlier records is unknown: a missing or an extra row may still come. A shard
        is read in order, so one last record for each shard is enough. If several batches of a shard are handed over at
        a time, only records of one partition key are in order, and each key needs a last record.
        """
        self._fences += 1
        behind: list[tuple[str, str | None]] = (
            [(receipt.shard_id, receipt.key) for receipt in receipts]
            if self._pipeline.at_once() > 1
            else [(shard, None) for shard in self._pipeline.shards()]
        )
        names = [f"{self._name}-fence-{self._fences}-{number}" for number in range(len(behind))]
        self._pipeline.put(
            [
                Sending(key=name, data=self._record(name), shard_id=shard, partition_key=key)
                for name, (shard, key) in zip(names, behind, strict=True)
            ]
        )
        keys = {
            name: shard if key is None else f"{shard} behind {key}"
            for name, (shard, key) in zip(names, behind, strict=True)
        }
        waiting = set(keys)

        def have_come() -> bool:
            waiting.difference_update(str(row[0]) for row in self._rows(keys))
            return not waiting

        if not self._limit.until(have_come):
            where = ", ".join(sorted(keys[key] for key in waiting))
            late = f"{len(waiting)} of {len(keys)} have no row after {self._limit.seconds:.0f} s ({where})"
            raise TargetError(
                f"{self.declared}: of the last records {late}: records that were sent or handed over before "
                "them may be unprocessed",
                code="Deadline",
            )

    def _rows(self, keys: Iterable[str]) -> tuple[Row, ...]:
        wanted = frozenset(keys)
        return tuple(row for row in self._pipeline.rows() if row[0] in wanted)

    def _short(self, key: str) -> str:
        return key.removeprefix(f"{self._name}-")

    def _say(self, text: str, *, emulated: bool = True) -> None:
        self._note(FlowFact(target=self._pipeline.target, flow=str(self.declared), text=text, emulated=emulated))


def kinesis_event(entries: Mapping[str, bytes], *, stream_arn: str) -> JsonObject:
    """The event with which Lambda hands a batch of one shard over."""
    return {
        "Records": [
            {
                "eventSource": "aws:kinesis",
                "eventName": "aws:kinesis:record",
                "eventVersion": "1.0",
                "eventID": f"{_SHARD}:{_sequence_number(key)}",
                "eventSourceARN": stream_arn,
                "awsRegion": stream_arn.split(":")[3],
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": key,
                    "sequenceNumber": _sequence_number(key),
                    "data": base64.b64encode(data).decode("ascii"),
                },
            }
            for key, data in entries.items()
        ]
    }


def _sequence_number(key: str) -> str:
    """A number of the length that Kinesis gives, another one for each key."""
    return f"4{int(hashlib.sha256(key.encode()).hexdigest()[:45], 16):055d}"


def _refused(answer: JsonValue) -> tuple[str, ...]:
    """The sequence numbers of `batchItemFailures`; none for an answer without it, which Lambda takes for success."""
    failures = answer.get("batchItemFailures") if isinstance(answer, Mapping) else None
    if not isinstance(failures, list):
        return ()
    return tuple(str(failure.get("itemIdentifier")) for failure in failures if isinstance(failure, Mapping))


def _reached(resources: Mapping[str, Resource], start: JsonValue) -> tuple[str, ...]:
    """Every resource that a value refers to, in any number of steps, in order of name."""
    found: set[str] = set()
    waiting = set(references(start)) & resources.keys()
    while waiting:
        here = waiting.pop()
        found.add(here)
        waiting |= (references(resources[here].properties) & resources.keys()) - found
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFlow:
    """A flow that runs, and the stack that it runs in, which is not the one that proofs read.

    `end_open` ends the test as open, with the reason that it is given.
    """

    run: FlowRun
    deployment: Deployment
    end_open: Callable[[str], None]

    def see_dead_letters(self) -> None:
        """End the test as open if the way to the dead letters is not emulated here."""
        missing = self.run.dead_letters()
        if missing is not None:
            self.end_open(missing)


DataFlow: TypeAlias = Callable[[Flow, Callable[[str], bytes]], OpenFlow]
"""Opens a flow: `data_flow(flow(stream).through(function).arrives_at(database, rows=…), record)`."""
