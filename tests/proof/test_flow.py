"""A declared flow: the template has to have it, and what comes out has to be exactly what went in."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.assertions.failures import StackAssertionError, VacuousAssertionError
from stackproof.core.errors import TargetError
from stackproof.proof.flow import Flow, FlowPath, FlowRun, Limit, flow, kinesis_event, path_of
from stackproof.proof.flow_values import FlowFact, Invocation, Receipt, Row, Sending
from stackproof.template.template import Template
from tests.flow_fakes import FakePipeline
from tests.live_fakes import template

ROWS = "SELECT key FROM things"
DECLARED = Flow(stream="Stream", function="Function", database="Database", rows=ROWS)
PATH = FlowPath(mapping="Mapping", secret="Secret", dead_letters="Queue")


def whole(**changed: Any) -> Template:
    """A stack with such a flow; a change of None takes a resource away."""
    resources: dict[str, Any] = {
        "Database": {"Type": "AWS::RDS::DBInstance"},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Environment": {"Variables": {"SECRET": {"Ref": "Attachment"}}}},
        },
        "Attachment": {
            "Type": "AWS::SecretsManager::SecretTargetAttachment",
            "Properties": {"SecretId": {"Ref": "Secret"}, "TargetId": {"Ref": "Database"}},
        },
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Stream", "Arn"]},
                "FunctionName": {"Ref": "Function"},
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Queue", "Arn"]}}},
            },
        },
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Secret": {"Type": "AWS::SecretsManager::Secret"},
        "Stream": {"Type": "AWS::Kinesis::Stream"},
        **changed,
    }
    return template({"Resources": {name: resource for name, resource in resources.items() if resource is not None}})


class Clock:
    """Time passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def limit(self, seconds: float = 30.0) -> Limit:
        return Limit(seconds=seconds, clock=lambda: self.now, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class SeveralAtOnce(FakePipeline):
    """Hands over two batches of its shard at a time, so that only records of one partition key are in order.

    Those of test-b take ten times as long, and the function stores whatever it is given.
    """

    def __init__(self, *, lost: frozenset[str] = frozenset()) -> None:
        super().__init__(shards=1, stored_as=lambda key, _: 0 if key in lost else 1)
        self._sent: list[Sending] = []
        self._waiting: dict[str, list[Receipt]] = {}
        self._looks = 0

    def at_once(self) -> int:
        return 2

    def put(self, sendings: Sequence[Sending]) -> tuple[Receipt, ...]:
        receipts = tuple(
            Receipt(key=sending.key, shard_id=sending.shard_id, sequence_number="1") for sending in sendings
        )
        for sending, receipt in zip(sendings, receipts, strict=True):
            self._waiting.setdefault(sending.partition_key or sending.key, []).append(receipt)
        self._sent.extend(sendings)
        return receipts

    def hand_over_again(self) -> None:
        self.put(tuple(self._sent))

    def rows(self) -> tuple[Row, ...]:
        self._looks += 1
        for key, waiting in self._waiting.items():
            if waiting and (key != "test-b" or self._looks % 10 == 0):
                self._store(waiting.pop(0))
        return super().rows()


def run(pipeline: FakePipeline, notes: list[FlowFact] | None = None, path: FlowPath = PATH) -> FlowRun:
    return FlowRun(
        declared=DECLARED,
        path=path,
        pipeline=pipeline,
        record=lambda key: f'{{"key": "{key}"}}'.encode(),
        name="test",
        note=(notes if notes is not None else []).append,
        limit=Clock().limit(),
    )


def test_a_flow_is_declared_by_the_resources_of_the_template() -> None:
    stack = whole()
    stream, function, database = (stack.resource(name) for name in ("Stream", "Function", "Database"))
    assert stream is not None
    assert function is not None
    assert database is not None
    declared = flow(stream).through(function, ca_bundle="CA").arrives_at(database, rows=ROWS)
    assert declared == Flow(stream="Stream", function="Function", database="Database", rows=ROWS, ca_bundle="CA")
    assert str(declared) == "Stream → Function → Database"
    assert path_of(declared, stack) == PATH


def test_without_a_place_for_failures_there_are_no_dead_letters() -> None:
    properties = {"EventSourceArn": {"Fn::GetAtt": "Stream.Arn"}, "FunctionName": {"Ref": "Function"}}
    stack = whole(Mapping={"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties})
    assert path_of(DECLARED, stack).dead_letters is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"Mapping": None}, "no event source mapping leads from Stream"),
        (
            {
                "Mapping": {
                    "Type": "AWS::Lambda::EventSourceMapping",
                    "Properties": {"EventSourceArn": {"Ref": "Other"}, "FunctionName": {"Ref": "Function"}},
                }
            },
            "no event source mapping leads from Stream",
        ),
        ({"Function": {"Type": "AWS::Lambda::Function"}}, "names no secret of Database"),
        ({"Secret": None}, "names no secret of Database"),
        ({"Attachment": {"Type": "X", "Properties": {"SecretId": {"Ref": "Secret"}}}}, "names no secret of Database"),
    ],
    ids=["no mapping", "another stream", "no environment", "no secret", "another database"],
)
def test_a_flow_that_the_template_does_not_have_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(StackAssertionError, match=said):
        path_of(DECLARED, whole(**changed))


