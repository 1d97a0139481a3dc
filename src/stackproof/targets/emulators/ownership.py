"""The other side of an owned process: its owner, its end, and how it reports that it is ready."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from stackproof.core.scratch_folder import living_in
from stackproof.core.shutdown import ShutdownRequest

__all__ = ["serve_owner", "wait_for_end_of"]

_POLL_SECONDS: Final = 0.5

Served = contextlib.AbstractContextManager[Mapping[str, str]]
"""A context: on entry it serves and gives the ready data, on exit it has ended."""


def serve_owner(prog: str, arguments: Sequence[str], serve: Callable[[Path], Served]) -> int:
    """Serve until the owner ends or a signal comes. `serve` gets the folder that the process may write to.

    The port file appears in one piece, once the process is ready, and is removed with the process.
    """
    parser = argparse.ArgumentParser(prog=prog)
    parser.add_argument("--owner-pid", type=int, required=True)
    parser.add_argument("--port-file", type=Path, required=True)
    options = parser.parse_args(arguments)
    shutdown = ShutdownRequest()
    threading.Thread(target=_watch, args=(options.owner_pid, shutdown), daemon=True).start()
    port_file: Path = options.port_file
    with living_in(port_file.parent), serve(port_file.parent) as ready_data, _published(port_file, ready_data):
        shutdown.wait()
    return 0


def wait_for_end_of(pid: int) -> None:
    """Return when the process has ended (a zombie has), at once if there is none; for process 0 never."""
    if pid == 0:
        threading.Event().wait()
    try:
        _WAIT(pid)
    except (ProcessLookupError, PermissionError):
        return


@contextlib.contextmanager
def _published(file: Path, ready_data: Mapping[str, str]) -> Iterator[None]:
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_text(json.dumps(dict(ready_data)), encoding="utf-8")
        part.replace(file)
        yield
    finally:
        file.unlink(missing_ok=True)


def _watch(pid: int, shutdown: ShutdownRequest) -> None:
    wait_for_end_of(pid)
    shutdown.request()


def _wait_by_descriptor(pid: int) -> None:
    descriptor = os.pidfd_open(pid)
    with contextlib.closing(os.fdopen(descriptor, "rb", buffering=0)):
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll()


def _wait_by_polling(pid: int) -> None:
    """For systems without process descriptors."""
    while True:
        os.kill(pid, 0)
        time.sleep(_POLL_SECONDS)


_WAIT: Final[Callable[[int], None]] = _wait_by_descriptor if hasattr(os, "pidfd_open") else _wait_by_polling
