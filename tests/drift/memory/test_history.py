"""The algebra of memory: what a look makes of what was known, and what one run has beside another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.difference import Difference, DriftOrigin, Unread
from stackproof.drift.episode import Alarm, Episode, Gap, StackKey, StackRecord, shown_time
from stackproof.drift.memory.history import Step, advanced, compared, hash_secrets, records_of
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_audit import StackAudit
from stackproof.proof.observation import DriftStatus, ResourceProof, Unproven
from stackproof.template.location import Location
from tests.memory_fakes import STACK, difference, night, record, run, unmanaged

NOWHERE = replace(STACK, stack_name="")
NAMES = ("A", "B", "C")
FAMILIES = ("rules", "grants")


def child(name: str = "A", child_id: str = "c", family: str | None = "rules") -> Difference:
    return difference(
        name, path=None, origin=DriftOrigin.CHILD, child_type="AWS::X::Y", child_id=child_id, family=family
    )


def gap(name: str) -> Gap:
    return Gap(logical_id=name)


def deleted(name: str = "A") -> Difference:
    return difference(name, path=None, origin=DriftOrigin.DELETED, status=DriftStatus.DELETED)


DIFFERENCES = st.one_of(
    st.builds(difference, st.sampled_from(NAMES), st.sampled_from(("/P", "/P/Q", "/R")), actual=st.sampled_from("xy")),
    st.builds(child, st.sampled_from(NAMES), st.sampled_from("cd"), st.sampled_from(FAMILIES)),
    st.builds(deleted, st.sampled_from(NAMES)),
)
GAPS = st.builds(
    Gap, logical_id=st.sampled_from(NAMES), question=st.sampled_from(("", "/P", "/P/Q", "rules", "grants: c"))
)


@st.composite
def _looks(draw: st.DrawFn) -> StackRecord:
    """What a look can be: it sees nothing in its own gaps."""
    found = draw(st.lists(DIFFERENCES, max_size=5, unique_by=lambda difference: difference.fingerprint))
    gaps = draw(st.lists(GAPS, max_size=3, unique=True))
    blind = draw(st.integers(0, 5)) == 0
    bare = StackRecord(stack_key=STACK, status="", is_unreadable=blind, gaps=tuple(gaps))
    return replace(bare, differences=tuple(difference for difference in found if bare.covers(difference)))


LOOKS = _looks()


def names(found: Iterable[Episode | Difference]) -> list[str]:
    return sorted(found_difference.fingerprint for found_difference in found)


def told(records: Sequence[StackRecord]) -> tuple[list[Step], tuple[Episode, ...]]:
    """Night after night; the steps, and what is open at the end."""
    is_open: tuple[Episode, ...] = ()
    steps = []
    for number, seen_by_run in enumerate(records):
        step = advanced(is_open, seen_by_run, run=number, at=night(number))
        is_open = (*step.new, *step.lasting, *step.carried)
        steps.append(step)
    return steps, is_open


@given(st.lists(LOOKS, max_size=6), LOOKS)
def test_nothing_is_lost_and_nothing_is_counted_twice(records: list[StackRecord], last: StackRecord) -> None:
    before = told(records)[1]
    step = advanced(before, last, run=99, at=night(99))
    assert names((*step.lasting, *step.resolved, *step.carried)) == names(before)
    assert names((*step.new, *step.lasting)) == names(last.differences)
    assert not set(names(step.new)) & set(names(before))
    assert all(last.covers(episode.difference) for episode in step.resolved)
    assert not any(last.covers(episode.difference) for episode in step.carried)


@given(st.lists(LOOKS, max_size=6), LOOKS)
def test_the_same_look_again_has_no_news(records: list[StackRecord], last: StackRecord) -> None:
    step, again = told([*records, last, last])[0][-2:]
    assert (again.new, again.resolved) == ((), ())
    assert names(again.lasting) == names((*step.new, *step.lasting))
    assert again.carried == step.carried


@given(st.lists(LOOKS, max_size=6), st.sampled_from((record(is_unreadable=True), record(gaps=tuple(map(gap, NAMES))))))
def test_a_look_that_saw_nothing_moves_nothing(records: list[StackRecord], nothing: StackRecord) -> None:
    before = told(records)[1]
    step = advanced(before, nothing, run=99, at=night(99))
    assert (step.new, step.lasting, step.resolved) == ((), (), ())
    assert names(step.carried) == names(before)
    assert all(episode in before for episode in step.carried)


@given(st.lists(LOOKS, min_size=1, max_size=8))
def test_since_is_the_first_night_that_nothing_later_contradicts(records: list[StackRecord]) -> None:
    """A plain reading of the past, backwards: as long as no look could have seen it and did not."""
    for episode in told(records)[1]:
        since = None
        for number in reversed(range(len(records))):
            if episode.fingerprint in names(records[number].differences):
                since = number
            elif records[number].covers(episode.difference):
                break
        assert (episode.first_run, episode.since) == (since, night(since or 0))
        assert episode.since <= episode.last_seen


@given(st.lists(LOOKS, max_size=4), LOOKS, LOOKS)
def test_an_older_look_moves_only_what_the_newer_ones_could_not_see(
    records: list[StackRecord], newer: StackRecord, late: StackRecord
) -> None:
    before = told([*records, newer])[1]
    step = advanced(before, late, run=-1, at=night(-1), newer=[newer])
    moved = [*step.new, *step.resolved, *(episode for episode in step.lasting if episode not in before)]
    assert not any(newer.covers(episode.difference) for episode in moved)
    assert set(names(newer.differences)).isdisjoint(names(moved))
    assert set(names((*step.lasting, *step.carried, *step.resolved))) == set(names(before))


@given(LOOKS, LOOKS)
def test_comparing_backwards_turns_appeared_into_resolved(one: StackRecord, other: StackRecord) -> None:
    there, back = compared([one], [other]), compared([other], [one])
    assert names(there.appeared) == names(back.resolved)
    assert names(there.resolved) == names(back.appeared)
    assert names(there.unknown) == names(back.unknown)
    assert names(there.same) == names(back.same)
    assert [(difference, was) for was, difference in there.changed] == [
        (was, difference) for was, difference in back.changed
    ]
    every = [*there.appeared, *there.resolved, *there.unknown, *there.same, *(now for _, now in there.changed)]
    assert sorted(set(names(every))) == sorted({*names(one.differences), *names(other.differences)})
    assert len(every) == len(set(names(every)))


@given(LOOKS)
def test_a_run_beside_itself_is_the_same(one: StackRecord) -> None:
    found = compared([one], [one])
    assert names(found.same) == names(one.differences)
    assert (found.appeared, found.resolved, found.changed, found.unknown) == ((), (), (), ())


def test_a_stack_that_the_other_run_did_not_audit_is_unknown() -> None:
    found = compared([record(difference())], [])
    assert names(found.unknown) == names([difference()])


def test_a_value_that_changed_is_seen_though_it_may_be_a_secret() -> None:
    def hashed(value: str) -> StackRecord:
        return hash_secrets(record(difference(path="/Password", actual=value, is_secret=True)), salt="s")

    ((was, now),) = compared([hashed("one")], [hashed("two")]).changed
    assert "one" not in str(was.actual)
    assert was.actual != now.actual
    assert compared([hashed("one")], [hashed("one")]).changed == ()


def test_a_value_that_either_run_has_masked_is_the_same() -> None:
    def kept(value: str, stage: str = "x") -> StackRecord:
        return hash_secrets(record(difference(actual={"Token": value, "Stage": stage})), salt="s")

    for part, other in (("***", "one"), ("one", "***"), ("***", "***")):
        assert compared([kept(part)], [kept(other)]).changed == ()
        assert len(compared([kept(part)], [kept(other, "y")]).changed) == 1


def test_within_a_value_only_what_stands_under_or_beside_the_name_of_a_secret_is_hashed() -> None:
    value = {
        "Environment": [{"Name": "DB_PASSWORD", "Value": "x"}, {"Name": "STAGE", "Value": "y"}],
        "Token": ["x"],
        "Size": 1,
    }
    hidden = hash_secrets(record(difference(expected=value, actual=None)), salt="s").differences[0].expected
    text = str(hidden)
    assert text.count("hmac-sha256:") == 2
    assert "{'Name': 'STAGE', 'Value': 'y'}" in text
    assert "'Size': 1" in text


def test_what_is_no_look_is_refused() -> None:
    with pytest.raises(TypeError, match="expected list"):
        StackRecord.from_dict({**record().to_dict(), "gaps": {}})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4).filter(lambda name: "***" not in name),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES, VALUES, st.text(min_size=1))
def test_hashes_are_equal_where_values_are_and_nowhere_else(one: object, other: object, salt: str) -> None:
    def hashed(value: object, with_salt: str = salt) -> object:
        seen = record(difference(actual=value, expected=None, is_secret=True))
        return hash_secrets(seen, salt=with_salt).differences[0].actual

    assert hashed(one) == hashed(one)
    if one is None:
        assert hashed(one) is None
        return
    assert str(hashed(one)).startswith("hmac-sha256:")
    assert hashed(one) != hashed(one, f"{salt}!")
    if repr(one) != repr(other):
        assert hashed(one) != hashed(other)


@given(LOOKS)
def test_a_look_is_read_as_it_was_written(one: StackRecord) -> None:
    assert StackRecord.from_dict(one.to_dict()) == one


# -- what a report says


def proof(name: str, status: DriftStatus, *unproven: str) -> ResourceProof:
    return ResourceProof(
        location=Location(stack_name="Net", logical_id=name, resource_type="AWS::X::Y"),
        physical_id=name,
        status=status,
        unproven=tuple(Unproven(path=path, reason=UnprovenReason.DENIED) for path in unproven),
    )


def audit(*proofs: ResourceProof, **fields: object) -> StackAudit:
    return StackAudit(
        **{  # type: ignore[arg-type]
            "stack_name": "Net",
            "stack_id": "arn",
            "account": STACK.account,
            "region": STACK.region,
            "stack_status": "CREATE_COMPLETE",
            "proofs": proofs,
            **fields,
        }
    )


def test_what_was_not_looked_at_is_a_gap() -> None:
    seen = audit(
        proof("A", DriftStatus.NOT_CHECKED, "", "/P"),
        proof("B", DriftStatus.MODIFIED, "/P"),
        unread=(Unread(logical_id="B", question="rules", reason=UnprovenReason.DENIED),),
    )
    (made,) = records_of(DriftReport(target="aws", audits=(seen,), differences=(difference("B", "/R"),)))
    assert made.gaps == (
        Gap(logical_id="A"),
        Gap(logical_id="B", question="/P"),
        Gap(logical_id="B", question="rules"),
    )
    assert (made.stack_key, made.is_unreadable, made.status, len(made.differences)) == (STACK, False, "NOT_CHECKED", 1)
    assert made.certificate["stack_name"] == "Net"
    can = {
        "gone": made.covers(deleted("A")),
        "in gap": made.covers(difference("B", "/P/Q")),
        "around": made.covers(difference("B", "/")),
        "other path": made.covers(difference("B", "/PQ")),
        "family": made.covers(child("B")),
        "other family": made.covers(child("B", family="grants")),
        "some family": made.covers(child("B", family=None)),
        "deleted": made.covers(deleted("B")),
        "elsewhere": made.covers(difference("C", "/P")),
    }
    assert can == {
        "gone": False,
        "in gap": False,
        "around": True,
        "other path": True,
        "family": False,
        "other family": True,
        "some family": False,
        "deleted": True,
        "elsewhere": True,
    }


def test_one_child_that_nobody_knows_hides_no_other() -> None:
    seen = record(gaps=(Gap(logical_id="A", question="rules: c"),))
    assert [seen.covers(child(child_id=child_id)) for child_id in "cd"] == [False, True]


def test_of_a_resource_that_does_not_exist_nothing_else_is_known() -> None:
    gone = record(deleted("A"))
    assert not gone.covers(difference("A"))
    assert gone.covers(difference("B"))
    assert gone.covers(deleted("A"))


def test_a_stack_that_an_interrupted_run_has_seen_is_no_look_of_this_run() -> None:
    found = audit(proof("A", DriftStatus.IN_SYNC))
    report = DriftReport(target="aws", audits=(found,), differences=())
    assert [record.stack_key.stack_name for record in records_of(report)] == [found.stack_name]
    assert records_of(replace(report, earlier={(found.account, found.region, found.stack_name): night(1)})) == ()


def test_a_stack_that_could_not_be_audited_was_not_looked_at() -> None:
    busy = audit(proof("A", DriftStatus.NOT_CHECKED, "", "/P"), reason=UnprovenReason.BUSY)
    (made,) = records_of(DriftReport(target="aws", audits=(busy,)))
    assert (made.is_unreadable, made.gaps) == (True, ())


def test_two_stacks_of_one_name_are_one_place_with_the_gaps_of_both() -> None:
    one, other = audit(proof("A", DriftStatus.NOT_CHECKED)), audit(proof("B", DriftStatus.NOT_CHECKED), stack_id="x")
    (made,) = records_of(DriftReport(target="aws", audits=(one, other), differences=(difference(),)))
    assert [gap.logical_id for gap in made.gaps] == ["A", "B"]
    assert len(made.differences) == 1


def test_what_is_in_no_stack_is_a_place_of_its_own() -> None:
    report = DriftReport(
        target="aws",
        audits=(audit(proof("A", DriftStatus.IN_SYNC)),),
        differences=(unmanaged("x"),),
        scopes=("prefix:a",),
        listed=((STACK.account, STACK.region, "AWS::SQS::Queue"), (STACK.account, "eu-west-2", "AWS::SQS::Queue")),
    )
    made = {record.stack_key: record for record in records_of(report)}
    assert [(stack_key.region, stack_key.stack_name) for stack_key in made] == [
        ("eu-west-1", ""),
        ("eu-west-1", "Net"),
        ("eu-west-2", ""),
    ]
    here = made[NOWHERE]
    assert (here.status, here.scopes, here.listed) == ("MODIFIED", ("prefix:a",), ("AWS::SQS::Queue",))
    assert here.covers(unmanaged("q", "AWS::SQS::Queue"), scopes=("prefix:a",))
    assert not here.covers(unmanaged("q", "AWS::SQS::Queue"), scopes=("prefix:a", "vpc:v"))
    assert not here.covers(unmanaged("x"), scopes=("prefix:a",))


def test_an_alarm_is_named_by_its_news() -> None:
    (topic,) = advanced([], record(difference()), run=1, at=night(0)).new
    (queue,) = advanced([], record(difference("Q", stack_name="Other")), run=1, at=night(0)).new
    one = Alarm(run=run(1), episodes=(topic,))
    assert one.subject == "1 new difference in Net"
    assert Alarm(run=run(1), episodes=()).subject == "nothing new"
    assert Alarm(run=run(1), episodes=(topic, queue)).subject == "2 new differences in Net and 1 more"
    assert one.identity == Alarm(run=run(2), episodes=(topic,)).identity
    assert one.identity != Alarm(run=run(1), episodes=(replace(topic, since=night(3)),)).identity
    assert one.to_dict()["differences"] == [topic.row()]
    assert shown_time(night(0)) == "2026-11-01T02:00:00Z"


def test_places_are_sorted_by_name() -> None:
    assert sorted([StackKey(account="2", region="a", stack_name=""), STACK]) == [
        STACK,
        StackKey(account="2", region="a", stack_name=""),
    ]
