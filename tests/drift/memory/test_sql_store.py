"""The store of audits: the same over SQLite, PostgreSQL and the fake, whole or not at all, for many at once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, text

from stackproof.core.errors import ConfigError, StoreError
from stackproof.drift.difference import DriftOrigin
from stackproof.drift.episode import Gap, Memory, Outcome, RunScope, StackKey, StackRecord
from stackproof.drift.memory.sql_schema import FIRST_VERSION, MIGRATIONS
from stackproof.drift.memory.sql_store import LOCK, SqlAuditStore
from stackproof.drift.ports import AuditStore
from stackproof.policy.finding import Suppression
from tests.memory_fakes import KEEP, STACK, FakeAuditStore, difference, night, record, run, unmanaged
from tests.running import environment

OTHER = StackKey(account="123456789012", region="eu-west-1", stack_name="Other")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.process), "fake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> AuditStore:
    if request.param == "fake":
        return FakeAuditStore()
    if request.param == "sqlite":
        return SqlAuditStore(f"sqlite:///{tmp_path / 'audits.db'}")
    made: Callable[[], str] = request.getfixturevalue("postgres")
    return SqlAuditStore(made())


def audited(store: AuditStore, number: int, *records: StackRecord, keep: timedelta = KEEP, **fields: str) -> Memory:
    """The run of a night."""
    started = store.begin(run(number, **fields))
    return store.record(started, records, ended_at=started.started_at + timedelta(minutes=5), keep=keep)


def execute(url: str, *statements: str, **values: object) -> list[Any]:
    """What the last statement gives."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        found = [connection.execute(text(statement), values) for statement in statements][-1]
        return list(found.all()) if found.returns_rows else []


# -- the contract


def test_a_difference_is_new_then_lasts_then_is_resolved_with_its_dates(store: AuditStore) -> None:
    topic, queue = difference("Topic"), difference("Queue")
    first = audited(store, 0, record(topic))
    assert (first.previous, set(first.new)) == (None, {topic.fingerprint})
    second = audited(store, 1, record(topic, queue))
    assert (second.previous, set(second.new)) == (1, {queue.fingerprint})
    assert second.since == {topic.fingerprint: night(0), queue.fingerprint: night(1)}
    third = audited(store, 2, record(queue))
    (gone,) = third.resolved
    assert (gone.fingerprint, gone.since, gone.last_seen, gone.resolved) == (
        topic.fingerprint,
        night(0),
        night(1),
        night(2),
    )
    again = audited(store, 3, record(topic, queue))
    assert again.since[topic.fingerprint] == night(3)
    assert again.new == {topic.fingerprint}
    kept = store.episodes(target="aws", against="template")
    assert [(episode.difference.location.logical_id, episode.first_run, episode.resolved_run) for episode in kept] == [
        ("Queue", 2, None),
        ("Topic", 1, 3),
        ("Topic", 4, None),
    ]


def test_what_could_not_be_looked_at_is_neither_new_nor_resolved(store: AuditStore) -> None:
    topic = difference("Topic")
    audited(store, 0, record(topic))
    for number, blind in enumerate(
        (record(is_unreadable=True), record(gaps=(Gap(logical_id="Topic"),)), None), start=1
    ):
        found = audited(store, number, *([blind] if blind else []))
        assert (found.new, found.resolved) == (frozenset(), ())
        assert [episode.fingerprint for episode in found.carried] == [topic.fingerprint] * (blind is not None)
    assert audited(store, 4, record(topic)).since == {topic.fingerprint: night(0)}


def test_targets_and_expectations_know_nothing_of_one_another(store: AuditStore) -> None:
    topic = difference("Topic")
    audited(store, 0, record(topic))
    for target, against in (("moto", "template"), ("aws", "assembly")):
        found = audited(store, 1, record(topic), target=target, against=against)
        assert (found.previous, set(found.new)) == (None, {topic.fingerprint})
        assert audited(store, 2, record(), target=target, against=against).previous == found.run.number
    (kept,) = store.episodes(target="aws", against="template")
    assert kept.resolved is None


