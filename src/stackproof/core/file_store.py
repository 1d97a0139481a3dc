"""Computed results in files, each under the hash of its inputs."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from stackproof.core.json import JsonValue, canonical

__all__ = ["FileStore", "ignore_in_git"]


class FileStore:
    """Implements `ports.Store` in a folder; safe for many processes, since entries appear by one atomic rename."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, kind: str, key: str) -> JsonValue | None:
        file = self._file(kind, key)
        try:
            written, _, text = file.read_bytes().partition(b"\n")
            if written.decode("ascii") == hashlib.sha256(text).hexdigest():
                value: JsonValue = json.loads(text)
                return value
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            pass
        file.unlink(missing_ok=True)
        return None

    def put(self, kind: str, key: str, value: JsonValue) -> None:
        file = self._file(kind, key)
        file.parent.mkdir(parents=True, exist_ok=True)
        ignore_in_git(self._directory)
        text = canonical(value).encode()
        handle, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            stream.write(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
        Path(name).replace(file)

    def _file(self, kind: str, key: str) -> Path:
        return self._directory / kind / key[:2] / f"{key}.json"


def ignore_in_git(directory: Path) -> None:
    """Keep a folder of derived data out of version control."""
    ignore = directory / ".gitignore"
    if not ignore.exists():
        directory.mkdir(parents=True, exist_ok=True)
        ignore.write_text("*\n", encoding="utf-8")
