"""What an app's validation plugins found is read with its places, in either form that CDK writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stackproof.template.assembly import Assembly
from stackproof.template.loading.assembly import load_assembly
from tests.fakes import written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An assembly of two stacks, one of them in a stage."""
    topic = {"Type": "AWS::SNS::Topic", "Metadata": {"aws:cdk:path": "Web/Topic/Resource"}}
    queue = {"Type": "AWS::SQS::Queue", "Metadata": {"aws:cdk:path": "Prod/Data/Queue/Resource"}}
    inner = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "Data.json"},
        "displayName": "Prod/Data",
    }
    files: dict[str, Any] = {
        "app.py": "",
        "cdk.out/manifest.json": {
            "artifacts": {
                "Web": {
                    "type": "aws:cloudformation:stack",
                    "properties": {"templateFile": "Web.json"},
                    "additionalMetadataFile": "Web.metadata.json",
                },
                "Prod": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}},
            }
        },
        "cdk.out/Web.json": {"Resources": {"Topic": topic}},
        "cdk.out/Web.metadata.json": {"/Web/Topic": [{"type": "aws:cdk:creationStack", "data": ["main (app.py:3)"]}]},
        "cdk.out/assembly-Prod/manifest.json": {"artifacts": {"ProdData": inner}},
        "cdk.out/assembly-Prod/Data.json": {"Resources": {"Queue": queue}},
    }
    return written(
        tmp_path, {name: file if isinstance(file, str) else json.dumps(file) for name, file in files.items()}
    )


def load(folder: Path, report: Any = None, name: str = "validation-report.json") -> Assembly:
    if report is not None:
        text = report if isinstance(report, str) else json.dumps(report)
        written(folder, {f"cdk.out/{name}": text})
    return load_assembly(folder / "cdk.out", root=folder, app=folder, shown="cdk.out")[0]


def of(*violations: dict[str, Any], **changes: Any) -> dict[str, Any]:
    rows = {"pluginName": "p", "conclusion": "failure", "violations": list(violations), **changes}
    return {"version": "55.0.0", "title": "Validation Report", "pluginReports": [rows]}


def violation(*constructs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    row = {"ruleName": "R1", "description": "no\n good", "severity": "error", "violatingConstructs": list(constructs)}
    return {**row, **changes}


def at(file: str, logical_id: str, *paths: str) -> dict[str, Any]:
    resource = {"templatePath": file, "logicalId": logical_id, "propertyPaths": list(paths)}
    return {"constructPath": "", "cloudFormationResource": resource}


def places(loaded: Assembly) -> list[tuple[str | None, str | None, str | None]]:
    return [
        (violation.location.template_file, violation.location.logical_id, violation.location.property_path)
        for violation in loaded.violations
    ]


def test_an_assembly_without_a_report_has_no_violations(folder: Path) -> None:
    loaded = load(folder)
    assert (loaded.violations, loaded.acknowledgements, loaded.not_validated) == ((), (), ())


def test_a_violation_is_at_the_property_of_the_resource(folder: Path) -> None:
    row = violation(at("Web.json", "Topic", "Properties.A.b/c", "Properties"), suggestedFix="do it")
    loaded = load(folder, of(row))
    assert places(loaded) == [("cdk.out/Web.json", "Topic", None), ("cdk.out/Web.json", "Topic", "/A/b~1c")]
    one = loaded.violations[0]
    assert (one.plugin, one.rule_id, one.level, one.message) == ("p", "R1", "error", "no good (do it)")


def test_a_violation_in_a_stage_is_at_its_template(folder: Path) -> None:
    loaded = load(folder, of(violation(at("assembly-Prod/Data.json", "Queue", "Parameters.X"))))
    assert places(loaded) == [("cdk.out/assembly-Prod/Data.json", "Queue", None)]


def test_a_violation_of_a_construct_is_at_its_resource_or_its_line(folder: Path) -> None:
    known = {"constructPath": "Prod/Data/Queue/Resource"}
    loaded = load(folder, of(violation(known), violation({"constructPath": "Web/Topic"}, ruleName="R2")))
    by_rule = {violation.rule_id: violation.location for violation in loaded.violations}
    assert by_rule["R1"].logical_id == "Queue"
    assert (str(by_rule["R2"]), by_rule["R2"].stack_name, by_rule["R2"].logical_id) == ("app.py:3", "Web", None)


def test_a_construct_without_a_line_is_in_its_stacks_template_and_one_of_no_stack_nowhere(folder: Path) -> None:
    rows = [violation({"constructPath": path}, ruleName=path) for path in ("Prod/Data/Other", "Website/Topic", "")]
    loaded = load(folder, of(*rows, violation(ruleName="none")))
    by_rule = {violation.rule_id: violation.location for violation in loaded.violations}
    assert (str(by_rule["Prod/Data/Other"]), by_rule["Prod/Data/Other"].stack_name) == (
        "cdk.out/assembly-Prod/Data.json",
        "ProdData",
    )
    assert (by_rule["Website/Topic"].template_file, str(by_rule["Website/Topic"])) == (None, "Website/Topic")
    assert str(by_rule[""]) == str(by_rule["none"]) == "(no place)"


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        ("fatal", "error"),
        ("ERROR", "error"),
        (None, "error"),
        ("warning", "warning"),
        ("high", "warning"),
        ("info", "info"),
    ],
)
def test_severities_are_levels(folder: Path, severity: str | None, level: str) -> None:
    (one,) = load(folder, of(violation(severity=severity))).violations
    assert one.level == level


