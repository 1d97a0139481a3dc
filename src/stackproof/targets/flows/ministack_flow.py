"""A flow of data where MiniStack runs it: its poller, the function's own code, and a real PostgreSQL for RDS."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from stackproof.core.errors import TargetError
from stackproof.core.json import JsonObject, JsonValue
from stackproof.deployment.deployment import Deployment
from stackproof.proof.flow import Flow, FlowPath, Limit
from stackproof.proof.flow_values import Receipt, Row, Sending
from stackproof.targets.aws import AwsTarget
from stackproof.targets.emulators.ministack import MiniStackTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.targets.failures import translated_errors
from stackproof.targets.flows.postgres import Database, start_postgres

__all__ = ["FLOW_ACCOUNT", "LACKS", "MiniStackPipeline", "open_database", "physical_id"]

FLOW_ACCOUNT: Final = "210987654321"
"""Flows run in a separate account. There the secret and the function point at the stand-in of RDS. The stacks that
are compared with the template stay untouched."""

LACKS: Final[Mapping[str, str]] = {
    "dead_letters": "MiniStack's poller takes a batch as done whatever batchItemFailures says, and knows no OnFailure"
}
"""Parts of the way that are missing; each has a test that fails when the emulator learns it."""

_NOTHING_YET: Final = "No records processed"
_BEGIN_SECONDS: Final = 60.0
_MAPPING_SETTINGS: Final = (
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "FilterCriteria",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
)


def open_database(
    target: MiniStackTarget, deployment: Deployment, declared: Flow, path: FlowPath, *, owner_pid: int, directory: Path
) -> OwnedProcess:
    """Start a PostgreSQL with the credentials of the flow's secret, and point secret and function at it."""
    secret_id = physical_id(deployment, path.secret)
    secret = json.loads(target.secret_value(secret_id))
    database = start_postgres(
        owner_pid,
        directory,
        user=str(secret["username"]),
        password=str(secret["password"]),
        database=str(secret["dbname"]),
    )
    try:
        doing = "pointing the secret at the database"
        with translated_errors(doing), target.writing(doing):
            moved = {**secret, "host": database.ready_data["host"], "port": int(database.ready_data["port"])}
            target.client("secretsmanager").put_secret_value(SecretId=secret_id, SecretString=json.dumps(moved))
        if declared.ca_bundle is not None:
            _trust(
                target, physical_id(deployment, declared.function), declared.ca_bundle, database.ready_data["ca_bundle"]
            )
    except BaseException:
        database.stop()
        raise
    return database


def _trust(target: MiniStackTarget, function: str, variable: str, ca_bundle: str) -> None:
    doing = "having the function trust the run's authority"
    with translated_errors(doing), target.writing(doing):
        api = target.client("lambda")
        found = api.get_function_configuration(FunctionName=function).get("Environment", {}).get("Variables", {})
        api.update_function_configuration(
            FunctionName=function, Environment={"Variables": {**found, variable: ca_bundle}}
        )


