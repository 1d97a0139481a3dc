"""Loading gives the same template from JSON and YAML, with the line of everything in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.loading.template import ResourceFacts, load_template, parse_bytes, parse_template
from stackproof.model.json import JsonObject
from stackproof.model.location import SourceLine

YAML = """\
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - Action: kms:*
            Resource: !Sub "arn:${AWS::Partition}:x"
  Topic:
    Type: AWS::SNS::Topic
    Metadata: {"aws:cdk:path": S/Topic/Resource}
    Properties:
      KmsMasterKeyId: !GetAtt Key.Arn
      Tags: !If [C, [{Key: a, Value: !Ref "AWS::Region"}], {Ref: "AWS::NoValue"}]
"""


def parsed(text: str, file: str = "t.yaml") -> Any:  # noqa: ANN401
    return parse_bytes(text.encode(), path=file, file=file)


def test_short_forms_become_long_ones_and_dates_stay_text() -> None:
    template = parsed(YAML)
    assert template.body["AWSTemplateFormatVersion"] == "2010-09-09"
    topic = template.resource("Topic")
    assert topic.properties["KmsMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert topic.properties["Tags"] == {
        "Fn::If": ["C", [{"Key": "a", "Value": {"Ref": "AWS::Region"}}], {"Ref": "AWS::NoValue"}]
    }
    assert topic.construct_path == "S/Topic/Resource"


def test_lines_are_those_of_the_file_down_to_items() -> None:
    key = parsed(YAML).resource("Key")
    assert key.template_line == 3
    assert key.location("/KeyPolicy/Statement/0/Action").template_line == 9
    assert key.location("/KeyPolicy/Version/Nowhere").line == 7
    assert key.location().line == 3


def test_json_has_the_same_lines_as_its_own_text() -> None:
    body: JsonObject = parsed(YAML).body
    text = json.dumps(body, indent=1)
    template = parsed(text, "t.json")
    assert template.body == body
    lines = text.splitlines()
    for resource in template.resources:
        assert f'"{resource.logical_id}"' in lines[resource.template_line - 1]
        for pointer, line in resource.property_lines.items():
            last = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
            assert last.isdigit() or f'"{last}"' in lines[line - 1]


@pytest.mark.parametrize("name", ["t.json", "t.template", "[a]{b}*?.json"])
def test_json_by_content_with_a_byte_order_mark(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(
        b'\xef\xbb\xbf{"Resources": {"T": {"Type": "X", "Properties": {"A": {"Fn::GetAtt": "B.C.D"}}}}}'
    )
    template = load_template(tmp_path / name, name="shown", stack_name="S")
    assert (template.file, template.stack_name) == ("shown", "S")
    assert template.resources[0].properties == {"A": {"Fn::GetAtt": ["B", "C.D"]}}


def test_yaml_in_flow_style_is_not_mistaken_for_json() -> None:
    assert parsed("{Resources: {T: {Type: X}}}", "t.template").resources[0].logical_id == "T"


def test_aliases_and_merge_keys_are_written_out() -> None:
    text = "a: &a {x: 1, y: 2}\nk: &k word\nResources: {T: {Type: X, Properties: {<<: *a, y: 3, *k : 4, z: [*a, *a]}}}"
    assert parsed(text).resources[0].properties == {
        "x": 1,
        "y": 3,
        "word": 4,
        "z": [{"x": 1, "y": 2}, {"x": 1, "y": 2}],
    }


def test_scalars_are_read_as_yaml_1_1_reads_them_except_for_dates_and_what_is_not_finite() -> None:
    text = "Resources: {T: {Type: X, Properties: {a: yes, b: 012, c: 1.5, d: ~, e: .nan, f: 2001-99-99, g: '1', 1: x}}}"
    properties = parsed(text).resources[0].properties
    assert properties == {
        "a": True, "b": 10, "c": 1.5, "d": None, "e": ".nan", "f": "2001-99-99", "g": "1", "1": "x",
    }  # fmt: skip


def test_loops_are_left_in_the_body_and_are_no_resources() -> None:
    template = parsed("Resources: {'Fn::ForEach::X': [N, [a], {'B${N}': {Type: X}}], T: {Type: X}}")
    assert [each.logical_id for each in template.resources] == ["T"]
    assert "Fn::ForEach::X" in template.section("Resources")


def test_what_someone_else_knows_of_a_resource_is_on_it(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('{"Resources": {"T": {"Type": "X"}}}', encoding="utf-8")
    facts = ResourceFacts(
        construct_path="S/T", source=SourceLine(file="app.py", line=7), generated=True,
        property_sources={"/A": SourceLine(file="app.py", line=9)},
    )  # fmt: skip
    (resource,) = parse_template(path, file="t.json", stack_name="S", describe=lambda _id, _body: facts).resources
    assert (resource.construct_path, resource.generated) == ("S/T", True)
    assert str(resource.location()) == "app.py:7"
    assert str(resource.location("/A/0")) == "app.py:9"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(min_size=1, max_size=6).filter(lambda key: not key.startswith("Fn::")), VALUES, max_size=4)
)
def test_any_json_comes_through_as_it_is(properties: JsonObject) -> None:
    body = {"Resources": {"T": {"Type": "X", "Properties": properties}}}
    for text in (json.dumps(body), json.dumps(body, indent=2), json.dumps(body, ensure_ascii=False)):
        assert parsed(text, "t.json").body == body
