"""Where the tasks of a fleet are done: threads or processes of this machine, or a cluster of Dask."""

from __future__ import annotations

from stackproof.drift.fleet.executors.cluster import dask_workers
from stackproof.drift.fleet.executors.local import process_workers, thread_workers

__all__ = ["dask_workers", "process_workers", "thread_workers"]
