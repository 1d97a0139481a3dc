"""State that the stacks of a run share: reads of many resources at once, and a memory of calls."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from stackproof.deployment.deployment import Deployment

__all__ = ["GONE", "Memo", "Memoizer", "Snapshot", "not_memoized"]

GONE: Final = frozenset({"DELETE_COMPLETE", "CREATE_FAILED", "DELETE_SKIPPED"})
"""Statuses of resources that a stack lists and does not have."""


class Memoizer(Protocol):
    """Gives what the call gives, and remembers it under the key."""

    def __call__(self, key: object, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the call gives
        """What the first call of this key gave."""


def not_memoized(key: object, call: Callable[[], Any]) -> Any:  # noqa: ANN401, ARG001
    """No memory: the call is made."""
    return call()


class Memo:
    """Shared by threads: a second caller waits for a call that is under way; a failure is not remembered."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the stacks of one run on one target share: physical ids by type, which are read together, and a memory."""

    siblings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    memo: Memoizer = field(default_factory=Memo)

    @classmethod
    def at(cls, deployments: Iterable[Deployment]) -> Snapshot:
        """A new snapshot of all that these deployments have, with an empty memory."""
        found: dict[str, set[str]] = defaultdict(set)
        for resource in (resource for deployment in deployments for resource in deployment.resources):
            if resource.physical_id and resource.status not in GONE:
                found[resource.resource_type].add(resource.physical_id)
        return cls(siblings={name: tuple(sorted(ids)) for name, ids in found.items()})
