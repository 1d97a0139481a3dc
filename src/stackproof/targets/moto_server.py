"""An embedded AWS in a process of its own: moto's server, completed, on a free port of 127.0.0.1.

Runs as `python -m stackproof.targets.moto_server --owner-pid N --port-file F` and ends with its owner, however that
ends. The port file appears in one piece, once the server answers, and goes away with the process.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

__all__ = ["main", "wait_for_end_of"]

_LOOK_EVERY: Final = 0.5


def main(arguments: Sequence[str]) -> int:
    """Serve until the owner is gone or a signal comes."""
    parser = argparse.ArgumentParser(prog="stackproof.targets.moto_server")
    parser.add_argument("--owner-pid", type=int, required=True)
    parser.add_argument("--port-file", type=Path, required=True)
    options = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=_watch, args=(options.owner_pid, ended), daemon=True).start()
    try:
        port = _serve()
        _publish(options.port_file, port)
        ended.wait()
    finally:
        options.port_file.unlink(missing_ok=True)
    return 0


def wait_for_end_of(pid: int) -> None:
    """Return when the process is gone (a zombie counts as gone), at once if there is none; of process 0 never."""
    if pid == 0:
        threading.Event().wait()
    try:
        _WAIT(pid)
    except (ProcessLookupError, PermissionError):
        return


def _serve() -> int:
    """Start to serve in threads; gives the port."""
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - takes a second to import
        DomainDispatcherApplication,
        MotoRequestHandler,
    )
    from werkzeug.serving import make_server  # noqa: PLC0415

    from stackproof.targets.moto_models import register  # noqa: PLC0415 - imports moto's models

    class Quiet(MotoRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
            """No line for each request."""

    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(_app), threaded=True, request_handler=Quiet)
    warm = register(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=warm, daemon=True).start()
    return server.server_port


def _app(service: Any) -> Any:  # noqa: ANN401 - one of moto's names; Flask's application
    """One emulated service; what breaks inside is an answer that names the error instead of a bare 500."""
    from moto.moto_server.werkzeug_app import create_backend_app  # noqa: PLC0415

    app = create_backend_app(service)
    app.register_error_handler(Exception, _explained)
    return app


def _explained(error: Exception) -> Any:  # noqa: ANN401 - a response of Flask
    from flask import Response, request  # noqa: PLC0415 - heavy
    from werkzeug.exceptions import HTTPException  # noqa: PLC0415

    if isinstance(error, HTTPException):
        return error
    code, status = "InternalFailure", 500
    if isinstance(error, NotImplementedError):
        code, status = "NotImplemented", 501
    message = f"the emulator broke: {type(error).__name__}: {error}"
    if "json" in str(request.content_type) or not (request.content_type or request.host.startswith("s3")):
        text = json.dumps({"__type": code, "message": message})
        return Response(text, status=status, content_type="application/x-amz-json-1.1")
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    if request.host.startswith("s3") or not request.form:
        return Response(body, status=status, content_type="text/xml")
    return Response(f"<ErrorResponse>{body}</ErrorResponse>", status=status, content_type="text/xml")


def _publish(file: Path, port: int) -> None:
    part = file.with_name(f"{file.name}.part")
    part.write_text(f"{port}\n", encoding="ascii")
    part.replace(file)


def _watch(pid: int, ended: threading.Event) -> None:
    wait_for_end_of(pid)
    ended.set()


def _wait_by_descriptor(pid: int) -> None:
    descriptor = os.pidfd_open(pid)
    with contextlib.closing(os.fdopen(descriptor, "rb", buffering=0)):
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll()


def _wait_by_looking(pid: int) -> None:
    """For systems without process descriptors."""
    while True:
        os.kill(pid, 0)
        time.sleep(_LOOK_EVERY)


_WAIT: Final[Callable[[int], None]] = _wait_by_descriptor if hasattr(os, "pidfd_open") else _wait_by_looking


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # threads in the middle of a request do not hold the process
