"""Templates mean what CloudFormation reads in them, in JSON and in YAML, with the line of every resource."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given

from stackproof.core.errors import InputError
from stackproof.core.json import JsonValue
from stackproof.template.loading.document import Document
from stackproof.template.loading.formats import parse_document
from stackproof.template.loading.template import STAND_IN, ResourceFacts, load_template, parse_bytes
from stackproof.template.location import SourceLine
from stackproof.template.template import Template
from tests import strategies as of

BODY: JsonValue = {
    "Description": "ours",
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [{"Key": "a"}, {"Key": "b"}]}},
        "Topic": {"Type": "AWS::SNS::Topic"},
    },
}
YAML = """\
# ours
Description: ours
Resources:

  Topic:
    Type: AWS::SNS::Topic
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      Tags:
        - Key: a
        - Key: b
"""


def template(text: str | bytes, file: str = "t.yaml") -> Template:
    data = text.encode() if isinstance(text, str) else text
    return parse_bytes(data, path=file, file=file)


def value(text: str) -> JsonValue:
    found = parse_document(f"a: {text}\n".encode(), "t.yaml").value
    assert isinstance(found, Mapping)
    return found["a"]


def lines(held: Template) -> dict[str, int | None]:
    return {resource.logical_id: resource.template_line for resource in held.resources}


@pytest.mark.parametrize("indent", [None, 0, 1, 4, "\t"])
def test_json_of_every_layout_is_the_same_template(indent: int | str | None) -> None:
    held = template(json.dumps(BODY, indent=indent), "t.json")
    assert held.body == BODY
    assert [resource.logical_id for resource in held.resources] == ["Queue", "Topic"]


def test_yaml_and_json_of_one_template_are_the_same_but_for_lines() -> None:
    assert template(YAML).body == BODY
    assert lines(template(YAML)) == {"Topic": 5, "Queue": 7}


def test_lines_of_compact_json_are_the_first() -> None:
    assert lines(template(json.dumps(BODY), "t.json")) == {"Queue": 1, "Topic": 1}


def test_lines_of_indented_json_are_those_of_the_keys() -> None:
    held = template(json.dumps(BODY, indent=1), "t.json")
    assert lines(held) == {"Queue": 4, "Topic": 17}
    queue = held.resource("Queue")
    assert queue is not None
    assert queue.property_lines == {"/Tags": 7, "/Tags/0": 8, "/Tags/0/Key": 9, "/Tags/1": 11, "/Tags/1/Key": 12}


def test_lines_of_properties_are_known_in_yaml() -> None:
    queue = template(YAML).resource("Queue")
    assert queue is not None
    assert str(queue.location("/Tags/1/Key")) == "t.yaml:12"
    assert str(queue.location("/Tags/1/Value")) == "t.yaml:12"
    assert str(queue.location("/Tags")) == "t.yaml:10"
    assert str(queue.location("/Name")) == "t.yaml:7"


def test_brackets_and_quotes_in_texts_do_not_shift_lines() -> None:
    text = '{"D": "}]{[,\\"\\n",\n"Resources":\n{"A\\u0042":\n{"Type": "T:{"}}}'
    assert lines(template(text, "t.json")) == {"AB": 3}


@pytest.mark.parametrize("file", ["t.json", "t.yaml"])
def test_windows_line_ends_and_a_byte_order_mark_change_nothing(file: str) -> None:
    text = json.dumps(BODY, indent=2) if file == "t.json" else YAML
    plain = template(text, file)
    held = template(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), file)
    assert (held.body, held.resources) == (plain.body, plain.resources)
    assert held.digest != plain.digest


def test_flow_yaml_is_yaml_also_where_it_begins_like_json() -> None:
    assert template("{Resources: {A: {Type: T}}}").body == {"Resources": {"A": {"Type": "T"}}}


def test_json_without_its_suffix_is_json() -> None:
    assert template(json.dumps(BODY), "t.template").body == BODY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!Ref B", {"Ref": "B"}),
        ("!Condition B", {"Condition": "B"}),
        ("!GetAtt B.Arn", {"Fn::GetAtt": "B.Arn"}),
        ("!GetAtt [B, Arn]", {"Fn::GetAtt": ["B", "Arn"]}),
        ("!Sub 'x-${B}'", {"Fn::Sub": "x-${B}"}),
        ("!Sub ['${x}', {x: !Ref B}]", {"Fn::Sub": ["${x}", {"x": {"Ref": "B"}}]}),
        ("!Join ['', [a, !Ref B]]", {"Fn::Join": ["", ["a", {"Ref": "B"}]]}),
        ("!If [C, 1, !Ref AWS::NoValue]", {"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]}),
        ("!GetAZs ''", {"Fn::GetAZs": ""}),
        ("!Base64 {Ref: B}", {"Fn::Base64": {"Ref": "B"}}),
        ("!Ref 123", {"Ref": "123"}),
        ("!Select [0, !GetAZs '']", {"Fn::Select": [0, {"Fn::GetAZs": ""}]}),
    ],
)
def test_short_forms_are_their_long_forms(text: str, expected: JsonValue) -> None:
    assert value(text) == expected


def test_get_att_has_one_form_in_a_template() -> None:
    text = """\
