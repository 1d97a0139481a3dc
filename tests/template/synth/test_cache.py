"""An app runs once for each state of its inputs, however many ask, and what it wrote is whole or made anew."""

from __future__ import annotations

import json
import py_compile
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stackproof.core.errors import SynthError
from stackproof.template.synth.cache import SynthRequest, cached_entry, synthesize
from tests.running import environment, project

pytestmark = pytest.mark.usefixtures("processes")

TWO = """
import sys
from pathlib import Path
from stackproof.template.synth.cache import SynthRequest, synthesize
request = SynthRequest(
    command="python app.py", directory=Path(sys.argv[1]), state=Path(sys.argv[2]), context={}, region="us-east-1",
    declared_environment=("RUNS", "GO"),
)
print(synthesize(request).cached)
"""


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("RUNS", str(folder))
    return folder


@pytest.fixture
def request_of(tmp_path: Path, runs: Path) -> SynthRequest:
    folder = project("tiny", tmp_path)
    return SynthRequest(
        command="python app.py",
        directory=folder,
        state=tmp_path / "state",
        context={},
        region="us-east-1",
        declared_environment=("RUNS",),
    )


def count(runs: Path) -> int:
    return len(list(runs.iterdir()))


def prepend(request: SynthRequest, text: str) -> None:
    file = request.directory / "app.py"
    file.write_text(text + file.read_text(encoding="utf-8"), encoding="utf-8")


def shards(directory: Path) -> int:
    body = json.loads((directory / "Tiny.template.json").read_text(encoding="utf-8"))
    return int(body["Resources"]["Stream"]["Properties"]["ShardCount"])


def test_the_second_time_is_from_the_cache(request_of: SynthRequest, runs: Path) -> None:
    assert not cached_entry(request_of)
    first = synthesize(request_of)
    assert cached_entry(request_of)
    second = synthesize(request_of)
    assert (first.cached, second.cached) == (False, True)
    assert (first.directory, first.key) == (second.directory, second.key)
    assert first.traced
    assert count(runs) == 1
    assert (request_of.state / ".gitignore").read_text() == "*\n"


def test_without_the_cache_it_is_made_anew_in_the_same_place(request_of: SynthRequest, runs: Path) -> None:
    first = synthesize(request_of)
    again = synthesize(replace(request_of, use_cache=False))
    assert (again.cached, again.directory) == (False, first.directory)
    assert count(runs) == 2
    assert shards(again.directory) == 2
    assert sorted(path.name for path in first.directory.parents[1].iterdir() if path.name.startswith("old-")) == []


@pytest.mark.parametrize("damage", ["changed", "missing", "more", "description", "pointer"])
def test_a_damaged_entry_is_made_anew(request_of: SynthRequest, runs: Path, damage: str) -> None:
    directory = synthesize(request_of).directory
    template, entry = directory / "Tiny.template.json", directory.parent
    match damage:
        case "changed":
            template.write_text(template.read_text().replace("48", "24"), encoding="utf-8")
        case "missing":
            template.unlink()
        case "more":
            (directory / "more.json").write_text("{}", encoding="utf-8")
        case "description":
            (entry / "entry.json").write_text("{", encoding="utf-8")
        case _:
            [pointer] = entry.parent.glob("*.json")
            pointer.write_text("{}", encoding="utf-8")
    assert not cached_entry(request_of)
    again = synthesize(request_of)
    assert not again.cached
    assert count(runs) == 2
    assert "48" in (again.directory / "Tiny.template.json").read_text(encoding="utf-8")
    assert synthesize(request_of).cached