class MiniStackPipeline:
    """One flow as it is deployed; any number of processes may use it at once."""

    target: str = MiniStackTarget.name
    lacks: Mapping[str, str] = LACKS

    def __init__(
        self,
        target: MiniStackTarget | AwsTarget,
        deployment: Deployment,
        declared: Flow,
        path: FlowPath,
        database: Mapping[str, str],
    ) -> None:
        self._target = target
        self._declared = declared
        self._stream = physical_id(deployment, declared.stream)
        self._function = physical_id(deployment, declared.function)
        secret = json.loads(target.secret_value(physical_id(deployment, path.secret)))
        self._database = Database(
            database, user=str(secret["username"]), password=str(secret["password"]), database=str(secret["dbname"])
        )

    @property
    def stream_arn(self) -> str:
        target = self._target
        return f"arn:{target.partition}:kinesis:{target.region}:{target.account}:stream/{self._stream}"

    def shards(self) -> tuple[str, ...]:
        return tuple(sorted(self._hash_keys()))

    def at_once(self) -> int:
        """One, whatever the mapping sets: MiniStack keeps its ParallelizationFactor and does nothing with it."""
        return 1

    def put(self, sendings: Sequence[Sending]) -> tuple[Receipt, ...]:
        keys = self._hash_keys()
        receipts = []
        with self._writing(f"putting records on {self._declared.stream}"):
            for sending in sendings:  # one by one, since the order within a batch is not promised
                answer = self._target.client("kinesis").put_record(
                    StreamName=self._stream,
                    Data=sending.data,
                    PartitionKey=sending.partition_key or sending.key,
                    ExplicitHashKey=keys[sending.shard_id],
                )
                receipts.append(
                    Receipt(key=sending.key, shard_id=answer["ShardId"], sequence_number=answer["SequenceNumber"])
                )
        return tuple(receipts)

    def hand_over_again(self) -> None:
        """Recreate the mapping, from the stream's beginning, and wait for its first batch.

        MiniStack polls one mapping after the other. So the old mapping is gone by then, and new records come after
        all records that are handed over again.
        """
        api = self._target.client("lambda")
        with self._writing(f"making the mapping of {self._declared.stream} anew"):
            for mapping in self._mappings():
                api.delete_event_source_mapping(UUID=mapping["UUID"])
                kept = {name: mapping[name] for name in _MAPPING_SETTINGS if mapping.get(name)}
                made = api.create_event_source_mapping(
                    EventSourceArn=self.stream_arn,
                    FunctionName=self._function,
                    StartingPosition="TRIM_HORIZON",
                    **kept,
                )

                def has_begun(uuid: str = made["UUID"]) -> bool:
                    found = api.get_event_source_mapping(UUID=uuid)["LastProcessingResult"]
                    return str(found) != _NOTHING_YET

                if not Limit(seconds=_BEGIN_SECONDS).until(has_begun):
                    raise TargetError("the stream is not handed over again", code="Deadline")

    def invoke(self, event: JsonObject) -> JsonValue:
        with self._writing(f"invoking {self._declared.function}"):
            answer = self._target.client("lambda").invoke(FunctionName=self._function, Payload=json.dumps(event))
            payload = answer["Payload"].read()
        if answer.get("FunctionError"):
            failure = json.loads(payload)
            raise TargetError(
                f"{self._declared.function} raised {failure.get('errorType')}: {failure.get('errorMessage')}",
                code=str(failure.get("errorType")),
            )
        found: JsonValue = json.loads(payload)
        return found

    def rows(self) -> tuple[Row, ...]:
        return self._database.rows(self._declared.rows)

    def listen(self, topic_arn: str) -> str:
        with self._writing(f"subscribing to {topic_arn}"):
            sqs = self._target.client("sqs")
            name = f"stackproof-{uuid.uuid4().hex}"
            arn = f"arn:{self._target.partition}:sqs:{self._target.region}:{self._target.account}:{name}"
            url = str(sqs.create_queue(QueueName=name, Attributes={"Policy": _lets_send(topic_arn, arn)})["QueueUrl"])
            try:
                subscribed = self._target.client("sns").subscribe(
                    TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
                )
            except BaseException:
                sqs.delete_queue(QueueUrl=url)
                raise
        return f"{subscribed['SubscriptionArn']} {url}"

    def messages(self, listener: str) -> tuple[JsonObject, ...]:
        _, url = listener.split(" ")
        sqs = self._target.client("sqs")
        found: list[JsonObject] = []
        with self._writing("reading what a topic published"):
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", ())
            for message in messages:
                found.extend(_published(message))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return tuple(found)

    def stop_listening(self, listener: str) -> None:
        subscription, url = listener.split(" ")
        with self._writing("taking a subscription back"):
            try:
                self._target.client("sns").unsubscribe(SubscriptionArn=subscription)
            finally:
                self._target.client("sqs").delete_queue(QueueUrl=url)

    def set_alarms(self, names: Iterable[str], reason: str) -> None:
        api = self._target.client("cloudwatch")
        with self._writing("setting an alarm"):
            for name in names:
                for state in ("OK", "ALARM"):  # an alarm acts when its state changes, and it may be in ALARM already
                    api.set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)

    @contextmanager
    def _writing(self, doing: str) -> Iterator[None]:
        with translated_errors(doing), self._target.writing(doing):
            yield

    def _mappings(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self._target.client("lambda").list_event_source_mappings(
            EventSourceArn=self.stream_arn, FunctionName=self._function
        )["EventSourceMappings"]
        if not found:
            raise TargetError(f"no mapping leads from {self._declared.stream} any more", code="NoMapping")
        return found

    def _hash_keys(self) -> Mapping[str, str]:
        """A key that leads to each open shard."""
        with translated_errors(f"reading the shards of {self._declared.stream}"):
            shards = self._target.client("kinesis").list_shards(StreamName=self._stream)["Shards"]
        return {
            str(shard["ShardId"]): str(shard["HashKeyRange"]["StartingHashKey"])
            for shard in shards
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        }


def _lets_send(topic_arn: str, queue_arn: str) -> str:
    """A queue policy that lets one topic send; without it SNS drops messages without an error."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _published(message: Mapping[str, Any]) -> list[JsonObject]:
    """An alarm's message, out of the envelope in which SNS puts it on a queue."""
    try:
        found = json.loads(json.loads(message["Body"])["Message"])
    except (ValueError, KeyError, TypeError):
        return []
    return [found] if isinstance(found, dict) and "AlarmName" in found else []


def physical_id(deployment: Deployment, logical_id: str) -> str:
    """The physical id of a resource; raises TargetError if it is not deployed."""
    found = deployment.resource(logical_id)
    if found is None or not found.physical_id:
        why = deployment.pruned.get(logical_id, "it is not deployed")
        raise TargetError(f"{logical_id}: {why}", code="NotDeployed")
    return found.physical_id
