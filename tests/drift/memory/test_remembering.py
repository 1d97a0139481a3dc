"""An audit keeps its report whatever becomes of the store and of the channels."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from stackproof.core.errors import StoreError
from stackproof.core.json import digest
from stackproof.drift.episode import Alarm, Run
from stackproof.drift.memory.remembering import begin_run, record_audit, send_alarms, withdraw_run
from stackproof.drift.ports import AuditStore
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_audit import StackAudit
from stackproof.policy.finding import Suppression
from stackproof.proof.observation import DriftStatus, ResourceProof
from stackproof.reporters.alarm import alarm_text
from stackproof.reporters.terminal_drift import drift_text
from stackproof.template.location import Location
from tests.memory_fakes import KEEP, STACK, FakeAuditStore, FakeNotifier, difference, night, run, unwaived

SEEN = ResourceProof(
    location=Location(stack_name="Net", logical_id="Topic", resource_type="AWS::SNS::Topic"),
    physical_id="t",
    status=DriftStatus.MODIFIED,
    proven=("/A",),
)
BROKEN = StoreError("the store is away")


def report(*differences: Any) -> DriftReport:
    audit = StackAudit(
        stack_name=STACK.stack_name,
        stack_id="arn",
        account=STACK.account,
        region=STACK.region,
        stack_status="CREATE_COMPLETE",
        proofs=(SEEN,),
        differences=differences,
    )
    return DriftReport(target="aws", audits=(audit,), differences=differences)


def audited(store: AuditStore, number: int, *differences: Any) -> DriftReport:
    return record_audit(
        report(*differences),
        store,
        begin_run(store, run(started_at=night(number))),
        ended_at=night(number),
        keep=KEEP,
        waive=unwaived,
    )


def test_the_report_says_since_when_and_what_is_new() -> None:
    store = FakeAuditStore()
    topic, queue = difference(), difference("Queue")
    audited(store, 0, topic)
    made = audited(store, 1, topic, queue)
    assert made.exit_code == 1
    rows = made.to_dict()["differences"]
    assert isinstance(rows, list)
    assert [(row["since"], row["is_new"]) for row in rows] == [
        ("2026-11-02T02:00:00Z", True),
        ("2026-11-01T02:00:00Z", False),
    ]
    lines = drift_text(made).splitlines()
    assert lines[3] == "    new"
    assert "    since    2026-11-01T02:00:00Z" in lines
    assert "run 2 (after run 1): 1 new, 0 resolved" in lines
    last = drift_text(audited(store, 2, queue)).splitlines()
    seen = "(since 2026-11-01T02:00:00Z, last seen 2026-11-02T02:00:00Z)"
    assert f"resolved: app.py:7: Net/Topic /DisplayName differs {seen}" in " ".join(name.strip() for name in last)


def test_what_was_not_looked_at_again_is_said() -> None:
    store = FakeAuditStore()
    audited(store, 0, difference())
    blind = replace(SEEN, status=DriftStatus.NOT_CHECKED)
    less = replace(report(), audits=(replace(report().audits[0], proofs=(blind,), differences=()),))
    made = record_audit(
        less, store, begin_run(store, run(started_at=night(1))), ended_at=night(1), keep=KEEP, waive=unwaived
    )
    text = drift_text(made)
    assert "not checked again: app.py:7: Net/Topic" in text
    assert "0 new, 0 resolved, 1 not checked again" in text


def test_a_store_that_fails_costs_the_memory_alone() -> None:
    store, people = FakeAuditStore(), FakeNotifier()
    store.failing = BROKEN
    unnumbered = begin_run(store, run())
    assert unnumbered.number == 0
    made = send_alarms(
        record_audit(report(difference()), store, unnumbered, ended_at=night(0), keep=KEEP, waive=unwaived),
        store,
        [people],
        at=night(0),
    )
    assert (made.memory, made.exit_code, len(made.differences), people.alarms) == (None, 3, 1, [])
    assert [notification.message for notification in made.notifications] == [
        "this audit was not recorded, so what is new is not known: the store is away",
        "fake:people got no message: this audit was not recorded",
    ]


def test_a_store_that_is_back_at_the_end_records_the_run_after_all() -> None:
    store = FakeAuditStore()
    store.failing = BROKEN
    late = begin_run(store, run())
    store.failing = None
    made = record_audit(report(difference()), store, late, ended_at=night(0), keep=KEEP, waive=unwaived)
    assert made.memory is not None
    assert made.memory.run.number == 1


def test_each_channel_is_told_once_and_again_after_a_failure() -> None:
    store, people, others = FakeAuditStore(), FakeNotifier(), FakeNotifier("fake:others")
    people.fails = True
    first = send_alarms(audited(store, 0, difference()), store, [people, others], at=night(0))
    assert first.exit_code == 3
    assert len(others.alarms) == 1
    assert "the next run tries again: fake:people is away" in first.notifications[0].message
    people.fails = False
    second = send_alarms(audited(store, 1, difference()), store, [people, others], at=night(1))
    assert second.exit_code == 1
    assert [len(person.alarms) for person in (people, others)] == [1, 1]
    send_alarms(audited(store, 2, difference()), store, [people, others], at=night(2))
    assert [len(person.alarms) for person in (people, others)] == [1, 1]


class _Broken(FakeNotifier):
    """Breaks as no notifier should."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def send(self, alarm: Alarm) -> None:
        del alarm
        raise self.error


