"""Finds the templates and cloud assemblies behind what a person typed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stackproof.errors import InputError
from stackproof.loading.assembly import is_assembly
from stackproof.loading.template import STDIN

__all__ = ["Discovered", "discover"]

_SUFFIXES = frozenset({".json", ".yaml", ".yml", ".template"})
_PASSED_OVER = frozenset({".git", ".stackproof", ".tox", ".venv", "node_modules", "__pycache__"})
_SIGNS = (b"Resources", b"AWSTemplateFormatVersion")
_HEAD = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """What there is to judge, sorted; `passed_over` counts files in searched folders that are no templates."""

    templates: tuple[Path, ...]
    assemblies: tuple[Path, ...]
    passed_over: int
    errors: tuple[InputError, ...]


def discover(paths: Iterable[Path]) -> Discovered:
    """Files as they are named; folders are searched, unless they are cloud assemblies."""
    templates: set[Path] = set()
    assemblies: set[Path] = set()
    errors: list[InputError] = []
    passed_over = 0
    for path in paths:
        if path == STDIN or not path.is_dir():
            templates.add(path)
            continue
        before = len(templates) + len(assemblies)
        for found in _search(path):
            if is_assembly(found):
                assemblies.add(found)
            elif _looks_like_template(found):
                templates.add(found)
            else:
                passed_over += 1
        if len(templates) + len(assemblies) == before:
            errors.append(InputError(f"{path}: there is no template in this folder"))
    return Discovered(
        templates=tuple(sorted(templates)),
        assemblies=tuple(sorted(assemblies)),
        passed_over=passed_over,
        errors=tuple(errors),
    )


def _search(folder: Path) -> Iterator[Path]:
    for name, folders, files in os.walk(folder):
        here = Path(name)
        if is_assembly(here):
            folders.clear()
            yield here
            continue
        folders[:] = sorted(
            each for each in folders if each not in _PASSED_OVER and not (here / each / "pyvenv.cfg").exists()
        )
        yield from (here / each for each in sorted(files) if Path(each).suffix in _SUFFIXES)


def _looks_like_template(file: Path) -> bool:
    """By its bytes, so that a damaged template is reported and not passed over."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return True
    return any(each in head for each in _SIGNS)
