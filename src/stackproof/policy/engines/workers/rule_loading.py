"""Loads a file of Python rules in a worker; an error names the path and the line."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from worker_protocol import RuleFileError  # type: ignore[import-not-found]

__all__ = ["loaded", "refused"]


def loaded(file: str) -> ModuleType:
    """Run the file as a module; files beside it can be imported. No bytecode is left in the project."""
    folder = str(Path(file).parent)
    name = f"stackproof_policy_{Path(file).parent.name}_{Path(file).stem}"
    if folder not in sys.path:
        sys.path.append(folder)
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise refused(file, "is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        reason = f"does not load: {type(error).__name__}: {_text(error)}"
        raise refused(file, reason, line=_line(file, error)) from error
    return module


def refused(file: str, reason: str, *, line: int | None = None) -> Exception:
    """The error that ends a run with exit code 2."""
    found: Exception = RuleFileError(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")
    return found


def _line(file: str, error: BaseException) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((frame.lineno for frame in frames if frame.filename == file), None)


def _text(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())