def test_records_go_to_every_shard_in_turn_and_their_rows_are_waited_for() -> None:
    notes: list[FlowFact] = []
    found = run(FakePipeline(shards=3), notes).send("a", "b", "c", "d")
    assert [(receipt.key, receipt.shard_id) for receipt in found.receipts] == [
        ("test-a", "shard-0"),
        ("test-b", "shard-1"),
        ("test-c", "shard-2"),
        ("test-d", "shard-0"),
    ]
    assert sorted(found.rows) == sorted((receipt.key, receipt.shard_id) for receipt in found.receipts)
    assert found.late == ()
    assert found.seconds > 0
    assert notes == [
        FlowFact(target="fake", flow="Stream → Function → Database", text="4 of 4 records on 3 shards are rows")
    ]


def test_a_record_that_never_becomes_a_row_is_late_though_what_came_behind_it_is_there() -> None:
    notes: list[FlowFact] = []
    pipeline = FakePipeline(stored_as=lambda key, _: 0 if key == "test-b" else 1)
    found = run(pipeline, notes).send("a", "b")
    assert found.late == ("test-b",)
    assert found.seconds < 30, "the record behind it told that waiting is of no use"
    assert notes[0].text == "1 of 2 records on 2 shards are rows"


def test_when_nothing_arrives_the_wait_ends_and_nothing_is_proven() -> None:
    notes: list[FlowFact] = []
    with pytest.raises(TargetError, match=r"2 of 2 have no row after 30 s \(shard-0, shard-1\)") as caught:
        run(FakePipeline(stored_as=lambda *_: 0), notes).send("a")
    assert (caught.value.code, caught.value.exit_code, notes) == ("Deadline", 3, [])


def test_where_one_shard_stands_still_a_delivery_is_not_known_to_be_whole() -> None:
    with pytest.raises(TargetError, match=r"1 of 2 have no row after 30 s \(shard-1\)"):
        run(FakePipeline(stops_after=3)).send("a", "b")


def test_what_was_not_handed_over_again_is_not_stored_once() -> None:
    notes: list[FlowFact] = []
    stopped = run(FakePipeline(stops_after=4), notes)  # two records, and one behind each
    sent = stopped.send("a", "b")
    with pytest.raises(TargetError, match="handed over before them may be unprocessed") as caught:
        stopped.hand_over_again(sent)
    assert caught.value.code == "Deadline"
    assert [note.text for note in notes] == ["2 of 2 records on 2 shards are rows"]


def test_what_is_handed_over_twice_shows_as_often_as_it_was_stored() -> None:
    notes: list[FlowFact] = []
    careful, careless = run(FakePipeline(), notes), run(FakePipeline(stored_as=lambda *_: 1))
    memo = careful.hand_over_again(careful.send("a", "b"))
    assert sorted(str(row[0]) for row in memo.rows) == ["test-a", "test-b"]
    assert notes[-1].text == "2 records were handed over twice and are 2 rows"
    twice = careless.hand_over_again(careless.send("a", "b"))
    assert sorted(str(row[0]) for row in twice.rows) == ["test-a", "test-a", "test-b", "test-b"]


