"""Checkov as a policy engine, under whichever interpreter has it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path

from stackproof.core.errors import EngineError
from stackproof.policy.engines.rule_files import rule_files, rule_sources
from stackproof.policy.engines.worker_engine import WorkerEngine, WorkerSpec

__all__ = ["CheckovEngine"]

_ASK = "import importlib.metadata as m, json; print(json.dumps(m.version('checkov')))"


class CheckovEngine(WorkerEngine):
    """Checkov's checks and, from folders, a project's own; a failed check is a warning, since Checkov has no levels."""

    def __init__(
        self, *, python: Path = Path(sys.executable), timeout: float = 120.0, rules: Sequence[Path] = ()
    ) -> None:
        super().__init__(
            WorkerSpec(
                name="checkov",
                version=_version(python),
                script="checkov_worker.py",
                python=python,
                timeout=timeout,
                settings={},
                rules=rule_files(rules, ".py", ".yaml", ".yml"),
                rule_sources=rule_sources(rules),
            )
        )


def _version(python: Path) -> str:
    """From what is written on disk beside the interpreter; the interpreter is run only if it keeps that elsewhere."""
    folders = [str(path) for path in sorted(python.parent.parent.glob("lib/python3*/site-packages"))]
    for distribution in distributions(name="checkov", path=folders):
        return distribution.version
    try:
        ended = subprocess.run([python, "-c", _ASK], capture_output=True, check=True, timeout=60)  # noqa: S603
        return str(json.loads(ended.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise EngineError(f"{python} has no Checkov") from error
