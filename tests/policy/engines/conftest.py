"""Templates to judge, and engines that are started once for all tests of a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from stackproof.core.json import JsonObject
from stackproof.policy.engines.cfn_lint import CfnLintEngine
from stackproof.policy.engines.checkov import CheckovEngine
from stackproof.policy.engines.cloudformation_validate import CloudFormationValidateEngine
from stackproof.policy.engines.process import WorkerProcess
from stackproof.policy.engines.tools import find_python
from stackproof.template.loading.template import load_template
from stackproof.template.template import Template

MakeTemplate: TypeAlias = Callable[..., Template]
MakeWorker: TypeAlias = Callable[..., WorkerProcess]

_WORKERS = Path(sys.modules[WorkerProcess.__module__].__file__ or "").parent / "workers"


@pytest.fixture
def make_template(tmp_path: Path) -> MakeTemplate:
    """A template from its body or text, under a name of your choice."""

    def make(body: JsonObject | str, name: str = "template.json") -> Template:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body if isinstance(body, str) else json.dumps(body, indent=1), encoding="utf-8")
        return load_template(path, name=name)

    return make


@pytest.fixture
def make_worker(processes: None, tmp_path: Path) -> Iterator[MakeWorker]:
    """A process that serves `evaluate`, the body of a function of `request`, by our protocol; `script` replaces all."""
    made: list[WorkerProcess] = []

    def make(evaluate: str = "return {}", *, start: str = "return '1'", script: str | None = None) -> WorkerProcess:
        served = (
            f"import os, signal, subprocess, sys, time\nsys.path.insert(0, {str(_WORKERS)!r})\n"
            "from worker_protocol import RuleFileError, serve\n"
            f"def start(settings):\n    {start}\ndef evaluate(request):\n    {evaluate}\nserve(start, evaluate)\n"
        )
        file = tmp_path / f"worker{len(made)}.py"
        file.write_text(script if script is not None else served, encoding="utf-8")
        worker = WorkerProcess("fake", Path(sys.executable), file, {})
        made.append(worker)
        return worker

    yield make
    for process in made:
        process.close()


@pytest.fixture(scope="module")
def cfn_lint(processes: None) -> Iterator[CfnLintEngine]:
    engine = CfnLintEngine()
    engine.start()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def checkov(processes: None) -> Iterator[CheckovEngine]:
    python = find_python()
    if python is None:
        pytest.fail("Checkov is not installed: run `stackproof tools install` once")
    engine = CheckovEngine(python=python)
    engine.start()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def cloudformation_validate(processes: None) -> Iterator[CloudFormationValidateEngine]:
    engine = CloudFormationValidateEngine()
    engine.start()
    yield engine
    engine.close()
