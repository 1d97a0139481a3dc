"""Drift waivers: exact, owned, dated; what is out of date or of no use is a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonValue
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.drift_waiver import DriftWaiver
from stackproof.drift.report import DriftReport, Evaluated
from stackproof.drift.waivers import require_accounts, waived_drift, waived_report
from stackproof.policy.ledger import WaiverState
from stackproof.proof.observation import Change, DriftStatus
from stackproof.reporters.ledger import ledger_lines
from stackproof.template.location import Location

TODAY = date(2026, 3, 1)
NET: Evaluated = {("1", "r", "Net"): True}


def waiver(**fields: Any) -> DriftWaiver:
    return DriftWaiver(
        **{
            "stack": "Net",
            "resource": "Topic",
            "path": "/Tags",
            "reason": "until the move",
            "owner": "network",
            "expires": TODAY,
            "file": "policies/waivers.yaml",
            "line": 3,
            **fields,
        }
    )


def difference(**fields: Any) -> Difference:
    place = Location(stack_name="Net", logical_id="Topic", resource_type="AWS::SNS::Topic")
    return Difference(
        **{
            "account": "1",
            "region": "r",
            "origin": DriftOrigin.DECLARED,
            "location": place,
            "physical_id": "t-1",
            "status": DriftStatus.MODIFIED,
            "change": Change.NOT_EQUAL,
            "path": "/Tags",
            **fields,
        }
    )


CHILD = difference(origin=DriftOrigin.CHILD, path=None, child_type="AWS::SNS::Subscription", child_id="s-1")
LOST = difference(origin=DriftOrigin.UNMANAGED, path=None, location=Location(resource_type="AWS::SQS::Queue"))


def test_a_waiver_holds_on_its_last_day_for_exactly_what_it_names() -> None:
    others = [difference(path="/Name"), difference(path="/Tags/0"), CHILD, LOST]
    found = waived_drift([difference(), *others], [waiver()], on=TODAY, evaluated=NET)
    assert [difference.path for difference in found.differences if difference.suppression] == ["/Tags"]
    assert found.findings == ()
    [entry] = found.entries
    assert (entry.rule, entry.construct_path, entry.state, entry.covers) == (
        "drift",
        "Topic/Tags",
        WaiverState.ACTIVE,
        1,
    )


def test_a_child_and_what_is_in_no_stack_can_be_waived() -> None:
    found = waived_drift(
        [CHILD, LOST],
        [waiver(path=None, child="s-1"), waiver(stack=None, resource="t-1", path=None)],
        on=TODAY,
        evaluated={**NET, ("1", "r", None): True},
    )
    assert all(difference.suppression for difference in found.differences)


def test_an_expired_waiver_covers_nothing_and_is_a_finding() -> None:
    late = waiver(expires=date(2026, 2, 28))
    found = waived_drift(
        [difference()], [late, waiver(resource="Other", expires=date(2026, 1, 1))], on=TODAY, evaluated={}
    )
    assert [difference.suppression for difference in found.differences] == [None]
    assert [(finding.rule_id, str(finding.location)) for finding in found.findings] == [
        ("SPW001", "policies/waivers.yaml:3"),
        ("SPW001", "policies/waivers.yaml:3"),
    ]
    assert "no longer covers a difference" in " ".join(finding.message for finding in found.findings)


def test_a_waiver_that_matches_nothing_is_a_finding_where_everything_was_looked_at() -> None:
    found = waived_drift([], [waiver()], on=TODAY, evaluated=NET)
    assert [finding.rule_id for finding in found.findings] == ["SPW002"]
    found = waived_drift([], [waiver(), waiver(stack=None)], on=TODAY, evaluated={})
    assert found.findings == ()
    assert {ledger_entry.state for ledger_entry in found.entries} == {WaiverState.NOT_JUDGED}


def test_a_waiver_holds_where_it_says_and_for_the_type_of_child_that_it_says() -> None:
    narrow = waiver(path=None, child="s-1", child_type="AWS::SNS::Subscription", account="1", region="r")
    others = [
        replace(CHILD, account="2"),
        replace(CHILD, region="s"),
        replace(CHILD, child_type="AWS::SNS::TopicPolicy"),
    ]
    assert [narrow.covers(difference) for difference in (CHILD, *others)] == [True, False, False, False]
    wide = waiver(path=None, child="s-1")
    assert all(wide.covers(difference) for difference in (CHILD, *others))


def test_a_waiver_of_what_is_in_no_stack_holds_for_its_type_alone() -> None:
    other = replace(LOST, location=Location(resource_type="AWS::DynamoDB::Table"))
    queue = waiver(stack=None, resource="t-1", path=None, resource_type="AWS::SQS::Queue")
    found = waived_drift([LOST, other], [queue], on=TODAY, evaluated={("1", "r", None): True})
    assert {
        difference.location.resource_type: difference.suppression is not None for difference in found.differences
    } == {
        "AWS::SQS::Queue": True,
        "AWS::DynamoDB::Table": False,
    }
    assert not waiver(resource_type="AWS::SQS::Queue").covers(difference())


PARTNER: JsonValue = {"IpProtocol": "tcp", "FromPort": 443, "CidrIp": "203.0.113.7/32"}
ANYONE: dict[str, JsonValue] = {"IpProtocol": "tcp", "FromPort": 22, "CidrIp": "0.0.0.0/0"}


def test_a_waiver_of_a_value_holds_for_that_value_in_whatever_order_and_for_no_other() -> None:
    accepted = waiver(is_exact=True, actual=[PARTNER, {**ANYONE, "FromPort": 8080.0}])
    same = difference(actual=[{**ANYONE, "FromPort": 8080}, PARTNER])
    found = waived_drift([same], [accepted], on=TODAY, evaluated=NET)
    assert [difference.suppression is not None for difference in found.differences] == [True]
    assert [(ledger_entry.state, ledger_entry.any_value) for ledger_entry in found.entries] == [
        (WaiverState.ACTIVE, False)
    ]
    wider = waived_drift([replace(same, actual=[PARTNER, ANYONE])], [accepted], on=TODAY, evaluated={})
    assert [difference.suppression for difference in wider.differences] == [None]
    assert [(ledger_entry.state, ledger_entry.covers) for ledger_entry in wider.entries] == [(WaiverState.UNUSED, 0)]
    (said,) = wider.findings
    assert said.rule_id == "SPW002"
    assert said.message.endswith("matches nothing: the live value is another than the one that it accepts (actual)")


def test_no_secret_is_accepted_by_its_value() -> None:
    accepted = waiver(is_exact=True, actual="***")
    assert not accepted.covers(difference(actual="***", is_secret=True))
    assert waiver().covers(difference(actual="***", is_secret=True))


def test_the_ledger_says_whether_a_waiver_holds_for_any_value() -> None:
    waivers = [waiver(), waiver(is_exact=True, actual=1), waiver(path=None)]
    found = waived_drift([], waivers, on=TODAY, evaluated={})
    assert sorted(
        (ledger_entry.construct_path, ledger_entry.any_value)
        for ledger_entry in found.entries
        if ledger_entry.any_value is not None
    ) == [
        ("Topic/Tags", False),
        ("Topic/Tags", True),
    ]
    said = " ".join(ledger_lines(found.entries))
    assert ("holds for any value" in said, "holds for one value alone" in said) == (True, True)


@pytest.mark.parametrize(
    ("fields", "judged", "state"),
    [
        ({}, {("1", "r", "Net"): True, ("2", "r", "Net"): True}, WaiverState.UNUSED),
        ({}, {("1", "r", "Net"): True, ("2", "r", "Net"): False}, WaiverState.NOT_JUDGED),
        ({"account": "1"}, {("1", "r", "Net"): True, ("2", "r", "Net"): False}, WaiverState.UNUSED),
        ({"account": "1"}, {("2", "r", "Net"): True}, WaiverState.NOT_JUDGED),
        ({}, {("1", "r", "Net"): True, ("2", "r", "*"): False}, WaiverState.NOT_JUDGED),
        ({"region": "r"}, {("1", "r", "Net"): True, ("2", "s", "*"): False}, WaiverState.UNUSED),
        ({"stack": None}, {("1", "r", None): True, ("1", "r", "*"): False}, WaiverState.UNUSED),
        ({"stack": None}, {("1", "r", None): False}, WaiverState.NOT_JUDGED),
    ],
)
def test_a_waiver_is_of_no_use_only_if_all_that_it_may_be_about_was_looked_at(
    fields: dict[str, Any], judged: Evaluated, state: WaiverState
) -> None:
    found = waived_drift([], [waiver(**fields)], on=TODAY, evaluated=judged)
    assert [ledger_entry.state for ledger_entry in found.entries] == [state]
    said = " ".join(finding.message for finding in found.findings)
    assert ("matches nothing" in said) == (state is WaiverState.UNUSED)


def test_a_waiver_for_a_fleet_names_its_account() -> None:
    require_accounts([waiver(account="1")])
    with pytest.raises(ConfigError, match=r"policies/waivers\.yaml:3: the drift waiver of Topic/Tags names no account"):
        require_accounts([waiver(account="1"), waiver()])
    with pytest.raises(ConfigError, match=r"^the drift waiver of"):
        require_accounts([waiver(file=None)])


def test_of_several_waivers_the_longest_leaves_its_trace() -> None:
    later = waiver(expires=date(2026, 9, 1), file=None)
    found = waived_drift([difference()], [waiver(), later], on=TODAY, evaluated=NET)
    assert found.differences[0].suppression == later.trace
    assert later.where is None


def test_fingerprints_tell_places_apart_and_not_values() -> None:
    each = difference()
    assert each.fingerprint == difference(actual="other").fingerprint
    assert (
        len({other.fingerprint for other in (each, difference(path="/Name"), difference(account="2"), CHILD, LOST)})
        == 5
    )
    assert Difference.from_dict(
        waived_drift([each], [waiver()], on=TODAY, evaluated={}).differences[0].to_dict()
    ).suppression


def test_waivers_are_applied_to_a_whole_report_with_what_was_evaluated_in_it() -> None:
    report = DriftReport(target="aws", audits=(), differences=(difference(),), evaluated=NET)
    used = waived_report(report, [waiver()], on=TODAY)
    assert (used.findings, [row.covers for row in used.waivers]) == ((), [1])
    assert [found.suppression is None for found in used.differences] == [False]
    unused = waived_report(replace(report, differences=()), [waiver()], on=TODAY)
    assert [finding.rule_id for finding in unused.findings] == ["SPW002"]
