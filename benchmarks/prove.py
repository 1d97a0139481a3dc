"""The proof of TapStack, once and ten times over: API calls for each resource, memory and seconds.

    python benchmarks/prove.py [--write docs/benchmarks-prove.md]

Run it in an environment with stackproof[cdk,live]. The stacks run on the embedded moto, in a separate process. Each
size is proven in a new process, and the system reports its peak of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stackproof.config.settings import load_settings
from stackproof.proof.observation import Coverage, DriftStatus, ResourceProof
from stackproof.proof.prover import ProvableStack, prove_stack
from stackproof.proof.world import World
from stackproof.targets.emulators.moto import MotoTarget, start_moto
from stackproof.template.assembly import Stack
from stackproof.wiring.live import readers, schemas
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run of the proof. `base` is the memory before the first read, `peak` the most of all, both in MiB."""

    stacks: int
    resources: int
    proven: int
    calls: int
    seconds: float
    base: float
    peak: float
    most: tuple[tuple[str, int], ...]


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, help="a Markdown file to write the table to")
    parser.add_argument("--measure", nargs=2, metavar=("URL", "STACKS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    stack = synthesize(Project(settings=load_settings(ROOT)), {}).stacks[0]
    if options.measure:
        print(json.dumps(_measured(stack, options.measure[0], int(options.measure[1]))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        process = start_moto(os.getpid(), Path(scratch))
        try:
            for copy in _copies(stack, max(SIZES)):
                MotoTarget(process.endpoint_url).deploy(copy)
            rows = [_in_a_process(process.endpoint_url, size) for size in SIZES]
        finally:
            process.stop()
    text = _table(rows)
    print(text)
    if options.write:
        options.write.write_text(_PAGE.format(table=text), encoding="utf-8")


def _copies(stack: Stack, number: int) -> list[Stack]:
    return [replace(stack, name=f"{stack.name}-{index}") for index in range(number)]


def _in_a_process(url: str, size: int) -> Row:
    command = [sys.executable, __file__, "--measure", url, str(size)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return Row(**{**found, "most": tuple((name, count) for name, count in found["most"])})


def _measured(stack: Stack, url: str, size: int) -> dict[str, Any]:
    """As `stackproof prove` does it: the stacks of one run share a world."""
    target, calls = MotoTarget(url), Counter[str]()
    stacks = _copies(stack, size)
    deployments = [target.deployment(stack.name) for stack in stacks]
    _count(target, calls)
    base, began = _peak(), time.perf_counter()
    proofs: list[ResourceProof] = []
    world = World(
        {
            stack.name: ProvableStack(
                template=stack.template, deployment=deployment, readers=readers(target, deployment)
            )
            for stack, deployment in zip(stacks, deployments, strict=True)
        },
        target=target,
        schemas=schemas(),
    )
    for prover in world.provers.values():
        proofs.extend(prove_stack(prover))
    wrong = [
        proof.location.logical_id for proof in proofs if proof.status in {DriftStatus.MODIFIED, DriftStatus.DELETED}
    ]
    if wrong:
        sys.exit(f"these differ: {', '.join(map(str, wrong))}")
    coverage = Coverage.of(tuple(proofs))
    return {
        "stacks": size,
        "resources": coverage.resources_total,
        "proven": coverage.resources_proven,
        "calls": calls.total(),
        "seconds": time.perf_counter() - began,
        "base": base,
        "peak": _peak(),
        "most": calls.most_common(8),
    }


def _count(target: MotoTarget, calls: Counter[str]) -> None:
    """A hook on every client that the target makes from here on, and on those that it has made."""
    make, hooked, lock = target.client, set[str](), threading.Lock()

    def sent(event_name: str, **_: object) -> None:
        calls[event_name.removeprefix("before-send.")] += 1

    def client(service: str) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
        made = make(service)
        with lock:
            if service not in hooked:
                hooked.add(service)
                made.meta.events.register_last("before-send", sent)
        return made

    target.client = client  # type: ignore[method-assign]


def _peak() -> float:
    """The most memory that this process has had, in MiB."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _machine() -> str:
    return (
        f"On {datetime.now(tz=UTC).date()}: {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}."
    )


def _table(rows: list[Row]) -> str:
    small, large = rows[0], rows[-1]
    more = (large.peak - small.peak) * 1024 / (large.resources - small.resources)
    most = ", ".join(f"{name} {count}" for name, count in large.most)
    return "\n".join(
        (
            _machine(),
            "",
            "| TapStacks | resources | proven | API calls | for each resource | seconds | peak of memory | before |",
            "|---|---|---|---|---|---|---|---|",
            *(
                f"| {row.stacks} | {row.resources} | {row.proven} | {row.calls} "
                f"| {row.calls / row.resources:.2f} | {row.seconds:.1f} "
                f"| {row.peak:.0f} MiB | {row.base:.0f} MiB |"
                for row in rows
            ),
            "",
            "| what | measured | asked for |",
            "|---|---|---|",
            f"| calls for each resource, ten times over | {large.calls / large.resources:.2f} | at most 1 |",
            f"| memory for each further resource | {more:.1f} KiB | that of its observation |",
            "",
            f"The most frequent calls, ten times over: {most}.",
        )
    )


_PAGE = """# Benchmarks of the proof

`python benchmarks/prove.py --write docs/benchmarks-prove.md` makes this page. TapStack is deployed under ten names on
one embedded moto; calls are counted by a hook on the SDK, without those that find the stacks. Seconds depend on the
machine and on the emulator, which answers one call at a time.

{table}
"""


if __name__ == "__main__":
    main()
