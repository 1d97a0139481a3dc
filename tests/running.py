"""Runs the tools as a person does, in a separate project: `stackproof` in this process, `run` in a new one."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from click.testing import CliRunner

from stackproof.cli import main

APPS = Path(__file__).parent / "apps"


def environment() -> dict[str, str]:
    """Ours, less what this test run put into it, and less pytest's plugins that cost half a second for nothing."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_", "AWS_"))}
    return {**kept, "PYTEST_ADDOPTS": "-p no:hypothesispytest -p no:typeguard"}


def project(name: str, folder: Path) -> Path:
    """A copy of one of the apps."""
    return Path(shutil.copytree(APPS / name, folder / name))


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """`python -m …` in the folder, to its end."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**environment(), **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def stackproof(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """`stackproof …` in the folder, in this process: what it prints, and the exit code.

    Signals, pipes, terminals and what a process leaves behind need a process: `run(folder, "stackproof", …)`.
    """
    with _as_started(folder, {**environment(), **more}), CliRunner().isolation() as (out, err, _):
        try:
            main(list(arguments))
        except SystemExit as ended:
            code = ended.code
        sys.stdout.flush()
        sys.stderr.flush()
    assert isinstance(code, int)
    return subprocess.CompletedProcess(arguments, code, out.getvalue().decode(), err.getvalue().decode())


@contextmanager
def _as_started(folder: Path, variables: dict[str, str]) -> Iterator[None]:
    """The folder and the environment of a new process, and none of the modules of a project that ran here before."""
    before, path, modules, threshold = Path.cwd(), sys.path[:], set(sys.modules), gc.get_threshold()
    os.chdir(folder)
    try:
        with mock.patch.dict(os.environ, variables, clear=True):
            yield
    finally:
        os.chdir(before)
        sys.path[:] = path
        gc.set_threshold(*threshold)
        for name in set(sys.modules) - modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder.resolve()):
                del sys.modules[name]
