"""Emulators whose own code is measured; elsewhere none is, since tracing makes one a third slower."""

from __future__ import annotations

import os
from pathlib import Path

from stackproof.targets import ministack, moto
from stackproof.targets.owned_process import OwnedProcess, start_owned

__all__ = ["measured_ministack", "measured_moto"]


def measured_moto(directory: Path) -> OwnedProcess:
    """As `start_moto` starts it for this process, with what coverage has put into the environment."""
    environment = {**moto._environment(), **_coverage()}
    return start_owned(
        "moto",
        "stackproof.targets.moto_server",
        owner_pid=os.getpid(),
        directory=directory,
        environment=environment,
    )


def measured_ministack(directory: Path) -> OwnedProcess:
    """As `start_ministack` starts it for this process, with what coverage has put into the environment."""
    environment = {**ministack._environment(), **_coverage()}
    return start_owned(
        "ministack",
        "stackproof.targets.ministack_server",
        owner_pid=os.getpid(),
        directory=directory,
        environment=environment,
    )


def _coverage() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
