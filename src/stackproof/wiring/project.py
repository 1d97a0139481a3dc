"""A project: its settings, and the adapters that are made from them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from stackproof.calls.recorder import CallRecorder
from stackproof.config.controls import controls_by_rule
from stackproof.config.engine_versions import (
    load_engine_overrides,
    load_engine_versions,
    packaged_engine_versions,
)
from stackproof.config.regions import require_region
from stackproof.config.settings import EMULATORS, Settings
from stackproof.config.state import state_folder
from stackproof.core.file_store import FileStore
from stackproof.core.json import JsonObject
from stackproof.core.loopback import is_loopback
from stackproof.core.notification import Level, Notification
from stackproof.drift.difference import DriftWaiver
from stackproof.policy.control import Control
from stackproof.policy.engines.table import TABLE, EngineInputs
from stackproof.policy.finding import Waiver
from stackproof.policy.in_source import acknowledged
from stackproof.policy.report import RuleVerdict
from stackproof.policy.scan import ScanResult, scan
from stackproof.policy.versions.engine_version import AllowList, Overrides
from stackproof.policy.waivers import Ledger
from stackproof.template.assembly import Assembly, Deprecation, Stack
from stackproof.template.nested import unevaluated_nested
from stackproof.template.stack_names import matching, naming_all, selector_of
from stackproof.wiring.live import audit_actions, schemas
from stackproof.wiring.notifications import vacuous, with_notifications

__all__ = ["Project"]


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

    def state(self) -> Path:
        """The folder of what is kept, for whoever is going to write there. Raises ConfigError if that cannot be."""
        return state_folder(self.settings.state_directory)

    @property
    def store(self) -> FileStore:
        """Where results are kept; raises ConfigError."""
        return FileStore(self.state() / "store")

    def remembered(self) -> FileStore:
        """Everything that stackproof keeps of this project, as one store."""
        return FileStore(self.settings.state_directory)

    # --- synth

    def synth_request(self, context: JsonObject, *, coverage: bool = False) -> SynthRequest:
        """What to synthesize, the command line's context over the project's; coverage where the project records it."""
        from stackproof.template.synth.cache import SynthRequest

        settings = self.settings
        if settings.app is None:
            raise ConfigError(
                f'there is no CDK app in {settings.root}: name its command in cdk.json ("app") or in pyproject.toml '
                "([tool.stackproof] app), or give templates: stackproof check template.yaml"
            )
        return SynthRequest(
            command=settings.app,
            directory=settings.app_directory,
            state=self.state(),
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
        from stackproof.template.synth.cache import cached_entry

        return self.use_cache and cached_entry(self.synth_request(context, coverage=coverage))

    def synthesized(self, context: JsonObject, *, coverage: bool = False) -> Assembly:
        """The app's cloud assembly; raises SynthError or InputError."""
        from stackproof.template.synth.cache import synthesize

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
        from stackproof.template.loading.assembly import load_assembly

        return load_assembly(directory, root=self.settings.root, app=self.settings.app_directory, shown=shown)

    def _located(self, deprecations: tuple[Deprecation, ...], origins: Origins) -> tuple[Deprecation, ...]:
        from stackproof.template.synth.deprecations import located

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
        return self.settings.not_waivable | {control.id for control in self.controls().values() if not control.waivable}

    def engine_versions(self) -> AllowList:
        """What is known of engine versions: the project's list, else that of the package; raises ConfigError."""
        file = self.settings.policies / "engine_versions.json"
        return _engine_versions(file, _stamp(file))

    def versions_engine(self, *, on: date, stacks: Sequence[Stack] = ()) -> VersionsEngine:
        """The engine that judges engine versions, on the day that was chosen, else on `on`; raises ConfigError."""
        from stackproof.policy.engines.versions import VersionsEngine

        versions = self.engine_versions()
        file = self.settings.policies / "engine_overrides.json"
        return VersionsEngine(
            versions=versions,
            overrides=load_engine_overrides(file, versions) if file.is_file() else Overrides(),
            as_of=self.versions_as_of or self.settings.versions_as_of or on,
            deployed=self._deployed_in(stacks),
            parameters=self.parameters,
            regions=_regions(stacks),
        )

    def _deployed_in(self, stacks: Sequence[Stack]) -> Mapping[str, Mapping[str, str]]:
        """The versions that run, also by the template of a stack that is named by its construct path.

        Raises ConfigError for a name that several of the stacks have: what runs is that of one of them.
        """
        found = dict(self.deployed)
        for wanted, running in self.deployed.items():
            stack = _deployed_stack(wanted, stacks)
            if stack is None or stack.name == wanted:
                continue
            sharing = [other for other in stacks if other.template.file == stack.template.file]
            if len(sharing) > 1:
                raise ConfigError(f"--deployed {wanted}: {naming_all(sharing)}, and they have one template file")
            found[stack.template.file] = running
        return found

    def controls(self) -> Mapping[str, Control]:
        """The control of each rule, of the package and of the project. Raises ConfigError."""
        file = self.settings.policies / "controls.yaml"
        return _controls(file, _stamp(file))

    def engines(self) -> EngineSet:
        """The engines that the project names, or all that are there; raises ConfigError for a missing one it names."""
        from stackproof.policy.engines.rule_files import find_rules

        rules = find_rules(self.settings.policies, schemas())
        engines: list[PolicyEngine] = []
        notifications: list[Notification] = []
        for row in TABLE:
            choice = self.settings.engine(row.name)
            if row.make is None or not choice.enabled:
                continue
            inputs = EngineInputs(
                region=self.settings.region, timeout=choice.timeout, python=choice.python, rules=rules
            )
            engine = row.make(inputs)
            if engine is not None:
                engines.append(engine)
            elif choice.required:
                raise ConfigError(f"{row.name} is not installed: {row.remedy}")
            else:
                message = f"{row.name} skipped: not installed (run '{row.remedy}')"
                notifications.append(Notification(level=Level.WARNING, message=message, engine=row.name))
        return EngineSet(engines=tuple(engines), notifications=tuple(notifications))

    def judges(self, engines: EngineSet, *, assemblies: Sequence[Assembly] = (), on: date) -> tuple[PolicyEngine, ...]:
        """All that judges in a scan: the engines, corrected by what is known of versions, and our own."""
        from stackproof.policy.engines.cdk import CdkEngine
        from stackproof.policy.engines.corrected import CorrectedEngine

        versions = self.versions_engine(on=on, stacks=[stack for assembly in assemblies for stack in assembly.stacks])
        corrected = (CorrectedEngine(engine=engine, versions=versions) for engine in engines.engines)
        return (*corrected, versions, *([CdkEngine(*assemblies)] if assemblies else []))

    def scanned(
        self, templates: Sequence[Template], engines: EngineSet, *, assemblies: Sequence[Assembly] = (), on: date
    ) -> ScanResult:
        """All findings about the templates and the assemblies' stacks, merged, with waivers applied.

        All in one scan: a waiver is of no use only if nothing in the whole run needs it.
        """
        stacks = [stack for assembly in assemblies for stack in assembly.stacks]
        if "" in self.deployed and (count := len(templates) + len(stacks)) > 1:
            raise ConfigError(f"--deployed: {count} templates are judged; give STACK=FILE")
        result = scan(
            [*templates, *(stack.template for stack in stacks)],
            self.judges(engines, assemblies=assemblies, on=on),
            store=self.store if self.use_cache else None,
            ledger=Ledger(
                waivers=self.waivers(),
                in_source=tuple(waiver for assembly in assemblies for waiver in acknowledged(assembly)),
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
            for assembly in assemblies
            for key in assembly.missing_context
        ]
        nested = unevaluated_nested(templates, stacks)
        result = with_notifications(result, (*engines.notifications, *dummies, *nested))
        return with_notifications(result, vacuous(result))

    def verdicts(self, assembly: Assembly, *, on: date) -> tuple[RuleVerdict, ...]:
        """The verdict of each rule on each stack of the assembly; raises EngineError if an engine broke.

        A nested stack that was not evaluated costs none of them: see `unevaluated_nested`.
        """
        engines = self.engines()
        try:
            result = self.scanned((), engines, assemblies=[assembly], on=on)
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
                self.settings.fail_level,
                artifact=stack.artifact,
            )
        )

    def deployed_template(self, stack_name: str) -> bytes:
        """The template of a stack in the account, as it was deployed; only reads. Raises TargetError."""
        from stackproof.targets.failures import translated_errors

        target = self.target("aws")
        with translated_errors(f"reading the template of stack {stack_name}"):
            body = target.client("cloudformation").get_template(StackName=stack_name)["TemplateBody"]
        return (body if isinstance(body, str) else json.dumps(body)).encode()

    # --- live

    def permissions(
        self, stacks: Sequence[Stack], purpose: Purpose, *, region: str | None = None, account: str | None = None
    ) -> Permissions:
        """What IAM has to allow for these stacks, where they say that they run, else where the project does."""
        from stackproof.proof.iam_resources import CfnLintActions
        from stackproof.proof.permissions import Place, Purpose, compiled
        from stackproof.readers import READERS
        from stackproof.readers.access import LiveReader

        settings = self.settings
        return compiled(
            [
                (
                    stack,
                    Place(
                        account=account or stack.account or settings.account or "*",
                        region=region or stack.region or settings.region,
                    ),
                )
                for stack in stacks
            ],
            purpose,
            readers={name: reader.actions for name, reader in READERS.items() if isinstance(reader, LiveReader)},
            schemas=schemas(),
            actions=CfnLintActions(),
            also=audit_actions(stacks) if purpose is Purpose.DRIFT else (),
        )

    def endpoint_of(
        self,
        name: str,
        endpoint_url: str | None = None,
        *,
        profile: str | None = None,
        region: str | None = None,
        role_arn: str | None = None,
    ) -> str | None:
        """Where a target is asked, None for AWS itself or an emulator that is to be started.

        Raises ConfigError for a place that there cannot be, and for what would be ignored there.
        """
        endpoint_url = endpoint_url or (None if name in EMULATORS else os.environ.get("AWS_ENDPOINT_URL"))
        if endpoint_url is not None and not _is_url(endpoint_url):
            raise ConfigError(f"the endpoint {endpoint_url!r} is no URL (expected http://HOST:PORT)")
        if region is not None:
            require_region(region, said=f"the region {region}")
        if profile is not None and (name in EMULATORS or is_loopback(endpoint_url)):
            where = name if endpoint_url is None else endpoint_url
            raise ConfigError(
                f"--profile {profile}: {where} is an emulator, which takes any credentials: leave it out, or look at "
                "an account (--target aws)"
            )
        if role_arn is not None:
            _require_role(role_arn)
        return endpoint_url

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
        """A target to talk to: an emulator that runs at `endpoint_url`, or an AWS account; raises ConfigError."""
        from stackproof.targets.aws import AwsTarget
        from stackproof.targets.cloudformation.stacks import CAPABILITIES
        from stackproof.targets.emulators.ministack import MiniStackTarget
        from stackproof.targets.emulators.moto import MotoTarget

        endpoint_url = self.endpoint_of(name, endpoint_url, profile=profile, region=region, role_arn=role_arn)
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
                role_arn=role_arn,
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
            endpoint_url=endpoint_url,
            calls=self.calls,
            pace=_pace(tuple(sorted(self.settings.calls_per_second.items())), self.processes),
            progress=how.progress,
            capabilities=capabilities,
            deadline=how.deadline,
        )