def test_an_older_look_that_is_recorded_late_moves_nothing(store: AuditStore) -> None:
    topic, queue = difference("Topic"), difference("Queue")
    audited(store, 0, record(topic))
    slow, quick = store.begin(run(started_at=night(1))), store.begin(run(started_at=night(2)))
    assert len(store.record(quick, [record(queue)], ended_at=night(3), keep=KEEP).resolved) == 1
    elsewhere = difference("Topic", stack_name="Other")
    late = store.record(slow, [record(topic), record(elsewhere, stack_key=OTHER)], ended_at=night(4), keep=KEEP)
    assert (set(late.new), late.resolved) == ({elsewhere.fingerprint}, ())  # where no newer run has looked
    is_open = [episode for episode in store.episodes(target="aws", against="template") if episode.resolved is None]
    assert {episode.fingerprint for episode in is_open} == {queue.fingerprint, elsewhere.fingerprint}


@pytest.mark.parametrize("blind", [record(is_unreadable=True), record(gaps=(Gap(logical_id="Topic"),))])
def test_what_a_newer_look_could_not_see_overtakes_nothing(store: AuditStore, blind: StackRecord) -> None:
    old, topic = difference("Topic", "/KmsMasterKeyId"), difference("Topic")
    audited(store, 0, record(old))
    slow, quick = store.begin(run(started_at=night(1))), store.begin(run(started_at=night(2)))
    assert len(store.record(quick, [blind], ended_at=night(3), keep=KEEP).carried) == 1
    late = store.record(slow, [record(topic)], ended_at=night(4), keep=KEEP)
    assert (set(late.new), [episode.fingerprint for episode in late.resolved]) == (
        {topic.fingerprint},
        [old.fingerprint],
    )
    assert [episode.fingerprint for episode in store.reserve("a", late.run, at=night(4))] == [topic.fingerprint]


def test_what_any_newer_look_has_settled_stays_settled_behind_one_that_was_blind(store: AuditStore) -> None:
    topic, queue = difference("Topic"), difference("Queue")
    audited(store, 0, record(topic))
    slow, quick, last = (store.begin(run(started_at=night(number))) for number in (1, 2, 3))
    store.record(quick, [record(queue)], ended_at=night(4), keep=KEEP)
    store.record(last, [record(is_unreadable=True)], ended_at=night(5), keep=KEEP)
    late = store.record(slow, [record(topic)], ended_at=night(6), keep=KEEP)
    assert (late.new, late.resolved) == (frozenset(), ())
    assert [episode.fingerprint for episode in late.carried] == [queue.fingerprint]
    is_open = [episode for episode in store.episodes(target="aws", against="template") if episode.resolved is None]
    assert [(episode.fingerprint, episode.last_run) for episode in is_open] == [(queue.fingerprint, quick.number)]


def test_runs_are_kept_with_what_they_saw_until_they_are_too_old(store: AuditStore) -> None:
    topic, queue = difference("Topic"), difference("Queue")
    audited(store, 0, record(topic, queue, certificate={"status": "MODIFIED"}), tool="1.0")
    crashed = store.begin(run(started_at=night(1)))
    audited(store, 2, record(queue))
    assert [(run.number, run.started_at, run.tool, run.ended_at is None) for run in store.runs()] == [
        (1, night(0), "1.0", False),
        (crashed.number, night(1), "", True),
        (3, night(2), "", False),
    ]
    assert store.records(1) == (record(topic, queue, certificate={"status": "MODIFIED"}),)
    assert store.records(99) == ()
    audited(store, 40, record(queue), keep=timedelta(days=7))
    assert [run.number for run in store.runs()] == [4]
    assert store.records(1) == ()
    (kept,) = store.episodes(target="aws", against="template")
    assert (kept.fingerprint, kept.since) == (queue.fingerprint, night(0))


