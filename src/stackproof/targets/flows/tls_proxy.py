"""The TLS that a PostgreSQL without it lacks: an endpoint with the run's own authority before it."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from contextlib import suppress
from typing import Final

__all__ = ["TlsProxy", "pump", "server_tls"]

_SSL_REQUEST: Final = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
_CHUNK: Final = 65536


def server_tls() -> tuple[ssl.SSLContext, bytes]:
    """A context for 127.0.0.1, signed by an authority made for this call, and that authority's certificate as PEM."""
    import trustme

    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context, authority.cert_pem.bytes()


class TlsProxy:
    """Answers PostgreSQL's request for TLS on a free port of 127.0.0.1, and passes on what comes through it.

    Connections without TLS are refused, as RDS does by default (`rds.force_ssl`).
    """

    def __init__(self, tls: ssl.SSLContext, *, upstream: tuple[str, int]) -> None:
        self._tls = tls
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections; those that are open end with the process."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            if client.recv(len(_SSL_REQUEST), socket.MSG_WAITALL) != _SSL_REQUEST:
                return
            client.sendall(b"S")
            with (
                self._tls.wrap_socket(client, server_side=True) as secured,
                socket.create_connection(self._upstream) as upstream,
            ):
                pump(secured, upstream)


def pump(client: ssl.SSLSocket, upstream: socket.socket) -> None:
    """Pass bytes both ways until one side ends."""
    while True:
        ready = [client] if client.pending() else select.select([client, upstream], [], [])[0]
        for source in ready:
            data = source.recv(_CHUNK)
            if not data:
                return
            (upstream if source is client else client).sendall(data)
