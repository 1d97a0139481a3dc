"""The emulator's process: it ends with its owner, however that ends, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from stackproof.core.errors import TargetError
from stackproof.targets.emulators.moto import start_moto
from stackproof.targets.emulators.ownership import wait_for_end_of

pytestmark = pytest.mark.usefixtures("real_emulators")

OWNER = """
import os, sys, time
from pathlib import Path
from stackproof.targets.emulators.moto import start_moto
process = start_moto(os.getpid(), Path(sys.argv[1]))
print(process.pid, process.endpoint_url, flush=True)
time.sleep(600)
"""


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:  # a zombie whose threads still end has its sockets, and cannot be waited for
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "Z" and len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
    except OSError:
        return False  # it went just now, or there is no /proc: the next check shows it


def wait_until_gone(pid: int) -> None:
    """The time that it takes is not checked; a process that stays makes the test hang until pytest's own limit."""
    for _ in range(600):
        if is_gone(pid):
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/moto-api/", timeout=10) as response:  # noqa: S310 - on this machine
            return bool(response.status == 200)
    except OSError:
        return False


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_it_is_gone_when_its_owner_is(sent: signal.Signals, tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid, url = owner.stdout.readline().split()
    assert answers(url)
    owner.send_signal(sent)
    owner.wait()
    owner.stdout.close()
    wait_until_gone(int(pid))
    assert not answers(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_a_signal_and_takes_its_port_file_along(sent: signal.Signals, tmp_path: Path) -> None:
    process = start_moto(0, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    os.kill(process.pid, sent)
    process._process.wait()
    assert list(tmp_path.iterdir()) == []
    process.stop()


def test_it_is_stopped_once_and_for_all(tmp_path: Path) -> None:
    process = start_moto(os.getpid(), tmp_path / "new")
    assert process.endpoint_url.startswith("http://127.0.0.1:")
    process.stop()
    process.stop()
    assert is_gone(process.pid)
    assert list((tmp_path / "new").iterdir()) == []


def test_without_an_owner_it_does_not_stay(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    try:
        process = start_moto(gone.pid, tmp_path)
    except TargetError:
        return  # it was gone before it answered
    wait_until_gone(process.pid)
    assert process.has_ended


def test_why_it_does_not_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "moto.py").write_text("raise RuntimeError('not today')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(TargetError, match=r"does not start: RuntimeError: not today"):
        start_moto(os.getpid(), tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []


def test_the_end_of_what_has_ended_is_not_waited_for() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    wait_for_end_of(gone.pid)
