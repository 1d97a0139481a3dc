"""The report of an audit: what it counts, and with which exit code it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stackproof.calls.log import CallCount, CallKind, CallLog
from stackproof.config.schema import read_schema
from stackproof.core.json import as_object
from stackproof.core.notification import Level, Notification
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.difference import Difference, DriftOrigin, QuestionCount, Unread
from stackproof.drift.episode import Memory, Outcome, Run
from stackproof.drift.native_drift import NativeRow
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_audit import StackAudit
from stackproof.policy.finding import Finding, Kind, Origin, Suppression
from stackproof.proof.observation import Change, DriftStatus, PropertyDifference, ResourceProof, Unproven
from stackproof.reporters.terminal_drift import drift_text
from stackproof.reporters.wording import folded
from stackproof.template.location import Location

PLACE = Location(stack_name="Net", logical_id="Topic", resource_type="AWS::SNS::Topic", file="app.py", line=3)
SEEN = ResourceProof(location=PLACE, physical_id="t", status=DriftStatus.IN_SYNC, proven=("/A", "/B"))
UNSEEN = ResourceProof(
    location=PLACE,
    physical_id="t",
    status=DriftStatus.NOT_CHECKED,
    unproven=(
        Unproven(path="", reason=UnprovenReason.DENIED, detail="no"),
        Unproven(path="/A", reason=UnprovenReason.DENIED, detail="no"),
    ),
)


def difference(origin: DriftOrigin = DriftOrigin.DECLARED, **fields: Any) -> Difference:
    return Difference(
        **{
            "account": "1",
            "region": "r",
            "origin": origin,
            "location": PLACE,
            "physical_id": "t",
            "status": DriftStatus.MODIFIED,
            "change": Change.NOT_EQUAL,
            "path": "/A",
            **fields,
        }
    )


def audit(*proofs: ResourceProof, **fields: Any) -> StackAudit:
    return StackAudit(
        **{
            "stack_name": "Net",
            "stack_id": "arn:net",
            "account": "1",
            "region": "r",
            "stack_status": "CREATE_COMPLETE",
            "proofs": proofs or (SEEN,),
            **fields,
        }
    )


def report(*audits: StackAudit, **fields: Any) -> DriftReport:
    return DriftReport(**{"target": "moto", "audits": audits or (audit(),), **fields})


def unread(reason: str) -> tuple[Unread, ...]:
    return (Unread(logical_id="Topic", question="subscriptions", reason=UnprovenReason(reason)),)


WAIVED = difference(suppression=Suppression(reason="r", owner="o"))
BROKEN = Notification(level=Level.ERROR, message="broken")
SAID = Finding(
    rule_id="SPW002",
    kind=Kind.FAIL,
    level=Level.WARNING,
    message="matches nothing",
    location=Location(file="w", line=1),
    origins=(Origin(engine="stackproof", rule_id="SPW002", message="matches nothing"),),
)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (report(), 0),
        (report(differences=(WAIVED,)), 0),
        (report(audit(unread=unread("not_emulated"))), 0),
        (report(minimum_coverage=100), 0),
        (report(differences=(difference(),)), 1),
        (report(findings=(SAID,)), 1),
        (report(findings=(SAID,), fail_level=Level.ERROR), 0),
        (DriftReport(target="moto", audits=()), 3),
        (report(notifications=(BROKEN,)), 3),
        (report(audit(unread=unread("denied")), differences=(difference(),)), 3),
        (report(audit(unread=unread("not_emulated")), strict=True), 3),
        (report(audit(SEEN, UNSEEN)), 3),
        (report(audit(reason=UnprovenReason.BUSY)), 3),
        (report(audit(SEEN, UNSEEN), minimum_coverage=50), 3),
    ],
)
def test_exit_codes(made: DriftReport, code: int) -> None:
    assert made.exit_code == code
    Draft202012Validator(read_schema("report.schema.json")).validate(made.to_dict())


@pytest.mark.parametrize(
    ("fields", "word", "verdict", "stale"),
    [
        ({}, "clean", "clean", 0),
        ({"findings": (SAID,)}, "clean, but 1 waiver is out of date", "waivers out of date", 1),
        ({"findings": (SAID, SAID)}, "clean, but 2 waivers are out of date", "waivers out of date", 2),
        ({"findings": (SAID,), "fail_level": Level.ERROR}, "clean", "clean", 0),
        (
            {"findings": (SAID,), "differences": (WAIVED,)},
            "clean, but 1 waiver is out of date",
            "waivers out of date",
            1,
        ),
        ({"differences": (difference(),)}, "drifted", "drifted", 0),
        ({"findings": (SAID,), "differences": (difference(),)}, "drifted, and 1 waiver is out of date", "drifted", 1),
        ({"findings": (SAID,), "notifications": (BROKEN,)}, "not complete", "not complete", 1),
    ],
)
def test_only_a_difference_is_called_drift(fields: dict[str, Any], word: str, verdict: str, stale: int) -> None:
    made = report(**fields)
    summary = as_object(made.to_dict()["summary"])
    assert drift_text(made).splitlines()[-1].startswith(f"drift (moto): {word}; differences: ")
    assert (summary["verdict"], made.outcome.verdict, summary["outdated_waivers"]) == (verdict, verdict, stale)
    Draft202012Validator(read_schema("report.schema.json")).validate(made.to_dict())


def test_a_call_that_was_refused_is_3_and_the_calls_are_a_line() -> None:
    reading = CallCount(target="moto", service="sns", operation="ListTopics", kind=CallKind.READ, count=2)
    refused = CallCount(target="moto", service="sns", operation="CreateTopic", kind=CallKind.REFUSED)
    assert report(calls=CallLog(counts=(reading,))).exit_code == 0
    made = report(calls=CallLog(counts=(reading, refused)))
    assert made.exit_code == 3
    Draft202012Validator(read_schema("report.schema.json")).validate(made.to_dict())
    assert "2 calls: 2 reads, 0 writes, 1 refused (sns:CreateTopic)" in drift_text(made).splitlines()


def test_a_share_is_rounded_down_so_that_100_means_all() -> None:
    many = ResourceProof(
        location=PLACE,
        physical_id="t",
        status=DriftStatus.IN_SYNC,
        proven=tuple(f"/{n}" for n in range(9999)),
        unproven=(Unproven(path="/z", reason=UnprovenReason.WRITE_ONLY),),
    )
    made = report(audit(many), minimum_coverage=100)
    assert (made.checked, made.is_enough, made.exit_code) == (99.9, False, 3)
    assert report(audit(reason=UnprovenReason.BUSY, proofs=())).checked == 0


_EACH = "1 declared, 1 undeclared, 1 child, 1 unmanaged, 1 deleted, 1 waived"
_LESS = "the minimum is 99 %"


def looked_at(*counts: int | str) -> str:
    """The middle of a certificate."""
    seen, resources, properties, set_, answered, asked, *custom = counts
    return (
        f"checked {seen} of {resources} resources{''.join(map(str, custom))}, {properties} of {set_} properties, "
        f"{answered} of {asked} families of children, {answered} of {asked} defaults"
    )


def test_the_text_names_everything_and_ends_with_how_much_was_looked_at() -> None:
    custom = ResourceProof(location=PLACE, physical_id=None, status=DriftStatus.NOT_CHECKED, custom=True)
    differs = ResourceProof(
        location=PLACE,
        physical_id="t",
        status=DriftStatus.MODIFIED,
        proven=("/B",),
        differences=(PropertyDifference(path="/A", expected=1, actual=2, change=Change.NOT_EQUAL),),
    )
    busy = audit(stack_name="Busy", proofs=(), reason=UnprovenReason.BUSY, detail="the stack is UPDATE_IN_PROGRESS")
    rows = (NativeRow(logical_id="Topic", property_path="/A", seen_by="stackproof", detail="NOT_CHECKED"),)
    looked = QuestionCount(total=2, looked_at=1)
    made = report(
        audit(differs, UNSEEN, custom, children=looked, defaults=looked, unread=unread("denied"), native=rows),
        audit(stack_name="Same", native=()),
        busy,
        differences=(
            difference(expected="x" * 100, actual=None),
            difference(DriftOrigin.UNDECLARED, expected=1, actual="secret-value", is_secret=True),
            difference(
                DriftOrigin.CHILD, path=None, child_type="AWS::SNS::Subscription", child_id="s", actual={"E": 1}
            ),
            difference(DriftOrigin.DELETED, path=None),
            difference(DriftOrigin.UNMANAGED, path=None, location=Location(resource_type="AWS::SQS::Queue")),
            WAIVED,
        ),
        findings=(SAID,),
        minimum_coverage=99,
    )
    text = drift_text(made)
    assert text.splitlines() == [
        "app.py:3: Net/Topic /A differs",
        f"    expected '{'x' * 66}",
        f"             {'x' * 34}'",
        "    actual   not set",
        "app.py:3: Net/Topic /A is not set in the template, and not at its default",
        "    expected '***'",
        "    actual   '***'",
        "app.py:3: Net/Topic has what nobody declared: AWS::SNS::Subscription s",
        "    actual   {'E': 1}",
        "app.py:3: Net/Topic (AWS::SNS::Topic) does not exist",
        "r: t (AWS::SQS::Queue) is in no stack",
        "app.py:3: Net/Topic could not be checked: denied, no",
        "Net/Topic: subscriptions not checked: denied",
        "Net beside CloudFormation's own detection:",
        "  only stackproof sees Topic/A (NOT_CHECKED)",
        "Same beside CloudFormation's own detection: neither differs",
        "Busy: could not be audited: busy: the stack is UPDATE_IN_PROGRESS",
        "w:1: warning: matches nothing (SPW002)",
        *folded(
            f"Net: NOT_CHECKED; {looked_at(1, 2, 2, 3, 1, 2, ' (1 custom resource not counted)')}; "
            "not checked: 2 denied"
        ),
        *folded(f"Same: IN_SYNC; {looked_at(1, 1, 2, 2, 0, 0)}"),
        *folded(f"Busy: NOT_CHECKED; {looked_at(0, 0, 0, 0, 0, 0)}"),
        f"drift (moto): not complete; differences: {_EACH}; 80.0 % of the properties checked (4 of 5), {_LESS}",
    ]
    more = drift_text(made, verbose=True)
    assert "    waived until None: r" in more
    assert "\nNet/Topic (1 property): denied no\n" in more
    assert " : " not in more
    Draft202012Validator(read_schema("report.schema.json")).validate(made.to_dict())
    assert "secret-value" not in str(made.to_dict())


def test_of_several_places_every_line_says_which_and_long_ones_are_folded() -> None:
    busy = audit(account="2", stack_name="*", proofs=(), reason=UnprovenReason.DENIED, detail="no " + "word " * 20)
    made = report(audit(), busy, differences=(difference(actual=1),))
    lines = drift_text(made).splitlines()
    assert lines[:3] == ["1/r: app.py:3: Net/Topic /A differs", "    expected not set", "    actual   1"]
    assert lines[3].startswith("2/r: *: could not be audited: denied: no word")
    assert lines[4].startswith("    word")
    assert max(len(line) for line in lines[:-1]) <= 80


LOOKED = QuestionCount(total=2, looked_at=2)
WRITTEN_ONLY = ResourceProof(
    location=PLACE,
    physical_id="t",
    status=DriftStatus.IN_SYNC,
    proven=("/A",),
    unproven=(Unproven(path="/B", reason=UnprovenReason.WRITE_ONLY),),
)


def fleet(**fields: Any) -> DriftReport:
    """Fifteen stacks in as many accounts, one of which has drifted."""
    audits = [audit(SEEN, WRITTEN_ONLY, account=f"{number}", children=LOOKED) for number in range(14)]
    drifted = audit(account="14", differences=(difference(account="14"),))
    return report(*audits, drifted, differences=drifted.differences, **fields)


def test_of_a_fleet_only_what_is_not_as_it_should_be_is_named_and_the_rest_is_one_line() -> None:
    text = drift_text(fleet())
    assert len(text.splitlines()) <= 10
    *_, drifted, more, together, rest, last = text.splitlines()
    assert drifted.startswith("14/r: Net: MODIFIED; checked 1 of 1 resources")
    assert f"{together} {rest.strip()}" == (
        "14 stacks IN_SYNC; checked 28 of 28 resources, 42 of 56 properties, 28 of 28 families of children, "
        "0 of 0 defaults; not checked: 14 write_only"
    ), more
    assert last.startswith("drift (moto): drifted; ")
    every = drift_text(fleet(), verbose=True).splitlines()
    assert len([name for name in every if ": Net: IN_SYNC; checked" in name]) == 14


def test_a_stack_of_which_too_little_was_seen_is_named_though_it_is_in_sync() -> None:
    low = audit(WRITTEN_ONLY, stack_name="Low")
    made = report(audit(), audit(), low, minimum_coverage=60)
    lines = drift_text(made).splitlines()
    assert [line.partition(";")[0] for line in lines if "IN_SYNC" in line] == ["Low: IN_SYNC", "2 stacks IN_SYNC"]


def test_a_stack_that_an_interrupted_run_has_seen_is_said_with_the_time() -> None:
    at = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (7, 8)]
    audits = [audit(SEEN, stack_name=stack_name) for stack_name in "ABCD"]
    made = report(*audits, earlier={("1", "r", "A"): at[1], ("1", "r", "B"): at[0]})
    first, second = (f"2026-01-01T0{hour}:00:00Z" for hour in (7, 8))
    rest = "checked 2 of 2 resources, 4 of 4 properties, 0 of 0 families of children, 0 of 0 defaults"
    assert [line for line in _unfolded(made) if "IN_SYNC" in line] == [
        f"2 stacks IN_SYNC; {rest}",
        f"2 stacks IN_SYNC, checked from {first} to {second} by the interrupted run; {rest}",
    ]
    single = _unfolded(replace(made, earlier={("1", "r", "A"): at[1]}))
    assert any(text.startswith(f"A: IN_SYNC, checked {second} by the interrupted run; checked") for text in single)
    assert any(text.startswith("3 stacks IN_SYNC; checked") for text in single)
    data: Any = made.to_dict()
    assert [stack["looked_at"] for stack in data["stacks"]] == [second, first, None, None]
    Draft202012Validator(read_schema("report.schema.json")).validate(data)


def test_what_is_remembered_of_a_run_has_how_many_stacks_an_interrupted_one_has_seen() -> None:
    made = report(audit(stack_name="A"), audit(stack_name="B"))
    assert (made.outcome.stacks, made.outcome.earlier) == (2, 0)
    found = replace(made, earlier={("1", "r", "A"): datetime(2026, 1, 1, tzinfo=UTC)}).outcome
    assert (found.stacks, found.earlier) == (2, 1)
    assert Outcome.from_dict(found.to_dict()) == found
    before = {name: value for name, value in found.to_dict().items() if name != "earlier"}
    assert Outcome.from_dict(before).earlier == 0


def _unfolded(made: DriftReport) -> list[str]:
    return drift_text(made).replace("\n    ", " ").splitlines()


def test_what_cloudformation_sees_as_well_is_one_line_for_all_stacks_in_which_neither_sees_a_thing() -> None:
    rows = (NativeRow(logical_id="Topic", property_path="/A", seen_by="both"),)
    made = report(audit(native=()), audit(native=()), audit(stack_name="Odd", native=rows), audit(stack_name="Unasked"))
    lines = [line for line in drift_text(made).splitlines() if "beside" in line]
    assert lines == [
        "Odd beside CloudFormation's own detection:",
        "2 stacks beside CloudFormation's own detection: neither differs",
    ]
    assert sum("neither differs" in line for line in drift_text(made, verbose=True).splitlines()) == 2


def test_a_difference_of_which_the_store_knows_nothing_is_neither_new_nor_old() -> None:
    run = Run(number=1, target="aws", against="template", started_at=datetime(2026, 1, 1, tzinfo=UTC))
    report = DriftReport(target="aws", audits=(), differences=(difference(),), memory=Memory(run=run))
    [row] = json.loads(json.dumps(report.to_dict()))["differences"]
    assert (row["since"], row["is_new"]) == (None, None)
