"""A cluster of Dask: a worker that is killed in the middle of a task, and a scheduler that is not there."""

from __future__ import annotations

import os
import signal
import warnings
from functools import partial
from pathlib import Path

import pytest

from benchmarks.fleet import dask_cluster
from stackproof.core.errors import ConfigError, TargetError
from stackproof.drift.fleet.executors import dask_workers
from stackproof.drift.fleet.executors.cluster import watch
from stackproof.drift.fleet.run import done
from stackproof.drift.fleet.task import FleetOrder
from stackproof.wiring.fleet import fleet_workers

pytestmark = pytest.mark.usefixtures("processes")


def dies_once(folder: Path, number: int) -> int:
    """Ends the process that does it, the first time that the second task is done."""
    mark = folder / str(number)
    if number == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * 2


def test_a_worker_that_is_killed_costs_nothing_but_time(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask's own, about ports and sockets at its end
        with dask_cluster() as address:
            start = partial(dask_workers, address.removeprefix("dask://"))
            found = {outcome.task: outcome.result for outcome in done(partial(dies_once, tmp_path), range(5), start)}
    assert found == {number: number * 2 for number in range(5)}
    assert (tmp_path / "1").exists()


def test_a_scheduler_that_does_not_answer_is_one_line() -> None:
    with (
        pytest.raises(TargetError, match=r"no Dask scheduler answers at 127\.0\.0\.1:1: "),
        dask_workers("127.0.0.1:1", timeout=0.5),
    ):
        pass


def test_a_scheduler_without_workers_is_named_at_once_and_then_rarely_until_there_is_one() -> None:
    counts = [0, 0, 0, 2, 2]
    waited: list[float] = []
    said: list[str] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return not counts

    watch(lambda: counts.pop(0), wait, said.append, "host:1")
    assert said == ["there is no worker at the Dask scheduler host:1: waiting for one"] * 3
    assert waited[0] < waited[1]
    assert len(set(waited[1:])) == 1


def test_a_scheduler_that_has_gone_is_watched_no_longer() -> None:
    def count() -> int:
        raise OSError("gone")

    said: list[str] = []
    watch(count, lambda _: False, said.append, "host:1")
    assert said == []


@pytest.mark.parametrize("word", ["dask", "dask://", "dask://host", "dask://host:port", "thread", "tcp://host:1"])
def test_another_word_is_an_error_with_what_is_expected(word: str) -> None:
    with pytest.raises(ConfigError, match="expected threads, processes or dask://HOST:PORT"):
        fleet_workers(FleetOrder(), word, jobs=1)
