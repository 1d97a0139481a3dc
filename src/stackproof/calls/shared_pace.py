"""The buckets of tokens of a whole machine, in files: every process that reads an account takes from the same."""

from __future__ import annotations

import json
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stackproof.calls.pacing import Level, Rates, bucket_of, burst_of
from stackproof.core.json import digest

__all__ = ["SharedPace", "machine_directory"]


def machine_directory() -> Path:
    """A folder of this user that all processes of this machine know."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "stackproof" / "pace"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "stackproof" / "pace" / (platform.node() or "here")  # a home may be shared by machines


class SharedPace:
    """Implements `ports.Pace`: one small file for each bucket, locked while a token is taken.

    The clock has to be that of the machine; a level from before it was started again counts as none.
    """

    def __init__(
        self,
        directory: Path,
        rates: Mapping[str, float] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._directory = directory
        self._rates = Rates(own=rates or {})
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    def wait(self, account: str, region: str, service: str) -> None:
        """Return as soon as a request may be sent; the service is named as IAM does."""
        rate = self._rates.of(service)
        burst = burst_of(rate)
        with self._lock, self._file(digest(list(bucket_of(account, region, service)))[:32]) as handle:
            now = self._clock()
            level = _level(os.pread(handle, 200, 0), now) or Level(tokens=burst, at=now)
            level, pause = level.reserved(rate, burst, now)
            text = json.dumps([level.tokens, level.at]).encode()
            os.pwrite(handle, text.ljust(100), 0)
        if pause > 0:
            self._sleep(pause)

    @contextmanager
    def _file(self, name: str) -> Iterator[int]:
        import fcntl

        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)  # removed with the handle, however the process ends
            yield handle
        finally:
            os.close(handle)


def _level(text: bytes, now: float) -> Level | None:
    """What was written; None for a new file, a damaged one, and one from before the machine was started."""
    try:
        tokens, at = json.loads(text)
        level = Level(tokens=float(tokens), at=float(at))
    except (ValueError, TypeError):
        return None
    return level if level.at <= now + 1.0 else None
