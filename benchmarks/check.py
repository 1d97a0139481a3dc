"""`stackproof check` over a folder of templates against the engines' own command lines, side by side in one run.

    python benchmarks/check.py [--count 300] [--rounds 1] [--write docs/benchmarks-check.md]

Run it in an environment with stackproof; Checkov's own command line is found beside its interpreter.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from corpus import write_corpus

MIB = 1024 * 1024


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300, help="how many templates (default: 300)")
    parser.add_argument("--rounds", type=int, default=1, help="how often each command runs (default: 1)")
    parser.add_argument("--write", type=Path, help="a Markdown file to write the table to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        text = _measured(Path(scratch), options.count, options.rounds)
    print(text)
    if options.write:
        options.write.write_text(_PAGE.format(table=text), encoding="utf-8")


def _measured(folder: Path, count: int, rounds: int) -> str:
    templates = folder / "templates"
    files = [str(element) for element in write_corpus(templates, count)]
    mine = [str(Path(sys.executable).with_name("stackproof")), "check", str(templates), "--format", "json"]
    checkov = [_checkov(), "-d", str(templates), "--framework", "cloudformation", "--compact", "--quiet"]
    seconds: dict[str, list[float]] = {name: [] for name in ("lint", "checkov", "cold", "warm", "one")}
    peak = 0
    for _ in range(rounds):
        shutil.rmtree(folder / ".stackproof", ignore_errors=True)
        _time(seconds["lint"], [str(Path(sys.executable).with_name("cfn-lint")), *files], folder)
        _time(seconds["checkov"], [*checkov, "--skip-download"], folder)
        peak = max(peak, _time(seconds["cold"], mine, folder))
        _time(seconds["warm"], mine, folder)
        changed = templates / "template-000.json"
        changed.write_text(changed.read_text(encoding="utf-8").replace("Made for", "Changed for"), encoding="utf-8")
        _time(seconds["one"], mine, folder)
    found = {name: statistics.median(second) for name, second in seconds.items()}
    both = found["lint"] + found["checkov"]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return "\n".join(
        (
            f"{count} templates, median of {rounds} on {datetime.now(tz=UTC).date()}: {machine}.",
            "",
            "| command | seconds |",
            "|---|---|",
            f"| cfn-lint, its own command line | {found['lint']:.1f} s |",
            f"| Checkov, its own command line | {found['checkov']:.1f} s |",
            f"| stackproof check, cold (three engines and the versions) | {found['cold']:.1f} s |",
            f"| stackproof check, unchanged | {found['warm']:.1f} s |",
            f"| stackproof check, one of {count} changed | {found['one']:.1f} s |",
            "",
            "| what | measured | asked for |",
            "|---|---|---|",
            f"| both command lines / check cold | {both / found['cold']:.2f} | at least 1.6 |",
            f"| unchanged second run | {found['warm']:.1f} s | under 3 s |",
            f"| peak memory of all its processes | {peak / MIB:,.0f} MiB | under 1,536 MiB |",
        )
    )


def _time(seconds: list[float], command: list[str], folder: Path) -> int:
    """Append the seconds of a whole process; gives the most memory that it and its children held at once, in bytes."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watch = _Watch(process.pid)
    process.wait()
    seconds.append(time.perf_counter() - began)
    print(f"{Path(command[0]).name}: {seconds[-1]:.1f} s", file=sys.stderr)
    return watch.end()


class _Watch:
    """Samples the proportional share of memory of a process and its descendants, twice a second."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak = pid, 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> int:
        """Stop looking."""
        self._done.set()
        self._thread.join()
        return self._peak

    def _look(self) -> None:
        while not self._done.wait(0.5):
            self._peak = max(self._peak, sum(_share(process_id) for process_id in _family(self._pid)))


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        for task in Path(f"/proc/{pid}/task").iterdir():
            if task.name != str(pid):
                children += (task / "children").read_text(encoding="ascii").split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _share(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _checkov() -> str:
    from stackproof.policy.engines.tools import find_python

    python = find_python(None)
    if python is None:
        sys.exit("checkov is not installed: stackproof tools install")
    return str(python.with_name("checkov"))


_PAGE = """# Benchmarks: a folder of templates

`python benchmarks/check.py --write docs/benchmarks-check.md` makes this page, on templates that `benchmarks/corpus.py`
writes: 4 to 40 resources each, half JSON and half YAML. Seconds depend on the machine; the ratio is what counts.

{table}

cfn-lint and Checkov run one after another, as people type them. `check` runs both, cloudformation-validate and the
engine versions besides, and merges their findings.
"""


if __name__ == "__main__":
    main()
