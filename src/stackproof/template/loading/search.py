"""What `check [PATH…]` means: files, folders to search, cloud assemblies, and standard input."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class _Found:
    templates: dict[str, Template] = field(default_factory=dict)
    assemblies: set[Path] = field(default_factory=set)
    errors: list[InputError] = field(default_factory=list)
    passed_over: int = 0


def find_templates(paths: Iterable[Path], *, stdin: IO[bytes]) -> Search:
    """Load every template that the paths name or hold; a file that is wrong is in `errors`, the rest goes on."""
    found = _Found()
    for path in paths:
        try:
            if str(path) == "-":
                data = read_stream(stdin, STDIN)
                found.templates[STDIN] = parse_bytes(data, path="-", file=STDIN)
            elif path.is_dir():
                _search(path, found)
            else:
                found.templates[str(path)] = load_template(path)
        except InputError as error:
            found.errors.append(error)
    return Search(
        templates=tuple(template for _, template in sorted(found.templates.items())),
        assemblies=tuple(sorted(found.assemblies)),
        errors=tuple(sorted(found.errors, key=str)),
        passed_over=found.passed_over,
    )


def inventory(paths: Iterable[Path]) -> dict[str, str] | None:
    """The hash of every file that `find_templates` would read, by name: equal ones are equal searches.

    None where more than files decides: standard input, a cloud assembly, or what cannot be read.
    """
    found = _Found()
    files: dict[str, str] = {}
    for path in paths:
        if str(path) == "-":
            return None
        for candidate in _candidates(path, found) if path.is_dir() else (path,):
            try:
                if not candidate.is_file() or candidate.stat().st_size > MAX_BYTES:
                    return None
                files[str(candidate)] = hashlib.sha256(candidate.read_bytes()).hexdigest()
            except OSError:
                return None
    return None if found.assemblies or found.errors else files


def _search(directory: Path, found: _Found) -> None:
    before = len(found.templates), len(found.assemblies), len(found.errors)
    passed_over = found.passed_over
    for path in _candidates(directory, found):
        try:
            if _is_likely(path):
                found.templates[str(path)] = load_template(path)
            else:
                found.passed_over += 1
        except InputError as error:
            found.errors.append(error)
    if before == (len(found.templates), len(found.assemblies), len(found.errors)):
        hint = ": `stackproof check` without a path judges the app" if (directory / "cdk.json").is_file() else ""
        number = found.passed_over - passed_over
        raise InputError(f"{shown(directory)}: holds no template ({number} files passed over){hint}")


def _candidates(directory: Path, found: _Found) -> Iterator[Path]:
    """Files by suffix, sorted, symbolic links to folders not followed; cloud assemblies go to `found` as a whole."""

    def unreadable(error: OSError) -> None:
        found.errors.append(InputError(f"{shown(Path(error.filename))}: cannot be searched: {error.strerror}"))

    for folder, folders, files in os.walk(directory, onerror=unreadable):
        if "manifest.json" in files and ("cdk.out" in files or _is_manifest(Path(folder) / "manifest.json")):
            found.assemblies.add(Path(folder))
            folders.clear()
            continue
        folders[:] = sorted(
            parent
            for parent in folders
            if not parent.startswith(".") and parent not in _SKIPPED and not _is_environment(Path(folder) / parent)
        )
        yield from (Path(folder) / file for file in sorted(files) if file.endswith(_SUFFIXES))


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
