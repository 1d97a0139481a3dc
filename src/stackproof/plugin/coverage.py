"""Adds the lines of the app that the synth ran to what pytest-cov measures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stackproof.template.assembly import Assembly

__all__ = ["add_synth_coverage", "measures_coverage"]


def measures_coverage(config: pytest.Config) -> bool:
    """Whether pytest-cov measures this run."""
    return getattr(config.pluginmanager.get_plugin("_cov"), "cov_controller", None) is not None


def add_synth_coverage(config: pytest.Config, assembly: Assembly) -> None:
    """Lay the synth's coverage beside pytest-cov's data, which combines all such files at the end.

    Does nothing without pytest-cov, or where the project does not record it (`synth_coverage`).
    """
    plugin = config.pluginmanager.get_plugin("_cov")
    controller = getattr(plugin, "cov_controller", None)
    if controller is None or assembly.coverage_file is None:
        return
    from coverage import CoverageData

    measured = controller.cov
    root = Path(config.rootpath)
    kept = CoverageData(basename=assembly.coverage_file)
    kept.read()
    relative = bool(measured.get_option("run:relative_files"))
    arcs = {
        str(Path(file).relative_to(root)) if relative and Path(file).is_relative_to(root) else file: lines
        for file in kept.measured_files()
        if (lines := kept.arcs(file)) is not None
    }
    name = f"{measured.config.data_file}.stackproof-{assembly.key or 'synth'}-{os.getpid()}"
    beside = CoverageData(basename=str(Path(root, name)))
    beside.add_arcs(arcs)
    beside.write()
