"""Memory of one look at an account: a call that many readers need is made once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

__all__ = ["Once", "OnceForAll", "each_time"]


class Once(Protocol):
    """Gives what the call gives, and remembers it under the key."""

    def __call__(self, key: object, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the call gives
        """What the first call of this key gave."""


def each_time(key: object, call: Callable[[], Any]) -> Any:  # noqa: ANN401, ARG001
    """No memory: the call is made."""
    return call()


class OnceForAll:
    """Shared by threads: who comes while the call is under way waits for it; a failure is not remembered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given: dict[object, Future[Any]] = {}

    def __call__(self, key: object, call: Callable[[], Any]) -> Any:  # noqa: ANN401
        with self._lock:
            future = self._given.get(key)
            mine = future is None
            if future is None:
                future = self._given[key] = Future()
        if mine:
            try:
                future.set_result(call())
            except BaseException as error:
                with self._lock:
                    del self._given[key]
                future.set_exception(error)
                raise
        return future.result()
