"""The table of engines: its columns, for ids and names of each engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackproof.policy.engines.table import (
    CONTROL_KEYS,
    ENGINES,
    RULE_SUFFIXES,
    TABLE,
    EngineInputs,
    documentation,
    engines_of,
    row_of,
)


def test_each_name_key_and_folder_is_in_one_row() -> None:
    assert len({row.name for row in TABLE}) == len(TABLE)
    assert len(CONTROL_KEYS) == sum(len(row.control_keys) for row in TABLE)
    assert len(RULE_SUFFIXES) == sum(len(row.rule_suffixes) for row in TABLE)
    assert set(ENGINES) == {row.name for row in TABLE} - {"cdk"}


@pytest.mark.parametrize("name", ENGINES)
def test_a_row_makes_the_engine_of_its_name(name: str) -> None:
    row = row_of(name)
    assert row is not None
    assert row.make is not None
    engine = row.make(EngineInputs(region="eu-west-1", timeout=60.0))
    assert engine is not None
    assert engine.name == name
    engine.close()


def test_a_missing_engine_is_none_and_has_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKPROOF_TOOLS_DIR", str(tmp_path))
    row = row_of("checkov")
    assert row is not None
    assert row.make is not None
    assert row.make(EngineInputs(region="us-east-1", timeout=60.0)) is None
    assert row.remedy == "stackproof tools install"


@pytest.mark.parametrize(
    ("rule_id", "engines"),
    [
        ("CKV_AWS_1", {"checkov"}),
        ("CKV2_AWS_1", {"checkov"}),
        ("BC_AWS_1", {"checkov"}),
        ("E3012", {"cfn-lint", "cloudformation-validate"}),
        ("F3012", {"cloudformation-validate"}),
        ("cdk:deprecated-api", {"cdk"}),
        ("OWN_RULE", set()),
    ],
)
def test_the_form_of_an_id_names_its_engines(rule_id: str, engines: set[str]) -> None:
    assert engines_of(rule_id) == engines


def test_rules_of_a_project_and_unknown_engines_have_no_documentation() -> None:
    assert documentation("cfn-lint", "X1") is None
    assert documentation("checkov", "OWN_1") is None
    assert documentation("somebody", "E3012") is None
    assert row_of("somebody") is None
