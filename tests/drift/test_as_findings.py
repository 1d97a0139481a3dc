"""An audit as findings: the same facts, the same exit code, and SARIF that is valid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.as_findings import RULES, as_check
from stackproof.drift.difference import DriftOrigin
from stackproof.drift.report import DriftReport
from stackproof.policy.finding import Kind
from stackproof.proof.observation import Unproven
from tests.drift.test_report import BROKEN, PLACE, SAID, SEEN, UNSEEN, WAIVED, audit, difference, report, unread
from tests.reporters.test_sarif import run_of

BUSY = audit(reason=UnprovenReason.BUSY, detail="UPDATE_IN_PROGRESS")
PARTLY = replace(SEEN, unproven=(Unproven(path="/C", reason=UnprovenReason.DENIED, detail="no right"),))
CHILD = difference(DriftOrigin.CHILD, path=None, child_type="AWS::IAM::Policy", child_id="extra")


@pytest.mark.parametrize(
    "made",
    [
        report(),
        report(differences=(WAIVED,)),
        report(findings=(SAID,)),
        report(notifications=(BROKEN,)),
        report(audit(unread=unread("denied")), differences=(difference(),)),
        report(audit(SEEN, UNSEEN)),
        report(audit(unread=unread("not_emulated"))),
        report(audit(unread=unread("not_emulated")), strict=True),
        report(audit(PARTLY)),
        report(BUSY),
        *(report(differences=(difference(origin),)) for origin in DriftOrigin),
    ],
)
def test_findings_say_what_the_audit_says_with_its_exit_code(made: DriftReport) -> None:
    found = as_check(made)
    assert found.exit_code == made.exit_code
    run = run_of(found)
    assert len(run["results"]) >= len(made.differences)
    assert run["invocations"][0]["exitCode"] == made.exit_code


def test_each_kind_of_difference_has_its_rule_and_its_line() -> None:
    found = as_check(report(differences=tuple(difference(origin) for origin in DriftOrigin)))
    assert sorted(finding.rule_id for finding in found.findings) == sorted(RULES.values())
    assert {(finding.location.file, finding.location.line) for finding in found.findings} == {("app.py", 3)}


def test_what_may_be_a_secret_is_in_no_message() -> None:
    secret = replace(difference(), expected="old-word", actual="new-word", is_secret=True)
    [finding] = as_check(report(differences=(secret,))).findings
    assert "word" not in finding.message
    assert '"***"' in finding.message


def test_children_of_one_resource_are_told_apart() -> None:
    other = replace(CHILD, child_id="other")
    found = as_check(report(differences=(CHILD, other))).findings
    assert len({finding.fingerprint for finding in found}) == 2


def test_what_could_not_be_looked_at_is_open() -> None:
    found = as_check(report(audit(SEEN, UNSEEN), BUSY)).findings
    assert [finding.kind for finding in found] == [Kind.OPEN, Kind.OPEN]
    assert sorted(finding.message for finding in found) == [
        "could not be checked: denied",
        "the stack could not be audited: busy: UPDATE_IN_PROGRESS",
    ]


@pytest.mark.parametrize("reason", ["denied", "unresolved", "not_emulated"])
def test_a_family_of_children_that_nobody_read_is_open_at_its_resource(reason: str) -> None:
    questions = (
        replace(unread(reason)[0], detail="no right"),
        replace(unread(reason)[0], question="policy statements"),
    )
    found = as_check(report(audit(unread=questions)))
    assert [(finding.rule_id, finding.kind, finding.message) for finding in found.findings] == [
        ("SPD006", Kind.OPEN, "policy statements could not be checked: " + reason),
        ("SPD006", Kind.OPEN, f"subscriptions could not be checked: {reason}: no right"),
    ]
    assert [finding.location for finding in found.findings] == [
        replace(PLACE, property_path=property_path) for property_path in ("policy statements", "subscriptions")
    ]
    assert len({finding.fingerprint for finding in found.findings}) == 2
    [first, second] = run_of(found)["results"]
    assert (first["kind"], first["ruleId"], first["locations"]) == ("open", "SPD006", second["locations"])
    assert {rule.open for rule in found.rules if rule.rule_id == "SPD006"} == {2}


def test_a_property_that_was_denied_on_a_resource_that_was_seen_is_open() -> None:
    [finding] = as_check(report(audit(PARTLY))).findings
    assert (finding.kind, finding.message) == (Kind.OPEN, "/C could not be checked: denied: no right")
    assert finding.location == replace(PLACE, property_path="/C")


def test_a_question_about_a_resource_without_a_proof_keeps_its_name() -> None:
    [finding] = as_check(report(audit(unread=(replace(unread("denied")[0], logical_id="Gone"),)))).findings
    assert (finding.location.stack_name, finding.location.logical_id) == ("Net", "Gone")