def test_where_a_run_looks_is_known_from_its_beginning_and_what_came_of_it_from_its_end(store: AuditStore) -> None:
    here, fleet = RunScope(account="123456789012", region="eu-west-1"), RunScope(fleet="fleet.yaml")
    came = Outcome(exit_code=1, differences=2, waived=1, checked=98.3, properties=120, stacks=4)
    started = store.begin(run(1, scope=here))
    assert store.record(replace(started, outcome=came), [], ended_at=night(1), keep=KEEP).run.outcome == came
    store.begin(run(2, scope=fleet))
    assert [(run.scope, run.outcome) for run in store.runs()] == [(here, came), (fleet, None)]


def test_a_run_that_is_withdrawn_leaves_no_trace_and_one_that_ended_stays(store: AuditStore) -> None:
    audited(store, 1, record(difference()))
    refused = store.begin(run(2))
    store.withdraw(refused)
    assert [run.number for run in store.runs()] == [1]
    early = store.begin(run(3))
    assert early.number == refused.number
    late = store.begin(run(4))
    store.withdraw(early)
    assert [run.number for run in store.runs()] == [1, late.number]
    assert store.begin(run(5)).number == late.number + 1
    store.withdraw(store.runs()[0])
    assert [run.ended_at is not None for run in store.runs()] == [True, False, False]


def test_a_secret_is_kept_as_a_salted_hash(store: AuditStore) -> None:
    secret = difference(path="/MasterUserPassword", expected="hunter-two", actual="hunter-three", is_secret=True)
    nested = difference(
        origin=DriftOrigin.CHILD,
        path=None,
        child_type="AWS::X::Y",
        child_id="y",
        expected=None,
        actual={"Environment": [{"Name": "DB_PASSWORD", "Value": "hunter-four"}], "ApiToken": ["hunter-five"], "A": 1},
    )
    audited(store, 0, record(secret, nested))
    audited(store, 1, record(secret, nested))
    before, after = store.records(1), store.records(2)
    assert "hunter" not in json.dumps([record.to_dict() for record in before])
    assert before == after
    said = {difference.path: difference for difference in before[0].differences}
    assert said["/MasterUserPassword"].expected != said["/MasterUserPassword"].actual
    child = said[None].actual
    assert isinstance(child, dict)
    assert (child["A"], child["Environment"][0]["Name"]) == (1, "DB_PASSWORD")


def test_a_channel_is_told_once_and_again_only_if_it_did_not_arrive(store: AuditStore) -> None:
    topic, queue = difference("Topic"), difference("Queue")
    waived = difference("Waived", suppression=Suppression(reason="r", owner="o"))
    first = audited(store, 0, record(topic, waived)).run
    assert [episode.fingerprint for episode in store.reserve("a", first, at=night(0))] == [topic.fingerprint]
    store.release("a", first)
    second = audited(store, 1, record(topic, queue, waived)).run
    assert store.reserve("a", first, at=night(1)) == ()  # an older run has nothing to say any more
    assert len(store.reserve("a", second, at=night(1))) == 2
    store.mark_delivered("a", second, at=night(1))
    store.release("a", second)
    assert len(store.reserve("b", second, at=night(1))) == 2
    third = audited(store, 2, record(topic, queue, difference("Waived"))).run
    assert [episode.difference.location.logical_id for episode in store.reserve("a", third, at=night(2))] == ["Waived"]


def test_what_a_crashed_run_was_about_to_tell_is_told_an_hour_later(store: AuditStore) -> None:
    topic = difference("Topic")
    first = audited(store, 0, record(topic)).run
    assert len(store.reserve("a", first, at=night(0))) == 1
    second = audited(store, 1, record(topic)).run
    assert store.reserve("a", second, at=night(0) + timedelta(minutes=50)) == ()
    assert [store.pending(channel, run) for channel in "ab" for run in (first, second)] == [0, 1, 0, 0]
    assert len(store.reserve("a", second, at=night(0) + timedelta(minutes=70))) == 1
    assert store.pending("a", second) == 0
    third = audited(store, 2, record(topic)).run
    assert store.pending("a", third) == 1
    store.mark_delivered("a", second, at=night(0))
    assert store.pending("a", third) == 0


