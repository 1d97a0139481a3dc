"""cfn-lint as a policy engine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from stackproof.core.region import DEFAULT_REGION
from stackproof.policy.engines.rule_files import rule_files, rule_sources
from stackproof.policy.engines.worker_engine import WorkerEngine, WorkerSpec

__all__ = ["CfnLintEngine"]


class CfnLintEngine(WorkerEngine):
    """Rules of cfn-lint and, from folders of Python files, a project's own; errors and warnings keep their level."""

    def __init__(self, *, region: str = DEFAULT_REGION, timeout: float = 120.0, rules: Sequence[Path] = ()) -> None:
        super().__init__(
            WorkerSpec(
                name="cfn-lint",
                version=version("cfn-lint"),
                script="cfn_lint_worker.py",
                python=Path(sys.executable),
                timeout=timeout,
                settings={"regions": [region]},
                rules=rule_files(rules, ".py"),
                rule_sources=rule_sources(rules),
                niceness=10,
            )
        )
