"""Emulators whose own code is measured; elsewhere none is, since tracing makes one a third slower."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from stackproof.targets.emulators import ministack, moto
from stackproof.targets.emulators.owned_process import OwnedProcess, start_owned

__all__ = ["measured_ministack", "measured_moto"]


def measured_moto(directory: Path) -> OwnedProcess:
    """As `start_moto` starts it for this process, with what coverage has put into the environment."""
    return _measured("moto", moto._environment(), directory)


def measured_ministack(directory: Path) -> OwnedProcess:
    """As `start_ministack` starts it for this process, with what coverage has put into the environment."""
    return _measured("ministack", ministack._environment(), directory)


def _measured(name: str, environment: Mapping[str, str], directory: Path) -> OwnedProcess:
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return start_owned(
        name,
        f"stackproof.targets.emulators.{name}_server",
        owner_pid=os.getpid(),
        directory=directory,
        environment={**environment, **coverage},
    )
