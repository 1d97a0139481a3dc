"""An audit as findings: the same facts, the same exit code, and SARIF that is valid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stackproof.drift.findings import RULES, as_check
from stackproof.model.drift import DriftOrigin
from stackproof.model.drift_report import DriftReport
from stackproof.model.finding import Kind
from stackproof.model.observation import UnprovenReason
from tests.model.test_drift_report import BROKEN, SAID, SEEN, UNSEEN, WAIVED, audit, difference, report, unread
from tests.reporters.test_sarif import run_of

BUSY = audit(reason=UnprovenReason.BUSY, detail="UPDATE_IN_PROGRESS")
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
        report(BUSY),
        *(report(differences=(difference(each),)) for each in DriftOrigin),
    ],
)
def test_findings_say_what_the_audit_says_with_its_exit_code(made: DriftReport) -> None:
    found = as_check(made)
    assert found.exit_code == made.exit_code
    run = run_of(found)
    assert len(run["results"]) >= len(made.differences)
    assert run["invocations"][0]["exitCode"] == made.exit_code


def test_each_kind_of_difference_has_its_rule_and_its_line() -> None:
    found = as_check(report(differences=tuple(difference(each) for each in DriftOrigin)))
    assert sorted(each.rule_id for each in found.findings) == sorted(RULES.values())
    assert {(each.location.file, each.location.line) for each in found.findings} == {("app.py", 3)}


def test_what_may_be_a_secret_is_in_no_message() -> None:
    secret = replace(difference(), expected="old-word", actual="new-word", is_secret=True)
    [finding] = as_check(report(differences=(secret,))).findings
    assert "word" not in finding.message
    assert '"***"' in finding.message


def test_children_of_one_resource_are_told_apart() -> None:
    other = replace(CHILD, child_id="other")
    found = as_check(report(differences=(CHILD, other))).findings
    assert len({each.fingerprint for each in found}) == 2


def test_what_could_not_be_looked_at_is_open() -> None:
    found = as_check(report(audit(SEEN, UNSEEN), BUSY)).findings
    assert [each.kind for each in found] == [Kind.OPEN, Kind.OPEN]
    assert sorted(each.message for each in found) == [
        "could not be looked at: denied",
        "the stack could not be audited: busy: UPDATE_IN_PROGRESS",
    ]
