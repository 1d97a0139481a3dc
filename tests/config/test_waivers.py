"""Waivers are read strictly: errors name file, line and path."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from stackproof.config.schema import read_schema
from stackproof.config.waivers import load_waivers
from stackproof.core.errors import ConfigError

GOOD = """\
waivers:
  - rule: CKV_AWS_116
    stack: TapStack
    construct_path: TapStack/Processor/Resource
    reason: the event source has the queue
    owner: platform
    expires: 2027-01-31
"""


def loaded(folder: Path, text: str | bytes) -> str:
    file = folder / "waivers.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_waivers(file)
    return str(caught.value)


def test_a_good_file_is_waivers_in_its_order(in_tmp_path: Path) -> None:
    second = GOOD.replace("waivers:\n", "").replace("CKV_AWS_116", "E1").replace("2027-01-31", '"2027-02-01"')
    (in_tmp_path / "waivers.yaml").write_text(GOOD + second, encoding="utf-8")
    first, last = load_waivers(in_tmp_path / "waivers.yaml")
    assert (first.rule, first.expires, last.rule, last.expires) == (
        "CKV_AWS_116", date(2027, 1, 31), "E1", date(2027, 2, 1),
    )  # fmt: skip


def test_none_is_a_list_without_entries(in_tmp_path: Path) -> None:
    (in_tmp_path / "waivers.yaml").write_text("waivers: []\n", encoding="utf-8")
    assert load_waivers(in_tmp_path / "waivers.yaml") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("2027-01-31", "soon"), "waivers.yaml:7: waivers[0].expires: "),
        (GOOD.replace("2027-01-31", "2027-02-30"), "waivers.yaml:7: waivers[0].expires: '2027-02-30' is not a date"),
        (GOOD.replace("platform", "7"), "waivers.yaml:6: waivers[0].owner: 7 is a number: give text, in quotes"),
        (GOOD + "    note: x\n", "waivers.yaml:8: waivers[0].note: unknown key: known are"),
        (GOOD + "    owner: y\n", "waivers.yaml:8: the key 'owner' occurs twice"),
        (GOOD + GOOD.replace("waivers:\n", ""), "waivers.yaml:8: waivers[1]: an earlier waiver has the same"),
        (GOOD + "more: 1\n", "waivers.yaml:8: more: unknown key: known are waivers and drift"),
        ("waivers: {}\n", "waivers.yaml:1: waivers: is a mapping of keys to values: give a list"),
        ("", "waivers.yaml: is empty"),
        ("- a\n", "waivers.yaml:1: is a list: give a mapping of keys to values"),
        ("waivers: [\n", "waivers.yaml:2: is not valid YAML"),
        ("a: &a [x]\nwaivers: *a\n", "an alias (*name) does not belong here"),
        ("waivers: !!binary x\n", "does not belong here"),
        ("waivers: !!float x\n", "waivers.yaml:1: 'x' is not of type float"),
        ("? [a]\n: x\n", "waivers.yaml:1: a key is not a string"),
        (b"\xff", "waivers.yaml: is not UTF-8 (offset 0)"),
        (b"a: \x01", "waivers.yaml: is not valid YAML: "),
        ("#" * 2_000_001, "waivers.yaml: is larger than 2,000,000 bytes"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_path(text: str | bytes, message: str, in_tmp_path: Path) -> None:
    said = loaded(in_tmp_path, text)
    assert message in said
    assert said.startswith("waivers.yaml")
    assert "\n" not in said


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"waivers\.yaml: cannot be read"):
        load_waivers(tmp_path / "waivers.yaml")


def test_the_schema_is_one() -> None:
    from jsonschema import Draft202012Validator

    schema = read_schema("waivers.schema.json")
    Draft202012Validator.check_schema(schema)
    assert json.dumps(schema)
