"""The way of the data, run: records on the stream become rows of the database, and alarms reach their topic."""

from __future__ import annotations

import json

import pytest

from stackproof.testing import DataFlow, Delivery, Flow, OpenFlow, Resource, Row, StackQuery, flow

_ROWS = "SELECT record_id, shard_id, sequence_number, kind, payload::text FROM records"


def _record(key: str) -> bytes:
    """A record as a producer puts it on the stream."""
    fields = {"id": key, "kind": "order", "occurred_at": "2026-11-24T09:30:00+01:00", "payload": {"about": key}}
    return json.dumps(fields).encode()


def _rows_of(delivery: Delivery) -> list[Row]:
    """The rows that the records of the delivery have to become: each exactly once."""
    return sorted(
        (receipt.key, receipt.shard_id, receipt.sequence_number, "order", json.dumps({"about": receipt.key}))
        for receipt in delivery.receipts
    )


@pytest.fixture
def declared(stack: StackQuery) -> Flow:
    """From the stream through the function to the database, as the template has it."""
    return (
        flow(stack.resource("AWS::Kinesis::Stream"))
        .through(stack.resource("AWS::Lambda::Function"), ca_bundle="DB_CA_BUNDLE")
        .arrives_at(stack.resource("AWS::RDS::DBInstance"), rows=_ROWS)
    )


@pytest.fixture
def opened(declared: Flow, data_flow: DataFlow) -> OpenFlow:
    """The flow, running."""
    return data_flow(declared, _record)


def test_records_of_every_shard_become_rows_and_nothing_else_does(opened: OpenFlow) -> None:
    delivery = opened.run.send(*(f"order-{number}" for number in range(10)))
    assert delivery.late == ()
    assert len({receipt.shard_id for receipt in delivery.receipts}) >= 2, "one shard is no batch over several"
    assert sorted(delivery.rows) == _rows_of(delivery)


def test_a_record_that_is_handed_over_twice_is_stored_once(opened: OpenFlow) -> None:
    first = opened.run.send("once", "twice", "thrice")
    again = opened.run.hand_over_again(first)
    assert sorted(again.rows) == _rows_of(first)


def test_a_poisoned_record_is_named_alone_and_its_batch_mates_are_stored(opened: OpenFlow) -> None:
    """What Lambda makes of the answer is its own: the function has to name the record, and that one only."""
    answered = opened.run.invoke({"before": None, "poisoned": b"\xff no record", "after": None})
    assert answered.refused == ("poisoned",)
    assert sorted(str(row[0]).rpartition("-")[2] for row in answered.rows) == ["after", "before"]


def test_a_poisoned_record_ends_in_the_dead_letter_queue(opened: OpenFlow, stack: StackQuery) -> None:
    assert opened.run.path.dead_letters == stack.resource("AWS::SQS::Queue").logical_id
    opened.see_dead_letters()
    pytest.fail("the target has a way to the dead letters now: send a poisoned record and read the queue")


def test_every_alarm_reaches_whoever_subscribes_to_the_topic(opened: OpenFlow, stack: StackQuery) -> None:
    alarms = {_name_of(resource, opened) for resource in stack.resources("AWS::CloudWatch::Alarm")}
    topic = _name_of(stack.resource("AWS::SNS::Topic"), opened)
    assert opened.run.alarm(alarms, topic) == alarms


def _name_of(resource: Resource, opened: OpenFlow) -> str:
    deployed = opened.deployment.resource(resource.logical_id)
    assert deployed is not None, f"{resource.location()}: {resource.logical_id} is not deployed"
    return deployed.physical_id
