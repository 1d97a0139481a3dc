"""A proxy in front of an emulator that injects faults in the formats in which AWS's services answer them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_MAIN: Final = """
import random, sys
random.seed(int(sys.argv.pop(1)))
from microburst.cli import main
sys.exit(main())
"""
HELD: Final = 6000
"""Milliseconds for which a call that times out is held: longer than the clients of these tests wait."""

THREE_IN_TEN: Final = (
    {"service": "*", "probability": 0.08, "error": {"code": "ThrottlingException", "status": 400}},
    {"service": "*", "probability": 0.09, "error": {"code": "InternalFailure", "status": 500}},
    {"service": "*", "probability": 0.05, "error": {"code": "ServiceUnavailable", "status": 503}},
    {"service": "*", "probability": 0.10, "reset": True},
    {"service": "*", "probability": 0.02, "timeout_ms": HELD},
)
"""Of a hundred calls, thirty fail: each rule draws for what those before it have let through."""


@contextmanager
def faulty(upstream: str, rules: Sequence[Mapping[str, Any]], *, seed: int) -> Iterator[str]:
    """The URL of a proxy to the emulator, which draws its faults in the order in which calls arrive."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "rules.json")
        config.write_text(json.dumps({"rules": list(rules)}), encoding="utf-8")  # JSON is YAML
        process = subprocess.Popen(
            [sys.executable, "-c", _MAIN, str(seed), "--upstream", upstream, "--port", str(port), "--config", config],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            _wait_until_healthy(process, url)
            yield url
        finally:
            process.kill()
            process.communicate()


def fired(url: str) -> list[str]:
    """What was injected so far, such as "reset"."""
    with urllib.request.urlopen(f"{url}/_microburst/fired?limit=100000") as answer:  # noqa: S310 - our own proxy
        found = json.loads(answer.read())
    return [str(fault["action"]) for fault in (found["fired"] if isinstance(found, dict) else found)]


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/_microburst/health").close()  # noqa: S310 - our own proxy
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    process.kill()
    raise AssertionError(process.communicate()[1].decode())