def test_a_store_that_was_never_written_holds_nothing(store: AuditStore) -> None:
    assert store.pending("a", run(1)) == 0


def test_what_comes_back_is_told_again(store: AuditStore) -> None:
    topic = difference("Topic")
    for number, seen in enumerate((record(topic), record(), record(topic))):
        done = audited(store, number, seen).run
        assert len(store.reserve("a", done, at=night(number))) == len(seen.differences)
        store.mark_delivered("a", done, at=night(number))


def test_another_live_value_of_a_difference_is_news_once(store: AuditStore) -> None:
    counts = []
    for number, value in enumerate((["a", "b"], ["b", "a"], ["a", "c"], ["a", "c"], ["a", "b"], ["a", "c"])):
        found = audited(store, number, record(difference(actual=value)))
        reserved = store.reserve("a", found.run, at=night(number))
        store.mark_delivered("a", found.run, at=night(number))
        counts.append((len(found.new), len(found.changed), len(reserved)))
    assert counts == [(1, 0, 1), (0, 0, 0), (0, 1, 1), (0, 0, 0), (0, 1, 0), (0, 1, 0)]
    (kept,) = store.episodes(target="aws", against="template")
    assert (kept.since, kept.changed, kept.last_seen) == (night(0), night(5), night(5))


def test_another_secret_is_news_and_is_known_by_its_hash_alone(store: AuditStore) -> None:
    secret = difference(path="/MasterUserPassword", actual="hunter-two", is_secret=True)
    audited(store, 0, record(secret))
    assert audited(store, 1, record(secret)).changed == frozenset()
    assert audited(store, 2, record(replace(secret, actual="hunter-three"))).changed == {secret.fingerprint}
    assert "hunter" not in json.dumps([episode.row() for episode in store.episodes(target="aws", against="template")])


def single(word: str, stage: str = "a") -> StackRecord:
    """What an audit of one place sees of a secret."""
    return record(difference(actual=[{"Password": word, "Stage": stage}, f"Server={stage};Password={word}"]))


def fleet(stage: str = "a") -> StackRecord:
    """The same as a fleet sees it."""
    (seen,) = single("any", stage).differences
    return record(replace(seen, actual=seen.shown(seen.actual)))


def test_a_secret_that_a_fleet_masked_is_no_other_one(store: AuditStore) -> None:
    counts = []
    nights = (fleet(), single("one"), fleet(), single("one"), single("two"), fleet(), single("two"), fleet("b"))
    for number, seen in enumerate((*nights, single("two", "b"), fleet("b"))):
        found = audited(store, number, seen)
        reserved = store.reserve("a", found.run, at=night(number))
        store.mark_delivered("a", found.run, at=night(number))
        counts.append((len(found.new), len(found.changed), len(reserved)))
    nothing = (0, 0, 0)
    news = [(1, 0, 1), nothing, nothing, nothing, (0, 1, 1), nothing, nothing, (0, 1, 1), nothing, nothing]
    assert counts == news


def test_a_secret_as_a_whole_that_a_fleet_masked_is_no_other_one(store: AuditStore) -> None:
    for number, value in enumerate(("***", {"A": "one"}, "***", {"A": "one"})):
        secret = difference(path="/Password", actual=value, is_secret=True)
        assert audited(store, number, record(secret)).changed == frozenset()
    assert audited(store, 4, record(replace(secret, actual={"A": "two"}))).changed == {secret.fingerprint}


def test_what_a_newer_look_saw_of_a_value_an_older_one_does_not_change_back(store: AuditStore) -> None:
    audited(store, 0, record(difference(actual=1)))
    slow, quick = store.begin(run(started_at=night(1))), store.begin(run(started_at=night(2)))
    assert len(store.record(quick, [record(difference(actual=2))], ended_at=night(3), keep=KEEP).changed) == 1
    assert store.record(slow, [record(difference(actual=1))], ended_at=night(4), keep=KEEP).changed == frozenset()


