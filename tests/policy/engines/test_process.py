"""What an engine does in its worker stays there."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stackproof.core.errors import ConfigError, EngineError
from stackproof.policy.engines.process import WorkerProcess, neutral_environment
from tests.policy.engines.conftest import MakeWorker
from tests.watching import wait_for

_PLENTY = 60.0


def _pid(worker: WorkerProcess) -> int:
    answer = worker.ask({"template": {}}, deadline=_PLENTY)
    return int(str(answer["pid"]))


def _is_gone(pid: int) -> bool:
    """Whether the process ends; a test of this waits as long as it takes."""
    for _ in range(600):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
        else:
            if state == "Z":
                return True
        time.sleep(0.1)
    return False


def test_an_answer_comes_back(make_worker: MakeWorker) -> None:
    worker = make_worker("return {'got': request['template']}")
    assert worker.ask({"template": {"A": ["é", 1]}}, deadline=_PLENTY) == {"got": {"A": ["é", 1]}}


def test_what_an_engine_prints_or_reads_is_no_part_of_the_protocol(make_worker: MakeWorker) -> None:
    worker = make_worker(
        "print('{}'); os.write(1, b'garbage\\n'); subprocess.run([sys.executable, '-c', 'print(1)'], check=True);"
        " return {'read': sys.stdin.read()}",
        start="print('hello'); return '1'",
    )
    for _ in range(2):
        assert worker.ask({}, deadline=_PLENTY) == {"read": ""}


@pytest.mark.parametrize(
    ("evaluate", "said"),
    [
        ("raise ValueError('no\\nway')", "fake ValueError: no way"),
        ("sys.exit(7)", "fake SystemExit: 7"),
        ("os._exit(7)", "fake ended with exit code 7"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "fake crashed with SIGSEGV"),
        ("return {'a set': {1}}", "fake TypeError: Object of type set is not JSON serializable"),
    ],
)
def test_a_crash_costs_one_request(make_worker: MakeWorker, evaluate: str, said: str) -> None:
    worker = make_worker(f"if request.get('well'): return {{'well': os.getppid()}}\n    {evaluate}")
    first = worker.ask({"well": True}, deadline=_PLENTY)
    with pytest.raises(EngineError) as raised:
        worker.ask({}, deadline=_PLENTY)
    assert str(raised.value) == said
    assert worker.ask({"well": True}, deadline=_PLENTY) == first, "the same process serves the next request"


def test_one_fork_serves_many_requests_and_is_replaced_when_it_has_served_its_share_or_broke(
    make_worker: MakeWorker,
) -> None:
    worker = make_worker("if request.get('bad'): raise ValueError('bad')\n    return {'pid': os.getpid()}")
    served = [_pid(worker) for _ in range(40)]
    assert served == sorted(served, key=served.index)
    assert [served.count(process_id) for process_id in dict.fromkeys(served)] == [32, 8]
    with pytest.raises(EngineError, match="bad"):
        worker.ask({"bad": True}, deadline=_PLENTY)
    assert _pid(worker) not in served


def test_a_long_request_and_a_long_answer_get_through(make_worker: MakeWorker) -> None:
    worker = make_worker("return {'size': len(request['text']), 'text': request['text'] * 2}")
    text = "x" * 3_000_000
    assert worker.ask({"text": text}, deadline=_PLENTY) == {"size": len(text), "text": text * 2}


def test_a_request_that_takes_too_long_is_ended_with_all_that_it_started(
    make_worker: MakeWorker, tmp_path: Path
) -> None:
    note = tmp_path / "pids"
    worker = make_worker(
        f"if request.get('well'): return {{}}\n    other = subprocess.Popen(['sleep', '600'])\n"
        f"    open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}}')\n    time.sleep(600)"
    )
    for seconds in (2, 20, 200):  # a machine that is busy may need more for the child alone
        with pytest.raises(EngineError, match=f"fake did not answer within {seconds} seconds"):
            worker.ask({}, deadline=float(seconds))
        if note.exists() and len(note.read_text().split()) == 2:
            break
    assert worker.ask({"well": True}, deadline=_PLENTY) == {}
    assert all(_is_gone(int(part)) for part in note.read_text().split())


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("raise SystemExit('no such luck')", "fake ended: no such luck"),
        ("print('no protocol')", "fake answered no JSON"),
        ("print('[1]')", "fake answered no JSON object"),
    ],
)
def test_a_worker_that_does_not_start_says_why(make_worker: MakeWorker, script: str, said: str) -> None:
    worker = make_worker(script=script)
    for _ in range(2):
        with pytest.raises(EngineError) as raised:
            worker.ask({}, deadline=_PLENTY)
        assert str(raised.value) == said


def test_an_engine_that_cannot_be_imported_is_told(make_worker: MakeWorker) -> None:
    worker = make_worker(start="import no_such_engine")
    with pytest.raises(EngineError, match="fake cannot be started: ModuleNotFoundError: No module named"):
        worker.ask({}, deadline=_PLENTY)


def test_a_broken_file_of_rules_is_a_wrong_configuration(make_worker: MakeWorker) -> None:
    worker = make_worker(start="raise RuleFileError('rules/a.py: does not load')")
    with pytest.raises(ConfigError, match=r"rules/a\.py: does not load"):
        worker.ask({}, deadline=_PLENTY)


def test_a_worker_that_died_is_started_anew(make_worker: MakeWorker) -> None:
    worker = make_worker("return {'pid': os.getppid()}")
    first = _pid(worker)
    os.kill(first, signal.SIGKILL)
    assert _is_gone(first)
    assert _pid(worker) != first


def test_nothing_is_left_after_close(make_worker: MakeWorker) -> None:
    worker = make_worker("return {'pid': os.getppid(), 'folder': os.getcwd()}")
    answer = worker.ask({}, deadline=_PLENTY)
    worker.close()
    worker.close()
    assert _is_gone(int(str(answer["pid"])))
    assert not Path(str(answer["folder"])).exists()


@pytest.mark.usefixtures("processes")
def test_an_interpreter_that_is_not_there_is_told(tmp_path: Path) -> None:
    worker = WorkerProcess("fake", tmp_path / "python", tmp_path / "worker.py", {})
    with pytest.raises(EngineError, match=r"fake cannot be started: .*No such file"):
        worker.start()
    worker.close()


def test_closing_does_not_wait_for_an_answer(make_worker: MakeWorker, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    worker = make_worker(f"open({str(asked)!r}, 'w').close(); time.sleep(600)")
    with ThreadPoolExecutor(max_workers=1) as pool:
        answer = pool.submit(worker.ask, {}, deadline=600.0)
        wait_for(asked)
        worker.close()
        with pytest.raises(EngineError, match="fake ended"):
            answer.result()


def test_a_fork_ends_with_its_worker(make_worker: MakeWorker, tmp_path: Path) -> None:
    """Also when the worker is killed in the middle of a request."""
    note = tmp_path / "pid"
    worker = make_worker(
        f"open({str(note)!r}, 'w').write(str(os.getpid()))\n"
        "    os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(600)"
    )
    with pytest.raises(EngineError, match="fake ended"):
        worker.ask({}, deadline=_PLENTY)
    assert _is_gone(int(note.read_text()))


def test_there_is_no_network(make_worker: MakeWorker) -> None:
    worker = make_worker("import socket; socket.create_connection(('127.0.0.1', 9))")
    with pytest.raises(EngineError, match="run without a network"):
        worker.ask({}, deadline=_PLENTY)


def test_credentials_and_settings_of_engines_stay_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "BC_API_KEY", "CHECKOV_EXPERIMENTAL", "CFN_LINT_X", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "x")
    environment = neutral_environment(tmp_path, same_interpreter=False)
    assert environment["HOME"] == str(tmp_path)
    assert "x" not in environment.values()
