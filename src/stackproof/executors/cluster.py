"""Workers of a Dask cluster, behind Python's own interface of executors."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from stackproof.errors import ConfigError, TargetError

__all__ = ["dask_workers"]

_TIMEOUT = 20.0  # seconds until a scheduler has to answer


@contextmanager
def dask_workers(address: str, *, timeout: float = _TIMEOUT) -> Iterator[Executor]:
    """The workers of the scheduler at `host:port`, which run stackproof themselves; raises if it does not answer."""
    try:
        from distributed import Client  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        raise ConfigError("--executor dask://…: Dask is not installed: pip install 'stackproof[dask]'") from error
    try:
        client: Any = Client(f"tcp://{address}", timeout=timeout, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise TargetError(f"no Dask scheduler answers at {address}: {' '.join(str(error).split())}") from error
    try:
        yield client.get_executor(pure=False)
    finally:
        client.close()