def test_two_processes_at_once_synthesize_once(request_of: SynthRequest, runs: Path, tmp_path: Path) -> None:
    """The app waits until both processes are on their way, so that neither finds the other's work done."""
    prepend(
        request_of,
        "import os, time, pathlib\nwhile not pathlib.Path(os.environ['GO']).is_dir():\n    time.sleep(0.01)\n",
    )
    go = tmp_path / "go"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", TWO, str(request_of.directory), str(request_of.state)],
            env={**environment(), "GO": str(go)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    go.mkdir()
    assert sorted(process.communicate()[0].strip() for process in both) == ["False", "True"]
    assert count(runs) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"context": {"shards": "3"}},
        {"region": "eu-west-1"},
        {"account": "123456789012"},
        {"command": "python app.py now"},
        {"coverage": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_decides_what_comes_out_changes_the_key(
    request_of: SynthRequest, runs: Path, change: dict[str, object]
) -> None:
    first = synthesize(request_of)
    other = synthesize(replace(request_of, **change))  # type: ignore[arg-type]
    assert not other.cached
    assert other.key != first.key
    assert count(runs) == 2


def test_a_changed_file_of_the_app_changes_the_key_and_a_compiled_one_does_not(request_of: SynthRequest) -> None:
    first = synthesize(request_of)
    for name in ("app.pyc", "__pycache__/app.py", "cdk.out/x.json", ".coverage.1"):
        (request_of.directory / name).parent.mkdir(exist_ok=True)
        (request_of.directory / name).write_text("x", encoding="utf-8")
    assert synthesize(request_of).key == first.key
    (request_of.directory / "more.txt").write_text("x", encoding="utf-8")
    assert synthesize(request_of).key != first.key


def test_what_is_written_about_the_app_is_no_input_of_it(request_of: SynthRequest) -> None:
    reports = request_of.directory / "reports"
    with_reports = replace(request_of, reports=reports)
    synthesize(with_reports)
    reports.mkdir()
    (reports / "check.json").write_text("{}", encoding="utf-8")
    assert synthesize(with_reports).cached
    assert not synthesize(request_of).cached


def test_what_npm_installed_stands_for_itself_by_its_lock(request_of: SynthRequest) -> None:
    lock = request_of.directory / "node_modules" / ".package-lock.json"
    lock.parent.mkdir()
    lock.write_text("{}", encoding="utf-8")
    first = synthesize(request_of)
    (lock.parent / "library.js").write_text("1", encoding="utf-8")
    assert synthesize(request_of).cached
    lock.write_text('{"lockfileVersion": 3}', encoding="utf-8")
    assert synthesize(request_of).key != first.key


def test_a_file_that_the_app_opens_outside_its_root_is_an_input(request_of: SynthRequest, tmp_path: Path) -> None:
    outside = tmp_path / "shards.txt"
    outside.write_text("4", encoding="utf-8")
    prepend(request_of, f"N = int(open({str(outside)!r}).read())\n")
    file = request_of.directory / "app.py"
    file.write_text(file.read_text().replace('int(CONTEXT.get("shards", 2))', "N"), encoding="utf-8")
    first = synthesize(request_of)
    assert synthesize(request_of).cached
    outside.write_text("5", encoding="utf-8")
    assert not cached_entry(request_of)
    second = synthesize(request_of)
    assert (shards(first.directory), shards(second.directory)) == (4, 5)
    assert (second.cached, second.key != first.key) == (False, True)
    outside.unlink()
    assert not cached_entry(request_of)
    with pytest.raises(SynthError, match=r"shards\.txt"):
        synthesize(request_of)


def test_the_source_of_a_module_outside_its_root_is_an_input_also_where_only_its_bytecode_was_opened(
    request_of: SynthRequest, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "shared_shards.py").write_text("N = 4\n", encoding="utf-8")
    py_compile.compile(str(shared / "shared_shards.py"), doraise=True)
    prepend(request_of, f"import sys; sys.path.insert(1, {str(shared)!r}); from shared_shards import N\n")
    file = request_of.directory / "app.py"
    file.write_text(file.read_text().replace('int(CONTEXT.get("shards", 2))', "N"), encoding="utf-8")
    assert shards(synthesize(request_of).directory) == 4
    assert synthesize(request_of).cached
    (shared / "shared_shards.py").write_text("N = 15\n", encoding="utf-8")
    again = synthesize(request_of)
    assert (shards(again.directory), again.cached) == (15, False)


def test_an_undeclared_variable_does_not_reach_the_app_and_a_declared_one_changes_the_key(
    request_of: SynthRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = request_of.directory / "app.py"
    file.write_text(file.read_text().replace('CONTEXT.get("shards", 2)', 'os.environ.get("SHARDS", 2)'))
    monkeypatch.setenv("SHARDS", "7")
    hidden = synthesize(request_of)
    assert shards(hidden.directory) == 2
    declared = replace(request_of, declared_environment=("RUNS", "SHARDS"))
    shown = synthesize(declared)
    assert shards(shown.directory) == 7
    monkeypatch.setenv("SHARDS", "8")
    changed = synthesize(declared)
    assert (shards(changed.directory), changed.cached) == (8, False)
    assert len({hidden.key, shown.key, changed.key}) == 3


def test_an_entry_with_coverage_serves_a_request_without(request_of: SynthRequest, runs: Path) -> None:
    measured = synthesize(replace(request_of, coverage=True))
    plain = synthesize(request_of)
    assert measured.coverage_file is not None
    assert measured.coverage_file.is_file()
    assert (plain.cached, plain.directory) == (True, measured.directory)
    assert count(runs) == 1


def test_context_that_is_too_long_for_the_environment_is_handed_over_in_a_file(request_of: SynthRequest) -> None:
    file = request_of.directory / "app.py"
    file.write_text(
        file.read_text().replace(
            'json.loads(os.environ["CDK_CONTEXT_JSON"])',
            'json.load(open(os.environ["CONTEXT_OVERFLOW_LOCATION_ENV"]))',
        )
    )
    made = synthesize(replace(request_of, context={"shards": "6", "long": "x" * 40_000}))
    assert shards(made.directory) == 6


def test_an_asset_too_large_to_hash_counts_by_its_size(request_of: SynthRequest) -> None:
    file = request_of.directory / "app.py"
    file.write_text(file.read_text() + 'with open(OUT / "big", "wb") as big:\n    big.truncate(17 * 1024 * 1024)\n')
    directory = synthesize(request_of).directory
    assert cached_entry(request_of)
    with (directory / "big").open("wb") as big:
        big.truncate(18 * 1024 * 1024)
    assert not cached_entry(request_of)


@pytest.mark.parametrize("name", ["asset", "pipe"])
def test_a_file_that_is_no_file_is_an_input_without_content(request_of: SynthRequest, name: str) -> None:
    (request_of.directory / name).symlink_to("nowhere")
    first = synthesize(request_of)
    (request_of.directory / name).unlink()
    assert synthesize(request_of).key != first.key
