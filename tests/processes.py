"""Which tests start processes: those that use the fixture `processes`. Any other test that starts one fails.

A parameter for which a fixture asks for another one by name has the mark itself.
"""

from __future__ import annotations

import multiprocessing.util
import sys
from collections.abc import Generator
from typing import Any, Final

import pytest

__all__ = ["ProcessGuard"]

_EVENTS: Final = frozenset(
    {"subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn"}
)


class ProcessGuard:
    """Marks tests with `process` by the fixture, and holds all others to starting none."""

    def __init__(self) -> None:
        self._refused_for: str | None = None
        sys.addaudithook(self._audit)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for test in items:
            if _may_start(test):
                test.add_marker(pytest.mark.process)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._guarded(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._guarded(item))

    def _guarded(self, item: pytest.Item) -> Generator[None, object, object]:
        outer = self._refused_for  # of a test that runs pytest in this process
        self._refused_for = outer or (None if _may_start(item) else item.nodeid)
        spawn = multiprocessing.util.spawnv_passfds  # raises no audit event
        multiprocessing.util.spawnv_passfds = self._refusing(spawn)
        try:
            return (yield)
        finally:
            self._refused_for = outer
            multiprocessing.util.spawnv_passfds = spawn

    def _refusing(self, spawn: Any) -> Any:
        def refusing(path: Any, *arguments: Any) -> Any:
            self._refuse(path)
            return spawn(path, *arguments)

        return refusing

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS:
            self._refuse(arguments[0] if arguments else event)

    def _refuse(self, what: object) -> None:
        if self._refused_for is not None:
            why = f"{self._refused_for} starts a process ({what!r}): let it use the fixture `processes`"
            pytest.fail(why, pytrace=False)


def _may_start(item: pytest.Item) -> bool:
    return "processes" in getattr(item, "fixturenames", ()) or item.get_closest_marker("process") is not None
