"""Which target proved what, and what was seen of a flow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stackproof.core.json import as_object, as_objects
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.flow_values import FlowFact
from stackproof.proof.merging import merge_stacks
from stackproof.proof.observation import Change, Coverage, DriftStatus, PropertyDifference, ResourceProof, Unproven
from stackproof.proof.report import ProveReport
from stackproof.reporters.terminal import coverage_line, flow_lines, prove_text, share_lines
from stackproof.template.location import Location

QUEUE = Location(stack_name="Net", logical_id="Queue", resource_type="AWS::SQS::Queue")
DIFFERENCE = PropertyDifference(path="/B", expected=1, actual=2, change=Change.NOT_EQUAL)
MOTO = (ResourceProof(location=QUEUE, physical_id="q", status=DriftStatus.IN_SYNC, proven=("/A", "/B")),)
MINISTACK = (
    ResourceProof(
        location=QUEUE, physical_id="q", status=DriftStatus.MODIFIED, proven=("/A",), differences=(DIFFERENCE,)
    ),
)
BOTH = {"moto": MOTO, "ministack": MINISTACK}


def test_each_target_has_its_own_coverage_and_what_differs_on_it() -> None:
    assert list(share_lines(BOTH)) == [
        "proof (emulator moto): 1 of 1 resources, 2 of 2 properties (100.0 %); 1 on it alone",
        "proof (emulator ministack): 1 of 1 resources, 1 of 2 properties (50.0 %), 1 differ; 0 on it alone",
        "  differs on ministack: Net/Queue /B",
    ]


def test_a_report_over_several_targets_ends_with_their_union() -> None:
    report = ProveReport(target="moto + ministack", proofs=merge_stacks(BOTH), by_target=BOTH)
    *_, last = prove_text(report).splitlines()
    assert last == "proof (emulators moto + ministack): 1 of 1 resources, 1 of 2 properties (50.0 %), 1 differ"
    assert report.exit_code == 1
    assert report.to_dict()["targets"] == {
        name: {**Coverage.of(member).to_dict(), "unproven": []} for name, member in BOTH.items()
    }


def test_what_one_target_lacks_is_named_though_another_one_has_it() -> None:
    lacks = replace(MOTO[0], proven=("/A",), unproven=(Unproven(path="/B", reason=UnprovenReason.NOT_EMULATED),))
    both = {"moto": MOTO, "ministack": (lacks,)}
    report = ProveReport(target="moto + ministack", proofs=merge_stacks(both), by_target=both)
    assert "Queue /B" not in prove_text(report)
    assert "Net/Queue /B: not_emulated (on ministack alone)" in prove_text(report, verbose=True).splitlines()
    told = as_object(as_object(report.to_dict()["targets"])["ministack"])["unproven"]
    assert [(row["property_path"], row["reason"]) for row in as_objects(told)] == [("/B", "not_emulated")]


@pytest.mark.parametrize(
    ("target", "called"),
    [("moto", "emulator moto"), ("aws", "aws"), ("http://127.0.0.1:1", "http://127.0.0.1:1")],
)
def test_what_an_emulator_proves_is_called_so(target: str, called: str) -> None:
    assert coverage_line(Coverage.of(MOTO), target).startswith(f"proof ({called}): ")


def test_a_flow_is_told_with_its_target_and_what_is_missing_comes_last() -> None:
    facts = [
        FlowFact(target="ministack", flow="A → B", text="a way was not emulated", emulated=False),
        FlowFact(target="ministack", flow="A → B", text="two rows"),
        FlowFact(target="ministack", flow="A → B", text="two rows"),
        FlowFact(target="moto", flow="A → B", text="nothing"),
    ]
    assert list(flow_lines(facts)) == [
        "flow (emulator ministack): A → B",
        "  two rows",
        "  a way was not emulated",
        "flow (emulator moto): A → B",
        "  nothing",
    ]
    assert list(flow_lines([])) == []
