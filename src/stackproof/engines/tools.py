"""The environment for Checkov, whose pins fit beside nothing else: made once for each user, on request only."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from stackproof.errors import ConfigError, EngineError

__all__ = ["CHECKOV_VERSION", "INSTALL_COMMAND", "checkov_directory", "find_python", "install", "require_python"]

CHECKOV_VERSION = "3.3.30"
INSTALL_COMMAND = "stackproof tools install"

_MARKER = "stackproof.json"
_WARM = "import checkov.cloudformation.runner"


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

    Nothing is imported or run. Raises ConfigError if the configured one is not there.
    """
    if configured is not None:
        found = shutil.which(str(Path(configured).expanduser()))
        if found is None:
            raise ConfigError(f"engines.checkov.python: there is no interpreter {configured}")
        return Path(found).absolute()
    if importlib.util.find_spec("checkov") is not None:
        return Path(sys.executable)
    python = checkov_directory() / "bin" / "python"
    return python if (checkov_directory() / _MARKER).is_file() and os.access(python, os.X_OK) else None


def require_python(configured: str | None = None) -> Path:
    """As `find_python`, but raises ConfigError with the command to type."""
    python = find_python(configured)
    if python is None:
        raise ConfigError(f"checkov is not installed: {INSTALL_COMMAND}")
    return python


def install(*, report: Callable[[str], None]) -> Path:
    """Make the environment unless it is there, and give its interpreter; `report` hears each step.

    Other processes that install at the same time wait. Raises EngineError if the package index or the disk fails.
    """
    from filelock import FileLock  # noqa: PLC0415

    directory = checkov_directory()
    python = directory / "bin" / "python"
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(directory.with_suffix(".lock")):
            if (directory / _MARKER).is_file() and os.access(python, os.X_OK):
                report(f"checkov {CHECKOV_VERSION} is there: {directory}")
                return python
            _make(directory, report)
    except OSError as error:
        raise EngineError(f"checkov {CHECKOV_VERSION} cannot be installed in {directory}: {error}") from error
    report("importing it once, which compiles it")
    _run((str(python), "-c", _WARM))
    report(f"checkov {CHECKOV_VERSION} is installed: {directory}")
    return python


def _make(directory: Path, report: Callable[[str], None]) -> None:
    """Build beside the place and rename, so that an environment is whole or not there."""
    part = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    requirement = f"checkov=={CHECKOV_VERSION}"
    try:
        uv = _uv()
        report(f"installing {requirement} with {'uv' if uv else 'pip'} into {directory}")
        if uv is not None:
            _run((uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(part)))
            _run((uv, "pip", "install", "--quiet", "--python", str(part / "bin" / "python"), requirement))
        else:
            _run((sys.executable, "-m", "venv", str(part)))
            pip = (str(part / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
            _run((*pip, requirement))
        (part / _MARKER).write_text(json.dumps({"checkov": CHECKOV_VERSION}) + "\n", encoding="utf-8")
        if directory.exists():
            shutil.rmtree(directory)
        part.rename(directory)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _uv() -> str | None:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.is_file() else shutil.which("uv")


def _run(command: Sequence[str]) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONHOME", "PYTHONPATH"}}
    ended = subprocess.run(  # noqa: S603 - a command of ours
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
        said = " ".join(lines[-3:])
        raise EngineError(f"{Path(command[0]).name} ended with exit code {ended.returncode}: {said}")
