"""Several targets and a flow on any number of workers: one of everything, one verdict, and nothing left."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackproof.targets.emulators.ministack import start_ministack
from tests.running import project, run
from tests.targets.flow_template import body
from tests.watching import Watch, interrupted, needs_proc, started, wait_for

pytestmark = pytest.mark.usefixtures("processes")

SERVERS = ("emulators.moto_server", "emulators.ministack_server", "flows.postgres_server")


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that others may pass, as the system's own for temporary files."""
    name = tempfile.mkdtemp(prefix="stackproof-test-", dir="/tmp")
    Path(name).chmod(0o755)
    yield Path(name)
    shutil.rmtree(name)


def flow_project(folder: Path, *, careful: bool = True) -> Path:
    made = project("flow", folder)
    (made / "template.json").write_text(json.dumps(body(careful=careful)), encoding="utf-8")
    (folder / "noted").mkdir()
    return made


@needs_proc
@pytest.mark.parametrize("workers", [("-p", "no:xdist"), ("-n", "2")], ids=["no-xdist", "2"])
def test_workers_share_one_emulator_of_each_kind_and_one_database(workers: tuple[str, ...], open_path: Path) -> None:
    folder, watch = flow_project(open_path), Watch(open_path / "watch")
    report = open_path / "report.json"
    done = run(
        folder,
        *("pytest", "suites", "-p", "no:cacheprovider", f"--basetemp={open_path / 'pytest'}"),
        *(f"--stackproof-report={report}", *workers),
        **watch.variables,
        NOTED=str(open_path / "noted"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for server in SERVERS:
        assert watch.started(f"stackproof.targets.{server}") == 1
    assert len({path.read_text() for path in (open_path / "noted").iterdir()}) == 1, "one deployment for the flow"
    assert "proof (emulator moto): " in done.stdout
    assert "proof (emulator ministack): " in done.stdout
    assert "proof (emulators moto + ministack): 11 of 11 resources" in done.stdout
    assert "flow (emulator ministack): Stream → Function → Database" in done.stdout
    assert "  the way to Queue was not emulated: MiniStack's poller" in done.stdout
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["tests"] == {"open": 1, "passed": 15}
    assert found["target"] == "moto + ministack"
    assert set(found["targets"]) == {"moto", "ministack"}
    assert [flow["emulated"] for flow in found["flows"]].count(False) == 1
    assert watch.left() == []


@needs_proc
def test_after_ctrl_c_in_a_flow_nothing_is_left(open_path: Path) -> None:
    folder, watch = flow_project(open_path), Watch(open_path / "watch")
    noted = open_path / "noted"
    arguments = ("pytest", "suites", "-k", "arrive", "-n", "2", f"--basetemp={open_path / 'pytest'}")
    with started(folder, arguments, **watch.variables, NOTED=str(noted), SLOW="yes") as process:
        wait_for(noted / "live")
        code, output = interrupted(process)
    assert code == 3, output
    for server in SERVERS[1:]:
        assert watch.started(f"stackproof.targets.{server}") == 1
    assert watch.left() == []


def test_a_target_that_runs_no_functions_leaves_the_flow_open(tmp_path: Path) -> None:
    folder = flow_project(tmp_path)
    done = run(folder, "pytest", "suites", "-k", "arrive", "--target", "moto", NOTED=str(tmp_path / "noted"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 open" in done.stdout
    assert "the flow was not emulated: moto runs no functions; --target ministack does" in done.stdout


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "the flow was not run on aws: it puts records on the stream; --allow-writes lets it"),
        (("--allow-writes",), "give the statement that removes its rows"),
    ],
)
def test_at_an_endpoint_a_flow_needs_permission_and_a_way_to_clean_up(
    more: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    folder = flow_project(tmp_path)
    process = start_ministack(os.getpid(), tmp_path)
    try:
        where = ("--target", "aws", "--endpoint-url", process.endpoint_url)
        done = run(folder, "pytest", "suites", "-k", "arrive", *where, *more, NOTED=str(tmp_path / "noted"))
    finally:
        process.stop()
    assert said in done.stdout
    assert done.returncode == (2 if more else 0), done.stdout + done.stderr


@pytest.mark.parametrize("given", [("--target", "moto,nowhere"), ("--target", "moto", "--target", "aws")])
def test_a_target_that_there_is_not_and_a_mixture_are_usage_errors(given: tuple[str, ...], tmp_path: Path) -> None:
    done = run(flow_project(tmp_path), "pytest", "suites", *given)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout + done.stderr
    assert "--target moto," in done.stderr
