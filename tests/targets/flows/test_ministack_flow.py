"""A flow on MiniStack into a real PostgreSQL: a careful function passes, a careless one is seen through."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackproof.core.errors import TargetError
from stackproof.deployment.deployment import Deployment
from stackproof.proof.flow import Flow, FlowPath, FlowRun, Limit, path_of
from stackproof.proof.flow_values import Sending
from stackproof.targets.emulators.ministack import MiniStackTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.targets.flows.ministack_flow import FLOW_ACCOUNT, LACKS, MiniStackPipeline, open_database
from tests.live_fakes import FakeTarget, RecordedClient, deployment, failure, stack
from tests.targets.flow_template import body

DECLARED = Flow(
    stream="Stream", function="Function", database="Database", rows="SELECT key FROM things", ca_bundle="CA"
)


class Opened:
    """A flow that runs, with what is below it."""

    def __init__(
        self, target: MiniStackTarget, deployment: Deployment, run: FlowRun, pipeline: MiniStackPipeline
    ) -> None:
        self.target, self.deployment, self.run, self.pipeline = target, deployment, run, pipeline

    def id_of(self, logical_id: str) -> str:
        found = self.deployment.resource(logical_id)
        assert found is not None
        return found.physical_id


def opened(ministack: OwnedProcess, *, careful: bool) -> Iterator[Opened]:
    target = MiniStackTarget(ministack.endpoint_url, account=FLOW_ACCOUNT)
    made = stack(body(careful=careful), name="Careful" if careful else "Careless")
    deployment = target.deploy(made)
    path = path_of(DECLARED, made.template)
    with tempfile.TemporaryDirectory(prefix="stackproof-test-", dir="/tmp") as name:
        database = open_database(target, deployment, DECLARED, path, owner_pid=os.getpid(), directory=Path(name))
        try:
            pipeline = MiniStackPipeline(target, deployment, DECLARED, path, database.ready_data)
            run = FlowRun(
                declared=DECLARED,
                path=path,
                pipeline=pipeline,
                record=lambda key: f'{{"key": "{key}"}}'.encode(),
                name=made.name,
            )
            yield Opened(target, deployment, run, pipeline)
        finally:
            database.stop()


@pytest.fixture(scope="module")
def careful(ministack: OwnedProcess) -> Iterator[Opened]:
    yield from opened(ministack, careful=True)


@pytest.fixture(scope="module")
def careless(ministack: OwnedProcess) -> Iterator[Opened]:
    yield from opened(ministack, careful=False)


def test_records_become_rows_over_tls_and_what_comes_twice_is_stored_once(careful: Opened) -> None:
    sent = careful.run.send("a", "b", "c")
    assert sent.late == ()
    assert sent.rows == (("Careful-a",), ("Careful-b",), ("Careful-c",))
    assert {receipt.shard_id for receipt in sent.receipts} == set(careful.pipeline.shards())
    assert careful.run.hand_over_again(sent).rows == sent.rows


def test_a_function_that_stores_what_comes_twice_is_caught(careless: Opened) -> None:
    sent = careless.run.send("a", "b", "c")
    assert len(sent.rows) == 3
    again = careless.run.hand_over_again(sent)
    assert sorted(again.rows) == sorted([*sent.rows, *sent.rows])


def test_a_batch_is_answered_record_by_record(careful: Opened) -> None:
    answered = careful.run.invoke({"one": None, "bad": b"no JSON", "two": None})
    assert answered.refused == ("bad",)
    assert answered.rows == (("Careful-one",), ("Careful-two",))


def test_what_the_function_raises_is_an_error_with_its_text(careful: Opened) -> None:
    with pytest.raises(TargetError, match=r"Function raised \S+: asked to"):
        careful.pipeline.invoke({"break": True})


def test_an_alarm_with_an_action_is_heard_and_one_without_is_not(careful: Opened) -> None:
    alarm, mute, topic = (careful.id_of(name) for name in ("Alarm", "Mute", "Topic"))
    assert careful.run.alarm({alarm}, topic) == {alarm}
    patient = FlowRun(
        declared=DECLARED,
        path=careful.run.path,
        pipeline=careful.pipeline,
        record=str.encode,
        name="mute",
        limit=Limit(seconds=3),
    )
    assert patient.alarm({alarm, mute}, topic) == {alarm}
    assert careful.target.client("sns").list_subscriptions()["Subscriptions"] == []


TOPIC = "arn:aws:sns:eu-west-1:123456789012:Topic"
QUEUE = {"create_queue": {"QueueUrl": "https://queue"}, "delete_queue": {}}


def listening(client: RecordedClient) -> MiniStackPipeline:
    """A pipeline in an account that answers as the client does."""

    class Place(FakeTarget):
        region = "eu-west-1"

        def client(self, service: str) -> Any:  # noqa: ARG002
            return client

        def secret_value(self, secret_id: str) -> str:  # noqa: ARG002
            return '{"username": "u", "password": "p", "dbname": "d"}'

    there = deployment({name: ("AWS::X::Y", name) for name in ("Stream", "Function", "Secret")})
    path = FlowPath(mapping="Mapping", secret="Secret")
    return MiniStackPipeline(Place(), there, DECLARED, path, {})  # type: ignore[arg-type]


def test_the_queue_that_listens_lets_the_topic_send_and_nobody_else() -> None:
    client = RecordedClient({**QUEUE, "subscribe": {"SubscriptionArn": "arn:subscription"}})
    assert listening(client).listen(TOPIC) == "arn:subscription https://queue"
    calls = dict(client.calls)
    made, queue = calls["create_queue"], calls["subscribe"]["Endpoint"]
    assert queue == f"arn:aws:sqs:eu-west-1:123456789012:{made['QueueName']}"
    [statement] = json.loads(made["Attributes"]["Policy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
    }


def test_no_queue_stays_if_the_topic_takes_no_subscriber_or_does_not_let_it_go() -> None:
    client = RecordedClient({**QUEUE, "subscribe": failure("NotFound")})
    with pytest.raises(TargetError, match="NotFound"):
        listening(client).listen(TOPIC)
    assert dict(client.calls)["delete_queue"] == {"QueueUrl": "https://queue"}
    client = RecordedClient({**QUEUE, "unsubscribe": failure("AccessDenied")})
    with pytest.raises(TargetError, match="AccessDenied"):
        listening(client).stop_listening("arn:subscription https://queue")
    assert dict(client.calls)["delete_queue"] == {"QueueUrl": "https://queue"}


def test_the_dead_letter_queue_is_still_out_of_reach(careful: Opened) -> None:
    """Fails when MiniStack learns it: then the row in LACKS has to go."""
    assert set(LACKS) == {"dead_letters"}
    shard = careful.pipeline.shards()[0]
    careful.pipeline.put([Sending(key="poisoned", data=b"no JSON", shard_id=shard)])
    assert careful.run.send("behind").late == ()
    sqs = careful.target.client("sqs")
    with careful.target.writing("looking into the queue"):
        told = sqs.receive_message(QueueUrl=careful.id_of("Queue"), WaitTimeSeconds=2)
    assert told.get("Messages", []) == []


def test_a_flow_without_its_mapping_or_its_stream_says_so(careful: Opened) -> None:
    path = careful.run.path
    with pytest.raises(TargetError, match="Nothing: it is not deployed"):
        MiniStackPipeline(
            careful.target,
            careful.deployment,
            Flow(stream="Nothing", function="Function", database="Database"),
            path,
            {},
        )
    api = careful.target.client("lambda")
    severed = careful.target.deploy(stack(body(careful=True), name="Severed"))
    function = severed.resource("Function")
    assert function is not None
    made = api.list_event_source_mappings(FunctionName=function.physical_id)["EventSourceMappings"]
    assert made
    with careful.target.writing("tampering"):
        for mapping in made:
            api.delete_event_source_mapping(UUID=mapping["UUID"])
    with pytest.raises(TargetError, match="no mapping leads from Stream any more"):
        MiniStackPipeline(careful.target, severed, DECLARED, path, {}).hand_over_again()
