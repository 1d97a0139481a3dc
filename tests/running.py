"""Runs the tools as a person does, in a project of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

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
