"""Finds the paths of a report: in the repository, as other tools expect them, and on disk, to read their lines."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from stackproof.core.redaction import text_without
from stackproof.core.secret_values import SECRET_NAME
from stackproof.reporters.masking import LONGEST_LINE, line_without_literals, masked_line
from stackproof.template.loading.source_literal import SourceLiterals
from stackproof.template.location import Location

__all__ = ["ReadLine", "ReadLiterals", "ReportPaths", "SourceLines", "repository_root"]


class ReadLine(Protocol):
    """Reads the line of a location without secrets; None if there is no such line."""

    def __call__(self, location: Location, *, everything: bool = False) -> str | None:
        """Without the values that may be secrets; with `everything`, without any value."""


class ReadLiterals(Protocol):
    """The literals of a file with this text and name; None if it does not parse."""

    def __call__(self, text: str, file: str, *, is_template: bool) -> SourceLiterals | None: ...


_MAX_BYTES = 2_000_000
# A name may be written with escapes, and PASS may end anywhere in a line.
_MAY_BE_SECRET = re.compile(
    rf"{SECRET_NAME.pattern}|pass|no_?echo|private key|authorization|plain_text|\\[ux]", re.IGNORECASE
)
_STDIN = "<stdin>"  # what the report calls standard input, which no one can open


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPaths:
    """Absolute folders: a report's source files are relative to `project`, its templates to `templates`.

    Without a `repository` the paths of the report stand as they are. Templates that an app `synthesizes` have a name in
    the report and no file of that name in the repository.
    """

    repository: str = ""
    project: str = ""
    templates: str = ""
    synthesizes: bool = False

    def is_file(self, location: Location) -> bool:
        """Whether the repository has the file to open."""
        source = self.source(location)
        if source is None or source.startswith(("/", "..")):
            return False
        return not self.synthesizes or location.file != location.template_file

    def source(self, location: Location) -> str | None:
        """The file to open, relative to the repository if it is inside; None if it is not known."""
        if location.file and location.file != location.template_file:
            return self._within(self.project, location.file)
        return self.template(location)

    def template(self, location: Location) -> str | None:
        """The template, relative to the repository if it is inside."""
        return self._within(self.templates, location.template_file or location.file)

    def _within(self, base: str, file: str | None) -> str | None:
        if not file or file == _STDIN:
            return None
        if not self.repository:
            return file
        whole = posixpath.normpath(posixpath.join(base, file))
        head = self.repository.rstrip("/") + "/"
        return whole.removeprefix(head)


def _unread(text: str, file: str, *, is_template: bool) -> SourceLiterals | None:  # noqa: ARG001
    """Parse nothing: every line is masked by its form."""
    return None


class SourceLines:
    """Reads lines of a project, without secrets; a template's only below `templates`, if that is given.

    A synthesized template has a name in the report and no file of that name on disk. Each file is read once, and parsed
    once, if one of its lines may hold a secret. `secrets` returns the secrets of the checked templates: they are masked
    in every line.
    """

    def __init__(
        self,
        *,
        project: Path,
        templates: Path | None = None,
        read_literals: ReadLiterals = _unread,
        secrets: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        """Read nothing yet."""
        self._project = project
        self._templates = templates
        self._read_literals = read_literals
        self._secrets = secrets
        self._files: dict[Path, _File] = {}

    def __call__(self, location: Location, *, everything: bool = False) -> str | None:
        """The line; None if the line or the file to open does not exist."""
        if location.file is None or location.line is None:
            return None
        is_template = location.file == location.template_file
        base = self._templates if is_template else self._project
        file = None if base is None else self._file(base / location.file)
        if file is None or not 0 < location.line <= len(file.lines):
            return None
        line = file.lines[location.line - 1]
        if line.strip() and not _is_key(line, location):
            line = self._without_values(file, location.line, everything=everything, is_template=is_template)
        line = line[:LONGEST_LINE]
        template = self._template(location)
        return self._without_known(line if template is None else template.without(line))

    def _without_values(self, file: _File, number: int, *, everything: bool, is_template: bool) -> str:
        line = file.lines[number - 1]
        is_parsed = everything or file.may_hold_secrets
        literals = file.literals(self._read_literals, is_template=is_template) if is_parsed else None
        if literals is not None:
            shown = line_without_literals(line, literals.by_line.get(number, ()), everything=everything)
            return file.without(shown)
        # In a template that does not parse, a value may be a secret by a name in another line: only keys are shown.
        return masked_line(line, everything=everything or (is_template and is_parsed), is_code=not is_template)

    def _template(self, location: Location) -> _File | None:
        """The template that a line of code makes, with its secrets: an app may pass them without a name."""
        if self._templates is None or location.template_file is None or location.template_file == location.file:
            return None
        file = self._file(self._templates / location.template_file)
        is_known = file.may_hold_secrets and file.literals(self._read_literals, is_template=True) is not None
        return file if is_known else None

    @cached_property
    def _without_known(self) -> Callable[[str], str]:
        return text_without(self._secrets())

    def _file(self, path: Path) -> _File:
        if path not in self._files:
            self._files[path] = _File(name=path.name, lines=_lines(path))
        return self._files[path]


def _is_key(line: str, location: Location) -> bool:
    """Whether the line has only the name of the finding's resource or property: then no file is parsed."""
    key = line.strip().removesuffix("{").rstrip()
    names = (location.logical_id, (location.property_path or "").rpartition("/")[2])
    return key.endswith(":") and key.removesuffix(":").rstrip().strip("\"'") in names


class _File:
    """The lines of a file; possible secrets are found on first use."""

    def __init__(self, *, name: str, lines: list[str]) -> None:
        self.name = name
        self.lines = lines
        self._literals: SourceLiterals | None = None
        self._is_parsed = False

    @cached_property
    def may_hold_secrets(self) -> bool:
        """Whether any line has a name or a form of secrets; other files contain none."""
        return any(_MAY_BE_SECRET.search(line) for line in self.lines)

    def literals(self, read: ReadLiterals, *, is_template: bool) -> SourceLiterals | None:
        """The literals of the file; None if it does not parse."""
        if not self._is_parsed:
            self._is_parsed = True
            self._literals = read("\n".join(self.lines), self.name, is_template=is_template)
        return self._literals

    @cached_property
    def without(self) -> Callable[[str], str]:
        """Masks the texts that are secrets anywhere in the file."""
        return text_without(self._literals.secrets if self._literals is not None else ())


def repository_root(directory: Path) -> Path:
    """The nearest folder above with a `.git`, else the directory itself."""
    return next((folder for folder in (directory, *directory.parents) if (folder / ".git").exists()), directory)


def _lines(path: Path) -> list[str]:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return []
        return path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    except OSError:
        return []
