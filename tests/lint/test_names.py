"""The check of loop variables can fail, and names the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint.names import EXCEPTIONS, main, problems


@pytest.mark.parametrize(
    "code",
    [
        "for each in (): pass",
        "for name, (key, one) in (): pass",
        "[it for it in ()]",
        "{item: 1 for item in ()}",
        "sorted((), key=lambda x: x)",
        "async def f():\n    async for entry in g(): pass",
    ],
)
def test_a_variable_that_says_nothing_is_named_with_its_line(code: str, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(f"\n{code}\n")
    [problem] = problems(file)
    assert problem.startswith(f"{file}:{2 + code.count(chr(10))}: variable '")


def test_other_names_and_other_uses_are_fine(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("one = 1\nfor finding in (): print(finding, one)\n")
    assert main([str(tmp_path)]) == 0


def test_an_exception_holds_for_its_file_and_name_alone(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("for each in (): pass\nfor one in (): pass\n")
    found = list(problems(file, {f"{file.as_posix()}: each": "a reason"}))
    assert [problem.partition("'")[2][:3] for problem in found] == ["one"]


def test_a_folder_without_files_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    (tmp_path / "module.py").write_text("for each in (): pass\n")
    assert main([str(tmp_path)]) == 1
    assert "name what it holds" in capsys.readouterr().out


def test_there_are_few_exceptions_and_each_is_needed() -> None:
    assert len(EXCEPTIONS) <= 10
    for exception in EXCEPTIONS:
        file, _, _ = exception.rpartition(": ")
        assert any(exception.endswith(f" {problem.split(chr(39))[1]}") for problem in problems(Path(file), {}))