Resources:
  A:
    Type: T
    Properties:
      One: !GetAtt B.Endpoint.Address
      Two: {"Fn::GetAtt": B.Arn}
      Three: [{"Fn::GetAtt": [B, Arn]}]
"""
    assert template(text).resources[0].properties == {
        "One": {"Fn::GetAtt": ["B", "Endpoint.Address"]},
        "Two": {"Fn::GetAtt": ["B", "Arn"]},
        "Three": [{"Fn::GetAtt": ["B", "Arn"]}],
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2012-10-17", "2012-10-17"),
        ("2012-10-17T10:00:00Z", "2012-10-17T10:00:00Z"),
        ("!!timestamp nope", "nope"),
        ("!!str 012", "012"),
        ("'012'", "012"),
        ("! 12", "12"),
        ("=", "="),
        ("yes", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("012", 10),
        ("0x1F", 31),
        ("1_000", 1000),
        ("-3", -3),
        ("1.5", 1.5),
        (".inf", ".inf"),
        ("-.INF", "-.INF"),
        (".nan", ".nan"),
        ("1.0e+999", "1.0e+999"),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("!!map {a: 1}", {"a": 1}),
        ("!!seq [1]", [1]),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_scalars_are_what_cloudformation_reads(text: str, expected: JsonValue) -> None:
    found = value(text)
    assert found == expected
    assert isinstance(found, type(expected))
    assert isinstance(found, bool) is isinstance(expected, bool)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("base: &b {x: 1, y: 2}\na:\n  <<: *b\n  y: 3\n", {"x": 1, "y": 3}),
        ("base: &b {x: 1, y: 2}\na:\n  y: 3\n  <<: *b\n", {"y": 3, "x": 1}),
        ("one: &o {x: 1}\ntwo: &t {x: 2, z: 3}\na:\n  <<: [*o, *t]\n", {"x": 1, "z": 3}),
        ("one: &o {x: 1}\ntwo: &t {<<: *o, z: 3}\na: {<<: *t}\n", {"x": 1, "z": 3}),
        ("base: &b {x: 1}\na: {'<<': *b}\n", {"<<": {"x": 1}}),
        ("base: &b [1, 2]\na: {x: *b, y: *b}\n", {"x": [1, 2], "y": [1, 2]}),
        ("&k x: 1\na: {*k : 2}\n", {"x": 2}),
        ("one: &o 1\none2: &o 2\na: {x: *o}\n", {"x": 2}),
    ],
)
def test_anchors_aliases_and_merge_keys_are_written_out(text: str, expected: JsonValue) -> None:
    found = parse_document(text.encode(), "t.yaml").value
    assert isinstance(found, dict)
    assert found["a"] == expected


def test_keys_are_strings_whatever_yaml_would_make_of_them() -> None:
    text = b"1: a\nyes: b\n2012-10-17: c\n~: d\n"
    assert parse_document(text, "t.yaml").value == {"1": "a", "yes": "b", "2012-10-17": "c", "~": "d"}


def test_lines_are_not_kept_inside_of_intrinsic_tags() -> None:
    found = parse_document(b"a: !Join\n  - ''\n  - - b\n    - c\nd:\n  - e: 1\n", "t.yaml")
    assert found.lines == {"/a": 1, "/d": 5, "/d/0": 6, "/d/0/e": 6}


@given(of.json_values)
def test_json_text_is_read_as_the_data_it_was_written_from(data: JsonValue) -> None:
    for indent in (None, 2):
        assert parse_document(json.dumps({"a": data}, indent=indent).encode(), "t.json").value == {"a": data}


@given(of.json_values)
def test_json_text_is_yaml_of_the_same_data(data: JsonValue) -> None:
    if "\\u" not in (text := json.dumps({"a": data}, ensure_ascii=False)) and text.isprintable():
        assert parse_document(text.encode(), "t.yaml").value == {"a": data}


def test_a_text_that_holds_nothing_but_a_value_has_no_lines() -> None:
    assert parse_document(b"3", "t.yaml") == Document(value=3)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("null", "t.json:2: Resources.A: Unexpected type null (expected mapping)"),
        ("{}", "t.json:2: Resources.A: Type is missing"),
        ('{"Type": {"a": 1}}', "t.json:2: Resources.A.Type: Unexpected type mapping (expected str)"),
        (
            '{"Type": "T",\n"Properties": null}',
            "t.json:3: Resources.A.Properties: Unexpected type null (expected mapping)",
        ),
    ],
)
def test_an_entry_that_is_no_resource_costs_itself_alone(entry: str, said: str) -> None:
    found = template(f'{{"Resources": {{\n"A": {entry},\n"B": {{"Type": "T"}}}}}}', "t.json")
    assert found.unreadable == {"A": said}
    assert [resource.logical_id for resource in found.resources] == ["B"]
    assert found.section("Resources") == {"A": STAND_IN, "B": {"Type": "T"}}


def test_a_template_without_any_resource_that_can_be_read_is_refused() -> None:
    with pytest.raises(InputError, match="Type is missing"):
        template('{"Resources": {"A": {}, "B": 3}}', "t.json")


def test_loops_are_no_resources() -> None:
    text = "Resources:\n  A: {Type: T}\n  Fn::ForEach::Topics: [x, [a], {'T${x}': {Type: T}}]\n"
    assert [resource.logical_id for resource in template(text).resources] == ["A"]


def test_a_template_that_cdk_wrote_names_its_constructs() -> None:
    body = {"Resources": {"A": {"Type": "T", "Metadata": {"aws:cdk:path": "S/A"}}, "B": {"Type": "T", "Metadata": 3}}}
    held = template(json.dumps(body), "t.json")
    assert [resource.construct_path for resource in held.resources] == ["S/A", None]
    odd = {"Resources": {"A": {"Type": "T", "Metadata": {"aws:cdk:path": 3}}}}
    assert template(json.dumps(odd), "t.json").resources[0].construct_path is None


def test_who_knows_more_of_a_resource_says_it() -> None:
    line = SourceLine(file="app.py", line=3)
    facts = ResourceFacts(construct_path="S/A", source=line, property_sources={"/X": line}, generated=True)
    held = parse_bytes(
        b'{"Resources": {"A": {"Type": "T"}}}', path="p", file="t.json", stack_name="S", describe=lambda _, __: facts
    )
    (one,) = held.resources
    assert (one.construct_path, one.source, one.generated, one.stack_name) == ("S/A", line, True, "S")
    assert one.property_sources == {"/X": line}
    assert held.stack_name == "S"


def test_a_template_is_named_as_it_was_given_or_as_it_is_called(in_tmp_path: Path) -> None:
    (in_tmp_path / "t.yaml").write_text(YAML)
    assert load_template(Path("t.yaml")).file == "t.yaml"
    named = load_template(in_tmp_path / "t.yaml", name="<ours>", stack_name="S")
    assert (named.file, named.path, named.stack_name) == ("<ours>", str(in_tmp_path / "t.yaml"), "S")


def test_the_digest_is_that_of_the_bytes() -> None:
    assert template(YAML).digest == template(YAML, "other.yaml").digest
    assert template(YAML).digest != template(YAML + "\n").digest


def test_pointers_escape_what_they_are_made_of() -> None:
    assert parse_document(b'{"a/b": {"~": 1}}', "t.json").lines == {"/a~1b": 1, "/a~1b/~0": 1}
