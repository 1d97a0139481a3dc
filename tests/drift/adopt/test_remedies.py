"""What would put a difference back, and reading an audit's report again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stackproof.config.schema import read_schema
from stackproof.core.errors import InputError
from stackproof.core.json import JsonValue
from stackproof.drift.adopt.remedies import differences_of, put_back
from stackproof.drift.adopt.remedy import Adoption, AdoptReport, Remedy
from stackproof.drift.difference import DriftOrigin
from stackproof.drift.report import DriftReport
from stackproof.policy.finding import Suppression
from stackproof.reporters.terminal_remedies import remedies_text
from tests.drift.test_report import difference

FOUND = difference(region="eu-west-1", expected=1, actual=2)


def test_what_the_template_sets_is_put_back_by_a_drift_aware_change_set() -> None:
    cdk, aws, note = put_back(FOUND, cdk_stack="Stage/Net")
    assert cdk == "cdk deploy Stage/Net --revert-drift"
    assert "--stack-name Net " in aws
    assert "--deployment-mode REVERT_DRIFT --region eu-west-1" in aws
    assert "would revert it" in note
    assert len(put_back(FOUND, cdk_stack=None)) == 2
    assert "report it as deleted" in put_back(replace(FOUND, origin=DriftOrigin.DELETED), cdk_stack=None)[-1]


def test_the_names_are_those_of_the_api() -> None:
    """Botocore knows every operation, parameter and value of CloudFormation."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("cloudformation")
    taken: Any = model.operation_model("CreateChangeSet").input_shape
    assert taken.members["DeploymentMode"].enum == ["REVERT_DRIFT"]
    assert {"StackName", "ChangeSetName", "UsePreviousTemplate"} <= set(taken.members)


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (DriftOrigin.UNDECLARED, "set the property in the app"),
        (DriftOrigin.CHILD, "remove it by hand"),
        (DriftOrigin.UNMANAGED, "delete it by hand, or import it"),
    ],
)
def test_what_cloudformation_does_not_know_it_does_not_put_back(origin: DriftOrigin, said: str) -> None:
    [line] = put_back(replace(FOUND, origin=origin), cdk_stack="Net")
    assert said in line


def test_differences_come_back_out_of_a_report_with_their_fingerprints() -> None:
    secret = difference(path="/B", expected="a", actual="b", is_secret=True)
    waived = difference(path="/C", suppression=Suppression(reason="r", owner="o"))
    report = DriftReport(target="moto", audits=(), differences=(FOUND, secret, waived)).to_dict()
    one, other, third = differences_of(report, name="drift.json")
    assert (one, third) == (FOUND, waived)
    assert (other.is_secret, other.fingerprint, other.actual) == (True, secret.fingerprint, "***")


@pytest.mark.parametrize(
    "actual", [{"ClientSecret": "hunter23"}, "Server=db;Password=hunter23", '{"user": "app", "password": "hunter23"}']
)
def test_a_mask_within_a_value_is_never_adopted(actual: JsonValue) -> None:
    found = replace(FOUND, expected={"ClientSecret": "hunter22"}, actual=actual)
    report = DriftReport(target="aws", audits=(), differences=(found,)).to_dict()
    assert "hunter2" not in json.dumps(report)
    [again] = differences_of(report, name="r")
    assert again.is_secret


def test_anything_else_is_no_report() -> None:
    report = DriftReport(target="moto", audits=(), differences=(FOUND,)).to_dict()
    for wrong in ({**report, "command": "check"}, {**report, "differences": [{}]}, {}):
        with pytest.raises(InputError, match=r"drift.json: this (is not a report|report .* is not complete)"):
            differences_of(wrong, name="drift.json")


def test_a_run_that_was_to_write_is_1_unless_all_was_written_and_the_app_agrees() -> None:
    def made(**more: bool | None) -> AdoptReport:
        adopt = Adoption(file="app.py", line=3, argument="a", patch="--- a/app.py\n+++ b/app.py\n", **more)  # type: ignore[arg-type]
        return AdoptReport(remedies=(Remedy(difference=FOUND, put_back=("x", "y"), adopt=adopt),), is_writing=True)

    assert made(is_written=True, is_synthesized=True).exit_code == 0
    assert made(is_written=True).exit_code == 1  # nothing confirmed it
    assert made(is_written=True, is_synthesized=False).exit_code == 1
    assert made(is_written=False).exit_code == 1
    assert replace(made(is_written=False), is_writing=False).exit_code == 0
    text = remedies_text(made(is_written=True, is_synthesized=False))
    assert "a at app.py:3 (written; but the app does not give the live value)" in text
    assert text.endswith("drift adopt: differences: 1; patches: 1, 1 written\n")
    none = Remedy(
        difference=replace(FOUND, location=replace(FOUND.location, logical_id=None)),
        put_back=("x",),
        adopt=Adoption(why_not="no"),
    )
    report = AdoptReport(remedies=(none,))
    assert "adopt it:    no patch: no" in remedies_text(report)
    Draft202012Validator(read_schema("report.schema.json")).validate(report.to_dict())
    assert report.to_dict()["summary"] == {"differences": 1, "patches": 0, "written": 0}
