"""What `check [PATH…]` means: files, folders to search, cloud assemblies, and standard input."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from stackproof.core.errors import InputError
from stackproof.template.loading.document import MAX_BYTES
from stackproof.template.loading.files import read_bounded, read_stream
from stackproof.template.loading.template import load_template, parse_bytes, shown
from stackproof.template.template import Template

__all__ = ["STDIN", "Search", "find_templates", "inventory"]

STDIN = "<stdin>"
_SUFFIXES = (".json", ".yaml", ".yml", ".template")
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})
_LIKELY = re.compile(
    rb'AWSTemplateFormatVersion|(?:^|[\r{,])\s*(?:\?\s+)?["\']?Resources["\']?\s*[:\r\n]', re.MULTILINE
)
_BOM = re.compile(rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was found. `assemblies` are folders with a manifest; `passed_over` counts files that are not templates."""

    templates: tuple[Template, ...] = ()
    assemblies: tuple[Path, ...] = ()
    errors: tuple[InputError, ...] = ()
    passed_over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What one path names or holds; the templates by the path that they were loaded from."""

    templates: Mapping[str, Template] = field(default_factory=dict)
    assemblies: tuple[Path, ...] = ()
    errors: tuple[InputError, ...] = ()
    passed_over: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to check, and nothing to report."""
        return not (self.templates or self.assemblies or self.errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidates:
    """What may be a template in a folder, by suffix; cloud assemblies are taken as a whole."""

    files: tuple[Path, ...]
    assemblies: tuple[Path, ...]
    errors: tuple[InputError, ...]


def find_templates(paths: Iterable[Path], *, stdin: IO[bytes]) -> Search:
    """Load every template that the paths name or hold; a file that is wrong is in `errors`, the rest goes on."""
    parts = [_find(path, stdin) for path in paths]
    templates = {name: template for part in parts for name, template in part.templates.items()}
    return Search(
        templates=tuple(template for _, template in sorted(templates.items())),
        assemblies=tuple(sorted({assembly for part in parts for assembly in part.assemblies})),
        errors=tuple(sorted((error for part in parts for error in part.errors), key=str)),
        passed_over=sum(part.passed_over for part in parts),
    )


def inventory(paths: Iterable[Path]) -> dict[str, str] | None:
    """The hash of every file that `find_templates` would read, by name: equal ones are equal searches.

    None where more than files decides: standard input, a cloud assembly, or what cannot be read.
    """
    files: dict[str, str] = {}
    for path in paths:
        if str(path) == "-":
            return None
        candidates = _candidates(path) if path.is_dir() else _Candidates(files=(path,), assemblies=(), errors=())
        if candidates.assemblies or candidates.errors:
            return None
        for candidate in candidates.files:
            try:
                if not candidate.is_file() or candidate.stat().st_size > MAX_BYTES:
                    return None
                files[str(candidate)] = hashlib.sha256(candidate.read_bytes()).hexdigest()
            except OSError:
                return None
    return files


def _find(path: Path, stdin: IO[bytes]) -> _Found:
    try:
        if str(path) == "-":
            template = parse_bytes(read_stream(stdin, STDIN), path="-", file=STDIN)
            return _Found(templates={STDIN: template})
        return _search(path) if path.is_dir() else _Found(templates={str(path): load_template(path)})
    except InputError as error:
        return _Found(errors=(error,))


def _search(directory: Path) -> _Found:
    """The templates and assemblies of a folder; a folder without any of them is an error."""
    candidates = _candidates(directory)
    templates: dict[str, Template] = {}
    errors = list(candidates.errors)
    passed_over = 0
    for path in candidates.files:
        try:
            if _is_likely(path):
                templates[str(path)] = load_template(path)
            else:
                passed_over += 1
        except InputError as error:
            errors.append(error)
    found = _Found(templates=templates, assemblies=candidates.assemblies, errors=tuple(errors), passed_over=passed_over)
    if not found.is_empty:
        return found
    hint = ": `stackproof check` without a path judges the app" if (directory / "cdk.json").is_file() else ""
    nothing = InputError(f"{shown(directory)}: holds no template ({passed_over} files passed over){hint}")
    return replace(found, errors=(nothing,))


def _candidates(directory: Path) -> _Candidates:
    """Files by suffix, sorted, and cloud assemblies; symbolic links to folders are not followed."""
    found: list[Path] = []
    assemblies: list[Path] = []
    errors: list[InputError] = []

    def unreadable(error: OSError) -> None:
        errors.append(InputError(f"{shown(Path(error.filename))}: cannot be searched: {error.strerror}"))

    for folder, folders, files in os.walk(directory, onerror=unreadable):
        if "manifest.json" in files and ("cdk.out" in files or _is_manifest(Path(folder) / "manifest.json")):
            assemblies.append(Path(folder))
            folders.clear()
            continue
        folders[:] = sorted(
            parent
            for parent in folders
            if not parent.startswith(".") and parent not in _SKIPPED and not _is_environment(Path(folder) / parent)
        )
        found.extend(Path(folder) / file for file in sorted(files) if file.endswith(_SUFFIXES))
    return _Candidates(files=tuple(found), assemblies=tuple(assemblies), errors=tuple(errors))


def _is_environment(folder: Path) -> bool:
    try:
        return (folder / "pyvenv.cfg").exists()
    except OSError:  # os.walk reports the error of the folder
        return False


def _is_manifest(path: Path) -> bool:
    """Whether a manifest.json is that of a cloud assembly, not of a web app."""
    try:
        data = read_bounded(path, shown(path))
    except InputError:
        return False
    return b'"aws:cloudformation:stack"' in data or b'"cdk:' in data


def _is_likely(path: Path) -> bool:
    """Whether a file of a searched folder claims to be a template, in whatever encoding and however large it is."""
    if not path.is_file():
        return True  # a link into nowhere or a pipe: loading it reports which
    try:
        with path.open("rb") as stream:
            head = stream.read(MAX_BYTES)
    except OSError:
        return True
    return _LIKELY.search(_BOM.sub(b"", head).replace(b"\0", b"")) is not None