def test_annotations_are_read_from_metadata_and_not_twice(folder: Path) -> None:
    assert load(folder, of(violation(), pluginName="Construct Annotations")).violations == ()


def test_what_was_acknowledged_is_found_and_so_is_who_did_it(folder: Path) -> None:
    told = {"acknowledgedId": "p::R1", "reason": "why", "acknowledgedAt": "Web/Topic"}
    whole = {"acknowledgedId": "p::R2", "acknowledgedAt": "Prod/Data"}
    of_app = {"acknowledgedId": "p::R3"}
    rows = [{**violation(at("Web.json", "Topic")), **element} for element in (told, whole, of_app)]
    loaded = load(folder, of(suppressedViolations=rows))
    assert places(loaded) == [("cdk.out/Web.json", "Topic", None)]
    found = {acknowledgement.rule_id: acknowledgement for acknowledgement in loaded.acknowledgements}
    assert (found["p::R1"].reason, str(found["p::R1"].location), found["p::R1"].is_broad) == ("why", "app.py:3", False)
    assert (found["p::R2"].reason, str(found["p::R2"].location), found["p::R2"].is_broad) == ("", "Prod/Data", True)
    assert (found["p::R3"].location.construct_path, found["p::R3"].is_broad) == ("", True)


def test_the_older_form_is_read_where_there_is_no_newer(folder: Path) -> None:
    old = {
        "title": "Validation Report",
        "pluginReports": [
            {
                "summary": {"pluginName": "old", "status": "failure"},
                "violations": [
                    violation(
                        {
                            "constructPath": "Web/Topic/Resource",
                            "resourceLogicalId": "Topic",
                            "templatePath": "Web.json",
                            "locations": ["Properties.A"],
                        },
                        fix="do it",
                    )
                ],
            }
        ],
    }
    loaded = load(folder, old, "policy-validation-report.json")
    assert places(loaded) == [("cdk.out/Web.json", "Topic", "/A")]
    assert (loaded.violations[0].plugin, loaded.violations[0].message) == ("old", "no good (do it)")
    newer = load(folder, of())
    assert newer.violations == ()


def test_a_plugin_that_broke_is_said(folder: Path) -> None:
    loaded = load(folder, of(metadata={"error": "Validation plugin 'p'\n failed: no"}))
    assert loaded.not_validated == ("cdk.out/validation-report.json: p: Validation plugin 'p' failed: no",)
    older = {"pluginReports": [{"summary": {"pluginName": "q", "metadata": {"error": "no"}}}]}
    assert load(folder, older).not_validated == ("cdk.out/validation-report.json: q: no",)


@pytest.mark.parametrize("report", ["{", "[]", "{}", '{"pluginReports": 3}', "[" * 100_000])
def test_a_report_that_cannot_be_read_is_said_and_the_rest_goes_on(folder: Path, report: str) -> None:
    loaded = load(folder, report)
    assert len(loaded.stacks) == 2
    (said,) = loaded.not_validated
    assert said.startswith("cdk.out/validation-report.json: ")


def test_a_report_that_is_no_file_is_said(folder: Path) -> None:
    (folder / "cdk.out" / "validation-report.json").mkdir()
    assert load(folder).not_validated == ("cdk.out/validation-report.json: is a directory",)


def test_the_same_report_gives_the_same_order(folder: Path) -> None:
    rows = [violation(ruleName=name) for name in ("B", "A", "B")]
    assert [violation.rule_id for violation in load(folder, of(*rows)).violations] == ["A", "B"]
