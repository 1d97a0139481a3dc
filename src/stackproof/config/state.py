"""The folder in which a project's results are kept."""

from __future__ import annotations

import tempfile
from pathlib import Path

from stackproof.config.settings import STATE_VARIABLE
from stackproof.core.errors import ConfigError
from stackproof.core.file_store import ignore_in_git

__all__ = ["state_folder"]


def state_folder(directory: Path) -> Path:
    """The folder of a project's state, made if it does not exist; raises ConfigError if it cannot be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        ignore_in_git(directory)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        raise ConfigError(
            f"{directory}: cannot be written ({error.strerror}): stackproof keeps its state there; "
            f"name a folder that can be written with the environment variable {STATE_VARIABLE}"
        ) from error
    return directory