def test_a_notifier_that_breaks_takes_neither_the_report_nor_the_news() -> None:
    store = FakeAuditStore()
    made = send_alarms(audited(store, 0, difference()), store, [_Broken(ValueError("/secret"))], at=night(0))
    message = "fake:people got no message about 1 differences, the next run tries again: the notifier broke: ValueError"
    assert [notification.message for notification in made.notifications] == [message]
    assert made.exit_code == 3
    with pytest.raises(KeyboardInterrupt):
        send_alarms(audited(store, 1, difference()), store, [_Broken(KeyboardInterrupt())], at=night(1))
    people = FakeNotifier()
    send_alarms(audited(store, 2, difference()), store, [people], at=night(2))
    assert len(people.alarms) == 1


def test_what_another_run_is_about_to_tell_is_said_as_such() -> None:
    store, people = FakeAuditStore(), FakeNotifier()
    other = audited(store, 0, difference())
    assert other.memory is not None
    store.reserve(digest([store.salt(), people.channel]), other.memory.run, at=night(1))
    made = send_alarms(audited(store, 1, difference()), store, [people], at=night(1))
    [message] = [notification.message for notification in made.notifications]
    assert "another run has begun to send fake:people 1 differences" in message
    assert (people.alarms, made.exit_code) == ([], 1)
    made = send_alarms(audited(store, 2, difference(), difference("Queue")), store, [people], at=night(1))
    assert [len(alarm.episodes) for alarm in people.alarms] == [1]
    assert len(made.notifications) == 2


class _Forgetful(FakeAuditStore):
    """Breaks at the given place."""

    def __init__(self, *broken: str) -> None:
        super().__init__()
        self.broken = broken

    def reserve(self, channel: str, run: Run, *, at: datetime) -> Any:
        if "reserve" in self.broken:
            raise BROKEN
        return super().reserve(channel, run, at=at)

    def pending(self, channel: str, run: Run) -> int:
        if "pending" in self.broken:
            raise BROKEN
        return super().pending(channel, run)

    def mark_delivered(self, channel: str, run: Run, *, at: datetime) -> None:
        if "mark_delivered" in self.broken:
            raise BROKEN
        super().mark_delivered(channel, run, at=at)

    def release(self, channel: str, run: Run) -> None:
        if "release" in self.broken:
            raise BROKEN
        super().release(channel, run)


def test_another_value_is_counted_said_and_told_once_even_behind_a_waiver() -> None:
    store, people = FakeAuditStore(), FakeNotifier()
    topic, waived = difference(), difference("Queue", suppression=Suppression(reason="a partner", owner="net"))
    send_alarms(audited(store, 0, topic, waived), store, [people], at=night(0))
    made = audited(store, 1, replace(topic, actual="c"), replace(waived, actual="0.0.0.0/0"))
    send_alarms(made, store, [people], at=night(1))
    send_alarms(audited(store, 2, replace(topic, actual="c"), waived), store, [people], at=night(2))
    assert [alarm.subject for alarm in people.alarms] == ["1 new difference in Net", "1 changed difference in Net"]
    assert (
        alarm_text(people.alarms[1]).splitlines()[2].endswith("differs, with another value since 2026-11-02T02:00:00Z")
    )
    assert people.alarms[0].identity != people.alarms[1].identity
    data: Any = made.to_dict()
    assert (data["summary"]["new"], data["summary"]["changed"]) == (0, 2)
    assert [difference["is_changed"] for difference in data["differences"]] == [True, True]
    lines = drift_text(made).splitlines()
    assert "    since    2026-11-01T02:00:00Z, with another value than the run before saw" in lines
    assert [line for line in lines if "Net/Queue" in line]  # waived, and another value than the last one
    assert "run 2 (after run 1): 0 new, 2 changed, 0 resolved" in lines


def test_a_store_that_breaks_between_recording_and_telling_is_said() -> None:
    for broken, fails, message, sent in (
        ("reserve", False, "got no message: the store is away", 0),
        ("mark_delivered", False, "got the message, and may get it again: the store is away", 1),
        ("pending", False, "whether another run is sending to fake:people is not known: the store is away", 1),
        ("release", True, "got no message about 1 differences", 0),
    ):
        store, people = _Forgetful(broken), FakeNotifier()
        people.fails = fails
        made = send_alarms(audited(store, 0, difference()), store, [people], at=night(0))
        assert (made.exit_code, len(people.alarms)) == (3, sent)
        assert message in str([notification.message for notification in made.notifications])
        assert made.memory is not None


def test_a_run_that_was_none_is_taken_back_if_the_store_lets_it() -> None:
    store = FakeAuditStore()
    first, second = begin_run(store, run(1)), begin_run(store, run(2))
    withdraw_run(store, first)
    withdraw_run(store, run(0))  # it never had a number
    assert store.runs() == (second,)
    store.failing = BROKEN
    withdraw_run(store, second)
    store.failing = None
    assert store.runs() == (second,)
