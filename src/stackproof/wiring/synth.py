"""Synthesizes the app of a project, and reads assemblies that exist."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonObject
from stackproof.template.assembly import Assembly, Deprecation

if TYPE_CHECKING:
    from stackproof.template.loading.origin import Origins
    from stackproof.template.synth.cache import SynthRequest

from stackproof.wiring.project import Project

__all__ = ["is_synthesized", "read_assembly", "synth_request", "synthesize"]


def synth_request(project: Project, context: JsonObject, *, coverage: bool = False, instead: str = "") -> SynthRequest:
    """The synthesis to run: context of the command line overrides the project's; coverage if the project records it.

    Raises ConfigError without an app; `instead` is what the caller takes in place of one.
    """
    from stackproof.template.synth.cache import SynthRequest

    settings = project.settings
    if settings.app is None:
        raise ConfigError(
            f'there is no CDK app in {settings.root}: name its command in cdk.json ("app") or in pyproject.toml '
            f"([tool.stackproof] app){f', or {instead}' if instead else ''}"
        )
    return SynthRequest(
        command=settings.app,
        directory=settings.app_directory,
        state=project.state(),
        reports=settings.reports.resolve(),
        context={**settings.context, **context},
        region=settings.region,
        account=settings.account,
        declared_environment=settings.synth_env,
        coverage=settings.synth_coverage and coverage,
        timeout=settings.synth_timeout,
        use_cache=project.use_cache,
    )


def is_synthesized(project: Project, context: JsonObject, *, coverage: bool = False, instead: str = "") -> bool:
    """Whether `synthesized` would answer from the cache."""
    from stackproof.template.synth.cache import cached_entry

    return project.use_cache and cached_entry(synth_request(project, context, coverage=coverage, instead=instead))


def synthesize(project: Project, context: JsonObject, *, coverage: bool = False, instead: str = "") -> Assembly:
    """The app's cloud assembly; raises SynthError, InputError, or ConfigError with what to give `instead` of an app."""
    from stackproof.template.synth.cache import synthesize

    result = synthesize(synth_request(project, context, coverage=coverage, instead=instead))
    assembly, origins = _loaded(project, result.directory, shown="cdk.out")
    return replace(
        assembly,
        key=result.key,
        cached=result.cached,
        seconds=result.seconds,
        deprecations=_located(project, result.deprecations, origins),
        coverage_file=str(result.coverage_file) if result.coverage_file else None,
    )


def read_assembly(project: Project, directory: Path) -> Assembly:
    """A cloud assembly that someone else synthesized."""
    return _loaded(project, directory.resolve(), shown=str(directory))[0]


def _loaded(project: Project, directory: Path, *, shown: str) -> tuple[Assembly, Origins]:
    from stackproof.template.loading.assembly import load_assembly

    return load_assembly(directory, root=project.settings.root, app=project.settings.app_directory, shown=shown)


def _located(project: Project, deprecations: tuple[Deprecation, ...], origins: Origins) -> tuple[Deprecation, ...]:
    from stackproof.template.synth.deprecations import located

    if not deprecations:
        return ()
    return located(
        deprecations,
        app=project.settings.app_directory,
        root=project.settings.root,
        construct_lines=origins.lines(),
    )
