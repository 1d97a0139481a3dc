"""The word to end comes by a signal or from another thread, and is not there before."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from stackproof.core.shutdown import ShutdownRequest

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {signals: signal.getsignal(signals) for signals in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_says_it(number: signal.Signals) -> None:
    ending = ShutdownRequest()
    assert not ending.wait(0.01)
    os.kill(os.getpid(), number)
    assert ending.wait()


def test_another_thread_says_it() -> None:
    ending = ShutdownRequest()
    thread = threading.Thread(target=ending.say)
    thread.start()
    assert ending.wait()
    thread.join()
