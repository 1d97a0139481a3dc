"""One emulator of a test run has everything loaded; each one that a test starts is a fork of it, and empty.

Loading takes seconds, a fork takes a hundredth of one. The process that a test starts stays, and acts for its
fork: it passes signals on, its end ends the fork, and its exit code is the fork's. The fixture `real_emulators` and
`tests/watching.py` start real ones.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

_MODULE = "stackproof.targets.emulators.moto_server"
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_STARTS_WITHIN = 120.0
_LARGEST = 1 << 20
# -- in the process that a test starts


def be_forked(settings: str) -> NoReturn:
    """Have the emulator that this process would be forked, and end with it."""
    directory, _, owner = settings.rpartition(":")
    with _connected(Path(directory), owner) as connection:
        order = {
            "arguments": sys.orig_argv[sys.orig_argv.index(_MODULE) + 1 :],
            "environment": dict(os.environ),
            "directory": str(Path.cwd()),
        }
        socket.send_fds(connection, [json.dumps(order).encode()], [sys.stderr.fileno()])
        for number in _PASSED_ON:
            signal.signal(number, lambda sent, _frame: connection.sendall(bytes([sent])))
        code = connection.recv(1)
    os._exit(code[0] if code else 1)


@contextmanager
def _connected(directory: Path, owner: str) -> Iterator[socket.socket]:
    """A connection to the loaded emulator of the run; the first process that needs it starts it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        with (directory / "forks.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            address = directory / "forks.socket"
            if not address.exists():
                subprocess.Popen(
                    [sys.executable, __file__, str(address), owner],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
                until = time.monotonic() + _STARTS_WITHIN
                while not address.exists() and time.monotonic() < until:
                    time.sleep(0.02)
        connection.connect(str(address))
        yield connection


# -- in the loaded emulator


def main(address: str, owner: int) -> None:
    """Load, then fork for each connection until the test run has ended."""
    server = _loaded()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    part = f"{address}.part"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener, selectors.DefaultSelector() as events:
        listener.bind(part)
        listener.listen(64)
        Path(part).rename(address)  # it appears once it answers
        ended = os.pidfd_open(owner)
        events.register(listener, selectors.EVENT_READ)
        events.register(ended, selectors.EVENT_READ)
        while all(key.fileobj is listener for key, _ in events.select()):
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                events.close()
                _serve(server, connection)
            connection.close()


def _loaded() -> object:
    """What the server and the first calls of its services import and read."""
    server = importlib.import_module(_MODULE)
    importlib.import_module("moto.moto_server.werkzeug_app")
    models = importlib.import_module("stackproof.targets.emulators.moto_models.models")
    utils = importlib.import_module("moto.core.utils")
    for service in models._FIRST_CALLS:
        package = {"lambda": "awslambda"}.get(service, service)
        for module in ("models", "responses", "urls"):
            importlib.import_module(f"moto.{package}.{module}")
        with suppress(Exception):
            utils.get_service_model(service)
    return server


def _serve(server: object, connection: socket.socket) -> NoReturn:
    """Be the emulator that a process was started for."""
    code = 1
    try:
        text, descriptors, _, _ = socket.recv_fds(connection, _LARGEST, 1)
        order = json.loads(text)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(descriptors[0], 2)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["directory"])
        tempfile.tempdir = None
        importlib.import_module("moto.moto_api._internal").mock_random.seed()
        threading.Thread(target=_obey, args=(connection,), daemon=True).start()
        code = server.main(order["arguments"])  # type: ignore[attr-defined] # a module
        connection.sendall(bytes([code]))
    finally:
        os._exit(code)


def _obey(connection: socket.socket) -> None:
    """Pass on the signals that arrive; the end of the process that acts for this one is one too."""
    while True:
        sent = connection.recv(1)
        os.kill(os.getpid(), sent[0] if sent else signal.SIGTERM)
        if not sent:
            return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