def test_a_stack_can_be_forgotten_with_those_nested_in_it(store: AuditStore) -> None:
    nested = replace(STACK, stack_name="Net/Inner")
    near = replace(STACK, stack_name="Net_/x")
    records = [
        record(difference("A", stack_name=stack_key.stack_name), stack_key=stack_key)
        for stack_key in (STACK, nested, near, OTHER)
    ]
    assert store.forget("Net") == 0
    audited(store, 0, *records)
    assert store.forget("net") == 0
    assert store.forget("Net") == 2
    assert [record.stack_key.stack_name for record in store.records(1)] == ["Net_/x", "Other"]
    assert [episode.stack_key.stack_name for episode in store.episodes(target="aws", against="template")] == [
        "Net_/x",
        "Other",
    ]


def test_what_is_in_no_stack_is_resolved_only_by_a_look_of_the_same_scope_and_type(store: AuditStore) -> None:
    nowhere = replace(STACK, stack_name="")
    scoped = ("prefix:tap", "tag:app=tap")

    def seen(
        *found: Any, scopes: tuple[str, ...] = scoped, listed: tuple[str, ...] = ("AWS::SNS::Topic",)
    ) -> StackRecord:
        return record(*found, stack_key=nowhere, scopes=scopes, listed=listed)

    audited(store, 0, seen(unmanaged("t")))
    assert audited(store, 1, seen(scopes=("prefix:tap",))).resolved == ()
    assert audited(store, 2, seen(listed=("AWS::SQS::Queue",))).resolved == ()
    assert len(audited(store, 3, seen()).resolved) == 1


def test_where_ended_runs_have_looked_is_known_and_what_the_last_of_them_saw(store: AuditStore) -> None:
    nowhere = replace(STACK, stack_name="")
    audited(store, 0, record(certificate={"stack_id": "one"}), record(stack_key=nowhere))
    started = store.begin(run(1))
    chosen = [record(certificate={"stack_id": "two"}, filters="f"), record(stack_key=OTHER, filters="f")]
    store.record(started, chosen, ended_at=night(1), keep=KEEP)
    audited(store, 2, record(is_unreadable=True))
    audited(store, 3, record(stack_key=OTHER), target="moto")
    asked = store.begin(run(4))
    audited(store, 5, record(certificate={"stack_id": "three"}))
    assert store.stack_keys(asked) == {STACK: {"", "f"}, OTHER: {"f"}}
    seen = store.last_record(asked, STACK)
    assert seen is not None
    assert seen.certificate == {"stack_id": "two"}
    assert store.last_record(asked, replace(STACK, region="us-east-1")) is None
    assert store.stack_keys(run(0, started_at=night(-1))) == {}


def test_text_of_any_kind_comes_back_as_it_was(store: AuditStore) -> None:
    odd = difference(expected="\x00 \ud800 ü", actual=[1, 2.5, None, {"'; DROP TABLE x": True}])
    audited(store, 0, record(odd))
    assert store.records(1)[0].differences == (odd,)


# -- the databases


def test_there_is_nothing_to_read_before_the_first_run_and_reading_makes_no_file(url: str, tmp_path: Path) -> None:
    store = SqlAuditStore(url)
    assert (store.runs(), store.records(1), store.episodes(target="a", against="b")) == ((), (), ())
    assert (store.stack_keys(run()), store.last_record(run(), STACK)) == ({}, None)
    assert list(tmp_path.glob("*.db")) == []
    assert "some-secret" not in store.shown


