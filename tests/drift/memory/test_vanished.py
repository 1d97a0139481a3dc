"""A stack that an earlier audit saw, and that is not there any more, is a difference until it is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.adopt.remedies import put_back
from stackproof.drift.as_findings import as_check
from stackproof.drift.difference import DriftOrigin
from stackproof.drift.drift_waiver import DriftWaiver
from stackproof.drift.episode import RunScope
from stackproof.drift.fleet.task import StackFilter
from stackproof.drift.memory.remembering import begin_run, record_audit, send_alarms
from stackproof.drift.report import DriftReport, Evaluated
from stackproof.drift.stack_audit import StackAudit
from stackproof.drift.stack_list import StackList
from stackproof.drift.waivers import waived_report
from stackproof.proof.observation import DriftStatus, ResourceProof
from stackproof.reporters.terminal_drift import drift_text
from stackproof.template.location import Location
from tests.memory_fakes import KEEP, STACK, FakeAuditStore, FakeNotifier, difference, night, run, unwaived

FLEET = RunScope(fleet="fleet.yaml")
PROD = StackFilter(tags=(("stage", "prod"), ("team", "a")))


def audit(name: str, **fields: Any) -> StackAudit:
    proof = ResourceProof(
        location=Location(stack_name=name, logical_id="Topic", resource_type="AWS::SNS::Topic"),
        physical_id="t",
        status=DriftStatus.IN_SYNC,
        proven=("/A",),
    )
    whole: dict[str, Any] = {
        "stack_name": name,
        "stack_id": f"id-of-{name}",
        "account": STACK.account,
        "region": STACK.region,
        "stack_status": "CREATE_COMPLETE",
        "proofs": (proof,),
    }
    return StackAudit(**{**whole, **fields})


def listed(*names: str, **fields: Any) -> StackList:
    return StackList(**{"account": STACK.account, "region": STACK.region, "there": frozenset(names), **fields})


def audited(
    store: FakeAuditStore,
    number: int,
    *audits: StackAudit,
    lists: StackList | None = None,
    scope: RunScope | None = None,
    waivers: Sequence[DriftWaiver] = (),
    also_evaluated: Evaluated | None = None,
) -> DriftReport:
    """The audit of a night, of all stacks unless something else is listed."""
    there = lists or listed(*(audit.stack_name for audit in audits))
    found = tuple(difference for audit in audits for difference in audit.differences)
    evaluated: Evaluated = {(audit.account, audit.region, audit.stack_name): audit.is_complete for audit in audits}
    report = DriftReport(
        target="aws",
        audits=audits,
        differences=found,
        stack_lists=(there,),
        evaluated={**evaluated, **(also_evaluated or {})},
    )
    started_at = begin_run(store, run(started_at=night(number), scope=scope or RunScope()))
    waive = partial(waived_report, waivers=waivers, on=night(number).date())
    return record_audit(report, store, started_at, ended_at=night(number), keep=KEEP, waive=waive)


def gone(report: DriftReport) -> list[str | None]:
    return [
        difference.location.stack_name for difference in report.differences if difference.origin is DriftOrigin.DELETED
    ]


def test_a_stack_that_is_not_there_any_more_is_a_difference_until_it_is_forgotten() -> None:
    store, people = FakeAuditStore(), FakeNotifier()
    assert audited(store, 0, audit("S1"), audit("S4")).exit_code == 0
    report = audited(store, 1, audit("S1"))
    (found,) = report.differences
    assert (report.exit_code, found.origin, found.location.stack_name) == (1, DriftOrigin.DELETED, "S4")
    assert send_alarms(report, store, [people], at=night(1)).exit_code == 1
    assert [alarm.subject for alarm in people.alarms] == ["1 new difference in S4"]
    again = audited(store, 2, audit("S1"))
    assert (gone(again), again.memory and again.memory.new) == (["S4"], frozenset())
    store.forget("S4")
    last = audited(store, 3, audit("S1"))
    assert (last.exit_code, last.differences) == (0, ())


def test_what_is_said_of_it_names_the_stack_and_the_way_out() -> None:
    store = FakeAuditStore()
    audited(store, 0, audit("S1"), audit("S4"))
    report = audited(store, 1, audit("S1"))
    line = (
        "eu-west-1: S4 (AWS::CloudFormation::Stack) does not exist any more; "
        "if intended: stackproof drift forget --stack S4"
    )
    assert " ".join(line.strip() for line in drift_text(report).splitlines()).startswith(line)
    (finding,) = as_check(report).findings
    assert (finding.rule_id, "forget --stack S4" in finding.message) == ("SPD005", True)
    (remedy,) = put_back(report.differences[0], cdk_stack=None)
    assert remedy.startswith("the stack S4 is deleted: deploy it again; ")


def test_one_that_people_live_with_is_waived_by_its_name_and_told_to_nobody() -> None:
    store, people = FakeAuditStore(), FakeNotifier()
    until = night(2).date()
    waiver = DriftWaiver(stack="S4", resource="S4", reason="for a while only", owner="web", expires=until)
    other = replace(waiver, stack="S5", resource="S5")
    audited(store, 0, audit("S1"), audit("S4"))
    report = audited(store, 1, audit("S1"), waivers=(waiver, other))
    assert (report.exit_code, gone(report), report.open_differences) == (0, ["S4"], ())
    assert [(waiver.stack, waiver.covers, waiver.state.value) for waiver in report.waivers] == [
        ("S4", 1, "active"),
        ("S5", 0, "not_judged"),
    ]
    send_alarms(report, store, [people], at=night(1))
    assert people.alarms == []
    late = audited(store, 3, audit("S1"), waivers=(waiver, other))
    assert (late.exit_code, len(late.open_differences)) == (1, 1)


def test_a_stack_that_is_back_is_resolved_and_what_was_open_there_waited() -> None:
    store, topic = FakeAuditStore(), difference(stack_name="S4")
    audited(store, 0, audit("S1"), audit("S4", differences=(topic,)))
    away = audited(store, 1, audit("S1"))
    assert away.memory is not None
    assert [episode.fingerprint for episode in away.memory.carried] == [topic.fingerprint]
    back = audited(store, 2, audit("S1"), audit("S4", stack_id="another", differences=(topic,)))
    assert back.memory is not None
    assert [episode.difference.origin for episode in back.memory.resolved] == [DriftOrigin.DELETED]
    assert (gone(back), back.memory.since[topic.fingerprint]) == ([], night(0))


@pytest.mark.parametrize(
    "lists",
    [
        listed("S1", asked=frozenset({"S1"})),
        listed("S1", "S4"),
        replace(listed("S1"), region="us-east-1"),
        listed("S1", wanted=StackFilter(names=("S1*",))),
        listed("S1", wanted=StackFilter(tags=(("stage", "prod"),))),
    ],
    ids=["left out by --stack", "there", "another region", "left out by name", "never taken by these filters"],
)
def test_what_the_run_did_not_ask_for_is_not_gone(lists: StackList) -> None:
    store = FakeAuditStore()
    audited(store, 0, audit("S1"), audit("S4"))
    assert gone(audited(store, 1, audit("S1"), lists=lists, scope=FLEET)) == []


@pytest.mark.parametrize(
    "lists",
    [
        listed("S1", asked=frozenset({"S1", "S4"})),
        listed("S1", wanted=StackFilter(names=("S*",))),
        listed("S1", wanted=StackFilter(tags=(("stage", "prod"),))),
        listed("S1", wanted=StackFilter(owners=("streams",))),
    ],
)
def test_what_the_run_asked_for_is_gone(lists: StackList) -> None:
    store = FakeAuditStore()
    audited(store, 0, audit("S1"), audit("S4"), lists=replace(lists, there=frozenset({"S1", "S4"})))
    assert gone(audited(store, 1, audit("S1"), lists=lists)) == ["S4"]


def test_what_a_fleet_asks_for_is_known_by_its_filters_and_not_by_the_path_of_its_file() -> None:
    store = FakeAuditStore()
    audited(store, 0, audit("S1"), audit("S4"), lists=listed("S1", "S4", wanted=PROD), scope=FLEET)
    other = replace(PROD, tags=(("team", "b"),))
    assert gone(audited(store, 1, audit("S1"), lists=listed("S1", wanted=other), scope=FLEET)) == []
    again = replace(PROD, names=("S*",), tags=PROD.tags[::-1])
    for number in (2, 3):
        elsewhere = RunScope(fleet=f"/{number}/fleet.yaml")
        assert gone(audited(store, number, audit("S1"), lists=listed("S1", wanted=again), scope=elsewhere)) == ["S4"]


def test_an_arn_asks_for_one_stack_and_not_for_another_of_its_name() -> None:
    store, arn = FakeAuditStore(), "arn:aws:cloudformation:eu-west-1:123456789012:stack/S4/one"
    audited(store, 0, audit("S4", stack_id=arn))
    assert gone(audited(store, 1, lists=listed(asked=frozenset({arn})))) == ["S4"]
    audited(store, 2, audit("S4", stack_id=arn.replace("one", "two")))
    assert gone(audited(store, 3, lists=listed(asked=frozenset({arn})))) == []


def test_a_place_that_could_not_be_listed_lacks_nothing() -> None:
    store = FakeAuditStore()
    audited(store, 0, audit("S4"))
    dark = audit("*", stack_id="", proofs=(), reason=UnprovenReason.DENIED)
    report = DriftReport(target="aws", audits=(dark,))
    assert (
        gone(record_audit(report, store, begin_run(store, run(1)), ended_at=night(1), keep=KEEP, waive=unwaived)) == []
    )


def test_a_nested_stack_goes_with_its_parent_whatever_it_was_called() -> None:
    store = FakeAuditStore()
    inner = audit("Net/Inner", stack_id="inner", parent="Net")
    audited(store, 0, audit("Net"), inner)
    audited(store, 1, audit("Net-Inner-1XY", stack_id="inner"), lists=listed("Net", asked=frozenset({"Net-Inner-1XY"})))
    assert gone(audited(store, 2, audit("Net"), inner, lists=listed("Net"))) == []
    busy = audit("Net", proofs=(), reason=UnprovenReason.BUSY)
    assert gone(audited(store, 3, busy, lists=listed("Net"))) == []
    assert gone(audited(store, 4, audit("S1"), lists=listed("S1"))) == ["Net", "Net-Inner-1XY"]


def test_what_nobody_has_ever_seen_is_not_missed() -> None:
    store = FakeAuditStore()
    audited(store, 0, audit("S1"), audit("S4", proofs=(), reason=UnprovenReason.BUSY))
    assert gone(audited(store, 1, audit("S1"))) == []


def test_what_a_run_saw_that_was_not_over_when_this_one_began_may_have_come_since() -> None:
    store = FakeAuditStore()
    slow = begin_run(store, run(started_at=night(1)))
    audited(store, 2, audit("S1"), audit("S9"))
    report = DriftReport(target="aws", audits=(audit("S1"),), stack_lists=(listed("S1"),))
    assert gone(record_audit(report, store, slow, ended_at=night(3), keep=KEEP, waive=unwaived)) == []


def test_a_waiver_that_only_a_vanished_stack_needs_is_in_use() -> None:
    store = FakeAuditStore()
    audited(store, 0, audit("S1"), audit("S4"))
    waiver = DriftWaiver(stack="S4", resource="S4", reason="moved", owner="web", expires=night(30).date())
    whole: Evaluated = {(STACK.account, STACK.region, "S4"): True}
    report = audited(store, 1, audit("S1"), waivers=(waiver,), also_evaluated=whole)
    assert gone(report) == ["S4"]
    assert report.findings == ()
    assert [(row.covers, row.state.value) for row in report.waivers] == [(1, "active")]
    assert report.exit_code == 0
