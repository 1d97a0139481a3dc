"""MiniStack and PostgreSQL end with their owner, however that ends, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackproof.core.errors import ConfigError, TargetError
from stackproof.targets.emulators.ministack import start_ministack
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.targets.flows.postgres import Database, require, start_postgres
from tests.targets.emulators.test_moto_process import is_gone, wait_until_gone

LOGIN = {"user": "someone", "password": "p'a\\ss", "database": "things"}
OWNER = """
import json, os, signal, sys, time
from pathlib import Path
from stackproof.targets.{module} import {start}
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
process = {start}(os.getpid(), Path(sys.argv[1]), **json.loads(sys.argv[2]))
print(json.dumps([process.pid, dict(process.ready_data)]), flush=True)
time.sleep(600)
"""
KINDS: dict[str, dict[str, Any]] = {
    "ministack": {"module": "emulators.ministack", "start": "start_ministack", "arguments": {}},
    "postgres": {"module": "flows.postgres", "start": "start_postgres", "arguments": LOGIN},
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """As a run's own folder: closed to others, in one that is open to all."""
    with tempfile.TemporaryDirectory(prefix="stackproof-test-", dir="/tmp") as name:
        yield Path(name)


def children(pid: int) -> list[int]:
    """Processes whose parent it is, and theirs."""
    found: list[int] = []
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and int((path / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found += [int(path.name), *children(int(path.name))]
        except OSError:
            continue
    return found


def listens(ready_data: dict[str, str]) -> bool:
    port = int(ready_data.get("port") or ready_data["endpoint_url"].rpartition(":")[2])
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("real_emulators")
def test_it_is_gone_when_its_owner_is(kind: str, sent: signal.Signals, folder: Path) -> None:
    what = KINDS[kind]
    script = OWNER.format(module=what["module"], start=what["start"])
    command = [sys.executable, "-c", script, str(folder), json.dumps(what["arguments"])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as owner:
        assert owner.stdout is not None
        pid, ready_data = json.loads(owner.stdout.readline())
        assert listens(ready_data)
        below = children(pid)
        owner.send_signal(sent)
        owner.wait()
    for process_id in (pid, *below):
        wait_until_gone(process_id)
    assert not listens(ready_data)
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only there a child can be told to end with its parent")
@pytest.mark.usefixtures("real_emulators")
def test_postgresql_ends_even_with_a_keeper_that_is_killed(folder: Path) -> None:
    process = start_postgres(os.getpid(), folder, **LOGIN)
    below = children(process.pid)
    assert below
    os.kill(process.pid, signal.SIGKILL)
    process._process.wait()
    for process_id in below:
        wait_until_gone(process_id)


@pytest.mark.usefixtures("real_emulators")
def test_ministack_answers_on_this_machine_alone_and_writes_into_its_folder_alone(folder: Path) -> None:
    process = start_ministack(0, folder)
    try:
        with urllib.request.urlopen(f"{process.endpoint_url}/_ministack/health", timeout=10) as response:  # noqa: S310
            assert response.status == 200
        port = int(process.endpoint_url.rpartition(":")[2])
        open_sockets = Path(f"/proc/{process.pid}/net/tcp")
        if open_sockets.exists():
            lines = [line.split() for line in open_sockets.read_text().splitlines()[1:]]
            at = {line[1] for line in lines if line[3] == "0A" and line[1].endswith(f":{port:04X}")}
            assert at == {f"0100007F:{port:04X}"}
        assert {path.suffix for path in folder.iterdir()} == {"", ".port"}
    finally:
        process.stop()
    assert process.has_ended
    assert is_gone(process.pid)
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("real_emulators")
def test_nothing_of_the_users_settings_reaches_ministack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = {
        "SERVICES": "s3",
        "AUTH": "true",
        "AWS_ENDPOINT_URL": "http://192.0.2.1",
        "http_proxy": "http://192.0.2.1",
    }
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    process = start_ministack(os.getpid(), folder)
    try:
        environment = Path(f"/proc/{process.pid}/environ")
        if environment.exists():
            names = {part.partition(b"=")[0] for part in environment.read_bytes().split(b"\0")}
            assert names.isdisjoint(name.encode() for name in foreign)
    finally:
        process.stop()


@pytest.fixture(scope="module")
def postgres(processes: None) -> Iterator[OwnedProcess]:
    with tempfile.TemporaryDirectory(prefix="stackproof-test-", dir="/tmp") as name:
        process = start_postgres(os.getpid(), Path(name), **LOGIN)
        assert [path.name for path in Path(name).iterdir() if path.is_file()] == [
            file.name for file in Path(name).glob("*.port")
        ], "the file with the password is gone"
        yield process
        process.stop()
        assert list(Path(name).iterdir()) == []


def test_rows_come_sorted_and_a_table_that_is_not_there_has_none(postgres: OwnedProcess) -> None:
    database = Database(postgres.ready_data, **LOGIN)
    assert database.rows("SELECT * FROM nothing") == ()
    assert database.rows("VALUES (2, 'b'), (1, 'a')") == ((1, "a"), (2, "b"))
    assert database.rows("SELECT current_database(), current_user") == (("things", "someone"),)


def test_what_the_database_refuses_is_an_error_without_its_text(postgres: OwnedProcess) -> None:
    with pytest.raises(TargetError, match=r"^PostgreSQL answered with SQLSTATE 22012$"):
        Database(postgres.ready_data, **LOGIN).rows("SELECT 1 / 0")
    with pytest.raises(TargetError, match="SQLSTATE 28P01"):
        Database(postgres.ready_data, **{**LOGIN, "password": "wrong"}).rows("SELECT 1")
    with pytest.raises(TargetError, match="no connection to PostgreSQL"):
        Database({**postgres.ready_data, "port": "1"}, **LOGIN).rows("SELECT 1")


def test_who_does_not_ask_for_tls_is_turned_away_and_the_certificate_is_the_runs_own(postgres: OwnedProcess) -> None:
    where = (postgres.ready_data["host"], int(postgres.ready_data["port"]))
    with socket.create_connection(where) as plain:
        plain.sendall(b"\0\0\0\x08\0\x03\0\0")
        assert plain.recv(1) == b""
    with socket.create_connection(where) as asking:
        asking.sendall((8).to_bytes(4, "big") + (80877103).to_bytes(4, "big"))
        assert asking.recv(1) == b"S"
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(asking, server_hostname="127.0.0.1")


def test_a_flow_without_its_packages_says_what_to_install() -> None:
    require(("pg8000",))
    with pytest.raises(ConfigError, match=r"a flow needs no_such_package: pip install 'stackproof\[flow\]'"):
        require(("pg8000", "no_such_package"))


@pytest.mark.usefixtures("real_emulators")
def test_why_postgresql_does_not_start_is_said(folder: Path) -> None:
    with pytest.raises(TargetError, match="PostgreSQL does not start: RuntimeError: initdb: "):
        start_postgres(os.getpid(), folder, **{**LOGIN, "user": "pg_reserved"})
    assert list(folder.iterdir()) == []
