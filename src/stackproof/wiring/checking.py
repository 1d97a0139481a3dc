"""Evaluates an app, templates and folders of templates against policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from stackproof.core.errors import ConfigError, InputError
from stackproof.core.json import JsonObject, digest
from stackproof.core.notification import Level, Notification
from stackproof.policy.scan_result import ScanResult, remember_result, remembered_result
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.stack_names import matching
from stackproof.wiring.policy import (
    EngineSet,
    all_engines,
    open_engines,
    require_policies,
    scan_templates,
    unwaivable_ids,
)
from stackproof.wiring.project import Project
from stackproof.wiring.run_notifications import unique, with_notifications
from stackproof.wiring.synth import is_synthesized, read_assembly, synthesize

if TYPE_CHECKING:
    from stackproof.template.loading.search import Search

__all__ = [
    "Checked",
    "checked_app",
    "checked_paths",
    "found_stacks",
    "scanned_assembly",
]

_INSTEAD: Final = "give templates: stackproof check template.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An app's assembly and its findings."""

    assembly: Assembly
    scan: ScanResult


def checked_app(project: Project, context: JsonObject, *, on: date) -> Checked:
    """Synthesize and scan; engines import while the app synthesizes, unless the synth is cached."""
    require_policies(project)
    engines = open_engines(project)
    try:
        if not is_synthesized(project, context, instead=_INSTEAD):
            engines.start()
        assembly = synthesize(project, context, instead=_INSTEAD)
        return Checked(assembly=assembly, scan=scanned_assembly(project, assembly, engines, on=on))
    finally:
        engines.close()


def scanned_assembly(project: Project, assembly: Assembly, engines: EngineSet, *, on: date) -> ScanResult:
    """Findings about all stacks of an assembly; a notification names each look-up with a dummy value."""
    return scan_templates(project, (), engines, assemblies=[assembly], on=on)


def checked_paths(project: Project, paths: Sequence[Path], *, stdin: IO[bytes], on: date) -> ScanResult:
    """Scan templates, folders and cloud assemblies; an unreadable file is an error, and the others are scanned.

    The result of the last run over the same paths is cached. It is valid until a file or anything else changes.
    """
    from stackproof.template.loading.search import find_templates

    require_policies(project)
    engines = open_engines(project)
    try:
        place = digest([str(Path.cwd()), *(str(path) for path in paths)])
        key = _run_key(project, paths, engines, on=on) if project.use_cache else None
        if key is not None and (known := remembered_result(project.store, place, key)) is not None:
            return known
        found = find_templates(paths, stdin=stdin)
        result = _scanned_search(project, found, engines, on=on)
        # A file that changed meanwhile was read before or after that: no one can tell.
        if key is not None and key == _run_key(project, paths, engines, on=on):
            remember_result(project.store, place, key, result)
        return result
    finally:
        engines.close()


def _run_key(project: Project, paths: Sequence[Path], engines: EngineSet, *, on: date) -> str | None:
    """The hash of all that a run over these paths depends on; None if it depends on more than files."""
    from stackproof.policy.engines.code import package_digest
    from stackproof.template.loading.search import inventory

    files = inventory(paths)
    if files is None:
        return None
    policies = [project.settings.policies / name for name in ("waivers.yaml", "controls.yaml")]
    return digest(
        [
            package_digest(),
            files,
            [evaluate.identity for evaluate in all_engines(project, engines, on=on)],
            [notification.message for notification in engines.notifications],
            [policy.read_text(encoding="utf-8") if policy.is_file() else None for policy in policies],
            sorted(unwaivable_ids(project)),
            on.isoformat(),
        ]
    )


def found_stacks(project: Project, paths: Sequence[Path], *, stdin: IO[bytes], name: str | None) -> tuple[Stack, ...]:
    """The stacks of cloud assemblies and templates, or all of one name; raises InputError for what cannot be read.

    A template by itself does not know its stack's name: it is the given name, else `*`.
    """
    from stackproof.template.loading.search import find_templates

    found = find_templates(paths, stdin=stdin)
    if found.errors:
        raise found.errors[0]
    synthesized = [stack for assembly in found.assemblies for stack in read_assembly(project, assembly).stacks]
    stacks = tuple(synthesized) if name is None else matching(name, synthesized)
    stacks += tuple(Stack(name=name or "*", template=template) for template in found.templates)
    if not stacks:
        known = ", ".join(stack.name for stack in synthesized)
        raise ConfigError(f"--stack {name}: there is no such stack, only {known}")
    return stacks


def _scanned_search(project: Project, found: Search, engines: EngineSet, *, on: date) -> ScanResult:
    errors: list[InputError] = list(found.errors)
    assemblies: list[Assembly] = []
    for path in found.assemblies:
        try:
            assemblies.append(read_assembly(project, path))
        except InputError as error:
            errors.append(error)
    broken = [Notification(level=Level.ERROR, message=str(error)) for error in errors]
    if found.passed_over:
        message = f"{found.passed_over} files in the searched folders are not templates"
        broken.append(Notification(level=Level.NOTE, message=message))
    if not found.templates and not assemblies:
        return ScanResult(findings=(), counts=(), notifications=unique(broken), inputs=())
    return with_notifications(scan_templates(project, found.templates, engines, assemblies=assemblies, on=on), broken)
