"""The composition root: from settings to concrete adapters. The one module that knows them all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from stackproof.calls import CallRecorder
from stackproof.config.controls import controls_by_rule
from stackproof.config.engine_versions import (
    load_engine_overrides,
    load_engine_versions,
    packaged_engine_versions,
)
from stackproof.config.settings import EMULATORS, ENGINES, Settings
from stackproof.config.waivers import load_drift_waivers, load_waivers
from stackproof.errors import ConfigError, EngineError, InputError
from stackproof.in_source import acknowledged
from stackproof.model.assembly import Assembly, Deprecation, Stack
from stackproof.model.control import Control
from stackproof.model.drift import DriftWaiver
from stackproof.model.engine_version import AllowList, Overrides
from stackproof.model.finding import Level, Notification, Waiver
from stackproof.model.json import JsonObject, digest
from stackproof.model.report import RuleVerdict
from stackproof.pacing import TokenBuckets
from stackproof.scan import ScanResult, remember_result, remembered_result, scan
from stackproof.stores.files import FileStore
from stackproof.waivers import Ledger

if TYPE_CHECKING:
    from stackproof.engines.versions import VersionsEngine
    from stackproof.flow import Flow, FlowPath
    from stackproof.loading.origin import Origins
    from stackproof.loading.search import Search
    from stackproof.model.capabilities import Capabilities
    from stackproof.model.deployment import Deployment
    from stackproof.model.template import Template
    from stackproof.permissions import Permissions, Purpose
    from stackproof.ports import (
        ChildFamily,
        Listing,
        Pace,
        Pipeline,
        PolicyEngine,
        Reader,
        SchemaSource,
        StackCatalog,
        Target,
    )
    from stackproof.synth.cache import SynthRequest
    from stackproof.targets.aws_flow import AwsPipeline
    from stackproof.targets.ministack import MiniStackTarget
    from stackproof.targets.owned_process import OwnedProcess
    from stackproof.versions.refreshing import Refresh

__all__ = [
    "RUN_FUNCTIONS",
    "Checked",
    "DeployOptions",
    "EngineSet",
    "FlowPlace",
    "Project",
    "account_pipeline",
    "affected_by",
    "capabilities",
    "catalog",
    "checked_app",
    "checked_paths",
    "child_families",
    "deployed_versions",
    "flow_target",
    "found_stacks",
    "listings",
    "node",
    "read_types",
    "readers",
    "refreshed_versions",
    "schemas",
    "start_emulator",
    "unique",
    "write_versions",
]

_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
RUN_FUNCTIONS = frozenset({"ministack"})
"""Targets on which a flow of data can be run."""


@lru_cache(maxsize=8)
def _controls(file: Path, _stamp: int) -> Mapping[str, Control]:
    """Read once for each state of the file: a run asks several times."""
    return controls_by_rule(file)


@lru_cache(maxsize=8)
def _engine_versions(file: Path, _stamp: int) -> AllowList:
    return load_engine_versions(file) if file.is_file() else packaged_engine_versions()


@lru_cache(maxsize=8)
def _pace(rates: tuple[tuple[str, float], ...], processes: int) -> Pace:
    """One for all targets of this process."""
    return TokenBuckets(dict(rates), processes=processes)


def _stamp(file: Path) -> int:
    """What changes with a file; 0 if there is none."""
    return file.stat().st_mtime_ns if file.is_file() else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployOptions:
    """How to deploy: `progress` hears of changes and events, no `capabilities` are all, no `deadline` the target's."""

    progress: Callable[[str], None] = lambda _: None
    capabilities: tuple[str, ...] = ()
    deadline: float | None = None


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
    """A project's settings, and the adapters made from them.

    `jobs` are the processes that an engine may have, `versions_as_of` is the day on which engine versions are judged,
    `deployed` those that run already, by stack and logical id, `parameters` the values of a template's parameters,
    where they are known. `calls` counts what targets are asked, and `processes` share the rate at which they are.
    """

    settings: Settings
    use_cache: bool = True
    jobs: int = min(8, os.cpu_count() or 1)
    versions_as_of: date | None = None
    deployed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    processes: int = 1
    calls: CallRecorder = field(default_factory=CallRecorder, compare=False)

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
            reports=settings.reports.resolve(),
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

    def drift_waivers(self) -> tuple[DriftWaiver, ...]:
        """The project's waivers of drift; none if it has no such file. Raises ConfigError."""
        file = self.settings.policies / "waivers.yaml"
        return load_drift_waivers(file) if file.is_file() else ()

    def require_policies(self) -> None:
        """Raise ConfigError for a policy file that is wrong, before any engine starts."""
        self.waivers()
        self.controls()
        self.versions_engine(on=date.max)

    def not_waivable(self) -> frozenset[str]:
        """The ids of the rules and controls that no one may waive."""
        return self.settings.not_waivable | {each.id for each in self.controls().values() if not each.waivable}

    def engine_versions(self) -> AllowList:
        """What is known of engine versions: the project's list, else that of the package; raises ConfigError."""
        file = self.settings.policies / "engine_versions.json"
        return _engine_versions(file, _stamp(file))

    def versions_engine(self, *, on: date, stacks: Sequence[Stack] = ()) -> VersionsEngine:
        """The engine that judges engine versions, on the day that was chosen, else on `on`; raises ConfigError."""
        from stackproof.engines.versions import VersionsEngine  # noqa: PLC0415

        versions = self.engine_versions()
        file = self.settings.policies / "engine_overrides.json"
        return VersionsEngine(
            versions=versions,
            overrides=load_engine_overrides(file, versions) if file.is_file() else Overrides(),
            as_of=self.versions_as_of or self.settings.versions_as_of or on,
            deployed=self.deployed,
            parameters=self.parameters,
            regions={each.name: each.region for each in stacks if each.region is not None},
        )

    def controls(self) -> Mapping[str, Control]:
        """The control of each rule, of the package and of the project. Raises ConfigError."""
        file = self.settings.policies / "controls.yaml"
        return _controls(file, _stamp(file))

    def engines(self) -> EngineSet:
        """The engines that the project names, or all that are there; raises ConfigError for a missing one it names."""
        from stackproof.engines.cfn_lint import CfnLintEngine  # noqa: PLC0415
        from stackproof.engines.checkov import CheckovEngine  # noqa: PLC0415
        from stackproof.engines.cloudformation_validate import CloudFormationValidateEngine  # noqa: PLC0415
        from stackproof.engines.rule_files import find_rules  # noqa: PLC0415
        from stackproof.engines.tools import find_python  # noqa: PLC0415

        rules = find_rules(self.settings.policies, schemas())
        engines: list[PolicyEngine] = []
        notifications: list[Notification] = []
        for name in ENGINES:
            choice = self.settings.engine(name)
            if not choice.enabled:
                continue
            if name == "cfn-lint":
                engines.append(CfnLintEngine(region=self.settings.region, timeout=choice.timeout, rules=rules.cfn_lint))
            elif name == "cloudformation-validate":
                engines.append(
                    CloudFormationValidateEngine(region=self.settings.region, timeout=choice.timeout, rules=rules.guard)
                )
            elif (python := find_python(choice.python)) is not None:
                engines.append(CheckovEngine(python=python, timeout=choice.timeout, rules=rules.checkov))
            elif choice.required:
                raise ConfigError("checkov is not installed: stackproof tools install")
            else:
                message = "checkov did not look: it is not installed; `stackproof tools install` makes its environment"
                notifications.append(Notification(level=Level.WARNING, message=message, engine=name))
        return EngineSet(engines=tuple(engines), notifications=tuple(notifications))

    def judges(self, engines: EngineSet, *, assemblies: Sequence[Assembly] = (), on: date) -> tuple[PolicyEngine, ...]:
        """All that judges in a scan: the engines, corrected by what is known of versions, and our own."""
        from stackproof.engines.cdk import CdkEngine  # noqa: PLC0415
        from stackproof.engines.corrected import CorrectedEngine  # noqa: PLC0415

        versions = self.versions_engine(on=on, stacks=[stack for each in assemblies for stack in each.stacks])
        corrected = (CorrectedEngine(engine=each, versions=versions) for each in engines.engines)
        return (*corrected, versions, *([CdkEngine(*assemblies)] if assemblies else []))

    def scanned(
        self, templates: Sequence[Template], engines: EngineSet, *, assemblies: Sequence[Assembly] = (), on: date
    ) -> ScanResult:
        """All findings about the templates and the assemblies' stacks, merged, with waivers applied.

        All in one scan: a waiver is of no use only if nothing in the whole run needs it.
        """
        stacks = [stack for each in assemblies for stack in each.stacks]
        if "" in self.deployed and (count := len(templates) + len(stacks)) > 1:
            raise ConfigError(f"--deployed: {count} templates are judged; give STACK=FILE")
        result = scan(
            [*templates, *(each.template for each in stacks)],
            self.judges(engines, assemblies=assemblies, on=on),
            store=self.store if self.use_cache else None,
            ledger=Ledger(
                waivers=self.waivers(),
                in_source=tuple(one for each in assemblies for one in acknowledged(each)),
                not_waivable=self.not_waivable(),
            ),
            controls=self.controls(),
            on=on,
            jobs=self.jobs,
        )
        dummies = [
            Notification(
                level=Level.WARNING,
                message=f"a dummy stands for the look-up {key}: run `cdk synth` once with an account",
                engine="cdk",
            )
            for each in assemblies
            for key in each.missing_context
        ]
        result = with_notifications(result, (*engines.notifications, *dummies))
        return with_notifications(result, vacuous(result))

    def verdicts(self, assembly: Assembly, *, on: date) -> tuple[RuleVerdict, ...]:
        """The verdict of each rule on each stack of the assembly."""
        engines = self.engines()
        try:
            result = self.scanned((), engines, assemblies=[assembly], on=on)
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

    def deployed_template(self, stack_name: str) -> bytes:
        """The template of a stack in the account, as it was deployed; only reads. Raises TargetError."""
        from stackproof.targets.failures import translated_errors  # noqa: PLC0415

        target = self.target("aws")
        with translated_errors(f"reading the template of stack {stack_name}"):
            body = target.client("cloudformation").get_template(StackName=stack_name)["TemplateBody"]
        return (body if isinstance(body, str) else json.dumps(body)).encode()

    # --- live

    def permissions(
        self, stacks: Sequence[Stack], purpose: Purpose, *, region: str | None = None, account: str | None = None
    ) -> Permissions:
        """What IAM has to allow for these stacks, where they say that they run, else where the project does."""
        from stackproof.permissions import Place, compiled  # noqa: PLC0415
        from stackproof.readers import READERS  # noqa: PLC0415
        from stackproof.readers.access import LiveReader  # noqa: PLC0415
        from stackproof.schemas.actions import CfnLintActions  # noqa: PLC0415

        settings = self.settings
        return compiled(
            [
                (
                    each,
                    Place(
                        account=account or each.account or settings.account or "*",
                        region=region or each.region or settings.region,
                    ),
                )
                for each in stacks
            ],
            purpose,
            readers={name: each.actions for name, each in READERS.items() if isinstance(each, LiveReader)},
            schemas=schemas(),
            actions=CfnLintActions(),
        )

    def target(
        self,
        name: str,
        *,
        endpoint_url: str | None = None,
        profile: str | None = None,
        region: str | None = None,
        role_arn: str | None = None,
        allow_changes: bool = False,
        how: DeployOptions | None = None,
    ) -> Target:
        """A target to talk to: an emulator that runs at `endpoint_url`, or an AWS account."""
        from stackproof.targets.aws import AwsTarget  # noqa: PLC0415
        from stackproof.targets.cloudformation import CAPABILITIES  # noqa: PLC0415
        from stackproof.targets.ministack import MiniStackTarget  # noqa: PLC0415
        from stackproof.targets.moto import MotoTarget  # noqa: PLC0415

        where = region or self.settings.region
        how = how or DeployOptions()
        capabilities = how.capabilities or CAPABILITIES
        if name in EMULATORS:
            if endpoint_url is None:
                raise ConfigError(f"the {name} target needs the endpoint of a running emulator")
            kind = MotoTarget if name == "moto" else MiniStackTarget
            return kind(
                endpoint_url,
                region=where,
                calls=self.calls,
                progress=how.progress,
                capabilities=capabilities,
                deadline=how.deadline,
            )
        return AwsTarget(
            profile=profile,
            region=where,
            role_arn=role_arn,
            allowed_accounts=self.settings.allowed_accounts,
            allow_changes=allow_changes,
            endpoint_url=endpoint_url or os.environ.get("AWS_ENDPOINT_URL"),
            calls=self.calls,
            pace=_pace(tuple(sorted(self.settings.calls_per_second.items())), self.processes),
            progress=how.progress,
            capabilities=capabilities,
            deadline=how.deadline,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An app's assembly and what policy says of it."""

    assembly: Assembly
    scan: ScanResult


def checked_app(project: Project, context: JsonObject, *, on: date) -> Checked:
    """Synthesize and scan; engines import while the app synthesizes, unless the synth is cached."""
    project.require_policies()
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
    return project.scanned((), engines, assemblies=[assembly], on=on)


def checked_paths(project: Project, paths: Sequence[Path], *, stdin: IO[bytes], on: date) -> ScanResult:
    """Scan templates, folders and cloud assemblies; what cannot be read is said, and the rest goes on.

    The result of the last run over the same paths is remembered: it stands while no file and nothing else changed.
    """
    from stackproof.loading.search import find_templates  # noqa: PLC0415

    project.require_policies()
    engines = project.engines()
    try:
        place = digest([str(Path.cwd()), *(str(each) for each in paths)])
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
    """The hash of all that a run over these paths depends on; None where files alone do not tell."""
    from stackproof.engines.code import package_digest  # noqa: PLC0415
    from stackproof.loading.search import inventory  # noqa: PLC0415

    files = inventory(paths)
    if files is None:
        return None
    policies = [project.settings.policies / each for each in ("waivers.yaml", "controls.yaml")]
    return digest(
        [
            package_digest(),
            files,
            [each.identity for each in project.judges(engines, on=on)],
            [each.message for each in engines.notifications],
            [each.read_text(encoding="utf-8") if each.is_file() else None for each in policies],
            sorted(project.not_waivable()),
            on.isoformat(),
        ]
    )


def found_stacks(project: Project, paths: Sequence[Path], *, stdin: IO[bytes], name: str | None) -> tuple[Stack, ...]:
    """The stacks of cloud assemblies and templates, all or the named one; raises InputError for what cannot be read.

    A template by itself does not know its stack's name: it is the given one, else `*` stands for it.
    """
    from stackproof.loading.search import find_templates  # noqa: PLC0415

    found = find_templates(paths, stdin=stdin)
    if found.errors:
        raise found.errors[0]
    synthesized = [stack for each in found.assemblies for stack in project.assembly(each).stacks]
    stacks = tuple(each for each in synthesized if name is None or each.name == name)
    stacks += tuple(Stack(name=name or "*", template=each) for each in found.templates)
    if not stacks:
        known = ", ".join(each.name for each in synthesized)
        raise ConfigError(f"--stack {name}: there is no such stack, only {known}")
    return stacks


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
    return with_notifications(project.scanned(found.templates, engines, assemblies=assemblies, on=on), broken)


def deployed_versions(
    given: Sequence[str], template_of: Callable[[str], bytes] | None = None
) -> dict[str, dict[str, str]]:
    """Versions that run, by stack: out of templates that are deployed, each given as `FILE`, `STACK=FILE` or `STACK`.

    Without a stack, a template stands for whatever is judged. What is no file is a stack whose template `template_of`
    reads from the account. Raises ConfigError, or TargetError if the account does not give it.
    """
    from stackproof.loading.template import load_template, parse_bytes  # noqa: PLC0415
    from stackproof.versions.judging import deployed_by  # noqa: PLC0415

    found: dict[str, dict[str, str]] = {}
    for each in given:
        stack, equals, name = each.partition("=")
        stack, name = (stack, name) if equals and not Path(each).exists() else ("", each)
        if stack in found:
            raise ConfigError(f"--deployed {each}: an earlier one is for the same stack; give STACK=FILE")
        is_stack = not stack and template_of is not None and not Path(name).exists() and _STACK_NAME.fullmatch(name)
        try:
            if is_stack and template_of is not None:
                found[name] = deployed_by(parse_bytes(template_of(name), path=name, file=name))
            else:
                found[stack] = deployed_by(load_template(Path(name)))
        except InputError as error:
            raise ConfigError(f"--deployed {each}: {error}") from error
    return found


def refreshed_versions(
    project: Project,
    file: Path,
    *,
    source: str,
    region: str | None = None,
    profile: str | None = None,
    accept_large_change: bool = False,
) -> tuple[AllowList, Refresh]:
    """The list as it is in the file (else in the package), and what a source makes of it; writes nothing."""
    from stackproof.version_sources.aws import AwsVersions  # noqa: PLC0415
    from stackproof.version_sources.cfn_lint import read_cfn_lint  # noqa: PLC0415
    from stackproof.version_sources.lifecycle import read_lifecycle  # noqa: PLC0415
    from stackproof.versions.refreshing import refreshed  # noqa: PLC0415

    old = load_engine_versions(file) if file.is_file() else packaged_engine_versions()
    if source == "aws":
        now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        snapshots = [AwsVersions(region=region or project.settings.region, profile=profile).read(now)]
    else:
        snapshots = [read_cfn_lint(), read_lifecycle()]
    return old, refreshed(old, snapshots, accept_large_change=accept_large_change)


def write_versions(file: Path, versions: AllowList) -> None:
    """Write the list, all of it or nothing."""
    from stackproof.reporters.file import write_file  # noqa: PLC0415
    from stackproof.versions.writing import written  # noqa: PLC0415

    def write(stream: IO[str]) -> None:
        stream.write(written(versions))

    write_file(file, write)


def affected_by(
    project: Project, paths: Sequence[Path], *, before: AllowList, after: AllowList, on: date
) -> tuple[str, ...]:
    """What is said of templates by the new list and was not by the old one; without paths, of the app's last synth."""
    from stackproof.loading.search import find_templates  # noqa: PLC0415
    from stackproof.versions.judging import judge_template  # noqa: PLC0415
    from stackproof.versions.rules import Knowledge  # noqa: PLC0415

    templates: list[Template] = []
    if paths:
        found = find_templates(paths, stdin=BytesIO())
        if found.errors:
            raise found.errors[0]
        stacks = [each for path in found.assemblies for each in project.assembly(path).stacks]
        templates = [*found.templates, *(each.template for each in stacks)]
    elif project.settings.app is not None and project.is_synthesized({}):
        templates = [each.template for each in project.synthesized({}).stacks]
    old, new = (Knowledge(versions=each, as_of=on) for each in (before, after))
    lines = []
    for template in templates:
        known = {(each.logical_id, each.said) for each in judge_template(template, old).statements}
        lines += [
            f"AFFECTED {template.stack_name or template.file} {each.logical_id}: "
            f"{each.said.rule_id} {each.said.message}"
            for each in judge_template(template, new).statements
            if (each.logical_id, each.said) not in known
        ]
    return tuple(lines)


def start_emulator(directory: Path, *, owner_pid: int, name: str = "moto") -> OwnedProcess:
    """Start an emulator; it ends with its owner, or, with owner 0, when it is told to."""
    from stackproof.targets.ministack import start_ministack  # noqa: PLC0415
    from stackproof.targets.moto import start_moto  # noqa: PLC0415

    start = start_moto if name == "moto" else start_ministack
    return start(owner_pid=owner_pid, directory=directory)


def capabilities(target: Target, types: Sequence[str]) -> Capabilities:
    """What a target says that it can do; it is asked about these resource types."""
    from stackproof.targets.asking import asked  # noqa: PLC0415

    if target.name == "aws":
        return asked(target, types, is_account=True)
    with target.writing("asking what it can do"):
        return asked(target, types, is_account=False)


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


def account_pipeline(
    target: Target, deployment: Deployment, declared: Flow, path: FlowPath, *, ca_bundle: str | None
) -> AwsPipeline:
    """The flow as it runs in an account, or at an endpoint, with its own database."""
    from stackproof.targets.aws import AwsTarget  # noqa: PLC0415
    from stackproof.targets.aws_flow import AwsPipeline  # noqa: PLC0415

    if not isinstance(target, AwsTarget):
        raise ConfigError(f"the target {target.name} runs no functions")
    return AwsPipeline(target, deployment, declared, path, ca_bundle=ca_bundle)


def _ministack(target: Target) -> MiniStackTarget:
    from stackproof.targets.ministack import MiniStackTarget  # noqa: PLC0415

    if not isinstance(target, MiniStackTarget):
        raise ConfigError(f"the target {target.name} runs no functions")
    return target


def node() -> Path | None:
    """The Node that pip installed, for CDK in this process."""
    from stackproof.synth.app import installed_node  # noqa: PLC0415

    return installed_node()


def schemas() -> SchemaSource:
    """The resource schemas that cfn-lint ships."""
    from stackproof.schemas.cfn_lint import CfnLintSchemas  # noqa: PLC0415

    return CfnLintSchemas()


def read_types() -> tuple[str, ...]:
    """The resource types that have a reader of ours, sorted."""
    from stackproof import readers as package  # noqa: PLC0415

    return tuple(sorted(package.READERS))


def readers(target: Target, deployment: Deployment) -> Mapping[str, Reader]:
    """The reader of each resource type: our own, else Cloud Control where the target has it, asked when needed."""
    from stackproof import readers as package  # noqa: PLC0415
    from stackproof.readers.cloud_control import WithCloudControl  # noqa: PLC0415
    from stackproof.targets.cloud_control import has_cloud_control  # noqa: PLC0415

    def is_there() -> bool:
        api, emulator = target.client("cloudcontrol"), target.name != "aws"
        return has_cloud_control(api, deployment.stack_id, emulator=emulator)

    return WithCloudControl(package.READERS, schemas(), is_there)


def child_families() -> Sequence[ChildFamily]:
    """What may hang on resources without a template that says so."""
    from stackproof.readers.children import FAMILIES  # noqa: PLC0415

    return FAMILIES


def listings() -> Mapping[str, Listing]:
    """How the resources of each type are listed."""
    from stackproof.readers.inventory import LISTINGS  # noqa: PLC0415

    return LISTINGS


def catalog(target: Target) -> StackCatalog:
    """The stacks of a target's account and region."""
    from stackproof.loading.template import parse_bytes  # noqa: PLC0415
    from stackproof.targets.stack_catalog import CloudFormationCatalog  # noqa: PLC0415

    return CloudFormationCatalog(
        target=target,
        parse=lambda data, name: parse_bytes(data, path=name, file=f"{name} (deployed)", stack_name=name),
        pause=0.2 if target.name in EMULATORS else 2.0,
    )


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


def vacuous(result: ScanResult) -> tuple[Notification, ...]:
    """Rules of `policies/` that looked at nothing in the whole run; not said of an engine that did not judge it all."""
    broken = {each.engine for each in result.notifications if each.level is Level.ERROR}
    named: dict[str, list[str]] = {}
    for each in result.counts:
        if each.project and not each.looked_at and not broken & {each.engine, None}:
            named.setdefault(each.engine, []).append(each.rule_id)
    return tuple(
        Notification(
            level=Level.WARNING,
            message=f"vacuous, since they had nothing to look at in this run: {', '.join(sorted(rules))} (policies/)",
            engine=engine,
        )
        for engine, rules in sorted(named.items())
    )
