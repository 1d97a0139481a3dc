"""Where the paths of a report lie: in the repository, for tools that know no other, and on disk, for their lines."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from stackproof.model.location import Location
from stackproof.model.secret_values import SECRET_NAME
from stackproof.model.source_literal import SourceLiterals
from stackproof.reporters.masking import line_without_literals, masked_line
from stackproof.secrecy import text_without

__all__ = ["Places", "ReadLine", "ReadLiterals", "SourceLines", "repository_root"]


class ReadLine(Protocol):
    """The line that a location names, as it may be shown; None where it cannot be."""

    def __call__(self, location: Location, *, everything: bool = False) -> str | None:
        """Without the values that may be secrets; with `everything`, without any value."""


class ReadLiterals(Protocol):
    """The literals of a file of this text and name; None where it does not parse."""

    def __call__(self, text: str, file: str, *, is_template: bool) -> SourceLiterals | None: ...


_MAX_BYTES = 2_000_000
# A name may be written with escapes, and PASS may end anywhere in a line.
_MAY_BE_SECRET = re.compile(
    rf"{SECRET_NAME.pattern}|pass|no_?echo|private key|authorization|plain_text|\\[ux]", re.IGNORECASE
)
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


def _unread(text: str, file: str, *, is_template: bool) -> SourceLiterals | None:  # noqa: ARG001
    """Without a reader every line is masked by what it looks like."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLines:
    """Reads lines of a project, without secrets; a template's only below `templates`, if that is given.

    What an app synthesizes has a name in the report and no file of that name on disk. Each file is read once, and
    parsed once, if one of its lines may hold a secret. `secrets` gives the texts that the judged templates hold: a
    value that is a secret there is one in every line.
    """

    project: Path
    templates: Path | None = None
    read_literals: ReadLiterals = _unread
    secrets: Callable[[], Collection[str]] = frozenset
    _files: dict[Path, _File] = field(default_factory=dict)
    _known: list[Callable[[str], str]] = field(default_factory=list)

    def __call__(self, location: Location, *, everything: bool = False) -> str | None:
        """The line, or None if it is not there, or in no file that one would want to read."""
        if location.file is None or location.line is None:
            return None
        is_template = location.file == location.template_file
        base = self.templates if is_template else self.project
        file = None if base is None else self._file(base / location.file)
        if file is None or not 0 < location.line <= len(file.lines):
            return None
        line = file.lines[location.line - 1]
        if line.strip() and not _is_key(line, location):
            line = self._without_values(file, location.line, everything=everything, is_template=is_template)
        template = self._template(location)
        return self._without_known(line if template is None else template.without(line))

    def _without_values(self, file: _File, number: int, *, everything: bool, is_template: bool) -> str:
        line = file.lines[number - 1]
        literals = file.literals(self.read_literals, everything=everything, is_template=is_template)
        if literals is None:
            return masked_line(line, everything=everything)
        shown = line_without_literals(line, literals.by_line.get(number, ()), everything=everything)
        return file.without(shown)

    def _template(self, location: Location) -> _File | None:
        """The template that a line of code makes, with what it knows: an app passes secrets by position, too."""
        if self.templates is None or location.template_file is None or location.template_file == location.file:
            return None
        file = self._file(self.templates / location.template_file)
        return file if file.literals(self.read_literals, everything=False, is_template=True) is not None else None

    def _without_known(self, line: str) -> str:
        if not self._known:
            self._known.append(text_without(self.secrets()))
        return self._known[0](line)

    def _file(self, path: Path) -> _File:
        if path not in self._files:
            self._files[path] = _File(name=path.name, lines=_lines(path))
        return self._files[path]


def _is_key(line: str, location: Location) -> bool:
    """Whether the line has nothing but the name of the finding's own resource or property: no file is parsed for it."""
    key = line.strip().removesuffix("{").rstrip()
    names = (location.logical_id, (location.property_path or "").rpartition("/")[2])
    return key.endswith(":") and key.removesuffix(":").rstrip().strip("\"'") in names


@dataclass(slots=True, kw_only=True)
class _File:
    """A file that was read, and what was found in it as soon as that was asked for."""

    name: str
    lines: list[str]
    _literals: SourceLiterals | None = None
    _is_parsed: bool = False
    _may_hold_secrets: bool | None = None
    _without: Callable[[str], str] | None = None

    def literals(self, read: ReadLiterals, *, everything: bool, is_template: bool) -> SourceLiterals | None:
        """Its literals; not looked for in a file that has no name of a secret, where no value can be one."""
        if not self._is_parsed and (everything or self._is_suspect()):
            self._is_parsed = True
            self._literals = read("\n".join(self.lines), self.name, is_template=is_template)
        return self._literals

    def without(self, line: str) -> str:
        """The line without the texts that are secrets anywhere in the file."""
        if self._without is None:
            self._without = text_without(self._literals.secrets if self._literals is not None else ())
        return self._without(line)

    def _is_suspect(self) -> bool:
        if self._may_hold_secrets is None:
            self._may_hold_secrets = any(_MAY_BE_SECRET.search(line) for line in self.lines)
        return self._may_hold_secrets


def repository_root(directory: Path) -> Path:
    """The nearest folder above with a `.git`, else the directory itself."""
    return next((each for each in (directory, *directory.parents) if (each / ".git").exists()), directory)


def _lines(path: Path) -> list[str]:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return []
        return path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    except OSError:
        return []
