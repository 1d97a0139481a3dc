"""`check [PATH…]`: templates are found, other files are counted, and one bad file does not hide the rest."""

from __future__ import annotations

import io
import os
from pathlib import Path

from stackproof.loading.search import STDIN, Search, find_templates
from tests.fakes import written

TOPIC = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'


def found(*paths: Path | str, stdin: bytes = b"") -> Search:
    return find_templates([Path(each) for each in paths], stdin=io.BytesIO(stdin))


def test_a_folder_is_searched_for_what_claims_to_be_a_template(in_tmp_path: Path) -> None:
    written(
        in_tmp_path,
        {
            "a.json": TOPIC,
            "sub/b.yaml": "Resources:\n  T: {Type: X}\n",
            "sub/c.template": "AWSTemplateFormatVersion: 2010-09-09\nResources: {}\n",
            "sub/package.json": "{}",
            "notes.txt": "Resources:",
            "node_modules/d.json": TOPIC,
            ".hidden/e.json": TOPIC,
            "venv/pyvenv.cfg": "",
            "venv/f.json": TOPIC,
        },
    )
    os.mkfifo(in_tmp_path / "pipe.yaml")
    search = found(".")
    assert [each.file for each in search.templates] == ["a.json", "sub/b.yaml"]
    assert [str(each) for each in search.errors] == ["sub/c.template:2: Resources is empty"]
    assert search.passed_over == 2


def test_a_folder_with_a_manifest_is_an_assembly_unless_it_is_a_web_apps(in_tmp_path: Path) -> None:
    written(
        in_tmp_path,
        {
            "app/cdk.out/manifest.json": '{"artifacts": {"S": {"type": "aws:cloudformation:stack"}}}',
            "app/cdk.out/S.template.json": TOPIC,
            "web/manifest.json": '{"name": "a web app"}',
            "web/t.json": TOPIC,
        },
    )
    search = found(".")
    assert search.assemblies == (Path("app/cdk.out"),)
    assert [each.file for each in search.templates] == ["web/t.json"]


def test_named_files_are_taken_at_their_word(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"a.txt": TOPIC, "b.json": "{", "empty/x.txt": ""})
    search = found("a.txt", "b.json", "missing.json", "empty", "a.txt")
    assert [each.file for each in search.templates] == ["a.txt"]
    assert [str(each).partition(":")[0] for each in search.errors] == ["b.json", "empty", "missing.json"]


def test_a_dash_is_standard_input(in_tmp_path: Path) -> None:
    assert in_tmp_path
    (template,) = found("-", stdin=TOPIC.encode()).templates
    assert (template.file, template.path) == (STDIN, "-")
    assert [str(each) for each in found("-").errors] == [f"{STDIN}: is empty"]
