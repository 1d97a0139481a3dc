"""Exit codes and denominators: what makes a run red, and what never does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof import __version__
from stackproof.core.notification import Level, Notification
from stackproof.core.report import exit_code
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.gate.report import GateReport, Outcome, Stage
from stackproof.policy.finding import Finding, Kind, Origin, RuleCount
from stackproof.policy.report import CheckReport, PolicySummary, RuleVerdict
from stackproof.proof.observation import Change, Coverage, DriftStatus, PropertyDifference, ResourceProof, Unproven
from stackproof.proof.report import ProveReport
from stackproof.template.location import Location
from tests import strategies as of
from tests.fakes import finding, waiver

BROKEN = Notification(level=Level.ERROR, message="cannot be read", file="t.json")
SAID = Notification(level=Level.WARNING, message="an old list")


def check(*findings: Finding, said: tuple[Notification, ...] = (), strict: bool = False, **looked: int) -> CheckReport:
    rules = tuple(RuleCount(rule_id=rule, engine="fake", looked_at=size) for rule, size in sorted(looked.items()))
    return CheckReport(findings=findings, rules=rules, notifications=said, strict=strict)


def proof(status: DriftStatus = DriftStatus.IN_SYNC, logical_id: str = "A", **changes: object) -> ResourceProof:
    location = Location(stack_name="S", logical_id=logical_id, resource_type="T")
    return ResourceProof(location=location, physical_id="a-1", status=status, **changes)  # type: ignore[arg-type]


DIFFERENCE = PropertyDifference(path="/A", expected=1, actual=2, change=Change.NOT_EQUAL)


@pytest.mark.parametrize(
    ("violated", "said", "undecided", "strict", "code"),
    [
        (False, (), 0, False, 0),
        (True, (), 0, False, 1),
        (False, (BROKEN,), 0, False, 3),
        (True, (BROKEN,), 0, False, 3),
        (True, (SAID,), 0, True, 1),
        (False, (SAID,), 2, False, 0),
        (False, (), 2, True, 3),
        (True, (), 2, True, 3),
    ],
)
def test_incomplete_outranks_violated_and_open_counts_only_when_strict(
    *, violated: bool, said: tuple[Notification, ...], undecided: int, strict: bool, code: int
) -> None:
    assert exit_code(violated=violated, notifications=said, open_findings=undecided, strict=strict) == code


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (finding(), 1),
        (finding(level=Level.WARNING), 1),
        (finding(level=Level.NOTE), 0),
        (finding(generated=True), 0),
        (finding().suppressed_by(waiver()), 0),
        (finding(kind=Kind.OPEN), 0),
        (finding(kind=Kind.PASS), 0),
    ],
)
def test_notes_and_what_is_waived_generated_or_open_never_fail(one: Finding, code: int) -> None:
    assert check(one).exit_code == code


def test_what_is_open_on_a_generated_resource_is_not_open_when_strict() -> None:
    assert check(finding(kind=Kind.OPEN), strict=True).exit_code == 3
    assert check(finding(kind=Kind.OPEN, generated=True), strict=True).exit_code == 0


def test_what_is_open_and_waived_is_settled_also_when_strict() -> None:
    assert check(finding(kind=Kind.OPEN).suppressed_by(waiver()), strict=True).exit_code == 0


@given(st.lists(of.findings, max_size=4), st.lists(of.notifications, max_size=2))
def test_an_error_about_the_run_is_never_a_pass(findings: list[Finding], said: list[Notification]) -> None:
    report = CheckReport(findings=tuple(findings), rules=(), notifications=(*said, BROKEN))
    assert report.exit_code == 3


def test_the_summary_counts_rules_and_not_places() -> None:
    report = check(
        finding("E1"),
        finding("E1", logical_id="Other"),
        finding("W2", level=Level.WARNING).suppressed_by(waiver(rule="W2")),
        finding("O3", kind=Kind.OPEN),
        finding("O4", kind=Kind.OPEN, generated=True),
        finding("N5", level=Level.NOTE),
        E1=4,
        W2=1,
        O3=2,
        O4=1,
        N5=1,
        H6=3,
        NEVER=0,
    )
    assert report.summary == PolicySummary(held=3, violated=1, waived=1, open=1, generated=1)
    assert report.summary.total == 6


def test_a_rule_that_is_violated_and_waived_elsewhere_is_violated_once() -> None:
    both = (finding("E1"), finding("E1", logical_id="B").suppressed_by(waiver()), finding("E1", kind=Kind.OPEN))
    assert check(*both, E1=3).summary == PolicySummary(violated=1)
    assert check(*both[1:], E1=3).summary == PolicySummary(waived=1)


def test_every_origin_of_a_violation_is_a_violated_rule() -> None:
    origins = (Origin(engine="a", rule_id="E1", message="m"), Origin(engine="b", rule_id="CKV_1", message="m"))
    assert check(finding("E1", origins=origins), E1=1, CKV_1=1).summary == PolicySummary(violated=2)


@given(st.lists(of.findings, max_size=5), st.lists(of.rule_counts, max_size=5))
def test_every_rule_of_the_denominator_has_one_verdict(findings: list[Finding], counts: list[RuleCount]) -> None:
    summary = PolicySummary.of(findings, counts, Level.WARNING)
    looked = {count.rule_id for count in counts if count.looked_at}
    named = {
        name for finding in findings for name in (finding.rule_id, *(origin.rule_id for origin in finding.origins))
    }
    assert len(looked) <= summary.total <= len(looked | named)


def test_the_check_report_has_the_keys_of_format_one() -> None:
    report = check(finding(), said=(BROKEN,), E1=1).to_dict()
    assert list(report)[:4] == ["format", "command", "tool", "summary"]
    assert report["format"] == 1
    assert report["tool"] == {"name": "stackproof", "version": __version__}
    assert {"findings", "rules", "notifications", "inputs", "exit_code"} <= report.keys()
    assert report["exit_code"] == 3


def verdict(*findings: Finding, looked_at: int = 2) -> RuleVerdict:
    counts = [RuleCount(rule_id="E1", engine="fake", looked_at=looked_at)]
    (found,) = RuleVerdict.of("S", findings, counts, Level.WARNING)
    return found


@pytest.mark.parametrize(
    ("findings", "outcome"),
    [
        ((), "held"),
        ((finding(),), "violated"),
        ((finding(level=Level.NOTE),), "held"),
        ((finding(generated=True),), "held"),
        ((finding(kind=Kind.OPEN),), "open"),
        ((finding().suppressed_by(waiver()),), "waived"),
        ((finding().suppressed_by(waiver()), finding(kind=Kind.OPEN)), "waived"),
        ((finding().suppressed_by(waiver()), finding(logical_id="B")), "violated"),
    ],
)
def test_the_verdict_of_a_rule_is_that_of_its_gravest_finding(findings: tuple[Finding, ...], outcome: str) -> None:
    assert verdict(*findings).outcome == outcome


def test_only_a_violated_rule_raises_and_names_every_place() -> None:
    verdict().check()
    verdict(finding(kind=Kind.OPEN)).check()
    with pytest.raises(AssertionError) as caught:
        verdict(finding(file="a.py", line=1), finding(file="b.py", line=2)).check()
    assert str(caught.value).splitlines() == ["a.py:1: error: E1: wrong", "b.py:2: error: E1: wrong"]


def test_a_rule_that_looked_at_nothing_does_not_hold() -> None:
    nothing = RuleVerdict(rule_id="E1", engine="fake", stack_name="S", looked_at=0, outcome="held")
    with pytest.raises(AssertionError, match="E1 checked nothing in S"):
        nothing.check()


def test_a_rule_that_looked_at_nothing_and_one_that_did_not_run_have_no_verdict() -> None:
    counts = [RuleCount(rule_id="E1", engine="fake", looked_at=0)]
    assert RuleVerdict.of("S", [], counts, Level.WARNING) == ()


def test_counts_of_one_rule_are_summed_and_verdicts_sorted() -> None:
    counts = [RuleCount(rule_id=rule, engine="fake", looked_at=2) for rule in ("Z", "E1", "E1")]
    found = RuleVerdict.of("S", [finding("A")], counts, Level.WARNING)
    assert [(verdict.rule_id, verdict.looked_at) for verdict in found] == [("A", 0), ("E1", 4), ("Z", 2)]


def test_the_text_of_a_verdict_states_why_it_is_waived_or_what_it_held_on() -> None:
    assert verdict().text() == "E1 held (places checked: 2)"
    waived = verdict(finding(file="a.py", line=1).suppressed_by(waiver()))
    assert waived.text() == "a.py:1: error: E1: wrong (until 2026-12-31: a known exception)"


@pytest.mark.parametrize(
    ("proofs", "code"),
    [
        ((), 3),
        ((proof(),), 0),
        ((proof(DriftStatus.MODIFIED, differences=(DIFFERENCE,)),), 1),
        ((proof(DriftStatus.DELETED),), 1),
        ((proof(DriftStatus.NOT_CHECKED),), 3),
        ((proof(), proof(DriftStatus.NOT_CHECKED)), 3),
        ((proof(), proof(DriftStatus.NOT_CHECKED, custom=True)), 0),
        ((proof(DriftStatus.NOT_CHECKED, custom=True),), 3),
        ((proof(DriftStatus.MODIFIED), proof(DriftStatus.NOT_CHECKED)), 3),
    ],
)
def test_a_proof_is_red_when_something_differs_and_incomplete_when_something_was_not_seen(
    proofs: tuple[ResourceProof, ...], code: int
) -> None:
    assert ProveReport(target="moto", proofs=proofs).exit_code == code


def test_an_unproven_property_counts_only_when_strict() -> None:
    held = proof(unproven=(Unproven(path="/A", reason=UnprovenReason.WRITE_ONLY),))
    assert ProveReport(target="moto", proofs=(held,)).exit_code == 0
    assert ProveReport(target="moto", proofs=(held,), strict=True).exit_code == 3
    assert ProveReport(target="moto", proofs=(held,), notifications=(BROKEN,)).exit_code == 3


def test_coverage_has_its_denominators_and_leaves_custom_resources_apart() -> None:
    gone = Unproven(path="", reason=UnprovenReason.NO_READER)
    kept = Unproven(path="/C", reason=UnprovenReason.DENIED)
    proofs = (
        proof(DriftStatus.MODIFIED, proven=("/A", "/B"), differences=(DIFFERENCE,), unproven=(kept,)),
        proof(DriftStatus.NOT_CHECKED, unproven=(gone,)),
        proof(DriftStatus.NOT_CHECKED, custom=True, unproven=(kept,)),
    )
    coverage = Coverage.of(proofs)
    assert coverage.to_dict() == {
        "resources": {"total": 2, "proven": 1, "custom": 1},
        "properties": {"total": 4, "proven": 2, "differs": 1, "unproven": 1},
    }
    assert ProveReport(target="moto", proofs=proofs).reasons == {"denied": 1}


@given(st.lists(of.proofs, max_size=4))
def test_proven_different_and_unproven_properties_make_the_whole(proofs: list[ResourceProof]) -> None:
    coverage = Coverage.of(tuple(proofs))
    parts = coverage.properties_proven + coverage.properties_differ + coverage.properties_unproven
    assert coverage.properties_total == parts
    assert coverage.resources_proven <= coverage.resources_total
    assert coverage.resources_total + coverage.custom_resources == len(proofs)


def test_the_prove_report_lists_what_differs_what_is_gone_and_what_is_unproven() -> None:
    report = ProveReport(
        target="moto",
        proofs=(
            proof(DriftStatus.MODIFIED, "A", differences=(DIFFERENCE,)),
            proof(DriftStatus.DELETED, "B"),
            proof(DriftStatus.NOT_CHECKED, "C", unproven=(Unproven(path="", reason=UnprovenReason.THROTTLED),)),
        ),
        notifications=(SAID,),
    ).to_dict()
    differences = report["differences"]
    assert isinstance(differences, list)
    assert [(row["logical_id"], row["property_path"], row["change"], row["actual"]) for row in differences] == [
        ("A", "/A", "NOT_EQUAL", 2),
        ("B", None, "REMOVE", None),
    ]
    unproven = report["unproven"]
    assert isinstance(unproven, list)
    assert [(row["logical_id"], row["property_path"], row["reason"]) for row in unproven] == [("C", None, "throttled")]
    assert report["exit_code"] == 3


@pytest.mark.parametrize(
    ("codes", "code"),
    [((), 3), ((0,), 0), ((0, 1), 1), ((1, 3), 3), ((3, 2), 2), ((1, 2, 0), 2), ((0, 0), 0)],
)
def test_the_gate_ends_with_the_gravest_of_its_stages(codes: tuple[int, ...], code: int) -> None:
    stages = tuple(Stage(name=str(code), exit_code=code, seconds=0.0) for code in codes)
    assert GateReport(stages=stages).exit_code == code


def test_a_skipped_stage_does_not_count_and_skipped_stages_alone_are_no_gate() -> None:
    skipped = Stage(name="b", exit_code=3, seconds=0.0, skipped=True)
    assert skipped.outcome == Outcome.SKIPPED
    assert GateReport(stages=(Stage(name="a", exit_code=1, seconds=0.0), skipped)).exit_code == 1
    assert GateReport(stages=(skipped,)).exit_code == 3


def test_the_gate_report_has_its_three_figures_and_stages() -> None:
    stage = Stage(name="check", exit_code=1, seconds=1.23456, cached=True, detail="one is violated")
    report = GateReport(stages=(stage,), policy=PolicySummary(held=2), proof={"resources": {}}).to_dict()
    assert report["stages"] == [
        {"name": "check", "outcome": "violated", "seconds": 1.235, "cached": True, "detail": "one is violated"}
    ]
    assert report["summary"] == {"exit_code": 1, "outcome": "violated"}
    assert report["policy"] == {"held": 2, "violated": 0, "waived": 0, "open": 0, "generated": 0}
    assert (report["proof"], report["mutation"]) == ({"resources": {}}, None)
    assert GateReport(stages=()).to_dict()["policy"] is None


@pytest.mark.parametrize(("code", "word"), [(0, "held"), (1, "violated"), (2, "incomplete"), (3, "incomplete")])
def test_exit_codes_have_words(code: int, word: str) -> None:
    assert Outcome.of(code) == word


def test_what_was_found_in_another_stack_of_the_template_is_none_of_this_stacks() -> None:
    counts = [RuleCount(rule_id="E1", engine="fake", looked_at=2, failed=1)]
    findings = [finding(stack_name="S/A"), finding("E2", stack_name=None)]
    first, second = (
        {verdict.rule_id: verdict.outcome for verdict in RuleVerdict.of(name, findings, counts, Level.WARNING)}
        for name in ("S/A", "S/B")
    )
    assert first == {"E1": "violated", "E2": "violated"}
    assert second == {"E1": "held", "E2": "violated"}


def test_a_verdict_knows_the_artifact_of_its_stack() -> None:
    (found,) = RuleVerdict.of("S", [finding()], [], Level.WARNING, artifact="stage/S")
    (plain,) = RuleVerdict.of("S", [finding()], [], Level.WARNING)
    assert (found.artifact, plain.artifact) == ("stage/S", "S")
