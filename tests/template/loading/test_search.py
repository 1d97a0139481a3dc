"""A search finds templates and assemblies in what a person typed, and passes over no damaged one."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from stackproof.template.loading.document import MAX_BYTES
from stackproof.template.loading.search import STDIN, Search, find_templates, inventory
from tests.fakes import written

YAML = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"
JSON = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
MANIFEST = '{"version": "1", "artifacts": {"S": {"type": "aws:cloudformation:stack"}}}'


def search(*names: str, stdin: bytes = b"") -> Search:
    return find_templates([Path(name) for name in names], stdin=io.BytesIO(stdin))


def files(found: Search) -> list[str]:
    return [template.file for template in found.templates]


def errors(found: Search) -> list[str]:
    return [str(error) for error in found.errors]


def test_files_are_loaded_whatever_they_are_called_and_sorted(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"b.txt": YAML, "a": JSON})
    assert files(search("b.txt", "a", "./a")) == ["a", "b.txt"]


def test_folders_are_searched_by_suffix_and_content(in_tmp_path: Path) -> None:
    written(
        in_tmp_path,
        {
            "x/one.yaml": YAML,
            "x/deep/er/two.yml": f"# c\n{YAML}",
            "x/three.template": JSON,
            "x/four.json": '{"Description":"compact","Resources":{"T":{"Type":"AWS::SNS::Topic"}}}',
            "x/five.json": '{\n  "Parameters": {},\n  "Resources": {"T": {"Type": "AWS::SNS::Topic"}}\n}',
            "x/six.yaml": "{Resources: {A: {Type: T}}}",
            "x/seven.yaml": "'Resources': {A: {Type: T}}",
            "x/package.json": '{"name": "web"}',
            "x/notes.md": YAML,
        },
    )
    found = search("x")
    assert files(found) == [
        "x/deep/er/two.yml",
        "x/five.json",
        "x/four.json",
        "x/one.yaml",
        "x/seven.yaml",
        "x/six.yaml",
        "x/three.template",
    ]
    assert (found.passed_over, errors(found)) == (1, [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (JSON[:-1], "is not valid JSON"),
        (b'{"Resources": {"A": \xff', "is not UTF-8"),
        (JSON.encode("utf-16"), "is not UTF-8"),
        (JSON.encode("utf-16-be"), "is not valid JSON"),
        (JSON.encode() + b" " * MAX_BYTES, "is larger than"),
        ('{"AWSTemplateFormatVersion": "2010-09-09"}', "it has no Resources"),
        ('{"Resources": {}}', "Resources is empty"),
        ('{"Resources": {"A": {"Type": {}}}}', "Unexpected type mapping"),
    ],
    ids=["torn", "not utf-8", "utf-16", "utf-16-be", "too large", "nothing", "empty", "type"],
)
def test_a_damaged_template_in_a_folder_is_reported(in_tmp_path: Path, content: str | bytes, reason: str) -> None:
    written(in_tmp_path, {"x/bad.json": content, "x/good.json": JSON})
    found = search("x")
    assert files(found) == ["x/good.json"]
    (error,) = errors(found)
    assert error.startswith("x/bad.json")
    assert reason in error


def test_a_folder_without_a_template_is_an_error_that_says_how_many_files_it_holds(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"x/package.json": "{}", "x/other.yaml": "a: 1\n", "y/z": ""})
    assert errors(search("x")) == ["x: holds no template (2 files passed over)"]
    assert errors(search("y")) == ["y: holds no template (0 files passed over)"]


def test_a_folder_that_an_earlier_path_holds_is_not_without_a_template(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"x/in/t.json": JSON, "x/y/cdk.out/manifest.json": MANIFEST})
    found = search("x", "x/in", "x/y")
    assert (files(found), found.assemblies, errors(found)) == (["x/in/t.json"], (Path("x/y/cdk.out"),), [])


def test_what_others_put_into_a_folder_is_not_searched(in_tmp_path: Path) -> None:
    names = ("node_modules", ".git", ".stackproof", "__pycache__", "site-packages", ".tox")
    written(in_tmp_path, {f"x/{name}/t.yaml": YAML for name in names})
    written(in_tmp_path, {"x/env/t.yaml": YAML, "x/env/pyvenv.cfg": "", "x/t.yaml": YAML})
    assert files(search("x")) == ["x/t.yaml"]


def test_a_hidden_folder_is_searched_if_it_is_named(in_tmp_path: Path) -> None:
    written(in_tmp_path, {".hidden/t.yaml": YAML})
    assert files(search(".hidden")) == [".hidden/t.yaml"]


def test_cloud_assemblies_are_found_whole_at_any_depth(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"x/cdk.out/manifest.json": MANIFEST, "x/cdk.out/S.template.json": JSON, "x/t.json": JSON})
    found = search("x")
    assert (files(found), found.assemblies) == (["x/t.json"], (Path("x/cdk.out"),))
    assert search("x/cdk.out").assemblies == (Path("x/cdk.out"),)
    assert errors(search("x/cdk.out")) == []


@pytest.mark.parametrize("manifest", ['{"name": "web app"}', ""])
def test_another_manifest_makes_no_assembly(in_tmp_path: Path, manifest: str) -> None:
    written(in_tmp_path, {"x/manifest.json": manifest, "x/t.json": JSON})
    found = search("x")
    assert (files(found), found.assemblies, found.passed_over) == (["x/t.json"], (), 1)


def test_a_manifest_that_cannot_be_read_makes_no_assembly(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"x/t.json": JSON})
    os.mkfifo(in_tmp_path / "x" / "manifest.json")
    assert files(search("x")) == ["x/t.json"]


def test_pipes_and_dangling_links_in_a_folder_are_said_and_not_waited_for(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"x/t.json": JSON})
    os.mkfifo(in_tmp_path / "x" / "pipe.json")
    (in_tmp_path / "x" / "gone.json").symlink_to("nowhere")
    found = search("x")
    assert files(found) == ["x/t.json"]
    assert [str(error).partition(":")[0] for error in found.errors] == ["x/gone.json", "x/pipe.json"]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfResources:\n  A: {Type: T}\n",
        b"? Resources\n: A: {Type: T}\n",
        "Resources:\n  A: {Type: T}\n".encode("utf-16"),
        b"Description: x\rResources:\r  A: {Type: T}\r",
    ],
    ids=["byte order mark", "complex key", "UTF-16", "old line ends"],
)
def test_a_template_is_known_in_a_folder_however_it_is_written(in_tmp_path: Path, data: bytes) -> None:
    written(in_tmp_path, {"x/odd.yaml": data, "x/t.json": JSON})
    found = search("x")
    assert found.passed_over == 0
    assert len(found.templates) + len(found.errors) == 2


def test_links_to_folders_are_not_followed(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"x/t.json": JSON})
    (in_tmp_path / "x" / "again").symlink_to(".")
    assert files(search("x")) == ["x/t.json"]


def test_a_folder_that_cannot_be_searched_is_said(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"x/t.json": JSON})
    here = os.open(in_tmp_path / "x", os.O_RDONLY)
    for _ in range(20):  # deeper than any path may be long
        os.mkdir("d" * 250, dir_fd=here)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    found = search("x")
    assert files(found) == ["x/t.json"]
    (error,) = errors(found)
    assert error.endswith("cannot be searched: File name too long")


def test_standard_input_is_a_template_by_a_name_of_its_own(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"a.yaml": YAML})
    found = search("-", "a.yaml", stdin=JSON.encode())
    assert files(found) == [STDIN, "a.yaml"]
    assert found.templates[0].path == "-"


def test_standard_input_that_is_wrong_is_said_and_the_rest_goes_on(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"a.yaml": YAML})
    found = search("-", "no.json", "a.yaml")
    assert files(found) == ["a.yaml"]
    assert errors(found) == ["<stdin>: is empty", "no.json: there is no such file"]


def test_a_file_whose_name_is_no_utf8_is_loaded(in_tmp_path: Path) -> None:
    name = os.fsdecode(b"x/\xff.json")
    written(in_tmp_path, {"x/a.json": JSON})
    (in_tmp_path / name).write_text(JSON)
    assert files(search("x")) == ["x/a.json", "x/\\xff.json"]


@pytest.mark.parametrize("name", ["[a]{b}*?.json", " .json", "-t.json", "ü.json"])
def test_odd_names_are_no_patterns(in_tmp_path: Path, name: str) -> None:
    written(in_tmp_path, {f"x/{name}": JSON})
    assert files(search("x")) == [f"x/{name}"]
    assert files(search(f"x/{name}")) == [f"x/{name}"]


def test_the_inventory_of_a_search_changes_with_every_file_it_would_look_at(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"x/one.yaml": YAML, "x/notes.md": "n", "x/package.json": "{}", "two": JSON})
    found = inventory([Path("x"), Path("two")])
    assert found is not None
    assert sorted(found) == ["two", "x/one.yaml", "x/package.json"]
    for name, text in (("x/one.yaml", f"{YAML}#"), ("x/three.json", JSON), ("x/package.json", JSON)):
        before = inventory([Path("x"), Path("two")])
        written(in_tmp_path, {name: text})
        assert inventory([Path("x"), Path("two")]) != before


def test_there_is_no_inventory_where_more_than_files_decides(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"x/cdk.out/manifest.json": MANIFEST, "x/one.yaml": YAML, "y/one.yaml": YAML})
    os.mkfifo(in_tmp_path / "y" / "pipe.json")
    assert inventory([Path("x")]) is None
    assert inventory([Path("y")]) is None
    assert inventory([Path("-")]) is None
    written(in_tmp_path, {"-": YAML})
    assert inventory([Path("-")]) is None
    assert inventory([Path("nowhere")]) is None


def test_a_file_that_is_too_large_to_be_a_template_is_not_read_for_an_inventory(in_tmp_path: Path) -> None:
    with (in_tmp_path / "large.json").open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    assert inventory([in_tmp_path]) is None


def test_a_file_that_cannot_be_read_leaves_no_inventory(in_tmp_path: Path) -> None:
    class Unreadable(type(in_tmp_path)):  # type: ignore[misc]  # the tests may run as root, who may read everything
        def read_bytes(self) -> bytes:
            raise PermissionError

    written(in_tmp_path, {"one.json": JSON})
    assert inventory([Unreadable(in_tmp_path / "one.json")]) is None
