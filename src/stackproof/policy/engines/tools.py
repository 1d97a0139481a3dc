"""The environment for Checkov, whose pins fit beside nothing else: made once for each user, on request only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import distributions
from pathlib import Path

from stackproof.core.errors import ConfigError, EngineError

__all__ = ["CHECKOV_VERSION", "checkov_directory", "find_python", "install"]

CHECKOV_VERSION = "3.3.30"

_MARKER = "stackproof-complete"
_WARM = "import checkov.cloudformation.runner"
_HAS_CHECKOV = "import importlib.metadata as metadata; metadata.version('checkov')"


def tools_directory() -> Path:
    """Where environments of tools are; `STACKPROOF_TOOLS_DIR` names another place."""
    if chosen := os.environ.get("STACKPROOF_TOOLS_DIR"):
        return Path(chosen).absolute()
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "stackproof" / "tools"


def checkov_directory() -> Path:
    """The environment of the pinned Checkov for this version of Python."""
    python = f"py{sys.version_info.major}.{sys.version_info.minor}"
    return tools_directory() / f"checkov-{CHECKOV_VERSION}-{python}"


def find_python(configured: str | None = None) -> Path | None:
    """An interpreter that has Checkov: the configured one, this one, that of the environment; None if there is none.

    Nothing is imported: a folder named checkov (policies/checkov) does not count as Checkov. Raises ConfigError if the
    configured interpreter is missing or does not have Checkov.
    """
    if configured is not None:
        return _configured(configured)
    if any(True for _ in distributions(name="checkov")):
        return Path(sys.executable)
    directory = checkov_directory()
    return _python_of(directory) if _is_complete(directory) else None


def install(report: Callable[[str], None]) -> str:
    """Make the environment if it is missing, and return one line with its place; `report` gets each step.

    Other processes that install at the same time wait. Raises EngineError if the package index or the disk fails.
    """
    from filelock import FileLock

    directory = checkov_directory()
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{directory}.lock"):
            if _is_complete(directory):
                return f"checkov {CHECKOV_VERSION} is already installed: {directory}"
            _make(directory, report)
    except OSError as error:
        raise EngineError(f"checkov {CHECKOV_VERSION} cannot be installed in {directory}: {error}") from error
    return f"checkov {CHECKOV_VERSION} is installed: {directory}"


def _configured(configured: str) -> Path:
    """The path as given, not what a link leads to: that would be another environment."""
    found = shutil.which(str(Path(configured).expanduser())) if "/" in configured else shutil.which(configured)
    if found is None:
        raise ConfigError(f"engines.checkov.python: there is no interpreter {configured}")
    try:
        _run((found, "-c", _HAS_CHECKOV))
    except (EngineError, OSError) as error:
        raise ConfigError(f"engines.checkov.python: {configured} has no checkov") from error
    return Path(found).absolute()


def _is_complete(directory: Path) -> bool:
    return (directory / _MARKER).is_file() and os.access(_python_of(directory), os.X_OK)


def _python_of(directory: Path) -> Path:
    return directory / "bin" / "python"


def _make(directory: Path, report: Callable[[str], None]) -> None:
    """Begin anew, since what an interrupted installation left is of no use; the marker is written last."""
    if directory.exists():
        report(f"removing an incomplete environment: {directory}")
        shutil.rmtree(directory)
    requirement, python, uv = f"checkov=={CHECKOV_VERSION}", str(_python_of(directory)), _uv()
    report(f"installing {requirement} with {'uv' if uv else 'pip'} into {directory}")
    if uv is not None:
        _run((uv, "venv", "--quiet", "--python", sys.executable, str(directory)))
        _run((uv, "pip", "install", "--quiet", "--python", python, requirement))
    else:
        _run((sys.executable, "-m", "venv", str(directory)))
        _run((python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", requirement))
    report("importing it once, which compiles it")
    _run((python, "-c", _WARM))
    (directory / _MARKER).write_text(f"{requirement}\n", encoding="utf-8")


def _uv() -> str | None:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.is_file() else shutil.which("uv")


def _run(command: Sequence[str]) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONHOME", "PYTHONPATH"}}
    ended = subprocess.run(  # noqa: S603 - our own command
        command,
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    if ended.returncode:
        lines = (ended.stderr.strip() or ended.stdout.strip()).splitlines()
        reason = lines[-1].strip() if lines else "it said nothing"
        raise EngineError(f"{Path(command[0]).name} ended with exit code {ended.returncode}: {reason}")
