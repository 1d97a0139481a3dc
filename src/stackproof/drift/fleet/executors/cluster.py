"""Workers of a Dask cluster, behind Python's own interface of executors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from stackproof.core.errors import ConfigError, TargetError

__all__ = ["dask_workers", "watch"]

_TIMEOUT = 20.0  # seconds until a scheduler has to answer
_SOON, _SELDOM = 5.0, 60.0  # seconds until it is looked for workers, and between two looks


@contextmanager
def dask_workers(
    address: str, *, timeout: float = _TIMEOUT, say: Callable[[str], None] = lambda _: None
) -> Iterator[Executor]:
    """The workers of the scheduler at `host:port`, which run stackproof themselves; raises if it does not answer.

    If the scheduler has no worker, this waits for one without a limit and reports the wait to `say`.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError("--executor dask://…: Dask is not installed: pip install 'stackproof[dask]'") from error
    try:
        client: Any = Client(f"tcp://{address}", timeout=timeout, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise TargetError(f"no Dask scheduler answers at {address}: {' '.join(str(error).split())}") from error
    ended = threading.Event()
    looks = (lambda: len(client.nthreads()), ended.wait, say, address)
    threading.Thread(target=watch, args=looks, name="dask-workers", daemon=True).start()
    try:
        yield client.get_executor(pure=False)
    finally:
        ended.set()
        client.close()


def watch(count: Callable[[], int], wait: Callable[[float], bool], say: Callable[[str], None], address: str) -> None:
    """Say now and then that there is no worker, while there is none; `wait` gives whether the end has come."""
    pause = _SOON
    while not wait(pause):
        try:
            is_empty = not count()
        except Exception:  # noqa: BLE001 - a scheduler that has gone, or this end of it: the tasks say so themselves
            return
        if is_empty:
            say(f"there is no worker at the Dask scheduler {address}: waiting for one")
        pause = _SELDOM
