"""The files of engine versions are read strictly: errors name file, line and path."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stackproof.config.engine_versions import load_engine_overrides, load_engine_versions, packaged_engine_versions
from stackproof.config.schema import read_schema
from stackproof.core.errors import ConfigError
from stackproof.policy.versions.engine_version import Decision
from stackproof.policy.versions.writing import written
from tests.policy.versions.sample import PACKAGED, allow_list, family

ROOT = Path(__file__).parents[2]
LIST = written(allow_list(eks=family()))
OVERRIDE = {
    "family": "rds/postgres",
    "version": "15.8",
    "decision": "banned",
    "reason": "it was the incident",
    "owner": "platform",
    "until": "2027-01-31",
}


def test_the_package_and_this_repository_have_one_list() -> None:
    assert (ROOT / "policies/engine_versions.json").read_bytes() == (
        ROOT / "src/stackproof/policy/versions/data/engine_versions.json"
    ).read_bytes()


@pytest.mark.parametrize("name", ["engine_versions", "engine_overrides"])
def test_the_files_of_this_repository_are_as_their_schemas_say(name: str) -> None:
    schema = read_schema(f"{name}.schema.json")
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads((ROOT / f"policies/{name}.json").read_bytes()))
    assert json.loads((ROOT / f"policies/{name}.schema.json").read_bytes()) == schema


def test_the_packaged_list_is_read() -> None:
    assert load_engine_versions(ROOT / "policies/engine_versions.json") == packaged_engine_versions()


def test_a_list_that_leaves_out_what_has_a_default_is_read_as_well(in_tmp_path: Path) -> None:
    text = LIST.replace('"match": "exact",', "").replace('"schema"', '"$schema": "x", "schema"')
    (in_tmp_path / "v.json").write_text(text, encoding="utf-8")
    assert load_engine_versions(Path("v.json")) == allow_list(eks=family())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace('"creatable"', '"banana"'), "v.json:20: families.eks.versions.1.1.status"),
        (lambda text: text.replace('"1.1"', '"1.1", "1.1"'), "v.json:20: is not valid JSON"),
        (lambda text: text.replace('"regions"', '"nonsense"'), "v.json:1: "),
        (lambda text: text.replace('"cycle": "1"', '"cycle": 1.0'), "v.json:20: families.eks.versions.1.1.cycle"),
        (lambda text: text.replace("2030-01-01", "2030-02-31"), "v.json: "),
        (lambda text: text.replace('"as_of": "2026-10-01"', '"as_of": "banana"'), "as_of"),
        (lambda text: text.replace('{"status"', '{"status": "creatable", "status"'), "occurs twice"),
        (lambda _: "[]", "v.json:1: is a list: give a mapping"),
        (lambda _: "[" * 100_000, "is not valid JSON"),
        (lambda _: "", "v.json:1: is not valid JSON"),
    ],
)
def test_what_is_wrong_with_a_list_is_said_at_its_line(
    in_tmp_path: Path, change: Callable[[str], str], said: str
) -> None:
    (in_tmp_path / "v.json").write_text(change(LIST), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_engine_versions(Path("v.json"))
    assert said in str(caught.value)


def test_a_list_that_is_not_there_is_said(in_tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_engine_versions(in_tmp_path / "v.json")


def overrides(folder: Path, rows: list[dict[str, Any]], **more: Any) -> Path:
    file = folder / "o.json"
    file.write_text(json.dumps({"schema": 1, "overrides": rows, **more}, indent=1), encoding="utf-8")
    return Path("o.json")


def test_overrides_are_read(in_tmp_path: Path) -> None:
    found = load_engine_overrides(overrides(in_tmp_path, [OVERRIDE], approved_only=["lambda"]), PACKAGED)
    assert found.approved_only == ("lambda",)
    assert (found.overrides[0].decision, found.overrides[0].until) == (Decision.BANNED, date(2027, 1, 31))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 15.10}, "o.json:6: overrides[0].version"),
        ({"until": "2027-02-31"}, "o.json:10: overrides[0].until"),
        ({"family": "rds/banana"}, "o.json:5: overrides[0].family: there is no family 'rds/banana'"),
        ({"cycle": "15"}, "overrides[0]"),
        ({"status": "creatable"}, "overrides[0]"),
        ({"owner": ""}, "overrides[0].owner"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_what_is_wrong_with_an_override_is_said_at_its_line(
    in_tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_engine_overrides(overrides(in_tmp_path, [{**OVERRIDE, **change}]), PACKAGED)
    assert said in str(caught.value)


def test_a_strict_family_has_to_be_there(in_tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"approved_only\[0\]: there is no family 'banana'"):
        load_engine_overrides(overrides(in_tmp_path, [], approved_only=["banana"]), PACKAGED)