WRITER = """
import os, signal, sys
from datetime import timedelta
from stackproof.drift.memory.sql_store import LOCK, SqlAuditStore
from tests.memory_fakes import KEEP, difference, night, record, run

url, who, how = sys.argv[1:]

def add_note(connection):
    connection.exec_driver_sql("ALTER TABLE stackproof_runs ADD COLUMN note TEXT NOT NULL DEFAULT ''")

store = SqlAuditStore(url, migrations=[add_note] if how == "migrating" else [])

def records(started):
    for number in range(3):
        name = f"Stack{number}"
        stack_key = record().stack_key.__class__(account="1", region="r", stack_name=name)
        where = {"stack_name": name, "account": "1", "region": "r"}
        shared, own = (difference(logical_id, **where) for logical_id in ("Shared", who))
        yield record(shared, own, stack_key=stack_key)
        if how == "deadly" and number == 1:
            os.kill(os.getpid(), signal.SIGKILL)

for count in range(8):
    started = store.begin(run(started_at=night(count), tool=who))
    done = store.record(started, records(started), ended_at=night(count) + timedelta(minutes=1), keep=KEEP)
    print(done.run.number, flush=True)
"""


def writer(url: str, who: str, how: str = "careful") -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, who, how],
        cwd=root,
        env={**environment(), "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.usefixtures("processes")
def test_two_processes_that_write_at_once_lose_and_mix_up_nothing(url: str) -> None:
    both = [writer(url, name) for name in ("one", "two")]
    numbers = [int(number) for process in both for number in process.communicate(timeout=240)[0].split()]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(numbers) == list(range(1, 17))
    store = SqlAuditStore(url)
    runs = store.runs()
    assert [run.number for run in runs if run.ended_at] == list(range(1, 17))
    for stored in runs:
        seen = store.records(stored.number)
        assert [record.stack_key.stack_name for record in seen] == ["Stack0", "Stack1", "Stack2"]
        assert {two.location.logical_id for record in seen for two in record.differences} == {"Shared", stored.tool}
    is_open = [
        episode.fingerprint for episode in store.episodes(target="aws", against="template") if not episode.resolved
    ]
    assert len(is_open) == len(set(is_open))
    shared = [
        episode
        for episode in store.episodes(target="aws", against="template")
        if episode.difference.location.logical_id == "Shared"
    ]
    assert [(episode.first_run, episode.resolved) for episode in shared] == [
        (min(e.first_run for e in shared), None)
    ] * 3


@pytest.mark.usefixtures("processes")
def test_a_writer_that_is_killed_in_the_middle_loses_its_own_run_and_nothing_else(url: str) -> None:
    store = SqlAuditStore(url)
    before = audited(store, 0, record(difference("Topic")))
    deadly = writer(url, "deadly", "deadly")
    assert (deadly.communicate(timeout=240)[0], deadly.returncode) == ("", -signal.SIGKILL)
    assert [(run.number, run.ended_at is None) for run in store.runs()] == [(1, False), (2, True)]
    assert store.records(2) == ()
    assert [episode.first_run for episode in store.episodes(target="aws", against="template")] == [1]
    after = audited(store, 1, record(difference("Topic")))
    assert (after.previous, after.new, after.run.number) == (before.run.number, frozenset(), 3)
    assert after.since == before.since


def add_note(connection: Connection) -> None:
    """The first real migration might be like this one."""
    connection.execute(text("ALTER TABLE stackproof_runs ADD COLUMN note TEXT NOT NULL DEFAULT ''"))


@pytest.mark.parametrize("first", ["reading", "writing"])
def test_a_migration_keeps_all_that_the_store_knows(url: str, first: str) -> None:
    topic = difference("Topic")
    before = SqlAuditStore(url)
    done = audited(before, 0, record(topic)).run
    assert len(before.reserve("a", done, at=night(0))) == 1
    before.mark_delivered("a", done, at=night(0))
    store = SqlAuditStore(url, migrations=[add_note])
    if first == "reading":
        assert [run.number for run in store.runs()] == [1]
        assert store.records(1) == (record(topic),)
    again = audited(store, 1, record(topic))
    assert (again.previous, again.since, again.new) == (1, {topic.fingerprint: night(0)}, frozenset())
    assert store.reserve("a", again.run, at=night(1)) == ()
    assert execute(url, "SELECT note FROM stackproof_runs") == [("",), ("",)]
    assert execute(url, "SELECT version FROM stackproof_store") == [(FIRST_VERSION + 1,)]


def test_a_new_store_has_the_current_tables_and_runs_no_migration(url: str) -> None:
    def refuse(connection: Connection) -> None:
        raise AssertionError(connection)

    assert audited(SqlAuditStore(url, migrations=[refuse]), 0, record()).run.number == 1
    assert execute(url, "SELECT version FROM stackproof_store") == [(FIRST_VERSION + 1,)]


def test_only_the_missing_migrations_are_run(url: str) -> None:
    def refuse(connection: Connection) -> None:
        raise AssertionError(connection)

    audited(SqlAuditStore(url), 0, record())
    execute(url, "UPDATE stackproof_store SET version = :version", version=FIRST_VERSION + 1)
    assert audited(SqlAuditStore(url, migrations=[refuse, add_note]), 1, record()).previous == 1
    assert execute(url, "SELECT version FROM stackproof_store") == [(FIRST_VERSION + 2,)]


@pytest.mark.usefixtures("processes")
def test_two_processes_may_migrate_at_once(url: str) -> None:
    audited(SqlAuditStore(url), 0, record())
    both = [writer(url, name, "migrating") for name in ("one", "two")]
    assert [len(process.communicate(timeout=240)[0].split()) for process in both] == [8, 8]
    store = SqlAuditStore(url, migrations=[add_note])
    assert len(store.runs()) == 17


def test_a_migration_that_breaks_changes_nothing(url: str) -> None:
    def create_twice(connection: Connection) -> None:
        add_note(connection)
        connection.execute(text("CREATE TABLE stackproof_store (x INTEGER)"))

    audited(SqlAuditStore(url), 0, record())
    with pytest.raises(StoreError, match="already exists"):
        SqlAuditStore(url, migrations=[create_twice]).begin(run())
    assert execute(url, "SELECT version FROM stackproof_store") == [(FIRST_VERSION,)]
    assert audited(SqlAuditStore(url), 1, record()).previous == 1


@pytest.mark.parametrize(
    ("version", "age", "remedy"),
    [
        (FIRST_VERSION + len(MIGRATIONS) + 1, "newer", "update stackproof"),
        (FIRST_VERSION - 1, "older", "move it away, or give another --store, to begin anew"),
    ],
)
def test_a_store_of_a_newer_or_older_program_is_left_alone(url: str, version: int, age: str, remedy: str) -> None:
    store = SqlAuditStore(url)
    audited(store, 0, record())
    execute(url, "UPDATE stackproof_store SET version = :version", version=version)
    for use in (lambda: SqlAuditStore(url).begin(run()), lambda: SqlAuditStore(url).runs()):
        with pytest.raises(
            StoreError, match=rf"^the store of audits \S+ was written by an? {age} stackproof"
        ) as caught:
            use()
        message = str(caught.value)
        assert store.shown in message
        assert f"schema version {version}, this version knows {FIRST_VERSION}" in message
        assert message.endswith(remedy)
        assert "some-secret" not in message
    assert execute(url, "SELECT version FROM stackproof_store") == [(version,)]


def test_the_file_of_a_new_store_is_readable_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "shared" / "audits.db"
    store = SqlAuditStore(f"sqlite:///{file}")
    before = os.umask(0)
    try:
        audited(store, 0, record(difference()))
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_store_that_is_locked_too_long_is_said(url: str) -> None:
    audited(SqlAuditStore(url), 0, record())
    lock = f"SELECT pg_advisory_xact_lock({LOCK})" if url.startswith("postgres") else "BEGIN IMMEDIATE"
    with create_engine(url, poolclass=NullPool).connect() as other:
        if url.startswith("sqlite"):
            other.connection.dbapi_connection.isolation_level = None  # type: ignore[union-attr]
        other.execute(text(lock))
        with pytest.raises(StoreError, match="has been locked by another run for too long"):
            SqlAuditStore(url, lock_timeout=0.2).begin(run())


def test_a_row_that_cannot_be_read_is_damage(url: str) -> None:
    store = SqlAuditStore(url)
    audited(store, 0, record(difference("Topic")))
    execute(url, "UPDATE stackproof_records SET document = '{}'")
    with pytest.raises(StoreError, match="is damaged"):
        store.records(1)
    execute(url, "DELETE FROM stackproof_store")
    with pytest.raises(StoreError, match="is damaged"):
        store.begin(run())


@pytest.mark.parametrize("content", [b"no database at all, but long enough to look at" * 50, b""])
def test_a_file_that_is_no_database_is_damage_and_an_empty_one_is_a_new_store(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "audits.db"
    file.write_bytes(content)
    store = SqlAuditStore(f"sqlite:///{file}")
    if not content:
        assert audited(store, 0, record()).run.number == 1
        return
    for use in (lambda: store.begin(run()), store.runs):
        with pytest.raises(StoreError, match="is damaged"):
            use()
    assert file.read_bytes() == content


def test_a_torn_file_is_damage(tmp_path: Path) -> None:
    file = tmp_path / "audits.db"
    store = SqlAuditStore(f"sqlite:///{file}")
    audited(store, 0, *(record(difference("T" * 900), stack_key=replace(STACK, stack_name=f"S{n}")) for n in range(60)))
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(StoreError, match="is damaged"):
        store.records(1)
    with pytest.raises(StoreError, match="is damaged"):
        audited(store, 1, record())


def test_a_database_of_someone_else_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "audits.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE stackproof_runs (mine TEXT)")
    other.close()
    with pytest.raises(StoreError, match="already exists"):
        SqlAuditStore(f"sqlite:///{file}").begin(run())


def test_a_server_that_is_away_is_one_line_without_the_password() -> None:
    store = SqlAuditStore("postgresql://me:some-secret@127.0.0.1:1/audits")
    with pytest.raises(StoreError, match="cannot be used") as caught:
        store.begin(run())
    said = str(caught.value)
    assert said.startswith("the store of audits postgresql+psycopg://me:***@127.0.0.1:1/audits ")
    assert "\n" not in said
    assert "some-secret" not in said


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be written"):
        SqlAuditStore(f"sqlite:///{tmp_path / 'file' / 'audits.db'}").begin(run())


@pytest.mark.parametrize(
    "given", ["nonsense", "mysql://host/x", "sqlite://", "sqlite:///:memory:", "oracle:some-secret"]
)
def test_a_url_of_no_store_is_a_wrong_setting(given: str) -> None:
    with pytest.raises(ConfigError, match="expected sqlite:///FILE or postgresql"):
        SqlAuditStore(given)


@pytest.mark.parametrize(
    ("package", "url", "remedy"),
    [
        ("sqlalchemy", "sqlite:///x.db", r"stackproof\[drift\].*--no-store"),
        ("psycopg", "postgresql://db/x", r"stackproof\[postgres\]"),
    ],
)
def test_what_is_not_installed_is_named_with_the_command_to_type(
    monkeypatch: pytest.MonkeyPatch, package: str, url: str, remedy: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=remedy):
        SqlAuditStore(url)


def test_another_secret_is_news_also_beside_one_that_is_masked(store: AuditStore) -> None:
    for number, word in enumerate(("one", "two")):
        seen = difference(actual={"Other": "***", "Password": word})
        assert len(audited(store, number, record(seen)).changed) == number


def test_a_stack_can_be_forgotten_in_one_place_alone(store: AuditStore) -> None:
    there = replace(STACK, region="us-west-2")
    away = replace(STACK, account="999999999999")
    places = (STACK, there, away)
    found = [replace(difference("A"), account=stack_key.account, region=stack_key.region) for stack_key in places]
    audited(
        store,
        0,
        *(record(difference, stack_key=stack_key) for difference, stack_key in zip(found, places, strict=True)),
    )
    assert store.forget("Net", region="us-west-2", account="999999999999") == 0
    assert store.forget("Net", region="us-west-2") == 1
    assert store.forget("Net", account=STACK.account, region=STACK.region) == 1
    assert [record.stack_key for record in store.records(1)] == [away]
    assert [episode.stack_key for episode in store.episodes(target="aws", against="template")] == [away]
