"""What `prove` and the gate say to a person, and what every command says of the run."""

from __future__ import annotations

from dataclasses import replace

from stackproof.calls.log import CallCount, CallKind, CallLog
from stackproof.core.notification import Level, Notification
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.gate.report import GateReport, Stage
from stackproof.proof.minimum import MinimumProof
from stackproof.proof.observation import Change, Coverage, DriftStatus, PropertyDifference, ResourceProof, Unproven
from stackproof.proof.report import ProveReport
from stackproof.reporters.terminal import calls_line, coverage_line, gate_text, notification_lines, prove_text
from stackproof.template.location import Location

PLACE = Location(logical_id="Queue", resource_type="AWS::SQS::Queue", file="a.py", line=3)
DIFFERENCE = PropertyDifference(path="/Delay", expected=1, actual="x" * 300, change=Change.NOT_EQUAL)


def proof(status: DriftStatus, **changes: object) -> ResourceProof:
    return ResourceProof(**{"location": PLACE, "physical_id": "q", "status": status, **changes})  # type: ignore[arg-type]


def test_what_differs_is_gone_or_was_not_seen_is_said_at_its_line_and_the_figures_last() -> None:
    unread = Unproven(path="", reason=UnprovenReason.DENIED, detail="AccessDenied")
    report = ProveReport(
        target="aws",
        proofs=(
            proof(DriftStatus.MODIFIED, differences=(DIFFERENCE,)),
            proof(DriftStatus.DELETED),
            proof(DriftStatus.NOT_CHECKED, unproven=(unread,)),
            proof(DriftStatus.NOT_CHECKED),
            proof(DriftStatus.IN_SYNC, unproven=(Unproven(path="/Kms", reason=UnprovenReason.WRITE_ONLY),)),
        ),
    )
    lines = prove_text(report).splitlines()
    assert lines[:9] == [
        "a.py:3: Queue /Delay differs",
        "    expected 1",
        f"    actual   '{'x' * 66}",
        f"             {'x' * 67}",
        f"             {'x' * 67}",
        f"             {'x' * 65} …",
        "a.py:3: Queue (AWS::SQS::Queue) does not exist",
        "a.py:3: Queue could not be checked: denied, AccessDenied",
        "a.py:3: Queue could not be checked: unknown",
    ]
    assert lines[-2].startswith("proof (aws): ")
    assert lines[-1] == "not proven: 1 write_only"
    assert "not proven" not in prove_text(ProveReport(target="aws", proofs=(proof(DriftStatus.DELETED),)))
    whole = prove_text(report, verbose=True).splitlines()
    assert "Queue /Kms: write_only" in whole
    assert f"             {'x' * 33}'" in whole


def test_coverage_has_its_denominators_and_says_what_stands_apart() -> None:
    coverage = Coverage.of((proof(DriftStatus.NOT_CHECKED, custom=True),))
    assert coverage_line(coverage, "moto") == (
        "proof (emulator moto): 0 of 0 resources (1 custom resource not counted), 0 of 0 properties (nothing set)"
    )
    proven = Coverage.of((proof(DriftStatus.MODIFIED, proven=("/A",), differences=(DIFFERENCE,)),))
    assert coverage_line(proven, "moto").endswith("1 of 2 properties (50.0 %), 1 differ")


def test_the_gate_is_a_table_that_wraps_and_ends_with_the_verdict() -> None:
    stages = (
        Stage(name="check", exit_code=1, seconds=1.25, cached=True, detail="word " * 20),
        Stage(name="unit", exit_code=0, seconds=0, skipped=True),
    )
    lines = gate_text(GateReport(stages=stages)).splitlines()
    assert lines[1].startswith("check         violated         1.2  cached; word")
    assert lines[2].startswith(" " * 36 + "word")
    assert lines[-2] == "unit          skipped          0.0"
    assert lines[-1] == "gate: violated (exit code 1)"


def test_notifications_name_file_and_engine_once_and_notes_are_only_on_demand() -> None:
    said = (
        Notification(level=Level.ERROR, message="t.json: no", file="t.json"),
        Notification(level=Level.WARNING, message="slow\nand \x1b[2J old", file="t.json", engine="checkov"),
        Notification(level=Level.NOTE, message="n"),
    )
    assert list(notification_lines(said)) == ["error: t.json: no", "warning: t.json: checkov: slow and \\x1b[2J old"]
    assert list(notification_lines(said, verbose=True))[-1] == "note: n"


def test_no_line_is_wider_than_80_columns_but_the_figures_and_none_steers_a_terminal() -> None:
    place = replace(PLACE, stack_name="TapStack-prod", logical_id="Processor" * 3, file="infra/components/processor.py")
    denied = Unproven(path="", reason=UnprovenReason.DENIED, detail="\x1b[2J" + "not authorized to do that " * 5)
    inner = replace(denied, path="/KmsMasterKeyId/Deep")
    proofs = (
        proof(DriftStatus.MODIFIED, location=place, differences=(DIFFERENCE,), unproven=(inner,)),
        proof(DriftStatus.NOT_CHECKED, location=place, unproven=(denied,)),
    )
    report = ProveReport(
        target="moto + ministack",
        proofs=proofs,
        by_target={"moto": proofs, "ministack": proofs},
        minimum=MinimumProof(resources=100.0, properties=100.0),
    )
    for verbose in (False, True):
        lines = prove_text(report, verbose=verbose).splitlines()
        assert [line for line in lines if len(line) > 80 and not line.startswith("proof (")] == []
        assert not any("\x1b" in line for line in lines)
    assert len([line for line in lines if line.startswith("proof (emulator")]) == 3


def test_calls_are_one_line_with_what_was_refused() -> None:
    def count(operation: str, kind: CallKind, number: int) -> CallCount:
        return CallCount(target="aws", service="sns", operation=operation, kind=kind, count=number)

    read = count("ListTopics", CallKind.READ, 214)
    report = ProveReport(target="aws", proofs=(), calls=CallLog(counts=(read,)))
    assert prove_text(report).splitlines()[-1] == "214 calls: 214 reads, 0 writes"
    more = CallLog(counts=(count("Publish", CallKind.REFUSED, 2), count("Publish", CallKind.WRITE, 1)))
    assert calls_line(more) == "1 call: 0 reads, 1 write, 2 refused (sns:Publish)"
    refused = ProveReport(target="aws", proofs=(proof(DriftStatus.IN_SYNC),), calls=more)
    assert (replace(refused, calls=CallLog()).exit_code, refused.exit_code) == (0, 3)
