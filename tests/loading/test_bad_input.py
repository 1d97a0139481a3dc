"""Whatever a file holds, loading it ends at once, in a template or in one line that names file and reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stackproof.errors import InputError
from stackproof.loading.template import load_template

TOPIC = "Resources: {T: {Type: 'AWS::SNS::Topic'}}\n"
ALIAS_BOMB = (
    TOPIC
    + "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12))
)
MERGE_BOMB = (
    TOPIC
    + "m0: &m0 {x: 1}\n"
    + "".join(f"m{i + 1}: &m{i + 1}\n  <<: [{', '.join([f'*m{i}'] * 30)}]\n  k{i}: 1\n" for i in range(40))
)
ALIAS_CHAIN = TOPIC + "a0: &a0 [x]\n" + "".join(f"a{i + 1}: &a{i + 1} [*a{i}]\n" for i in range(3000))

BAD: dict[str, tuple[str | bytes, str]] = {
    "truncated.json": ('{"Resources": {"T": {"Type": "AWS::SNS::Topic"', ":1:47: is no valid JSON: "),
    "empty.yaml": ("", ": is empty"),
    "comment.yaml": ("# nothing\n", ": is empty"),
    "spaces.json": (" \n", ": is empty"),
    "other.yaml": ("a: 1\n", ": is no CloudFormation template: it has no Resources"),
    "list.yaml": ("- a\n", ": is no CloudFormation template: Unexpected type list (expected mapping)"),
    "text.yaml": ("hello\n", ": is no CloudFormation template: Unexpected type str (expected mapping)"),
    "list.json": ("[]", ": is no CloudFormation template: Unexpected type list (expected mapping)"),
    "resources_list.yaml": ("A: 1\nResources: []\n", ":2: Resources: Unexpected type list (expected mapping)"),
    "resources_none.yaml": ("Resources:\n", ":1: Resources: Unexpected type null (expected mapping)"),
    "resources_empty.yaml": ("Resources: {}\n", ":1: Resources is empty"),
    "resource_none.yaml": ("Resources:\n  T:\n", ":2: Resources.T: Unexpected type null (expected mapping)"),
    "no_type.yaml": ("Resources:\n  T:\n    Properties: {}\n", ":2: Resources.T: Type is missing"),
    "type_map.json": (
        '{\n "Resources": {\n  "T": {\n   "Type": {"a": 1}}}}',
        ":4: Resources.T.Type: Unexpected type mapping (expected str)",
    ),
    "type_list.yaml": ("Resources:\n  T: {Type: [a]}\n", ":2: Resources.T.Type: Unexpected type list (expected str)"),
    "latin.yaml": (b"Resources:\n  \xff: 1\n", ": is not UTF-8 (byte 0xff at offset 13)"),
    "control.yaml": (b"Resources:\n  T: \x00\n", ": is no valid YAML: "),
    "tab.yaml": ("Resources:\n\tT: 1\n", ":2:1: is no valid YAML: "),
    "documents.yaml": (f"{TOPIC}---\na: 1\n", ":2: holds more than one YAML document"),
    "duplicate.yaml": ("Resources:\n  T: {Type: X}\n  T: {Type: X}\n", ":3: the key 'T' occurs twice"),
    "duplicate.json": ('{"Resources": {"T": {"Type": "X"}, "T": {"Type": "X"}}}', "the key 'T' occurs twice"),
    "nan.json": ('{"Resources": {"T": NaN}}', "NaN is no JSON value"),
    "digits.json": ('{"Resources": {"T": ' + "9" * 6000 + "}}", ": is no valid JSON: "),
    "digits.yaml": ("a: " + "9" * 6000 + "\n", ":1: '9999"),
    "float.yaml": ("a: !!float abc\n", ":1: 'abc' is no float"),
    "tag.yaml": ("a: !Foo x\n", ":1: the tag !Foo is no intrinsic function"),
    "map_tag.yaml": ("a: !Foo {b: c}\n", ":1: the tag !Foo is no intrinsic function"),
    "python.yaml": ('a: !!python/object/apply:os.system ["id"]\n', "is no intrinsic function"),
    "binary.yaml": ("a: !!binary aGk=\n", "does not belong in a template"),
    "anchor.yaml": ("a: *nope\n", ":1: the alias *nope is not defined"),
    "itself.yaml": ("Resources: &r\n  T: *r\n", ":2: the alias *r refers to itself"),
    "list_key.yaml": ("? [a]\n: x\n", ":1: a key is no string"),
    "map_key.yaml": ("a: &a {b: c}\n*a : x\n", ":2: a key is no string"),
    "merge_text.yaml": ("a:\n  <<: text\n", ":2: << does not name a mapping"),
    "alias_bomb.yaml": (ALIAS_BOMB, "its aliases stand for more than"),
    "merge_bomb.yaml": (MERGE_BOMB, "its aliases stand for more than"),
    "alias_chain.yaml": (ALIAS_CHAIN, "is nested deeper than 200 levels"),
    "deep.json": ("[" * 100_000, ":1: is nested deeper than 200 levels"),
    "deep.yaml": ("[" * 100_000, "is nested deeper than 200 levels"),
    "deep_block.yaml": ("- " * 100_000 + "x", "is nested deeper than 200 levels"),
    "large.yaml": ("x" * 5_000_001, ": is larger than 5,000,000 bytes"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_file_is_one_line_with_its_name_and_the_reason(name: str, in_tmp_path: Path) -> None:
    content, reason = BAD[name]
    (in_tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        load_template(Path(name))
    message = str(caught.value)
    assert message.startswith(name)
    assert reason in message
    assert "\n" not in message
    assert len(message) < 400


def test_what_is_no_regular_file_is_refused_at_once(in_tmp_path: Path) -> None:
    os.mkfifo(in_tmp_path / "pipe.yaml")
    (in_tmp_path / "folder.json").mkdir()
    for name, reason in {
        "pipe.yaml": "pipe.yaml: is not a regular file",
        "folder.json": "folder.json: is a directory",
        "missing.json": "missing.json: there is no such file",
        "/dev/zero": "/dev/zero: is not a regular file",
        "n" * 300: "cannot be read",
        "nul\0.json": "cannot be read",
    }.items():
        with pytest.raises(InputError) as caught:
            load_template(Path(name))
        assert reason in str(caught.value)


def test_a_name_that_cannot_be_printed_is_still_one_printable_line(in_tmp_path: Path) -> None:
    path = in_tmp_path / os.fsdecode(b"a\xff\nb.yaml")
    path.write_text("a: 1\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_template(path)
    assert str(caught.value).encode().isascii()
    assert "\n" not in str(caught.value)
