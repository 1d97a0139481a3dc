"""What the installed plugin adds to pytest in a project that does not use stackproof: one empty test, with and without.

    python benchmarks/plugin.py [--rounds 40]

The two commands alternate, so that both meet the same machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
_COMMANDS = {"with": _PYTEST, "without": (*_PYTEST, "-p", "no:stackproof")}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40, help="how often each command runs (default: 40)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_empty.py").write_text("def test_empty():\n    pass\n", encoding="utf-8")
        for command in _COMMANDS.values():
            _measure(command, folder)  # the first run compiles
        rows = [{name: _measure(command, folder) for name, command in _COMMANDS.items()} for _ in range(rounds)]
    print(f"{platform.machine()}, {os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}, {rounds} rounds")
    for index, unit in enumerate(("wall", "CPU")):
        medians = {name: statistics.median(row[name][index] for row in rows) for name in _COMMANDS}
        more = statistics.median(row["with"][index] - row["without"][index] for row in rows)
        print(f"{unit}: {medians['with']:.3f} s with, {medians['without']:.3f} s without, {1000 * more:+.0f} ms a run")


def _measure(command: tuple[str, ...], folder: str) -> tuple[float, float]:
    """Seconds on the clock and of CPU."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
