"""The store of audits: the same over SQLite, PostgreSQL and the fake, whole or not at all, for many at once."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from stackproof.core.errors import ConfigError, StoreError
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.episode import Gap, Look, Memory, Outcome, Place, RunPlace
from stackproof.drift.memory.history import hash_of, without_secrets
from stackproof.drift.memory.sql_schema import CURRENT, MIGRATIONS
from stackproof.drift.memory.sql_store import LOCK, SqlAuditStore
from stackproof.drift.ports import AuditStore
from stackproof.policy.finding import Suppression
from tests.memory_fakes import KEEP, PLACE, FakeAuditStore, difference, look, night, run, unmanaged
from tests.running import environment

OTHER = Place(account="123456789012", region="eu-west-1", stack_name="Other")


@pytest.fixture(params=["sqlite", "postgresql", "fake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> AuditStore:
    if request.param == "fake":
        return FakeAuditStore()
    if request.param == "sqlite":
        return SqlAuditStore(f"sqlite:///{tmp_path / 'audits.db'}")
    made: Callable[[], str] = request.getfixturevalue("postgres")
    return SqlAuditStore(made())


def audited(store: AuditStore, number: int, *looks: Look, keep: timedelta = KEEP, **fields: str) -> Memory:
    """The run of a night."""
    begun = store.begin(run(number, **fields))
    return store.record(begun, looks, ended=begun.began + timedelta(minutes=5), keep=keep)


def execute(url: str, *statements: str, **values: object) -> list[Any]:
    """What the last statement gives."""
    from sqlalchemy import NullPool, create_engine, text

    with create_engine(url, poolclass=NullPool).begin() as connection:
        found = [connection.execute(text(statement), values) for statement in statements][-1]
        return list(found.all()) if found.returns_rows else []


# -- the contract


def test_a_difference_is_new_then_lasts_then_is_resolved_with_its_dates(store: AuditStore) -> None:
    topic, queue = difference("Topic"), difference("Queue")
    first = audited(store, 0, look(topic))
    assert (first.previous, set(first.new)) == (None, {topic.fingerprint})
    second = audited(store, 1, look(topic, queue))
    assert (second.previous, set(second.new)) == (1, {queue.fingerprint})
    assert second.since == {topic.fingerprint: night(0), queue.fingerprint: night(1)}
    third = audited(store, 2, look(queue))
    (gone,) = third.resolved
    assert (gone.fingerprint, gone.since, gone.last_seen, gone.resolved) == (
        topic.fingerprint,
        night(0),
        night(1),
        night(2),
    )
    again = audited(store, 3, look(topic, queue))
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
    audited(store, 0, look(topic))
    for number, blind in enumerate((look(is_blind=True), look(gaps=(Gap(logical_id="Topic"),)), None), start=1):
        found = audited(store, number, *([blind] if blind else []))
        assert (found.new, found.resolved) == (frozenset(), ())
        assert [episode.fingerprint for episode in found.carried] == [topic.fingerprint] * (blind is not None)
    assert audited(store, 4, look(topic)).since == {topic.fingerprint: night(0)}


def test_targets_and_expectations_know_nothing_of_one_another(store: AuditStore) -> None:
    topic = difference("Topic")
    audited(store, 0, look(topic))
    for target, against in (("moto", "template"), ("aws", "assembly")):
        found = audited(store, 1, look(topic), target=target, against=against)
        assert (found.previous, set(found.new)) == (None, {topic.fingerprint})
        assert audited(store, 2, look(), target=target, against=against).previous == found.run.number
    (kept,) = store.episodes(target="aws", against="template")
    assert kept.resolved is None


def test_an_older_look_that_is_recorded_late_moves_nothing(store: AuditStore) -> None:
    topic, queue = difference("Topic"), difference("Queue")
    audited(store, 0, look(topic))
    slow, quick = store.begin(run(began=night(1))), store.begin(run(began=night(2)))
    assert len(store.record(quick, [look(queue)], ended=night(3), keep=KEEP).resolved) == 1
    elsewhere = difference("Topic", stack_name="Other")
    late = store.record(slow, [look(topic), look(elsewhere, place=OTHER)], ended=night(4), keep=KEEP)
    assert (set(late.new), late.resolved) == ({elsewhere.fingerprint}, ())  # where no newer run has looked
    is_open = [episode for episode in store.episodes(target="aws", against="template") if episode.resolved is None]
    assert {episode.fingerprint for episode in is_open} == {queue.fingerprint, elsewhere.fingerprint}


@pytest.mark.parametrize("blind", [look(is_blind=True), look(gaps=(Gap(logical_id="Topic"),))])
def test_what_a_newer_look_could_not_see_overtakes_nothing(store: AuditStore, blind: Look) -> None:
    old, topic = difference("Topic", "/KmsMasterKeyId"), difference("Topic")
    audited(store, 0, look(old))
    slow, quick = store.begin(run(began=night(1))), store.begin(run(began=night(2)))
    assert len(store.record(quick, [blind], ended=night(3), keep=KEEP).carried) == 1
    late = store.record(slow, [look(topic)], ended=night(4), keep=KEEP)
    assert (set(late.new), [episode.fingerprint for episode in late.resolved]) == (
        {topic.fingerprint},
        [old.fingerprint],
    )
    assert [episode.fingerprint for episode in store.claim("a", late.run, at=night(4))] == [topic.fingerprint]


def test_what_any_newer_look_has_settled_stays_settled_behind_one_that_was_blind(store: AuditStore) -> None:
    topic, queue = difference("Topic"), difference("Queue")
    audited(store, 0, look(topic))
    slow, quick, last = (store.begin(run(began=night(number))) for number in (1, 2, 3))
    store.record(quick, [look(queue)], ended=night(4), keep=KEEP)
    store.record(last, [look(is_blind=True)], ended=night(5), keep=KEEP)
    late = store.record(slow, [look(topic)], ended=night(6), keep=KEEP)
    assert (late.new, late.resolved) == (frozenset(), ())
    assert [episode.fingerprint for episode in late.carried] == [queue.fingerprint]
    is_open = [episode for episode in store.episodes(target="aws", against="template") if episode.resolved is None]
    assert [(episode.fingerprint, episode.last_run) for episode in is_open] == [(queue.fingerprint, quick.number)]


def test_runs_are_kept_with_what_they_saw_until_they_are_too_old(store: AuditStore) -> None:
    topic, queue = difference("Topic"), difference("Queue")
    audited(store, 0, look(topic, queue, certificate={"status": "MODIFIED"}), tool="1.0")
    crashed = store.begin(run(began=night(1)))
    audited(store, 2, look(queue))
    assert [(run.number, run.began, run.tool, run.ended is None) for run in store.runs()] == [
        (1, night(0), "1.0", False),
        (crashed.number, night(1), "", True),
        (3, night(2), "", False),
    ]
    assert store.looks(1) == (look(topic, queue, certificate={"status": "MODIFIED"}),)
    assert store.looks(99) == ()
    audited(store, 40, look(queue), keep=timedelta(days=7))
    assert [run.number for run in store.runs()] == [4]
    assert store.looks(1) == ()
    (kept,) = store.episodes(target="aws", against="template")
    assert (kept.fingerprint, kept.since) == (queue.fingerprint, night(0))


def test_where_a_run_looks_is_known_from_its_beginning_and_what_came_of_it_from_its_end(store: AuditStore) -> None:
    here, fleet = RunPlace(account="123456789012", region="eu-west-1"), RunPlace(fleet="fleet.yaml")
    came = Outcome(exit_code=1, differences=2, waived=1, checked=98.3, properties=120, stacks=4)
    begun = store.begin(run(1, place=here))
    assert store.record(replace(begun, outcome=came), [], ended=night(1), keep=KEEP).run.outcome == came
    store.begin(run(2, place=fleet))
    assert [(run.place, run.outcome) for run in store.runs()] == [(here, came), (fleet, None)]


def test_a_run_that_is_withdrawn_leaves_no_trace_and_one_that_ended_stays(store: AuditStore) -> None:
    audited(store, 1, look(difference()))
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
    assert [run.ended is not None for run in store.runs()] == [True, False, False]


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
    audited(store, 0, look(secret, nested))
    audited(store, 1, look(secret, nested))
    before, after = store.looks(1), store.looks(2)
    assert "hunter" not in json.dumps([look.to_dict() for look in before])
    assert before == after
    said = {difference.path: difference for difference in before[0].differences}
    assert said["/MasterUserPassword"].expected != said["/MasterUserPassword"].actual
    child = said[None].actual
    assert isinstance(child, dict)
    assert (child["A"], child["Environment"][0]["Name"]) == (1, "DB_PASSWORD")


def test_a_channel_is_told_once_and_again_only_if_it_did_not_arrive(store: AuditStore) -> None:
    topic, queue = difference("Topic"), difference("Queue")
    waived = difference("Waived", suppression=Suppression(reason="r", owner="o"))
    first = audited(store, 0, look(topic, waived)).run
    assert [episode.fingerprint for episode in store.claim("a", first, at=night(0))] == [topic.fingerprint]
    store.release("a", first)
    second = audited(store, 1, look(topic, queue, waived)).run
    assert store.claim("a", first, at=night(1)) == ()  # an older run has nothing to say any more
    assert len(store.claim("a", second, at=night(1))) == 2
    store.told("a", second, at=night(1))
    store.release("a", second)
    assert len(store.claim("b", second, at=night(1))) == 2
    third = audited(store, 2, look(topic, queue, difference("Waived"))).run
    assert [episode.difference.location.logical_id for episode in store.claim("a", third, at=night(2))] == ["Waived"]


def test_what_a_crashed_run_was_about_to_tell_is_told_an_hour_later(store: AuditStore) -> None:
    topic = difference("Topic")
    first = audited(store, 0, look(topic)).run
    assert len(store.claim("a", first, at=night(0))) == 1
    second = audited(store, 1, look(topic)).run
    assert store.claim("a", second, at=night(0) + timedelta(minutes=50)) == ()
    assert [store.held(channel, run) for channel in "ab" for run in (first, second)] == [0, 1, 0, 0]
    assert len(store.claim("a", second, at=night(0) + timedelta(minutes=70))) == 1
    assert store.held("a", second) == 0
    third = audited(store, 2, look(topic)).run
    assert store.held("a", third) == 1
    store.told("a", second, at=night(0))
    assert store.held("a", third) == 0


def test_a_store_that_was_never_written_holds_nothing(store: AuditStore) -> None:
    assert store.held("a", run(1)) == 0


def test_what_comes_back_is_told_again(store: AuditStore) -> None:
    topic = difference("Topic")
    for number, seen in enumerate((look(topic), look(), look(topic))):
        done = audited(store, number, seen).run
        assert len(store.claim("a", done, at=night(number))) == len(seen.differences)
        store.told("a", done, at=night(number))


def test_another_live_value_of_a_difference_is_news_once(store: AuditStore) -> None:
    heard = []
    for number, value in enumerate((["a", "b"], ["b", "a"], ["a", "c"], ["a", "c"], ["a", "b"], ["a", "c"])):
        found = audited(store, number, look(difference(actual=value)))
        told = store.claim("a", found.run, at=night(number))
        store.told("a", found.run, at=night(number))
        heard.append((len(found.new), len(found.changed), len(told)))
    assert heard == [(1, 0, 1), (0, 0, 0), (0, 1, 1), (0, 0, 0), (0, 1, 0), (0, 1, 0)]
    (kept,) = store.episodes(target="aws", against="template")
    assert (kept.since, kept.changed, kept.last_seen) == (night(0), night(5), night(5))


def test_another_secret_is_news_and_is_known_by_its_hash_alone(store: AuditStore) -> None:
    secret = difference(path="/MasterUserPassword", actual="hunter-two", is_secret=True)
    audited(store, 0, look(secret))
    assert audited(store, 1, look(secret)).changed == frozenset()
    assert audited(store, 2, look(replace(secret, actual="hunter-three"))).changed == {secret.fingerprint}
    assert "hunter" not in json.dumps([episode.row() for episode in store.episodes(target="aws", against="template")])


def single(word: str, stage: str = "a") -> Look:
    """What an audit of one place sees of a secret."""
    return look(difference(actual=[{"Password": word, "Stage": stage}, f"Server={stage};Password={word}"]))


def fleet(stage: str = "a") -> Look:
    """The same as a fleet sees it."""
    (seen,) = single("any", stage).differences
    return look(replace(seen, actual=seen.shown(seen.actual)))


def test_a_secret_that_a_fleet_masked_is_no_other_one(store: AuditStore) -> None:
    heard = []
    nights = (fleet(), single("one"), fleet(), single("one"), single("two"), fleet(), single("two"), fleet("b"))
    for number, seen in enumerate((*nights, single("two", "b"), fleet("b"))):
        found = audited(store, number, seen)
        told = store.claim("a", found.run, at=night(number))
        store.told("a", found.run, at=night(number))
        heard.append((len(found.new), len(found.changed), len(told)))
    nothing = (0, 0, 0)
    news = [(1, 0, 1), nothing, nothing, nothing, (0, 1, 1), nothing, nothing, (0, 1, 1), nothing, nothing]
    assert heard == news


def test_a_secret_as_a_whole_that_a_fleet_masked_is_no_other_one(store: AuditStore) -> None:
    for number, value in enumerate(("***", {"A": "one"}, "***", {"A": "one"})):
        secret = difference(path="/Password", actual=value, is_secret=True)
        assert audited(store, number, look(secret)).changed == frozenset()
    assert audited(store, 4, look(replace(secret, actual={"A": "two"}))).changed == {secret.fingerprint}


def test_the_hash_of_a_mask_in_a_store_of_the_version_before_is_the_mask(url: str) -> None:
    third_version(url, difference(path="/Password", actual=hash_of("***", salt="grain"), is_secret=True))
    store = SqlAuditStore(url)
    first = audited(store, 1, look(difference(path="/Password", actual="one", is_secret=True)))
    assert (first.changed, store.claim("a", first.run, at=night(1))) == (frozenset(), ())


def test_what_a_newer_look_saw_of_a_value_an_older_one_does_not_change_back(store: AuditStore) -> None:
    audited(store, 0, look(difference(actual=1)))
    slow, quick = store.begin(run(began=night(1))), store.begin(run(began=night(2)))
    assert len(store.record(quick, [look(difference(actual=2))], ended=night(3), keep=KEEP).changed) == 1
    assert store.record(slow, [look(difference(actual=1))], ended=night(4), keep=KEEP).changed == frozenset()


def test_a_stack_can_be_forgotten_with_those_nested_in_it(store: AuditStore) -> None:
    nested = replace(PLACE, stack_name="Net/Inner")
    near = replace(PLACE, stack_name="Net_/x")
    looks = [look(difference("A", stack_name=place.stack_name), place=place) for place in (PLACE, nested, near, OTHER)]
    assert store.forget("Net") == 0
    audited(store, 0, *looks)
    assert store.forget("Net") == 2
    assert [look.place.stack_name for look in store.looks(1)] == ["Net_/x", "Other"]
    assert [episode.place.stack_name for episode in store.episodes(target="aws", against="template")] == [
        "Net_/x",
        "Other",
    ]


def test_what_is_in_no_stack_is_resolved_only_by_a_look_of_the_same_scope_and_type(store: AuditStore) -> None:
    nowhere = replace(PLACE, stack_name="")
    scoped = ("prefix:tap", "tag:app=tap")

    def seen(*found: Any, scopes: tuple[str, ...] = scoped, listed: tuple[str, ...] = ("AWS::SNS::Topic",)) -> Look:
        return look(*found, place=nowhere, scopes=scopes, listed=listed)

    audited(store, 0, seen(unmanaged("t")))
    assert audited(store, 1, seen(scopes=("prefix:tap",))).resolved == ()
    assert audited(store, 2, seen(listed=("AWS::SQS::Queue",))).resolved == ()
    assert len(audited(store, 3, seen()).resolved) == 1


def test_where_ended_runs_have_looked_is_known_and_what_the_last_of_them_saw(store: AuditStore) -> None:
    nowhere = replace(PLACE, stack_name="")
    audited(store, 0, look(certificate={"stack_id": "one"}), look(place=nowhere))
    begun = store.begin(run(1))
    chosen = [look(certificate={"stack_id": "two"}, filters="f"), look(place=OTHER, filters="f")]
    store.record(begun, chosen, ended=night(1), keep=KEEP)
    audited(store, 2, look(is_blind=True))
    audited(store, 3, look(place=OTHER), target="moto")
    asked = store.begin(run(4))
    audited(store, 5, look(certificate={"stack_id": "three"}))
    assert store.places(asked) == {PLACE: {"", "f"}, OTHER: {"f"}}
    seen = store.seen(asked, PLACE)
    assert seen is not None
    assert seen.certificate == {"stack_id": "two"}
    assert store.seen(asked, replace(PLACE, region="us-east-1")) is None
    assert store.places(run(0, began=night(-1))) == {}


def test_text_of_any_kind_comes_back_as_it_was(store: AuditStore) -> None:
    odd = difference(expected="\x00 \ud800 ü", actual=[1, 2.5, None, {"'; DROP TABLE x": True}])
    audited(store, 0, look(odd))
    assert store.looks(1)[0].differences == (odd,)


# -- the databases


def test_there_is_nothing_to_read_before_the_first_run_and_reading_makes_no_file(url: str, tmp_path: Path) -> None:
    store = SqlAuditStore(url)
    assert (store.runs(), store.looks(1), store.episodes(target="a", against="b")) == ((), (), ())
    assert (store.places(run()), store.seen(run(), PLACE)) == ({}, None)
    assert list(tmp_path.glob("*.db")) == []
    assert "some-secret" not in store.shown


WRITER = """
import os, signal, sys
from datetime import timedelta
from stackproof.drift.memory.sql_store import LOCK, SqlAuditStore
from tests.memory_fakes import KEEP, difference, look, night, run

