"""SIGTERM to pytest: the run ends as after Ctrl-C, and handlers of others stay what they are."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from stackproof.plugin.cancelling import Cancelling
from tests.fakes import written
from tests.running import project
from tests.watching import Watch, listens, needs_proc, started, wait_for

SLOW = """
import os
import time
from pathlib import Path

def test_slow(deployment, aws_client):
    Path(os.environ["NOTED"], "live").write_text(aws_client("sqs").meta.endpoint_url, encoding="utf-8")
    time.sleep(600)
    assert deployment.resources
"""
OWN = """
import signal

signal.signal(signal.SIGTERM, lambda *_: print("a handler of the project's own"))
"""
RAISED = """
import os
import signal

def test_it(capfd):
    os.kill(os.getpid(), signal.SIGTERM)
    assert "of the project's own" in capfd.readouterr().out
"""


@needs_proc
@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.usefixtures("processes")
def test_a_cancelled_run_leaves_no_process_and_no_folder(workers: str, tmp_path: Path) -> None:
    folder, watch, scratch = project("tiny", tmp_path), Watch(tmp_path / "watch"), tmp_path / "scratch"
    scratch.mkdir()
    (folder / "suites" / "integration" / "test_live.py").write_text(SLOW, encoding="utf-8")
    arguments = ("pytest", "suites/integration", "-n", workers)
    # Coverage of this run installs a handler in processes below it, which is left alone.
    more = {**watch.variables, "NOTED": str(tmp_path), "TMPDIR": str(scratch), "COVERAGE_PROCESS_CONFIG": ""}
    with started(folder, arguments, **more) as process:
        wait_for(tmp_path / "live")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 3, output
    assert "KeyboardInterrupt" in output
    assert watch.left() == []
    assert not listens((tmp_path / "live").read_text(encoding="utf-8"))
    assert [path.name for path in scratch.iterdir() if "stackproof" in path.name] == []


@pytest.mark.usefixtures("processes")
def test_a_handler_that_a_project_installs_is_the_one_that_is_called(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    written(folder / "own", {"conftest.py": OWN, "test_it.py": RAISED})
    with started(folder, ("pytest", "own", "-p", "no:xdist")) as process:
        output, _ = process.communicate(timeout=240)
    assert (process.returncode, "1 passed" in output) == (0, True), output


def test_the_handler_is_put_back_and_one_that_was_there_is_not_replaced() -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        ours = Cancelling()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        ours.pytest_unconfigure()
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL

        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        Cancelling().pytest_unconfigure()
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
