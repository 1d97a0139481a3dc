"""A project: its settings, and the adapters that are made from them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from stackproof.calls.recorder import CallRecorder
from stackproof.config.settings import Settings
from stackproof.config.state import state_folder
from stackproof.core.file_store import FileStore

__all__ = ["Project"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project's settings, and the adapters made from them.

    `jobs` are the processes that an engine may have. `versions_as_of` is the day on which engine versions are
    evaluated. `deployed` are the running versions, by stack and logical id. `parameters` are the known values of a
    template's parameters. `calls` counts the calls to targets. `processes` share the rate of these calls.
    """

    settings: Settings
    use_cache: bool = True
    jobs: int = min(8, os.cpu_count() or 1)
    versions_as_of: date | None = None
    deployed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    processes: int = 1
    calls: CallRecorder = field(default_factory=CallRecorder, compare=False)

    def state(self) -> Path:
        """The state folder, ready to be written to. Raises ConfigError if it cannot be made."""
        return state_folder(self.settings.state_directory)

    @property
    def store(self) -> FileStore:
        """Where results are kept; raises ConfigError."""
        return FileStore(self.state() / "store")
