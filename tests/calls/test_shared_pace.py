"""The processes of a machine take from one bucket."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from stackproof.calls.shared_pace import SharedPace, machine_directory


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now


def pace(folder: Path, clock: Clock, **rates: float) -> SharedPace:
    return SharedPace(folder, rates, clock=clock, sleep=clock.slept.append)


def test_two_that_know_nothing_of_one_another_share_a_bucket(tmp_path: Path) -> None:
    clock = Clock()
    one, other = pace(tmp_path, clock, kms=2.0), pace(tmp_path, clock, kms=2.0)
    for _ in range(2):
        one.wait("1", "eu-west-1", "kms")
        other.wait("1", "eu-west-1", "kms")
    assert clock.slept == []
    one.wait("1", "eu-west-1", "kms")
    other.wait("1", "eu-west-1", "kms")
    assert clock.slept == [0.5, 1.0]
    other.wait("2", "eu-west-1", "kms")
    other.wait("1", "eu-west-2", "kms")
    assert len(clock.slept) == 2
    clock.now += 60
    one.wait("1", "eu-west-1", "kms")
    assert len(clock.slept) == 2


@pytest.mark.parametrize("written", [b"", b"\x00\xff", b"[1]", b"{}", b'["a", 2]'])
def test_a_damaged_file_is_a_full_bucket(tmp_path: Path, written: bytes) -> None:
    clock = Clock()
    pace(tmp_path, clock, sqs=0.5).wait("1", "a", "sqs")
    [file] = tmp_path.iterdir()
    file.write_bytes(written)
    pace(tmp_path, clock, sqs=0.5).wait("1", "a", "sqs")
    assert clock.slept == []


def test_a_level_from_before_the_machine_was_started_is_none(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(5):
        pace(tmp_path, clock, sqs=0.5).wait("1", "a", "sqs")
    assert len(clock.slept) == 4
    clock.now = 3.0
    pace(tmp_path, clock, sqs=0.5).wait("1", "a", "sqs")
    assert len(clock.slept) == 4


def _reserve(folder: str, times: int) -> list[float]:
    clock = Clock()
    shared = pace(Path(folder), clock, sqs=0.5)
    for _ in range(times):
        shared.wait("1", "a", "sqs")
    return clock.slept


@pytest.mark.usefixtures("processes")
def test_processes_that_come_at_once_lose_no_token(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        slept = [seconds for found in pool.map(_reserve, [str(tmp_path)] * 2, [50, 50]) for seconds in found]
    assert sorted(slept) == [2.0 * index for index in range(1, 100)]


def test_the_folder_is_that_of_the_user_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert machine_directory() == tmp_path / "stackproof" / "pace"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert machine_directory().is_relative_to(tmp_path / "cache" / "stackproof" / "pace")
