"""JSON: format 1 as its schema says, for any report."""

from __future__ import annotations

import json

from hypothesis import given
from jsonschema import Draft202012Validator

from stackproof.config.schema import read_schema
from stackproof.policy.report import CheckReport
from stackproof.reporters.json import JsonReporter
from tests.reporters.rendering import written
from tests.reporters.sample import reports

VALIDATOR = Draft202012Validator(read_schema("report.schema.json"))


@given(reports)
def test_any_report_is_valid_and_comes_back_as_it_was(report: CheckReport) -> None:
    text = written(JsonReporter(), report)
    read = json.loads(text)
    VALIDATOR.validate(read)
    assert read == report.to_dict()
    assert text.endswith("}\n")
