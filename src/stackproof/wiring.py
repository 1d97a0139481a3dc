"""The composition root: from settings to concrete adapters. The one module that knows them all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING

from stackproof.config.settings import EMULATORS, ENGINES, Settings
from stackproof.config.waivers import load_waivers
from stackproof.errors import ConfigError, EngineError, InputError
from stackproof.model.assembly import Assembly, Deprecation
from stackproof.model.finding import Finding, Level, Notification, RuleCount, Waiver
from stackproof.model.json import JsonObject
from stackproof.model.report import RuleVerdict
from stackproof.scan import ScanResult, scan
from stackproof.stores.files import FileStore

if TYPE_CHECKING:
    from stackproof.flow import Flow, FlowPath
    from stackproof.loading.origin import Origins
    from stackproof.loading.search import Search
    from stackproof.model.deployment import Deployment
    from stackproof.model.template import Template
    from stackproof.ports import Pipeline, PolicyEngine, Reader, SchemaSource, Target
    from stackproof.synth.cache import SynthRequest
    from stackproof.targets.ministack import MiniStackTarget
    from stackproof.targets.owned_process import OwnedProcess

__all__ = [
    "RUN_FUNCTIONS",
    "Checked",
    "EngineSet",
    "FlowPlace",
    "Project",
    "checked_app",
    "checked_paths",
    "flow_target",
    "readers",
    "schemas",
    "start_emulator",
]

RUN_FUNCTIONS = frozenset({"ministack"})
"""Targets on which a flow of data can be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSet:
    """The engines of a run, and what has to be said about those that are not there."""

    engines: tuple[PolicyEngine, ...]
    notifications: tuple[Notification, ...] = ()

    def start(self) -> None:
        """Let every engine import while something else is going on."""
        for engine in self.engines:
            engine.start()

    def close(self) -> None:
        """End the engines' processes."""
        for engine in self.engines:
            engine.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project's settings, and the adapters made from them; `jobs` are the processes that an engine may have."""

    settings: Settings
    use_cache: bool = True
    jobs: int = min(8, os.cpu_count() or 1)

    @property
    def store(self) -> FileStore:
        """Where results are kept."""
        return FileStore(self.settings.state_directory / "store")

    def remembered(self) -> FileStore:
        """Everything that stackproof keeps of this project, as one store."""
        return FileStore(self.settings.state_directory)

    # --- synth

    def synth_request(self, context: JsonObject, *, coverage: bool = False) -> SynthRequest:
        """What to synthesize, the command line's context over the project's; coverage where the project records it."""
        from stackproof.synth.cache import SynthRequest  # noqa: PLC0415

        settings = self.settings
        if settings.app is None:
            raise ConfigError(
                f'there is no CDK app in {settings.root}: name its command in cdk.json ("app") or in pyproject.toml '
                "([tool.stackproof] app), or give templates: stackproof check template.yaml"
            )
        return SynthRequest(
            command=settings.app,
            directory=settings.app_directory,
            state=settings.state_directory,
            context={**settings.context, **context},
            region=settings.region,
            account=settings.account,
            declared_environment=settings.synth_env,
            coverage=settings.synth_coverage and coverage,
            timeout=settings.synth_timeout,
            use_cache=self.use_cache,
        )

    def is_synthesized(self, context: JsonObject, *, coverage: bool = False) -> bool:
        """Whether `synthesized` would answer from the cache."""
        from stackproof.synth.cache import cached_entry  # noqa: PLC0415

        return self.use_cache and cached_entry(self.synth_request(context, coverage=coverage))

    def synthesized(self, context: JsonObject, *, coverage: bool = False) -> Assembly:
        """The app's cloud assembly; raises SynthError or InputError."""
        from stackproof.synth.cache import synthesize  # noqa: PLC0415

        result = synthesize(self.synth_request(context, coverage=coverage))
        assembly, origins = self._loaded(result.directory, shown="cdk.out")
        return replace(
            assembly,
            key=result.key,
            cached=result.cached,
            seconds=result.seconds,
            deprecations=self._located(result.deprecations, origins),
            coverage_file=str(result.coverage_file) if result.coverage_file else None,
        )

    def assembly(self, directory: Path) -> Assembly:
        """A cloud assembly that someone else synthesized."""
        return self._loaded(directory.resolve(), shown=str(directory))[0]

    def _loaded(self, directory: Path, *, shown: str) -> tuple[Assembly, Origins]:
        from stackproof.loading.assembly import load_assembly  # noqa: PLC0415

        return load_assembly(directory, root=self.settings.root, app=self.settings.app_directory, shown=shown)

    def _located(self, deprecations: tuple[Deprecation, ...], origins: Origins) -> tuple[Deprecation, ...]:
        from stackproof.synth.deprecations import located  # noqa: PLC0415

        if not deprecations:
            return ()
        return located(
            deprecations,
            app=self.settings.app_directory,
            root=self.settings.root,
            construct_lines=origins.lines(),
        )

    # --- policy

    def waivers(self) -> tuple[Waiver, ...]:
        """The project's waivers; none if it has no such file. Raises ConfigError."""
        file = self.settings.policies / "waivers.yaml"
        return load_waivers(file) if file.is_file() else ()

    def engines(self) -> EngineSet:
        """The engines that the project names, or all that are there; raises ConfigError for a missing one it names."""
        from stackproof.engines.cfn_lint import CfnLintEngine  # noqa: PLC0415
        from stackproof.engines.checkov import CheckovEngine  # noqa: PLC0415
        from stackproof.engines.cloudformation_validate import CloudFormationValidateEngine  # noqa: PLC0415
        from stackproof.engines.tools import find_python  # noqa: PLC0415

        engines: list[PolicyEngine] = []
        notifications: list[Notification] = []
        for name in ENGINES:
            choice = self.settings.engine(name)
            if not choice.enabled:
                continue
            if name == "cfn-lint":
                engines.append(CfnLintEngine(region=self.settings.region, timeout=choice.timeout))
            elif name == "cloudformation-validate":
                engines.append(CloudFormationValidateEngine(region=self.settings.region, timeout=choice.timeout))
            elif (python := find_python(choice.python)) is not None:
                engines.append(CheckovEngine(python=python, timeout=choice.timeout))
            elif choice.required:
                raise ConfigError("checkov is not installed: stackproof tools install")
            else:
                message = "checkov did not look: it is not installed; `stackproof tools install` makes its environment"
                notifications.append(Notification(level=Level.WARNING, message=message, engine=name))
        return EngineSet(engines=tuple(engines), notifications=tuple(notifications))

    def scanned(
        self, templates: Sequence[Template], engines: EngineSet, *, assembly: Assembly | None, on: date
    ) -> ScanResult:
        """All findings about the templates, merged, with waivers applied."""
        from stackproof.engines.cdk import CdkEngine  # noqa: PLC0415

        every: tuple[PolicyEngine, ...] = engines.engines
        if assembly is not None:
            every = (*every, CdkEngine(assembly))
        result = scan(
            templates,
            every,
            store=self.store if self.use_cache else None,
            waivers=self.waivers(),
            on=on,
            jobs=self.jobs,
        )
        return with_notifications(result, engines.notifications)

    def verdicts(self, assembly: Assembly, *, on: date) -> tuple[RuleVerdict, ...]:
        """The verdict of each rule on each stack of the assembly."""
        engines = self.engines()
        try:
            result = self.scanned([each.template for each in assembly.stacks], engines, assembly=assembly, on=on)
        finally:
            engines.close()
        broken = [each for each in result.notifications if each.level is Level.ERROR]
        if broken:
            raise EngineError(
                "; ".join(f"{each.engine or 'run'}: {each.file or ''}: {each.message}" for each in broken)
            )
        return tuple(
            verdict
            for each in assembly.stacks
            for verdict in RuleVerdict.of(each.name, *result.by_template[each.template.file], self.settings.fail_level)
        )

    # --- live

    def target(
        self,
        name: str,
        *,
        endpoint_url: str | None = None,
        profile: str | None = None,
        region: str | None = None,
        role_arn: str | None = None,
        allow_changes: bool = False,
    ) -> Target:
        """A target to talk to: an emulator that runs at `endpoint_url`, or an AWS account."""
        from stackproof.targets.aws import AwsTarget  # noqa: PLC0415
        from stackproof.targets.ministack import MiniStackTarget  # noqa: PLC0415
        from stackproof.targets.moto import MotoTarget  # noqa: PLC0415

        where = region or self.settings.region
        if name in EMULATORS:
            if endpoint_url is None:
                raise ConfigError(f"the {name} target needs the endpoint of a running emulator")
            kind = MotoTarget if name == "moto" else MiniStackTarget
            return kind(endpoint_url, region=where)
        return AwsTarget(
            profile=profile,
            region=where,
            role_arn=role_arn,
            allowed_accounts=self.settings.allowed_accounts,
            allow_changes=allow_changes,
            endpoint_url=endpoint_url or os.environ.get("AWS_ENDPOINT_URL"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An app's assembly and what policy says of it."""

    assembly: Assembly
    scan: ScanResult


def checked_app(project: Project, context: JsonObject, *, on: date) -> Checked:
    """Synthesize and scan; engines import while the app synthesizes, unless the synth is cached."""
    project.waivers()
    engines = project.engines()
    try:
        if not project.is_synthesized(context):
            engines.start()
        assembly = project.synthesized(context)
        return Checked(assembly=assembly, scan=scanned_assembly(project, assembly, engines, on=on))
    finally:
        engines.close()


def scanned_assembly(project: Project, assembly: Assembly, engines: EngineSet, *, on: date) -> ScanResult:
    """Findings about all stacks of an assembly; a look-up that a dummy stands for is said."""
    result = project.scanned([each.template for each in assembly.stacks], engines, assembly=assembly, on=on)
    dummies = [
        Notification(
            level=Level.WARNING,
            message=f"a dummy stands for the look-up {key}: run `cdk synth` once with an account",
            engine="cdk",
        )
        for key in assembly.missing_context
    ]
    return with_notifications(result, dummies)


def checked_paths(project: Project, paths: Sequence[Path], *, stdin: IO[bytes], on: date) -> ScanResult:
    """Scan templates, folders and cloud assemblies; what cannot be read is said, and the rest goes on."""
    from stackproof.loading.search import find_templates  # noqa: PLC0415

    project.waivers()
    engines = project.engines()
    try:
        found = find_templates(paths, stdin=stdin)
        return _scanned_search(project, found, engines, on=on)
    finally:
        engines.close()


def _scanned_search(project: Project, found: Search, engines: EngineSet, *, on: date) -> ScanResult:
    errors: list[InputError] = list(found.errors)
    assemblies: list[Assembly] = []
    for path in found.assemblies:
        try:
            assemblies.append(project.assembly(path))
        except InputError as error:
            errors.append(error)
    broken = [Notification(level=Level.ERROR, message=str(error)) for error in errors]
    if found.passed_over:
        message = f"{found.passed_over} files in the searched folders are no templates"
        broken.append(Notification(level=Level.NOTE, message=message))
    if not found.templates and not assemblies:
        return ScanResult(findings=(), counts=(), notifications=unique(broken), inputs=())
    results = [project.scanned(found.templates, engines, assembly=None, on=on)] if found.templates else []
    results += [scanned_assembly(project, each, engines, on=on) for each in assemblies]
    return with_notifications(joined(results), broken)


def start_emulator(directory: Path, *, owner_pid: int, name: str = "moto") -> OwnedProcess:
    """Start an emulator; it ends with its owner, or, with owner 0, when it is told to."""
    from stackproof.targets.ministack import start_ministack  # noqa: PLC0415
    from stackproof.targets.moto import start_moto  # noqa: PLC0415

    start = start_moto if name == "moto" else start_ministack
    return start(owner_pid=owner_pid, directory=directory)


def flow_target(target: Target) -> Target:
    """The same emulator, in the account that flows run in; raises ConfigError if it runs no functions."""
    from stackproof.targets.ministack_flow import FLOW_ACCOUNT  # noqa: PLC0415

    return _ministack(target).in_account(FLOW_ACCOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPlace:
    """A declared flow, the way that its template gives it, and its deployment on a target of `flow_target`."""

    declared: Flow
    path: FlowPath
    target: Target
    deployment: Deployment

    def open_database(self, directory: Path, *, owner_pid: int) -> OwnedProcess:
        """Start the database at its end; it ends with its owner, or, with owner 0, when it is told to."""
        from stackproof.targets.ministack_flow import open_database  # noqa: PLC0415

        target = _ministack(self.target)
        return open_database(
            target, self.deployment, self.declared, self.path, owner_pid=owner_pid, directory=directory
        )

    def pipeline(self, database: Mapping[str, str]) -> Pipeline:
        """The flow with what `open_database` said, in any process."""
        from stackproof.targets.ministack_flow import MiniStackPipeline  # noqa: PLC0415

        return MiniStackPipeline(_ministack(self.target), self.deployment, self.declared, self.path, database)


def _ministack(target: Target) -> MiniStackTarget:
    from stackproof.targets.ministack import MiniStackTarget  # noqa: PLC0415

    if not isinstance(target, MiniStackTarget):
        raise ConfigError(f"the target {target.name} runs no functions")
    return target


def schemas() -> SchemaSource:
    """The resource schemas that cfn-lint ships."""
    from stackproof.schemas.cfn_lint import CfnLintSchemas  # noqa: PLC0415

    return CfnLintSchemas()


def readers() -> Mapping[str, Reader]:
    """The reader of each resource type."""
    from stackproof import readers as package  # noqa: PLC0415

    return package.READERS


def unique(notifications: Iterable[Notification]) -> tuple[Notification, ...]:
    """Each once, the gravest first."""
    return tuple(
        sorted(
            set(notifications), key=lambda each: (-each.level.rank, each.file or "", each.engine or "", each.message)
        )
    )


def with_notifications(result: ScanResult, more: Iterable[Notification]) -> ScanResult:
    """The same result with more said about the run."""
    return replace(result, notifications=unique((*result.notifications, *more)))


def joined(results: Sequence[ScanResult]) -> ScanResult:
    """Several scans as one."""
    first, *rest = results
    for each in rest:
        counts: dict[tuple[str, str], RuleCount] = {(one.rule_id, one.engine): one for one in first.counts}
        for one in each.counts:
            known = counts.get(
                (one.rule_id, one.engine), RuleCount(rule_id=one.rule_id, engine=one.engine, looked_at=0)
            )
            counts[one.rule_id, one.engine] = replace(
                known,
                looked_at=known.looked_at + one.looked_at,
                failed=known.failed + one.failed,
                open=known.open + one.open,
                waived=known.waived + one.waived,
            )
        first = ScanResult(
            findings=tuple(sorted((*first.findings, *each.findings), key=Finding.sort_key)),
            counts=tuple(sorted(counts.values())),
            notifications=unique((*first.notifications, *each.notifications)),
            inputs=tuple(sorted((*first.inputs, *each.inputs))),
            computed=first.computed + each.computed,
            cached=first.cached + each.cached,
            seconds={name: first.seconds.get(name, 0) + each.seconds.get(name, 0) for name in each.seconds},
            by_template={**first.by_template, **each.by_template},
        )
    return first
