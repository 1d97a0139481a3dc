"""A shutdown is requested by a signal or another thread, and not before."""

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
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_requests_it(number: signal.Signals) -> None:
    shutdown = ShutdownRequest()
    assert not shutdown.wait(0.01)
    os.kill(os.getpid(), number)
    assert shutdown.wait()


def test_another_thread_requests_it() -> None:
    shutdown = ShutdownRequest()
    thread = threading.Thread(target=shutdown.request)
    thread.start()
    assert shutdown.wait()
    thread.join()
