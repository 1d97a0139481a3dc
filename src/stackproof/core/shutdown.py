"""Waiting for the word to end, which a signal brings or another thread."""

from __future__ import annotations

import signal
from queue import Empty, SimpleQueue

__all__ = ["ShutdownRequest"]


class ShutdownRequest:
    """Said by SIGTERM, SIGINT or SIGHUP from now on, or by `say`. Only the main thread can make one.

    A queue, since the `set` of a `threading.Event`, called in a handler, waits for the lock that its own `wait` holds.
    """

    def __init__(self) -> None:
        self._said: SimpleQueue[None] = SimpleQueue()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.say())

    def say(self) -> None:
        """Let whoever waits go on."""
        self._said.put(None)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it is said within that many seconds; without a number it waits as long as that takes."""
        try:
            self._said.get(timeout=seconds)
        except Empty:
            return False
        return True
