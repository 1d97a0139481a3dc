"""Workers of this machine."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

__all__ = ["process_workers", "thread_workers"]


@contextmanager
def thread_workers(jobs: int) -> Iterator[Executor]:
    """Threads of this process."""
    with _ending(ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="fleet")) as pool:
        yield pool


@contextmanager
def process_workers(jobs: int) -> Iterator[Executor]:
    """Processes, each begun anew: a copy of one with threads in it may hang."""
    with _ending(ProcessPoolExecutor(max_workers=jobs, mp_context=multiprocessing.get_context("spawn"))) as pool:
        yield pool


@contextmanager
def _ending(pool: Executor) -> Iterator[Executor]:
    """An interrupted run begins no further task."""
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
