"""Proof coverage as a table with a row for each resource type: in a terminal, in Markdown and in JSON."""

from __future__ import annotations

from dataclasses import replace

from jsonschema import Draft202012Validator

from stackproof.config.schema import read_schema
from stackproof.core.json import as_object, as_objects
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_audit import StackAudit
from stackproof.gate.report import GateReport, Stage
from stackproof.proof.observation import Change, DriftStatus, PropertyDifference, ResourceProof, TypeCoverage, Unproven
from stackproof.proof.report import ProveReport
from stackproof.reporters.markdown import MarkdownReporter
from stackproof.reporters.terminal import prove_text
from stackproof.reporters.terminal_drift import drift_text
from stackproof.reporters.types_table import type_lines
from stackproof.template.location import Location
from tests.reporters.rendering import written
from tests.reporters.sample import CLEAN

LISTENER = "AWS::ElasticLoadBalancingV2::ListenerCertificate"
HEAD = "resources  properties  differs  type (not proven)"


def proof(resource_type: str, *, custom: bool = False, unproven: tuple[Unproven, ...] = ()) -> ResourceProof:
    return ResourceProof(
        location=Location(stack_name="Net", logical_id="One", resource_type=resource_type),
        physical_id="one",
        status=DriftStatus.MODIFIED,
        custom=custom,
        proven=("/A", "/B"),
        differences=(PropertyDifference(path="/C", expected=1, actual=2, change=Change.NOT_EQUAL),),
        unproven=unproven,
    )


def lacking(*reasons: UnprovenReason) -> tuple[Unproven, ...]:
    return tuple(Unproven(path=f"/U{number}", reason=reason) for number, reason in enumerate(reasons))


PROOFS = (
    proof("AWS::SQS::Queue", unproven=lacking(UnprovenReason.DENIED, UnprovenReason.DENIED, UnprovenReason.BUSY)),
    replace(proof("AWS::SQS::Queue"), status=DriftStatus.NOT_CHECKED, proven=(), differences=()),
    proof(LISTENER, unproven=lacking(UnprovenReason.NOT_EMULATED)),
    proof("Custom::Thing", custom=True, unproven=lacking(UnprovenReason.NO_READER)),
)
LINES = [
    HEAD,
    f"      1/1         2/4        1  {LISTENER}",
    "                                  (1 not_emulated)",
    "      1/2         2/6        1  AWS::SQS::Queue (1 busy, 2 denied)",
]


def test_each_type_has_its_figures_and_reasons_and_what_is_custom_stands_apart() -> None:
    assert list(type_lines(TypeCoverage.of(PROOFS))) == LINES
    assert list(type_lines(TypeCoverage.of(PROOFS[3:]))) == []


def test_no_line_is_wider_than_80_columns_however_many_reasons_there_are() -> None:
    every = proof("AWS::SQS::Queue", unproven=lacking(*UnprovenReason))
    assert max(map(len, type_lines(TypeCoverage.of((every, *PROOFS))))) <= 80


def test_prove_has_the_table_only_on_demand_and_before_the_figure_of_all() -> None:
    report = ProveReport(target="moto", proofs=PROOFS)
    assert HEAD not in prove_text(report).splitlines()
    lines = prove_text(report, verbose=True).splitlines()
    begin = lines.index(HEAD)
    assert lines[begin : begin + 4] == LINES
    assert lines[begin + 4].startswith("proof (emulator moto): 2 of 3 resources (1 custom resource not counted)")


def test_an_audit_has_one_table_over_all_stacks() -> None:
    audits = tuple(
        StackAudit(
            stack_name=name, stack_id=name, account="1", region="r", stack_status="CREATE_COMPLETE", proofs=PROOFS[:1]
        )
        for name in ("One", "Two")
    )
    report = DriftReport(target="aws", audits=audits)
    assert HEAD not in drift_text(report).splitlines()
    lines = drift_text(report, verbose=True).splitlines()
    assert lines[lines.index(HEAD) + 1] == "      2/2        4/12        2  AWS::SQS::Queue (2 busy, 4 denied)"


def test_json_has_the_table_beside_the_figures_of_all_and_no_other_place() -> None:
    audit = StackAudit(
        stack_name="One", stack_id="1", account="1", region="r", stack_status="CREATE_COMPLETE", proofs=PROOFS
    )
    for report in (ProveReport(target="moto", proofs=PROOFS), DriftReport(target="aws", audits=(audit,))):
        made = report.to_dict()
        Draft202012Validator(read_schema("report.schema.json")).validate(made)
        types = as_objects(as_object(made["coverage"])["types"])
        assert [resource_type["resource_type"] for resource_type in types] == [
            LISTENER,
            "AWS::SQS::Queue",
            "Custom::Thing",
        ]
        assert types[1] == {
            "resource_type": "AWS::SQS::Queue",
            "resources": {"total": 2, "proven": 1, "custom": 0},
            "properties": {"total": 6, "proven": 2, "differs": 1, "unproven": 3},
            "reasons": {"busy": 1, "denied": 2},
        }
        assert "types" not in as_object(made["summary"])


def test_what_ephemeral_stacks_switched_off_is_a_reason_of_the_report_too() -> None:
    report = ProveReport(target="aws", proofs=(proof("A::B::C", unproven=lacking(UnprovenReason.OVERRIDDEN)),))
    Draft202012Validator(read_schema("report.schema.json")).validate(report.to_dict())


def test_the_gate_s_comment_always_has_the_table_where_a_stage_proved_something() -> None:
    report = ProveReport(target="moto", proofs=PROOFS)
    stages = (Stage(name="prove", exit_code=1, seconds=1.0),)
    proven = {**report.coverage.to_dict(), "types": [resource_type.to_dict() for resource_type in report.types]}
    text = written(MarkdownReporter(gate=GateReport(stages=stages, proof=proven)), CLEAN)
    assert text.endswith(
        "| type | resources | properties | differs | not proven |\n|---|--:|--:|--:|---|\n"
        f"| {LISTENER} | 1/1 | 2/4 | 1 | 1 not\\_emulated |\n| AWS::SQS::Queue | 1/2 | 2/6 | 1 | 1 busy, 2 denied |\n"
    )
    older = written(MarkdownReporter(gate=GateReport(stages=stages, proof=report.coverage.to_dict())), CLEAN)
    assert "| type |" not in older
