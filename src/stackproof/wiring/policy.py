"""The policy of a project: its waivers, controls and engines, and what they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from stackproof.config.controls import controls_by_rule
from stackproof.config.engine_versions import (
    load_engine_overrides,
    load_engine_versions,
    packaged_engine_versions,
)
from stackproof.config.waivers import load_drift_waivers, load_waivers
from stackproof.core.errors import ConfigError, EngineError
from stackproof.core.notification import Level, Notification
from stackproof.drift.drift_waiver import DriftWaiver
from stackproof.policy.control import Control
from stackproof.policy.engines.table import TABLE, EngineInputs
from stackproof.policy.finding import Waiver
from stackproof.policy.in_source import acknowledged
from stackproof.policy.report import RuleVerdict
from stackproof.policy.scan import scan
from stackproof.policy.scan_result import ScanResult
from stackproof.policy.versions.engine_version import AllowList, Overrides
from stackproof.policy.waivers import Ledger
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.nested import unevaluated_nested
from stackproof.template.stack_names import matching, naming_all, selector_of
from stackproof.wiring.live import schemas
from stackproof.wiring.run_notifications import vacuous, with_notifications

if TYPE_CHECKING:
    from stackproof.policy.engines.versions import VersionsEngine
    from stackproof.policy.ports import PolicyEngine
    from stackproof.template.template import Template

from stackproof.wiring.project import Project

__all__ = [
    "EngineSet",
    "all_engines",
    "open_engines",
    "read_controls",
    "read_drift_waivers",
    "read_engine_versions",
    "read_waivers",
    "require_policies",
    "rule_verdicts",
    "scan_templates",
    "unwaivable_ids",
    "versions_engine",
]


@lru_cache(maxsize=8)
def _controls(file: Path, _stamp: int) -> Mapping[str, Control]:
    """Parse the file once for each of its states: a run needs it several times."""
    return controls_by_rule(file)


@lru_cache(maxsize=8)
def _engine_versions(file: Path, _stamp: int) -> AllowList:
    return load_engine_versions(file) if file.is_file() else packaged_engine_versions()


def _regions(stacks: Sequence[Stack]) -> Mapping[str, tuple[str, ...]]:
    """The regions of the stacks that name one, by template file."""
    found: dict[str, set[str]] = {}
    for stack in stacks:
        if stack.region is not None:
            found.setdefault(stack.template.file, set()).add(stack.region)
    return {file: tuple(sorted(regions)) for file, regions in sorted(found.items())}


def _deployed_stack(wanted: str, stacks: Sequence[Stack]) -> Stack | None:
    """The stack that `--deployed` means, None if there is none; raises ConfigError if there are several."""
    found = matching(wanted, stacks)
    if len(found) > 1:
        selector = next((text for stack in found if (text := selector_of(stack, stacks)) is not None), None)
        remedy = f"give --deployed {selector}=FILE" if selector else "check one assembly at a time"
        raise ConfigError(f"--deployed {wanted}: {naming_all(found)}: {remedy}")
    return found[0] if found else None


def _stamp(file: Path) -> int:
    """What changes with a file; 0 if there is none."""
    return file.stat().st_mtime_ns if file.is_file() else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSet:
    """The engines of a run, and notifications about engines that are missing."""

    engines: tuple[PolicyEngine, ...]
    notifications: tuple[Notification, ...] = ()

    def start(self) -> None:
        """Let every engine import while other work goes on."""
        for engine in self.engines:
            engine.start()

    def close(self) -> None:
        """End the engines' processes."""
        for engine in self.engines:
            engine.close()


def read_waivers(project: Project) -> tuple[Waiver, ...]:
    """The project's waivers; none if it has no such file. Raises ConfigError."""
    file = project.settings.policies / "waivers.yaml"
    return load_waivers(file) if file.is_file() else ()


def read_drift_waivers(project: Project) -> tuple[DriftWaiver, ...]:
    """The project's waivers of drift; none if it has no such file. Raises ConfigError."""
    file = project.settings.policies / "waivers.yaml"
    return load_drift_waivers(file) if file.is_file() else ()


def require_policies(project: Project) -> None:
    """Raise ConfigError for an invalid policy file, before any engine starts."""
    read_waivers(project)
    read_controls(project)
    versions_engine(project, on=date.max)


def unwaivable_ids(project: Project) -> frozenset[str]:
    """The ids of the rules and controls that no one may waive."""
    return project.settings.not_waivable | {
        control.id for control in read_controls(project).values() if not control.waivable
    }


def read_engine_versions(project: Project) -> AllowList:
    """The known engine versions: the project's list, else that of the package; raises ConfigError."""
    file = project.settings.policies / "engine_versions.json"
    return _engine_versions(file, _stamp(file))


def versions_engine(project: Project, *, on: date, stacks: Sequence[Stack] = ()) -> VersionsEngine:
    """The engine that evaluates engine versions, on the chosen day, else on `on`; raises ConfigError."""
    from stackproof.policy.engines.versions import VersionsEngine

    versions = read_engine_versions(project)
    file = project.settings.policies / "engine_overrides.json"
    return VersionsEngine(
        versions=versions,
        overrides=load_engine_overrides(file, versions) if file.is_file() else Overrides(),
        as_of=project.versions_as_of or project.settings.versions_as_of or on,
        deployed=_deployed_in(project, stacks),
        parameters=project.parameters,
        regions=_regions(stacks),
    )