def test_where_several_batches_of_a_shard_are_handed_over_at_once_every_record_is_waited_for() -> None:
    careless = run(SeveralAtOnce())
    sent = careless.send("a", "b", "c")
    assert (sent.late, len(sent.rows)) == ((), 3)
    twice = careless.hand_over_again(sent)
    assert sorted(str(row[0]) for row in twice.rows) == ["test-a", "test-a", "test-b", "test-b", "test-c", "test-c"]


def test_where_several_batches_are_handed_over_at_once_it_is_named_behind_what_nothing_came() -> None:
    with pytest.raises(TargetError, match=r"1 of 2 have no row after 30 s \(shard-0 behind test-b\)"):
        run(SeveralAtOnce(lost=frozenset({"test-fence-1-1"}))).send("a", "b")


def test_a_batch_comes_back_with_the_keys_that_were_refused_and_the_rows_of_the_others() -> None:
    pipeline = FakePipeline()
    found = run(pipeline).invoke({"good": None, "bad": b"{", "also good": b"{}"})
    assert found == Invocation(refused=("bad",), rows=(("test-good",), ("test-also good",)))
    assert len(pipeline.events) == 1


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": None}, "text", {"batchItemFailures": ["x"]}])
def test_an_answer_that_names_nothing_refuses_nothing(answer: Any) -> None:
    assert run(FakePipeline(answer=lambda: answer)).invoke({"a": None}).refused == ()


def test_a_number_that_was_not_in_the_batch_is_shown_as_it_is() -> None:
    pipeline = FakePipeline(answer=lambda: {"batchItemFailures": [{"itemIdentifier": "17"}]})
    assert run(pipeline).invoke({"a": None}).refused == ("17",)


def test_what_the_target_lacks_is_said_and_noted() -> None:
    notes: list[FlowFact] = []
    missing = FakePipeline(lacks={"dead_letters": "no OnFailure"})
    assert run(missing, notes).dead_letters() == "the way to Queue was not emulated: no OnFailure"
    assert [note.emulated for note in notes] == [False]
    assert run(FakePipeline(), notes).dead_letters() is None
    assert run(missing, notes, FlowPath(mapping="M", secret="S")).dead_letters() is None
    assert len(notes) == 1


def test_alarms_that_reach_the_topic_are_told_from_those_that_do_not() -> None:
    pipeline = FakePipeline(deaf_to=frozenset({"cpu"}))
    assert run(pipeline).alarm({"lag", "age"}, "arn:topic") == {"lag", "age"}
    assert run(pipeline).alarm({"lag", "cpu"}, "arn:topic") == {"lag"}
    assert pipeline.listeners == []


def test_nothing_to_look_at_is_no_success() -> None:
    quiet = run(FakePipeline())
    for snapshot in (quiet.send, lambda: quiet.invoke({}), lambda: quiet.alarm((), "arn:topic")):
        with pytest.raises(VacuousAssertionError):
            snapshot()


def test_pauses_between_two_looks_grow_to_a_limit() -> None:
    clock = Clock()
    assert not clock.limit(10).until(lambda: False)
    assert clock.pauses[:4] == [0.05, 0.1, 0.2, 0.4]
    assert max(clock.pauses) == 1.0
    assert clock.now < 12
    assert clock.limit(0).until(lambda: True)


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.binary(max_size=20), min_size=1, max_size=6))
def test_the_event_is_lambdas_and_numbers_its_records_apart(entries: dict[str, bytes]) -> None:
    event: Any = kinesis_event(entries, stream_arn=FakePipeline.stream_arn)
    records = event["Records"]
    assert [base64.b64decode(record["kinesis"]["data"]) for record in records] == list(entries.values())
    assert len({record["kinesis"]["sequenceNumber"] for record in records}) == len(entries)
    assert {len(record["kinesis"]["sequenceNumber"]) for record in records} == {56}
    assert {record["awsRegion"] for record in records} == {"eu-west-1"}
    assert all(record["eventID"].endswith(f":{record['kinesis']['sequenceNumber']}") for record in records)
