"""A second embedded AWS in a separate process: MiniStack, which runs functions and polls streams.

Runs as `python -m stackproof.targets.emulators.ministack_server --owner-pid N --port-file F` and ends with its owner,
however that ends. All that it writes lies in one folder beside the port file, and goes away with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from stackproof.targets.emulators.ownership import serve_owner

__all__ = ["main"]

_READY_SECONDS: Final = 60.0
_END_SECONDS: Final = 3.0
_BACKLOG: Final = 128


def main(arguments: Sequence[str]) -> int:
    """Serve until the owner ends or a signal comes."""
    return serve_owner("stackproof.targets.emulators.ministack_server", arguments, _served)


@contextlib.contextmanager
def _served(directory: Path) -> Iterator[Mapping[str, str]]:
    with (
        tempfile.TemporaryDirectory(prefix="ministack-", dir=directory, ignore_cleanup_errors=True) as scratch,
        socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as listener,
    ):
        port = listener.getsockname()[1]
        _confine(Path(scratch), port)
        with _running(listener):
            url = f"http://127.0.0.1:{port}"
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=_READY_SECONDS):  # noqa: S310 - our own
                pass
            threading.Thread(target=_warm, daemon=True).start()
            yield {"endpoint_url": url}


def _confine(scratch: Path, port: int) -> None:
    """MiniStack reads its settings from the environment when it is imported; its files go to `TMPDIR`."""
    nowhere = scratch / "nothing"
    os.environ.update(
        {
            "TMPDIR": str(scratch),
            "STATE_DIR": str(scratch / "state"),
            "S3_DATA_DIR": str(scratch / "s3"),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "DOCKER_HOST": f"unix://{nowhere}",  # a daemon that happens to be there is not ours to use
        }
    )
    tempfile.tempdir = None  # read anew


@contextlib.contextmanager
def _running(listener: socket.socket) -> Iterator[None]:
    """The server in a thread, so that signals reach this one; on leaving, its functions' processes end as well."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app
    from ministack.core import lambda_runtime

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]  # bound already; only the server closes it
    config.loglevel = "ERROR"
    config.graceful_timeout = _END_SECONDS
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve(app.app, config, shutdown_trigger=ended.wait))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(_END_SECONDS)
        lambda_runtime.reset()


def _warm() -> None:
    """Import what the first deployment would have to wait for."""
    from ministack.services import cloudformation

    cloudformation.__name__  # noqa: B018 - named, so that the import is intended


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # threads in the middle of a request do not hold the process