url, who, deadly = sys.argv[1], sys.argv[2], sys.argv[3] == "deadly"
store = SqlAuditStore(url)

def looks(begun):
    for number in range(3):
        name = f"Stack{number}"
        place = look().place.__class__(account="1", region="r", stack_name=name)
        shared, own = (difference(each, stack_name=name, account="1", region="r") for each in ("Shared", who))
        yield look(shared, own, place=place)
        if deadly and number == 1:
            os.kill(os.getpid(), signal.SIGKILL)

for count in range(8):
    begun = store.begin(run(began=night(count), tool=who))
    done = store.record(begun, looks(begun), ended=night(count) + timedelta(minutes=1), keep=KEEP)
    print(done.run.number, flush=True)
"""


def writer(url: str, who: str, how: str = "careful") -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, who, how],
        cwd=root,
        env={**environment(), "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_that_write_at_once_lose_and_mix_up_nothing(url: str) -> None:
    both = [writer(url, name) for name in ("one", "two")]
    numbers = [int(number) for process in both for number in process.communicate(timeout=240)[0].split()]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(numbers) == list(range(1, 17))
    store = SqlAuditStore(url)
    runs = store.runs()
    assert [run.number for run in runs if run.ended] == list(range(1, 17))
    for stored in runs:
        seen = store.looks(stored.number)
        assert [look.place.stack_name for look in seen] == ["Stack0", "Stack1", "Stack2"]
        assert {two.location.logical_id for look in seen for two in look.differences} == {"Shared", stored.tool}
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


def test_a_writer_that_is_killed_in_the_middle_loses_its_own_run_and_nothing_else(url: str) -> None:
    store = SqlAuditStore(url)
    before = audited(store, 0, look(difference("Topic")))
    deadly = writer(url, "deadly", "deadly")
    assert (deadly.communicate(timeout=240)[0], deadly.returncode) == ("", -signal.SIGKILL)
    assert [(run.number, run.ended is None) for run in store.runs()] == [(1, False), (2, True)]
    assert store.looks(2) == ()
    assert [episode.first_run for episode in store.episodes(target="aws", against="template")] == [1]
    after = audited(store, 1, look(difference("Topic")))
    assert (after.previous, after.new, after.run.number) == (before.run.number, frozenset(), 3)
    assert after.since == before.since


def first_version(url: str) -> None:
    """A store as the first version of the tables has it, with one difference that is open."""
    topic = difference("Topic")
    execute(
        url,
        *MIGRATIONS[0].split(";"),
        "INSERT INTO stackproof_store (version, salt, next_run) VALUES (1, 'grain', 2)",
        "INSERT INTO stackproof_runs VALUES (1, 'aws', 'template', :at, :at)",
        "INSERT INTO stackproof_looks VALUES (1, :account, :region, :stack, :seen)",
        "INSERT INTO stackproof_episodes VALUES"
        " ('aws', 'template', :account, :region, :stack, :name, 1, :at, 1, :at, NULL, NULL, '[]', :document)",
        account=PLACE.account,
        region=PLACE.region,
        stack=PLACE.stack_name,
        name=topic.fingerprint,
        at=night(0).isoformat(timespec="microseconds"),
        seen=json.dumps(look(topic).to_dict()),
        document=json.dumps(topic.to_dict()),
    )


@pytest.mark.parametrize("first", ["reading", "writing"])
def test_a_store_of_the_version_before_keeps_what_it_knows(url: str, first: str) -> None:
    first_version(url)
    store = SqlAuditStore(url)
    topic = difference("Topic")
    if first == "reading":
        assert [(run.number, run.tool, run.place, run.outcome) for run in store.runs()] == [(1, "", RunPlace(), None)]
        assert store.looks(1) == (look(topic),)
    again = audited(store, 1, look(topic))
    assert (again.previous, again.since, again.new) == (1, {topic.fingerprint: night(0)}, frozenset())
    assert len(store.claim("a", again.run, at=night(1))) == 1
    assert store.salt() == "grain"
    assert execute(url, "SELECT version FROM stackproof_store") == [(CURRENT,)]


def test_what_a_channel_was_told_by_the_version_before_is_told_again_only_with_another_value(url: str) -> None:
    first_version(url)
    topic = difference("Topic")
    at = night(0).isoformat(timespec="microseconds")
    execute(
        url,
        *(part for migration in MIGRATIONS[1:3] for part in migration.split(";")),
        "UPDATE stackproof_store SET version = 3",
        "INSERT INTO stackproof_told VALUES ('a', 'aws', 'template', :name, 1, 1, :at, :at)",
        name=topic.fingerprint,
        at=at,
    )
    store = SqlAuditStore(url)
    same = audited(store, 1, look(topic))
    assert (same.changed, store.claim("a", same.run, at=night(1))) == (frozenset(), ())
    other = audited(store, 2, look(difference("Topic", actual="c")))
    assert [episode.changed for episode in store.claim("a", other.run, at=night(2))] == [night(2)]


def third_version(url: str, *seen: Difference) -> None:
    """A store as the third version has it: a run saw these, and a channel was told of them."""
    at = night(0).isoformat(timespec="microseconds")
    execute(
        url,
        *(part for migration in MIGRATIONS[:3] for part in migration.split(";")),
        "INSERT INTO stackproof_store (version, salt, next_run) VALUES (3, 'grain', 2)",
        "INSERT INTO stackproof_runs (number, target, against, began, ended) VALUES (1, 'aws', 'template', :at, :at)",
        "INSERT INTO stackproof_looks VALUES (1, :account, :region, :stack, :seen)",
        at=at,
        account=PLACE.account,
        region=PLACE.region,
        stack=PLACE.stack_name,
        seen=json.dumps(look(*seen).to_dict()),
    )
    for stored in seen:
        execute(
            url,
            "INSERT INTO stackproof_episodes VALUES"
            " ('aws', 'template', :account, :region, :stack, :name, 1, :at, 1, :at, NULL, NULL, '[]', :document)",
            "INSERT INTO stackproof_told VALUES ('a', 'aws', 'template', :name, 1, 1, :at, :at)",
            account=PLACE.account,
            region=PLACE.region,
            stack=PLACE.stack_name,
            name=stored.fingerprint,
            at=at,
            document=json.dumps(stored.to_dict()),
        )


def test_what_is_known_for_a_secret_by_now_is_hashed_in_a_store_of_the_version_before_and_is_no_news(url: str) -> None:
    once = look(difference("Old", actual={"Password": "sekrit-3"}))
    hashed = without_secrets(once, salt="grain").differences[0]
    found = (
        difference("Function", actual="Server=db;Password=sekrit-1"),
        difference("Subscription", actual={"Endpoint": "https://h.example.com/x?token=sekrit-2"}),
    )
    third_version(url, *found, hashed)
    store = SqlAuditStore(url)
    first = audited(store, 1, look(*found, *once.differences))
    assert (first.new, first.changed, store.claim("a", first.run, at=night(1))) == (frozenset(), frozenset(), ())
    assert store.looks(1) == (without_secrets(look(*found, hashed), salt="grain"),)
    assert execute(url, "SELECT run FROM stackproof_looks WHERE document LIKE '%sekrit%'") == []
    assert execute(url, "SELECT first_run FROM stackproof_episodes WHERE document LIKE '%sekrit%'") == []
    if url.startswith("sqlite"):
        assert b"sekrit" not in Path(url.removeprefix("sqlite:///")).read_bytes()


def test_a_stack_that_was_gone_before_the_update_is_not_missed_until_it_has_been_seen_again(url: str) -> None:
    third_version(url)
    at = night(0).isoformat(timespec="microseconds")
    fleet, west = '{"fleet": "fleet.yaml"}', "eu-west-1"
    runs = {
        2: ("aws", "{}", "Net Other"),
        3: ("aws", fleet, "Net Seen"),
        4: ("moto", "{}", "Net"),
        5: ("aws", "{}", "*"),
    }
    runs = {1: ("aws", "{}", "Gone"), **runs, 6: ("aws", "{}", "Other")}
    for number, (target, place, stacks) in runs.items():
        if number > 1:
            execute(
                url,
                "INSERT INTO stackproof_runs (number, target, against, began, ended, place)"
                " VALUES (:number, :target, 'template', :at, :at, :place)",
                number=number,
                target=target,
                at=at,
                place=place,
            )
        for name in stacks.split():
            execute(
                url,
                "INSERT INTO stackproof_looks VALUES (:number, :account, :region, :stack, :seen)",
                number=number,
                account=PLACE.account,
                region="us-east-1" if number == 6 else west,
                stack=name,
                seen=json.dumps(look(place=replace(PLACE, stack_name=name)).to_dict()),
            )
    store = SqlAuditStore(url)
    execute(url, "UPDATE stackproof_store SET next_run = 7")
    here = {place.stack_name for place in store.places(run(1)) if place.region == west}
    assert here == {"Net", "Other", "Seen", "*"}
    assert [look.place.stack_name for look in store.looks(1)] == ["Gone", "Net"]
    audited(store, 1, look(place=replace(PLACE, stack_name="Gone")))
    assert replace(PLACE, stack_name="Gone") in store.places(run(2))


def test_two_processes_may_migrate_at_once(url: str) -> None:
    first_version(url)
    both = [writer(url, name) for name in ("one", "two")]
    assert [len(process.communicate(timeout=240)[0].split()) for process in both] == [8, 8]
    assert len(SqlAuditStore(url).runs()) == 17


def test_a_migration_that_breaks_changes_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first_version(url)
    broken = (MIGRATIONS[0], f"{MIGRATIONS[1]}; CREATE TABLE stackproof_store (x INTEGER)")
    with monkeypatch.context() as patched:
        patched.setattr("stackproof.drift.memory.sql_schema.MIGRATIONS", broken)
        with pytest.raises(StoreError, match="already exists"):
            SqlAuditStore(url).begin(run())
    assert execute(url, "SELECT version FROM stackproof_store") == [(1,)]
    assert audited(SqlAuditStore(url), 1, look()).previous == 1


def test_a_store_of_a_newer_program_is_left_alone(url: str) -> None:
    audited(SqlAuditStore(url), 0, look())
    execute(url, "UPDATE stackproof_store SET version = :version", version=CURRENT + 1)
    for use in (lambda: SqlAuditStore(url).begin(run()), lambda: SqlAuditStore(url).runs()):
        with pytest.raises(StoreError, match=r"^the store of audits \S+ was written by a newer stackproof") as caught:
            use()
        assert "some-secret" not in str(caught.value)


def test_a_store_that_is_locked_too_long_is_said(url: str) -> None:
    from sqlalchemy import NullPool, create_engine, text

    audited(SqlAuditStore(url), 0, look())
    lock = f"SELECT pg_advisory_xact_lock({LOCK})" if url.startswith("postgres") else "BEGIN IMMEDIATE"
    with create_engine(url, poolclass=NullPool).connect() as other:
        if url.startswith("sqlite"):
            other.connection.dbapi_connection.isolation_level = None  # type: ignore[union-attr]
        other.execute(text(lock))
        with pytest.raises(StoreError, match="is locked by another run for too long"):
            SqlAuditStore(url, lock_timeout=0.2).begin(run())


def test_a_row_that_cannot_be_read_is_damage(url: str) -> None:
    store = SqlAuditStore(url)
    audited(store, 0, look(difference("Topic")))
    execute(url, "UPDATE stackproof_looks SET document = '{}'")
    with pytest.raises(StoreError, match="is damaged"):
        store.looks(1)
    execute(url, "DELETE FROM stackproof_store")
    with pytest.raises(StoreError, match="is damaged"):
        store.begin(run())


@pytest.mark.parametrize("content", [b"no database at all, but long enough to look at" * 50, b""])
def test_a_file_that_is_no_database_is_damage_and_an_empty_one_is_a_new_store(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "audits.db"
    file.write_bytes(content)
    store = SqlAuditStore(f"sqlite:///{file}")
    if not content:
        assert audited(store, 0, look()).run.number == 1
        return
    for use in (lambda: store.begin(run()), store.runs):
        with pytest.raises(StoreError, match="is damaged"):
            use()
    assert file.read_bytes() == content


def test_a_torn_file_is_damage(tmp_path: Path) -> None:
    file = tmp_path / "audits.db"
    store = SqlAuditStore(f"sqlite:///{file}")
    audited(store, 0, *(look(difference("T" * 900), place=replace(PLACE, stack_name=f"S{n}")) for n in range(60)))
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(StoreError, match="is damaged"):
        store.looks(1)
    with pytest.raises(StoreError, match="is damaged"):
        audited(store, 1, look())


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
        assert len(audited(store, number, look(seen)).changed) == number


def test_a_run_that_was_asked_for_another_stack_does_not_settle_that_one_is_gone(url: str) -> None:
    third_version(url)
    at = night(0).isoformat(timespec="microseconds")
    execute(
        url,
        "INSERT INTO stackproof_runs (number, target, against, began, ended, place)"
        " VALUES (2, 'aws', 'template', :at, :at, '{}')",
        "INSERT INTO stackproof_looks VALUES (2, :account, :region, 'Other', :seen)",
        "UPDATE stackproof_store SET next_run = 3",
        at=at,
        account=PLACE.account,
        region=PLACE.region,
        seen=json.dumps(look(place=replace(PLACE, stack_name="Other")).to_dict()),
    )
    store = SqlAuditStore(url)
    assert {place.stack_name for place in store.places(store.begin(run(1)))} == {"Net", "Other"}


def test_a_stack_can_be_forgotten_in_one_place_alone(store: AuditStore) -> None:
    there = replace(PLACE, region="us-west-2")
    away = replace(PLACE, account="999999999999")
    places = (PLACE, there, away)
    found = [replace(difference("A"), account=place.account, region=place.region) for place in places]
    audited(store, 0, *(look(difference, place=place) for difference, place in zip(found, places, strict=True)))
    assert store.forget("Net", region="us-west-2", account="999999999999") == 0
    assert store.forget("Net", region="us-west-2") == 1
    assert store.forget("Net", account=PLACE.account, region=PLACE.region) == 1
    assert [look.place for look in store.looks(1)] == [away]
    assert [episode.place for episode in store.episodes(target="aws", against="template")] == [away]
