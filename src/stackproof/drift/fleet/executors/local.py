"""Workers of this machine."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from queue import LifoQueue
from typing import ParamSpec, TypeVar

__all__ = ["process_workers", "thread_workers"]

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


@contextmanager
def thread_workers(jobs: int) -> Iterator[Executor]:
    """Threads of this process."""
    with _ending(ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="fleet")) as pool:
        yield pool


@contextmanager
def process_workers(jobs: int) -> Iterator[Executor]:
    """Processes, each a pool by itself: where one ends, its own task is lost, and nothing that waits for others."""
    with _ending(_Processes(jobs)) as pool:
        yield pool


class _Processes(Executor):
    """A thread hands each task to a process that has none."""

    def __init__(self, jobs: int) -> None:
        self._threads = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="fleet")
        self._idle: LifoQueue[ProcessPoolExecutor] = LifoQueue()  # the last one first: it has begun already
        for _ in range(jobs):
            self._idle.put(_process())

    def submit(self, fn: Callable[_Given, _Result], /, *args: _Given.args, **kwargs: _Given.kwargs) -> Future[_Result]:
        return self._threads.submit(self._done, fn, *args, **kwargs)

    def _done(self, fn: Callable[_Given, _Result], /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        process = self._idle.get()
        try:
            return process.submit(fn, *args, **kwargs).result()
        except BrokenExecutor:
            process.shutdown(wait=False)
            process = _process()
            raise
        finally:
            self._idle.put(process)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as given
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        while not self._idle.empty():
            self._idle.get().shutdown(wait=wait)


def _process() -> ProcessPoolExecutor:
    """One that begins with its first task, and anew: a copy of a process with threads in it may hang."""
    return ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn"))


@contextmanager
def _ending(pool: Executor) -> Iterator[Executor]:
    """An interrupted run begins no further task."""
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
