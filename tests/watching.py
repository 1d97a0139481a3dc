"""Watches a run of the tools from outside: every Python process that it starts, and all that it leaves."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.running import environment

needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes through /proc")

_SITE = """
import os, sys, time
from pathlib import Path
_noted = os.environ.get("NOTED_PROCESSES")
if _noted:
    Path(_noted, str(os.getpid())).write_text(" ".join(sys.orig_argv), encoding="utf-8")
    _held = os.environ.get("HELD_PROCESS")
    if _held and any(_held in each for each in sys.orig_argv):
        Path(_noted, "held").touch()
        time.sleep(600)
"""
_LOOKS = 4800  # of a twentieth of a second: a busy machine must not fail the test


class Watch:
    """One run's own folder for temporary files, and what a process has to inherit to be seen."""

    def __init__(self, folder: Path, *, held: str = "") -> None:
        self._temporary, self._noted, site, pytests = (folder / name for name in ("tmp", "noted", "site", "pytest"))
        for path in (self._temporary, self._noted, site, pytests):
            path.mkdir(parents=True)
        (site / "sitecustomize.py").write_text(_SITE, encoding="utf-8")
        self.variables = {
            "TMPDIR": str(self._temporary),
            "PYTEST_DEBUG_TEMPROOT": str(pytests),  # pytest keeps its folders on purpose
            "NOTED_PROCESSES": str(self._noted),
            "HELD_PROCESS": held,
            "PYTHONPATH": os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH")))),
        }

    def started(self, word: str) -> int:
        """How many Python processes were started with the word in their command."""
        return sum(word in path.read_text(encoding="utf-8") for path in self._noted.iterdir())

    def wait_until_held(self) -> None:
        """Return once the process that was to be held has begun."""
        wait_for(self._noted / "held")

    def left(self) -> list[str]:
        """Processes and temporary files that are still there, after as long a wait as it takes a process to end."""
        for _ in range(_LOOKS // 10):
            if not list(self._processes()):
                break
            time.sleep(0.05)
        return [*self._processes(), *sorted(str(path) for path in self._temporary.rglob("*"))]

    def _processes(self) -> Iterator[str]:
        mark = f"NOTED_PROCESSES={self._noted}".encode()
        for path in Path("/proc").iterdir():
            if not path.name.isdigit() or int(path.name) == os.getpid():
                continue
            with suppress(OSError):
                if any(mark in _environment(task) for task in (path / "task").iterdir()):
                    yield (path / "cmdline").read_bytes().replace(b"\0", b" ").decode() or path.name


def _environment(task: Path) -> list[bytes]:
    """Of a thread: that of a leader that has ended is empty while its threads still hold what is open."""
    try:
        return (task / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def wait_for(file: Path) -> None:
    """Return once the file is there; the time that it takes is not checked."""
    for _ in range(_LOOKS):
        if file.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"{file} never came to be")


def listens(url: str) -> bool:
    """Whether anything listens at the URL."""
    where = urlsplit(url)
    with socket.socket() as sock:
        return sock.connect_ex((where.hostname or "", where.port or 0)) == 0


@contextmanager
def started(folder: Path, arguments: Sequence[str], **more: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m …` in a separate process group, as a shell starts it; what is left of it is killed at the end."""
    ours = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a job in the background ignores it and passes that on
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=folder,
            env={**environment(), **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, ours)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def interrupted(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Ctrl-C, as the terminal sends it to the whole group; gives the exit code and what was printed."""
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=240)
    # If the signal came while Python ran a string of code (it makes dataclasses so), Python ends by that signal after
    # all, whatever the program says: a shell calls it 130.
    return 3 if process.returncode == -signal.SIGINT else process.returncode, output
