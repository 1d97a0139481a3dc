"""Nothing that a file says makes us hang, crash or trace back: one clear line names file and reason."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from stackproof.core.errors import InputError
from stackproof.template.loading.document import MAX_BYTES
from stackproof.template.loading.files import read_stream
from stackproof.template.loading.search import find_templates
from stackproof.template.loading.template import load_template
from tests.fakes import written

TOPIC = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
MERGE_BOMB = "m0: &m0 {a: 1, b: 2}\n" + "".join(
    f"m{n}: &m{n}\n  <<: [{', '.join([f'*m{n - 1}'] * 10)}]\n  k{n}: [*m{n - 1}, *m{n - 1}]\n" for n in range(1, 40)
)
FILES: dict[str, tuple[str, str | bytes, str]] = {
    "empty": ("t.json", "", "t.json: is empty"),
    "blank": ("t.yaml", " \n\t\n", "t.yaml: is empty"),
    "only a comment": ("t.yaml", "# nothing\n", "t.yaml: is empty"),
    "only a byte order mark": ("t.yaml", b"\xef\xbb\xbf", "t.yaml: is empty"),
    "truncated JSON": ("t.json", '{"Resources": {"A": {"Type": "AWS', "t.json:1:30: is not valid JSON: Unterminated"),
    "truncated JSON by another name": ("t.template", '{"Resources": {', "t.template:1:16: is not valid JSON: "),
    "truncated YAML": ("t.yaml", "Resources: {A: ", "t.yaml:2:1: is not valid YAML: "),
    "YAML in a JSON file": ("t.json", TOPIC, "t.json:1:1: is not valid JSON: Expecting value"),
    "tabs": ("t.yaml", "Resources:\n\tA: 1\n", "t.yaml:2:1: is not valid YAML: "),
    "a string": ("t.yaml", "just a text\n", "t.yaml: is not a CloudFormation template: the top level is text"),
    "a list": (
        "t.json",
        "[]",
        "t.json: is not a CloudFormation template: the top level is a list; expected an object with Resources",
    ),
    "a number": (
        "t.yaml",
        "3",
        "t.yaml: is not a CloudFormation template: the top level is a number; expected an object with Resources",
    ),
    "null": (
        "t.yaml",
        "~",
        "t.yaml: is not a CloudFormation template: the top level is empty; expected an object with Resources",
    ),
    "YAML that is no template": (
        "t.yaml",
        "name: web\n",
        "t.yaml: is not a CloudFormation template: it has no Resources",
    ),
    "Resources null": ("t.yaml", "a: 1\nResources:\n", "t.yaml:2: Resources: Unexpected type null (expected mapping)"),
    "Resources a list": ("t.json", '{"Resources": []}', "t.json:1: Resources: Unexpected type list"),
    "Resources empty": ("t.json", '{\n"Resources": {}}', "t.json:2: Resources is empty"),
    "a resource null": ("t.yaml", "Resources:\n  A:\n", "t.yaml:2: Resources.A: Unexpected type null"),
    "a resource without a type": ("t.yaml", "Resources:\n  A: {}\n", "t.yaml:2: Resources.A: Type is missing"),
    "Type a mapping": (
        "t.yaml",
        "Resources:\n  A:\n    Type: {Ref: B}\n",
        "t.yaml:3: Resources.A.Type: Unexpected type mapping (expected str)",
    ),
    "Type null": ("t.json", '{"Resources": {"A": {"Type": null}}}', "t.json:1: Resources.A.Type: Unexpected type null"),
    "Properties null": (
        "t.yaml",
        TOPIC + "    Properties:\n",
        "t.yaml:4: Resources.Topic.Properties: Unexpected type null (expected mapping)",
    ),
    "Properties a list": (
        "t.json",
        '{"Resources": {\n"A": {"Type": "AWS::SNS::Topic",\n"Properties": []}}}',
        "t.json:3: Resources.A.Properties: Unexpected type list (expected mapping)",
    ),
    "alias bomb": ("t.yaml", BOMB, "t.yaml:6: its aliases expand to more than 500,000 values"),
    "merge key bomb": ("t.yaml", MERGE_BOMB, "t.yaml:"),
    "an alias of itself": ("t.yaml", "a: &a [*a]", "t.yaml:1: the alias *a refers to itself"),
    "an unknown alias": ("t.yaml", "a: *b", "t.yaml:1: the alias *b is not defined"),
    "deep by aliases": (
        "t.yaml",
        "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 300)),
        "t.yaml:200: is nested deeper than 200 levels",
    ),
    "deep JSON": ("t.json", '{"a":' * 100_000, "t.json:1: is nested deeper than 200 levels"),
    "deep JSON lists": ("t.json", "[" * 100_000, "t.json:1: is nested deeper than 200 levels"),
    "deep flow YAML": ("t.yaml", "a: " + "[" * 100_000, "t.yaml:1: is nested deeper than 200 levels"),
    "deep flow mappings": ("t.yaml", "a: " + "{a: " * 100_000, "t.yaml:1: is nested deeper than 200 levels"),
    "deep block YAML": ("t.yaml", "- " * 100_000, "t.yaml:1: is nested deeper than 200 levels"),
    "deep indented YAML": (
        "t.yaml",
        "\n".join(" " * depth + "a:" for depth in range(1000)),
        "t.yaml:201: is nested deeper than 200 levels",
    ),
    "duplicate keys JSON": (
        "t.json",
        '{"Resources": {"A": {"Type": "T"}, "A": {"Type": "T"}}}',
        "t.json: is not valid JSON: the key 'A' occurs twice",
    ),
    "duplicate keys YAML": ("t.yaml", f"{TOPIC}Resources: {{}}\n", "t.yaml:4: the key 'Resources' occurs twice"),
    "a float that is none": ("t.yaml", "a: !!float abc", "t.yaml:1: 'abc' is not a valid float"),
    "an integer that is none": ("t.yaml", "a:\n  - !!int ''", "t.yaml:2: '' is not a valid int"),
    "a boolean that is none": ("t.yaml", "a: !!bool maybe", "t.yaml:1: 'maybe' is not a valid bool"),
    "a huge integer in YAML": ("t.yaml", "a: " + "9" * 10_000, "t.yaml:1: '99999"),
    "a huge integer in JSON": ("t.json", '{"a": ' + "9" * 10_000 + "}", "t.json: is not valid JSON: Exceeds the limit"),
    "a huge float in JSON": ("t.json", '{"a": 1e999}', "t.json: is not valid JSON: the number 1e999 is too large"),
    "NaN": ("t.json", '{"a": NaN}', "t.json: is not valid JSON: NaN is not a JSON value"),
    "a wrong escape": ("t.json", '{"\\q": {"a": 1}}', "t.json:1:3: is not valid JSON: Invalid"),
    "half a surrogate pair": ("t.json", '{"a": "\\ud83d"}', "t.json: is not valid JSON: half of a surrogate pair"),
    "a string without an end": ("t.json", '{"a": "' + '\\"' * 500_000, "t.json:1:7: is not valid JSON: Unterminated"),
    "not UTF-8": ("t.yaml", b"a: \xff", "t.yaml: is not UTF-8 (byte 0xff at offset 3)"),
    "UTF-16": ("t.json", '{"a": 1}'.encode("utf-16"), "t.json: is not UTF-8 (byte 0xff at offset 0)"),
    "a control character": ("t.yaml", "a: \x07", "t.yaml: is not valid YAML: unacceptable character"),
    "too large": ("t.json", b" " * (MAX_BYTES + 1), "t.json: is larger than 5,000,000 bytes"),
    "two documents": ("t.yaml", f"{TOPIC}---\n{TOPIC}", "t.yaml:4: holds more than one YAML document"),
    "a key that is a list": ("t.yaml", "? [a]\n: b\n", "t.yaml:1: a key is not a string"),
    "a key that is an alias of a list": ("t.yaml", "a: &a [b]\n*a : c\n", "t.yaml:2: a key is not a string"),
    "a secret like a tag": ("t.yaml", "Password: !hunter2 b", "t.yaml:1: the tag *** is not an intrinsic function"),
    "a secret like an alias": (
        "t.yaml",
        "A: {Name: DB_PASS, Value: *hunter2}",
        "t.yaml:1: the alias **** is not defined",
    ),
    "a secret as a number": ("t.yaml", "Default: !!int hunter2", "t.yaml:1: '***' is not a valid int"),
    "an unknown tag": ("t.yaml", "a: !Reff b", "t.yaml:1: the tag !Reff is not an intrinsic function"),
    "an unknown tag of a mapping": ("t.yaml", "a: !Foo {b: c}", "t.yaml:1: the tag !Foo is not an intrinsic function"),
    "a tag of Python": (
        "t.yaml",
        "a: !!python/object/apply:os.system [ls]",
        "t.yaml:1: the tag tag:yaml.org,2002:python/object/apply:os.system is not an intrinsic function",
    ),
    "a binary": ("t.yaml", "a: !!binary eA==", "t.yaml:1: the tag tag:yaml.org,2002:binary does not belong"),
    "a merge of a text": ("t.yaml", "<<: a", "t.yaml:1: << does not name a mapping"),
}


@pytest.mark.parametrize(("name", "content", "message"), FILES.values(), ids=FILES)
def test_what_is_wrong_with_a_file_is_one_line_with_its_name(
    in_tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    written(in_tmp_path, {name: content})
    with pytest.raises(InputError) as caught:
        load_template(Path(name))
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(in_tmp_path: Path) -> None:
    for name in ("no.json", "no/no.json"):
        with pytest.raises(InputError, match=f"^{name}: there is no such file"):
            load_template(Path(name))
    assert list(in_tmp_path.iterdir()) == []


def test_a_folder_is_no_template(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r": is a directory$"):
        load_template(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InputError, match=r"pipe\.json: is not a regular file"):
        load_template(tmp_path / "pipe.json")


def test_a_device_is_refused() -> None:
    with pytest.raises(InputError, match=r"^/dev/zero: is not a regular file"):
        load_template(Path("/dev/zero"))


@pytest.mark.parametrize("name", ["a" * 300, "file.json/inner.json", "loop.json"])
def test_what_cannot_be_opened_is_said_with_the_reason(in_tmp_path: Path, name: str) -> None:
    written(in_tmp_path, {"file.json": "{}"})
    (in_tmp_path / "loop.json").symlink_to("loop.json")
    with pytest.raises(InputError, match=r": cannot be read: [A-Z]"):
        load_template(Path(name))


def test_a_name_that_no_file_can_have_is_said(in_tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r": cannot be read: embedded null byte"):
        load_template(in_tmp_path / "a\0b.json")


def test_standard_input_is_bounded_too() -> None:
    with pytest.raises(InputError, match=r"^<stdin>: is larger than 5,000,000 bytes"):
        read_stream(io.BytesIO(b" " * (MAX_BYTES + 1)), "<stdin>")


def test_the_other_files_are_loaded_all_the_same(in_tmp_path: Path) -> None:
    written(in_tmp_path, {f"{n}-{name}": content for n, (name, content, _) in enumerate(FILES.values())})
    written(in_tmp_path, {"good.yaml": TOPIC})
    found = find_templates(sorted(Path().iterdir()), stdin=io.BytesIO())
    assert [template.file for template in found.templates] == ["good.yaml"]
    assert len(found.errors) == len(FILES)
    assert [str(error) for error in found.errors] == sorted(str(error) for error in found.errors)
