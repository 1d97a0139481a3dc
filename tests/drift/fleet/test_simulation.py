"""A small fleet on one emulator, as benchmarks/fleet.py makes it: what was tampered with is found, and nothing else."""

from __future__ import annotations

import json
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from benchmarks.fleet import (
    DENIED,
    Size,
    Truth,
    audited,
    dask_cluster,
    deny,
    deployed,
    fleet_file,
    seen,
    tampered,
    text_of,
)
from stackproof.calls.connection import Connection
from stackproof.calls.iam_action import prefix_of
from stackproof.config.fleet import load_fleet
from stackproof.config.schema import read_schema
from stackproof.drift.fleet.run import FleetRun, account_regions_of, list_stacks
from stackproof.drift.fleet.task import FleetOrder
from stackproof.drift.report import DriftReport
from stackproof.targets.emulators.moto import start_moto
from stackproof.wiring.fleet import fleet_plan, fleet_workers
from tests.running import stackproof

SIZE = Size(accounts=4, regions=2, stacks=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A fleet that runs, what is wrong in it, and what an audit on threads says."""

    url: str
    file: Path
    truth: set[Truth]
    report: DriftReport
    run: FleetRun


@pytest.fixture(scope="module")
def fleet(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    folder = tmp_path_factory.mktemp("fleet")
    process = start_moto(os.getpid(), folder)
    try:
        url = process.endpoint_url
        deployments = deployed(url, SIZE)
        deny(url)
        truth = tampered(url, deployments, 9)
        file = fleet_file(folder, SIZE)
        report, done = audited(url, file)
        yield Simulation(url=url, file=file, truth=truth, report=report, run=done)
    finally:
        process.stop()


def test_all_that_was_tampered_with_is_found_and_nothing_else(fleet: Simulation) -> None:
    assert seen(fleet.report) == fleet.truth
    assert fleet.run.stacks == SIZE.total
    assert fleet.report.coverage.resources_total == 20 * SIZE.total
    assert fleet.run.calls.writes == 0


def test_an_account_that_refuses_is_said_and_makes_the_exit_code_3(fleet: Simulation) -> None:
    dark = [audit for audit in fleet.report.audits if not audit.is_complete]
    assert {(audit.account, audit.region, audit.stack_name, str(audit.reason)) for audit in dark} == {
        (DENIED, "eu-central-1", "*", "denied"),
        (DENIED, "eu-west-1", "*", "denied"),
    }
    assert fleet.report.exit_code == 3


def test_processes_give_the_same_bytes(fleet: Simulation) -> None:
    report, _ = audited(fleet.url, fleet.file, executor="processes", jobs=2)
    assert text_of(report) == text_of(fleet.report)


def test_two_dask_workers_give_the_same_bytes(fleet: Simulation) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask's own, about ports and sockets at its end
        with dask_cluster() as address:
            report, _ = audited(fleet.url, fleet.file, executor=address)
    assert text_of(report) == text_of(fleet.report)


def test_a_plan_says_about_what_is_called_and_reads_no_resource(fleet: Simulation) -> None:
    order = FleetOrder(target="moto", connection=Connection(endpoint_url=fleet.url))
    workers = fleet_workers(order, "threads", jobs=2)
    listed = list_stacks(account_regions_of(load_fleet(fleet.file)), workers)
    plan = fleet_plan(listed.tasks, order, workers, at_once=8)
    assert (plan.stacks, plan.resources, plan.exit_code) == (SIZE.total, 20 * SIZE.total, 0)
    assert plan.seconds > 0
    called = Counter[str]()
    for count in fleet.run.calls.counts:
        called[prefix_of(count.service)] += count.count
    del called["sts"]
    assert set(plan.calls) == set(called)
    # Lists, and second reads of stacks with differences, come on top; not every call is needed.
    assert [name for name, count in called.items() if not count / 2 <= plan.calls[name] <= 2 * count] == []


def test_on_the_command_line(fleet: Simulation, tmp_path: Path) -> None:
    where = ("--target", "moto", "--endpoint-url", fleet.url, "--fleet", str(fleet.file), "--format", "json")
    done = stackproof(tmp_path, "drift", "audit", *where, "--resume", "--no-store")
    report = json.loads(done.stdout)
    Draft202012Validator(read_schema("report.schema.json")).validate(report)
    assert done.returncode == report["exit_code"] == 3
    assert report.pop("calls")["reads"] > 0
    wanted = json.loads(text_of(fleet.report))
    assert report == {key: member for key, member in wanted.items() if key != "calls"}
    assert "there is no interrupted audit of this fleet to go on with" in done.stderr
    assert f"{SIZE.total} of {SIZE.total} stacks, " in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].endswith("9 drifts found, 2 places not reached")
    assert not list((tmp_path / ".stackproof").glob("fleet/run-*"))
    planned = stackproof(tmp_path, "drift", "audit", *where, "--plan")
    plan = json.loads(planned.stdout)
    Draft202012Validator(read_schema("report.schema.json")).validate(plan)
    assert planned.returncode == plan["exit_code"] == 3
    assert len(plan["stacks"]) == SIZE.total
    assert len(plan["not_planned"]) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--plan",), "--plan is about a fleet"),
        (("--executor", "processes"), "--executor is about a fleet"),
        (("--fleet", "none.yaml", "--target", "aws"), "none.yaml: cannot be read"),
        (("--fleet", "f.yaml", "--target", "aws", "--executor", "dask:8786"), "expected threads, processes or dask://"),
        (("--fleet", "f.yaml", "--target", "moto"), "(moto) is empty: give --target aws or --endpoint-url URL"),
        (("--fleet", "f.yaml"), "--fleet: an emulator that is started for it (moto) is empty: give --target aws or"),
        (("--fleet", "f.yaml", "--plan", "--scope", "tag:a=b"), "lists only stacks: leave out --notify and"),
        (("--fleet", "f.yaml", "--stack", "One"), "--stack with --fleet: the file names it, leave the option out"),
    ],
)
def test_a_command_line_that_is_wrong_is_2(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    (tmp_path / "f.yaml").write_text('regions: [eu-west-1]\naccounts: [{account: "111111111111"}]\n', encoding="utf-8")
    done = stackproof(tmp_path, "drift", "audit", *arguments)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
