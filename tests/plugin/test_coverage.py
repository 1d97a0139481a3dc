"""The lines of the app that the synth ran count in the coverage of a suite."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import coverage
import pytest

from stackproof.plugin.coverage import add_synth_coverage, measures_coverage
from tests.fakes import assembly, template
from tests.running import project, run


class FakeConfig:
    """As much of pytest's configuration as is read; `measured` is None without pytest-cov."""

    def __init__(self, root: Path, measured: coverage.Coverage | None) -> None:
        self.rootpath = root
        controller = None if measured is None else SimpleNamespace(cov=measured)
        self.pluginmanager = SimpleNamespace(get_plugin=lambda _: SimpleNamespace(cov_controller=controller))


def config(root: Path, measured: coverage.Coverage | None) -> Any:
    return FakeConfig(root, measured)


def kept(folder: Path) -> str:
    """What a synth measured: two lines of app.py, and a file elsewhere."""
    data = coverage.CoverageData(basename=str(folder / "kept"))
    data.add_arcs({str(folder / "app.py"): [(-1, 1), (1, 2)], "/elsewhere/lib.py": [(-1, 1)]})
    data.write()
    return str(folder / "kept")


@pytest.mark.parametrize("relative", [True, False])
def test_it_lies_beside_the_suites_own_data_under_the_names_used_there(tmp_path: Path, *, relative: bool) -> None:
    measured = coverage.Coverage(data_file="data", config_file=False)
    measured.set_option("run:relative_files", relative)
    with_file = assembly(template(), coverage_file=kept(tmp_path), key="abc")
    assert measures_coverage(config(tmp_path, measured))
    add_synth_coverage(config(tmp_path, measured), with_file)
    [file] = tmp_path.glob("data.stackproof-abc-*")
    found = coverage.CoverageData(basename=str(file))
    found.read()
    app = "app.py" if relative else str(tmp_path / "app.py")
    assert found.measured_files() == {app, "/elsewhere/lib.py"}
    assert sorted(found.arcs(app) or ()) == [(-1, 1), (1, 2)]


def test_nothing_is_done_where_nothing_is_measured(tmp_path: Path) -> None:
    without = config(tmp_path, None)
    assert not measures_coverage(without)
    add_synth_coverage(without, assembly(template(), coverage_file="nowhere"))
    add_synth_coverage(config(tmp_path, coverage.Coverage(config_file=False)), assembly(template()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.usefixtures("processes")
def test_a_suite_that_measures_sees_the_app_in_full(workers: str, tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    (folder / "pyproject.toml").write_text("[tool.stackproof]\nsynth_coverage = true\n", encoding="utf-8")
    arguments = ("--cov=.", "--cov-branch", "--cov-report=term", "-n", workers)
    done = run(folder, "pytest", "suites/unit", *arguments, COVERAGE_PROCESS_CONFIG="", COVERAGE_FILE=".coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    [line] = re.findall(r"^app\.py .*$", done.stdout, re.MULTILINE)
    assert int(line.split()[1]) > 5
    assert line.split()[2] == "1"