def _deployed_in(project: Project, stacks: Sequence[Stack]) -> Mapping[str, Mapping[str, str]]:
    """The versions that run, also by the template of a stack that is named by its construct path.

    Raises ConfigError for a name that several of the stacks have: what runs is that of one of them.
    """
    found = dict(project.deployed)
    for wanted, running in project.deployed.items():
        stack = _deployed_stack(wanted, stacks)
        if stack is None or stack.name == wanted:
            continue
        sharing = [other for other in stacks if other.template.file == stack.template.file]
        if len(sharing) > 1:
            raise ConfigError(f"--deployed {wanted}: {naming_all(sharing)}, and they have one template file")
        found[stack.template.file] = running
    return found


def read_controls(project: Project) -> Mapping[str, Control]:
    """The control of each rule, of the package and of the project. Raises ConfigError."""
    file = project.settings.policies / "controls.yaml"
    return _controls(file, _stamp(file))


def open_engines(project: Project) -> EngineSet:
    """The engines that the project names, or all that are there; raises ConfigError for a missing one it names."""
    from stackproof.policy.engines.rule_files import find_rules

    rules = find_rules(project.settings.policies, schemas())
    engines: list[PolicyEngine] = []
    notifications: list[Notification] = []
    for row in TABLE:
        choice = project.settings.engine(row.name)
        if row.make is None or not choice.enabled:
            continue
        inputs = EngineInputs(region=project.settings.region, timeout=choice.timeout, python=choice.python, rules=rules)
        engine = row.make(inputs)
        if engine is not None:
            engines.append(engine)
        elif choice.required:
            raise ConfigError(f"{row.name} is not installed: {row.remedy}")
        else:
            message = f"{row.name} skipped: not installed (run '{row.remedy}')"
            notifications.append(Notification(level=Level.WARNING, message=message, engine=row.name))
    return EngineSet(engines=tuple(engines), notifications=tuple(notifications))


def all_engines(
    project: Project, engines: EngineSet, *, assemblies: Sequence[Assembly] = (), on: date
) -> tuple[PolicyEngine, ...]:
    """All engines of a scan: those of others, corrected by what is known of versions, and ours."""
    from stackproof.policy.engines.cdk import CdkEngine
    from stackproof.policy.engines.corrected import CorrectedEngine

    versions = versions_engine(project, on=on, stacks=[stack for assembly in assemblies for stack in assembly.stacks])
    corrected = (CorrectedEngine(engine=engine, versions=versions) for engine in engines.engines)
    return (*corrected, versions, *([CdkEngine(*assemblies)] if assemblies else []))


def scan_templates(
    project: Project,
    templates: Sequence[Template],
    engines: EngineSet,
    *,
    assemblies: Sequence[Assembly] = (),
    on: date,
) -> ScanResult:
    """All findings about the templates and the assemblies' stacks, merged, with waivers applied.

    All in one scan: a waiver is of no use only if nothing in the whole run needs it.
    """
    from stackproof.policy.engines.versions import VersionsEngine

    stacks = [stack for assembly in assemblies for stack in assembly.stacks]
    if "" in project.deployed and (count := len(templates) + len(stacks)) > 1:
        raise ConfigError(f"--deployed: {count} templates are evaluated; give STACK=FILE")
    used = all_engines(project, engines, assemblies=assemblies, on=on)
    result = scan(
        [*templates, *(stack.template for stack in stacks)],
        used,
        store=project.store if project.use_cache else None,
        ledger=Ledger(
            waivers=read_waivers(project),
            in_source=tuple(waiver for assembly in assemblies for waiver in acknowledged(assembly)),
            not_waivable=unwaivable_ids(project),
        ),
        controls=read_controls(project),
        on=on,
        jobs=project.jobs,
    )
    dummies = [
        Notification(
            level=Level.WARNING,
            message=f"the look-up {key} has a dummy value: run `cdk synth` once with an account",
            engine="cdk",
        )
        for assembly in assemblies
        for key in assembly.missing_context
    ]
    nested = unevaluated_nested(templates, stacks)
    versions = next(engine for engine in used if isinstance(engine, VersionsEngine))
    result = replace(result, notifications=versions.with_ages_joined(result.notifications))
    result = with_notifications(result, (*engines.notifications, *dummies, *nested))
    return with_notifications(result, vacuous(result))


def rule_verdicts(project: Project, assembly: Assembly, *, on: date) -> tuple[RuleVerdict, ...]:
    """The verdict of each rule on each stack of the assembly; raises EngineError if an engine broke.

    A nested stack that was not evaluated costs none of them: see `unevaluated_nested`.
    """
    engines = open_engines(project)
    try:
        result = scan_templates(project, (), engines, assemblies=[assembly], on=on)
    finally:
        engines.close()
    missing = set(unevaluated_nested((), assembly.stacks))
    broken = [
        notification
        for notification in result.notifications
        if notification.level is Level.ERROR and notification not in missing
    ]
    if broken:
        raise EngineError(
            "; ".join(f"{error.engine or 'run'}: {error.file or ''}: {error.message}" for error in broken)
        )
    return tuple(
        verdict
        for stack in assembly.stacks
        for verdict in RuleVerdict.of(
            stack.name,
            *result.by_template[stack.template.file],
            project.settings.fail_level,
            artifact=stack.artifact,
        )
    )
