"""An embedded AWS in a separate process: moto's server, completed, on a free port of 127.0.0.1.

Runs as `python -m stackproof.targets.emulators.moto_server --owner-pid N --port-file F` and ends with its owner,
however that ends. The port file appears in one piece, once the server answers, and goes away with the process.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from stackproof.targets.emulators.ownership import serve_owner

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Serve until the owner ends or a signal comes."""
    return serve_owner("stackproof.targets.emulators.moto_server", arguments, _served)


@contextlib.contextmanager
def _served(_: Path) -> Iterator[Mapping[str, str]]:
    """It keeps everything in memory, so there is nothing to see to afterwards."""
    yield {"endpoint_url": f"http://127.0.0.1:{_serve()}"}


def _serve() -> int:
    """Start to serve in threads; gives the port."""
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
    )
    from werkzeug.serving import make_server

    from stackproof.targets.emulators.moto_models import register

    class Quiet(MotoRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
            """No line for each request."""

    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(_app), threaded=True, request_handler=Quiet)
    warm = register(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=warm, daemon=True).start()
    return server.server_port


def _app(service: Any) -> Any:
    """One emulated service; what breaks inside is an answer that names the error instead of a bare 500."""
    from moto.moto_server.werkzeug_app import create_backend_app

    app = create_backend_app(service)
    app.register_error_handler(Exception, _explained)
    return app


def _explained(error: Exception) -> Any:
    from flask import Response, request
    from werkzeug.exceptions import HTTPException

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


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # threads in the middle of a request do not hold the process
