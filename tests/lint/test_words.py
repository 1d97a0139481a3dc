"""The check of words can fail, names the line and what to write, and leaves code alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint.words import EXCEPTIONS, main, package_of, problems


@pytest.mark.parametrize(
    ("text", "phrase", "instead"),
    [
        ("a.yaml: is no valid JSON", "is no valid JSON", "is not valid JSON"),
        ("this is no list", "is no list", "is not a list"),
        ("It looked at nothing.", "looked at", "checks, reads, scans"),
        ("It lives with the gap.", "lives with", "accepts, waives"),
        ("What is said of it.", "is said", "reports, prints, states"),
        ("The report tells why.", "tells", "reports, states"),
        ("It stands in a file.", "stands in", "is in, represents"),
        ("`*` stands for any key.", "stands for", "is in, represents"),
        ("It has a file of its own.", "of its own", "separate, own"),
        ("It is a reason of ours.", "of ours", "our, their, your"),
        ("Let whoever waits go on.", "whoever", "name the subject"),
        ("For him who reads it.", "who reads", "the reader"),
        ("It is 3 as well where a property was denied.", "as well where", "also"),
        ("Of one of several stacks it is a path.", "Of one of several", "For a … with several …"),
    ],
)
def test_a_phrase_is_named_with_its_line_and_what_to_write(
    text: str, phrase: str, instead: str, tmp_path: Path
) -> None:
    page, module = tmp_path / "page.md", tmp_path / "module.py"
    page.write_text(f"# Title\n\n{text}\n")
    module.write_text(f'"""First line.\n\n{text}\n"""\n')
    for file in (page, module):
        assert list(problems(file)) == [f"{file}:3: '{phrase}': write '{instead}'"]


@pytest.mark.parametrize(
    "text",
    [
        "There is no list, and it is no longer read.",
        "The path tells it apart from the others.",
        "`is no list` and\n```\nwhoever looks at it\n```\n",
        "People who read the log, and look it up.",
        "A stand-in for it.",
    ],
)
def test_plain_english_and_code_are_fine(text: str, tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(text)
    assert list(problems(file)) == []


def test_a_phrase_that_a_line_break_divides_is_found_where_it_begins(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("It\nis no\nlist.\n")
    assert list(problems(file)) == [f"{file}:2: 'is no list': write 'is not a list'"]


def test_a_message_is_read_across_its_values_and_a_name_is_no_message(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("name = 1\nraise ValueError(f'{name} is no list')\nwhoever = 'whoever'\n")
    assert list(problems(file)) == [f"{file}:2: 'is no list': write 'is not a list'"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("name = 1  # whoever\n", 1),
        ("# It is\n# whoever\nname = 1\n", 2),
        ("# first\n\nname = 1\n# whoever\n", 4),
        ("name = 1  # first\n# whoever\n", 2),
        ("name = '# whoever'  # whoever\n", 1),
    ],
)
def test_a_comment_is_read_where_it_is(source: str, line: int, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(source)
    assert f"{file}:{line}: 'whoever': write 'name the subject'" in list(problems(file))


def test_a_phrase_over_two_lines_of_a_comment_is_found(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("# It is no\n# list.\n")
    assert list(problems(file)) == [f"{file}:1: 'is no list': write 'is not a list'"]


def test_strings_of_tests_are_data_and_their_docstrings_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("tests/test_it.py")
    file.parent.mkdir()
    file.write_text('"""It is\nno list."""\ndef test_it():\n    """A file of its own."""\n    assert "is no list"\n')
    assert list(problems(file)) == [
        f"{file}:1: 'is no list': write 'is not a list'",
        f"{file}:4: 'of its own': write 'separate, own'",
    ]


def test_without_names_the_whole_repository_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("README.md", "docs/page.md", "src/stackproof/a.py", "tests/b.py", "suites/c.py", "conftest.py"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("# whoever\n")
    assert main([]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "words: 6 files, 6 problems"


def test_an_exception_holds_for_its_file_and_words_alone(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("whoever\nof ours\n")
    assert len(list(problems(file, {f"{file.as_posix()}: whoever": "a reason"}))) == 1


def test_problems_are_counted_per_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "src" / "stackproof" / "drift" / "audit.py"
    file.parent.mkdir(parents=True)
    file.write_text("'whoever reads'\n")
    assert main([str(file)]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["drift: 1", "words: 1 files, 1 problems"]
    file.write_text("'the reader'\n")
    assert main([str(file)]) == 0


def test_a_page_counts_under_its_folder() -> None:
    assert package_of(Path("docs/drift.md")) == "docs"
    assert package_of(Path("README.md")) == "README.md"


def test_there_are_few_exceptions_and_every_one_is_needed() -> None:
    assert len(EXCEPTIONS) <= 10
    for exception in EXCEPTIONS:
        file, _, words = exception.rpartition(": ")
        assert any(f": '{words}': " in problem for problem in problems(Path(file), {}))
