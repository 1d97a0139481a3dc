"""Where the paths of a report lie: in the repository, for tools that know no other, and on disk, for their lines."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from stackproof.model.location import Location

__all__ = ["Places", "ReadLine", "SourceLines", "repository_root"]

ReadLine: TypeAlias = Callable[[Location], str | None]
"""The text of the line that a location names; None where it cannot be shown."""

_MAX_BYTES = 2_000_000
_STDIN = "<stdin>"  # what the report calls standard input, which no one can open


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Absolute folders: a report's source files are relative to `project`, its templates to `templates`.

    Without a `repository` the paths of the report stand as they are. Templates that an app `synthesizes` have a name in
    the report and no file of that name in the repository.
    """

    repository: str = ""
    project: str = ""
    templates: str = ""
    synthesizes: bool = False

    def is_file(self, location: Location) -> bool:
        """Whether the repository has the file that a person opens."""
        source = self.source(location)
        if source is None or source.startswith(("/", "..")):
            return False
        return not self.synthesizes or location.file != location.template_file

    def source(self, location: Location) -> str | None:
        """The file that a person opens, relative to the repository where it lies inside; None if none is known."""
        if location.file and location.file != location.template_file:
            return self._within(self.project, location.file)
        return self.template(location)

    def template(self, location: Location) -> str | None:
        """The template, likewise."""
        return self._within(self.templates, location.template_file or location.file)

    def _within(self, base: str, file: str | None) -> str | None:
        if not file or file == _STDIN:
            return None
        if not self.repository:
            return file
        whole = posixpath.normpath(posixpath.join(base, file))
        head = self.repository.rstrip("/") + "/"
        return whole.removeprefix(head)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLines:
    """Reads lines of a project, each file once; a template's only below `templates`, if that is given.

    What an app synthesizes has a name in the report and no file of that name on disk.
    """

    project: Path
    templates: Path | None = None
    _files: dict[Path, list[str]] = field(default_factory=dict)

    def __call__(self, location: Location) -> str | None:
        """The line's text, or None if it is not there, or no file that one would want to read."""
        base = self.templates if location.file == location.template_file else self.project
        if base is None or location.file is None or location.line is None:
            return None
        path = base / location.file
        if path not in self._files:
            self._files[path] = _lines(path)
        lines = self._files[path]
        return lines[location.line - 1] if 0 < location.line <= len(lines) else None


def repository_root(directory: Path) -> Path:
    """The nearest folder above with a `.git`, else the directory itself."""
    return next((each for each in (directory, *directory.parents) if (each / ".git").exists()), directory)


def _lines(path: Path) -> list[str]:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return []
        return path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []
