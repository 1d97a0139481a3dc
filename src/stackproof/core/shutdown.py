"""Waits for a request to shut down, from a signal or another thread."""

from __future__ import annotations

import signal
from queue import Empty, SimpleQueue

__all__ = ["ShutdownRequest"]


class ShutdownRequest:
    """Requested by SIGTERM, SIGINT or SIGHUP from now on, or by `request`. Only the main thread can create one.

    A queue, since the `set` of a `threading.Event`, called in a handler, waits for the lock that its own `wait` holds.
    """

    def __init__(self) -> None:
        self._requests: SimpleQueue[None] = SimpleQueue()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.request())

    def request(self) -> None:
        """Let the waiting thread go on."""
        self._requests.put(None)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether shutdown is requested within that many seconds; without a number, wait until it is."""
        try:
            self._requests.get(timeout=seconds)
        except Empty:
            return False
        return True
