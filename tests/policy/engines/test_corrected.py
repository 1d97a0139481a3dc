"""Other engines' words on engine versions are joined with ours, and dropped where they are known to be wrong."""

from __future__ import annotations

import pytest

from stackproof.core.json import JsonValue
from stackproof.core.notification import Level
from stackproof.policy.engines.corrected import CorrectedEngine
from stackproof.policy.engines.versions import VersionsEngine
from stackproof.policy.finding import EngineAnswer, Finding, RuleCount
from stackproof.policy.ports import PolicyEngine
from stackproof.policy.scan import scan
from tests.fakes import FakeEngine, finding
from tests.policy.versions.sample import FRESH, PACKAGED, postgres, template


def theirs(rule_id: str, property_path: str | None = None, logical_id: str = "It") -> Finding:
    return finding(
        rule_id,
        engine="cfn-lint",
        level=Level.WARNING,
        stack_name=None,
        logical_id=logical_id,
        resource_type="AWS::RDS::DBInstance",
        property_path=property_path,
    )


def scanned(version: JsonValue, *findings: Finding) -> list[tuple[str, str, list[str]]]:
    counts = (RuleCount(rule_id="W3691", engine="cfn-lint", looked_at=1, failed=1),)
    fake = FakeEngine(answers={"t.json": EngineAnswer(findings=findings, counts=counts)}, name="cfn-lint")
    ours = VersionsEngine(versions=PACKAGED, as_of=FRESH)
    held: PolicyEngine = CorrectedEngine(engine=fake, versions=ours)
    result = scan([template(postgres(version))], [held, ours], on=FRESH)
    return [
        (finding.rule_id, finding.level.value, [origin.rule_id for origin in finding.origins])
        for finding in result.findings
    ]


@pytest.mark.parametrize("path", [None, "/EngineVersion"])
def test_what_both_refuse_is_one_error_with_two_origins(path: str | None) -> None:
    assert scanned("15.3", theirs("W3691", path)) == [("EV012", "error", ["W3691", "EV012"])]
    assert scanned("banana", theirs("E3691", path)) == [("EV010", "error", ["E3691", "EV010"])]


@pytest.mark.parametrize("version", ["15", "{{resolve:ssm:/x}}"])
def test_a_known_false_alarm_is_left_out_and_said(version: str) -> None:
    assert "W3691" not in str(scanned(version, theirs("W3691")))


def test_what_ours_does_not_speak_of_is_kept() -> None:
    assert scanned("15.19", theirs("W3691")) == [("W3691", "warning", ["W3691"])]
    assert ("E9006", "warning", ["E9006"]) in scanned("15.3", theirs("E9006", "/DBInstanceClass"))
    assert ("W3691", "warning", ["W3691"]) in scanned("15.3", theirs("W3691", logical_id="Other"))
    assert ("E1", "warning", ["E1"]) in scanned("15", theirs("E1"))


def test_counts_and_notifications_follow() -> None:
    counts = (
        RuleCount(rule_id="W3691", engine="cfn-lint", looked_at=1, failed=1),
        RuleCount(rule_id="E1", engine="cfn-lint", looked_at=1),
    )
    fake = FakeEngine(answers={"t.json": EngineAnswer(findings=(theirs("W3691"),), counts=counts)}, name="cfn-lint")
    ours = VersionsEngine(versions=PACKAGED, as_of=FRESH)
    held = CorrectedEngine(engine=fake, versions=ours)
    held.start()
    answer = held.evaluate(template(postgres("15")))
    held.close()
    assert [count.failed for count in answer.counts] == [0, 0]
    assert "W3691 at It is left out" in answer.notifications[0].message
    assert (held.name, fake.started, fake.closed) == ("cfn-lint", 1, 1)
    assert held.identity.startswith("fake 1, corrected")


def test_what_is_said_of_a_runtime_and_of_a_number_is_joined_as_well() -> None:
    held = template({"It": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.8"}}})
    fake = FakeEngine(answers={"t.json": EngineAnswer(findings=(theirs("W2531", "/Runtime"),))}, name="cfn-lint")
    ours = VersionsEngine(versions=PACKAGED, as_of=FRESH)
    result = scan([held], [CorrectedEngine(engine=fake, versions=ours), ours], on=FRESH)
    assert ["W2531"] not in [[origin.rule_id for origin in finding.origins] for finding in result.findings]
    assert any("W2531" in [origin.rule_id for origin in finding.origins] for finding in result.findings)
