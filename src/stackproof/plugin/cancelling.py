"""Ends a run that is asked to stop as Ctrl-C does: what it has started ends with it, and its folder goes."""

from __future__ import annotations

import os
import signal
import threading

import pytest

__all__ = ["Cancelling"]


class Cancelling:
    """SIGTERM, which a CI server sends to a job that it cancels, raises KeyboardInterrupt in this process.

    A handler that a project has installed, before or while the run goes on, is left alone.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._is_ours = False
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._interrupt)
            self._is_ours = True

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Put the handler back, after all that the run has to remove is removed."""
        if self._is_ours and signal.getsignal(signal.SIGTERM) == self._interrupt:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._is_ours = False

    def _interrupt(self, number: int, _frame: object) -> None:
        if os.getpid() == self._owner:
            raise KeyboardInterrupt
        signal.signal(number, signal.SIG_DFL)  # a fork of this process has nothing to remove
        os.kill(os.getpid(), number)
