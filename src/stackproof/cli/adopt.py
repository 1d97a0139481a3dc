"""`stackproof drift adopt`."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from stackproof.cli.options import cache_option, context_option, open_project, progress
from stackproof.cli.outputs import ReportingCommand, Wanted, output_options, require_outputs, write_text_or_json
from stackproof.config.settings import parse_context
from stackproof.core.errors import ConfigError, InputError
from stackproof.core.json import JsonObject, JsonValue
from stackproof.core.json_pointer import steps
from stackproof.drift.adopt.arguments import is_same
from stackproof.drift.adopt.patching import adoption, overwrite, require, written
from stackproof.drift.adopt.remedies import differences_of, put_back
from stackproof.drift.adopt.remedy import Adoption, AdoptReport, Remedy
from stackproof.drift.difference import Difference
from stackproof.reporters.terminal_remedies import remedies_text
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.location import Location
from stackproof.template.stack_names import fitting, naming_all, root_of
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize

__all__ = ["adopt"]


@click.command(cls=ReportingCommand, short_help="Show how to revert or adopt each difference.")
@click.argument("report", type=click.Path(path_type=Path, allow_dash=True))
@context_option
@click.option("--finding", "findings", multiple=True, metavar="FINGERPRINT", help="Only this difference; repeatable.")
@click.option("--all", "all_of_them", is_flag=True, help="All differences, with those that are waived.")
@click.option("--write", is_flag=True, help="Apply the patches. Needs --finding or --all.")
@output_options("terminal", "json")
@cache_option
def adopt(
    report: Path,
    context: tuple[str, ...],
    findings: tuple[str, ...],
    *,
    wanted: tuple[Wanted, ...],
    all_of_them: bool,
    write: bool,
    no_cache: bool,
) -> None:
    """Show how to revert and how to adopt each difference of an audit.

    REPORT is a report of `drift audit --format json`; "-" is standard input. If
    the app sets the value as a literal at its line, adopting it is a patch, shown
    as a diff. Patches are applied only with --write.

    \b
    Examples:
      stackproof drift adopt drift.json
      stackproof drift adopt drift.json --finding 0d4c17 --write
      stackproof drift audit --target aws --format json | stackproof drift adopt -
    """
    require_outputs(wanted)
    if write and not (findings or all_of_them):
        raise ConfigError("--write: name the differences to adopt with --finding FINGERPRINT, or give --all")
    require()
    project = open_project(no_cache=no_cache)
    if write and project.settings.app is None:
        raise ConfigError(
            "--write: no app is configured, so nothing would confirm a patch: set app or app_directory in "
            "[tool.stackproof], or run it where they are set"
        )
    chosen = _chosen(_read(report), findings, all_of_them=all_of_them, name=str(report))
    assembly = _assembly(project, context)
    if write:
        remedies = _adopted(project, assembly, chosen, lambda: _assembly(project, context))
    else:
        remedies = _remedies(project, assembly, chosen, adoption)
    made = AdoptReport(remedies=remedies, is_writing=write)
    write_text_or_json(wanted, made, lambda: remedies_text(made))
    raise click.exceptions.Exit(made.exit_code)


def _read(report: Path) -> JsonObject:
    try:
        text = sys.stdin.read() if str(report) == "-" else report.read_text(encoding="utf-8")
        found = json.loads(text)
    except OSError as error:
        raise InputError(f"{report}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{report}: is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{report}: is not a report of `drift audit --format json`: expected an object")
    return found


def _chosen(report: JsonObject, findings: Sequence[str], *, all_of_them: bool, name: str) -> tuple[Difference, ...]:
    """The chosen differences; a prefix of a fingerprint is enough if only one difference has it."""
    found = differences_of(report, name=name)
    if not findings:
        return tuple(difference for difference in found if all_of_them or difference.suppression is None)
    chosen: dict[str, Difference] = {}
    for wish in findings:
        named = [difference for difference in found if difference.fingerprint.startswith(wish)]
        if len(named) != 1:
            raise ConfigError(f"--finding {wish}: {name} has {len(named) or 'no'} such differences")
        chosen[named[0].fingerprint] = named[0]
    return tuple(sorted(chosen.values(), key=Difference.sort_key))


def _assembly(project: Project, context: tuple[str, ...]) -> Assembly | None:
    if project.settings.app is None:
        return None
    with progress("synthesizing"):
        return synthesize(project, parse_context(context))


def _adopted(
    project: Project,
    assembly: Assembly | None,
    chosen: Sequence[Difference],
    synthesized: Callable[[], Assembly | None],
) -> tuple[Remedy, ...]:
    """The remedies with their patches applied, as far as the app gives the live values since."""
    before = _files(project.settings.root, chosen)
    try:
        remedies = _remedies(project, assembly, chosen, written)
        if any(remedy.adopt.is_written for remedy in remedies):
            remedies = _confirmed(remedies, synthesized())
    except BaseException:  # whatever it is: a file that nothing confirms does not stay
        _restore(before, before)
        raise
    return _kept(before, remedies)


def _remedies(
    project: Project, assembly: Assembly | None, chosen: Sequence[Difference], act: Callable[..., Adoption]
) -> tuple[Remedy, ...]:
    """From the last line of a file to the first, so that a patch moves no line that is still to be found."""
    root = project.settings.root
    stacks = assembly.stacks if assembly else ()
    sources = {difference.sort_key(): _source(difference, stacks) for difference in chosen}  # before any file changes
    found: list[Remedy] = []
    for difference in sorted(chosen, key=lambda wanted: (wanted.location.file or "", -(wanted.location.line or 0))):
        source = sources[difference.sort_key()]
        owner = root_of(source, stacks) if source is not None else _owner(difference, stacks)
        cdk_stack = None if owner is None else owner.construct_path or owner.name
        found.append(
            Remedy(
                difference=difference,
                put_back=put_back(difference, cdk_stack=cdk_stack),
                adopt=act(difference, root=root, beside=_beside(assembly, difference, source)),
            )
        )
    return tuple(sorted(found, key=lambda remedy: remedy.difference.sort_key()))


def _source(difference: Difference, stacks: Sequence[Stack]) -> Stack | None:
    """The app's stack that has the difference, None if none has it; raises ConfigError if several may have it."""
    return _of_place(difference, difference.location.stack_name, stacks)


def _owner(difference: Difference, stacks: Sequence[Stack]) -> Stack | None:
    """The stack that nests the difference's stack, where the app does not have that one itself."""
    return _of_place(difference, (difference.location.stack_name or "").partition("/")[0], stacks)


def _of_place(difference: Difference, name: str | None, stacks: Sequence[Stack]) -> Stack | None:
    """The stack of that name; of several the one that may run in the difference's account and region."""
    named = [stack for stack in stacks if stack.name == name]
    if len(named) <= 1:
        return named[0] if named else None
    fit = fitting(named, account=difference.account, region=difference.region)
    if not fit:  # which account an emulator is does not matter
        fit = fitting(named, account=None, region=difference.region)
    if len(fit) != 1:
        raise ConfigError(
            f"{naming_all(named)}, and the difference {difference.fingerprint[:8]} is of aws://{difference.account}/"
            f"{difference.region}, where not just one of them may run: choose other differences with --finding"
        )
    return fit[0]


def _beside(assembly: Assembly | None, difference: Difference, source: Stack | None) -> tuple[Location, ...] | None:
    """The other resources of the type that the same line of the app makes, in any stack; None without an app."""
    if assembly is None:
        return None
    here = difference.location
    own = (source.artifact if source is not None else None, here.logical_id)
    places = (
        (resource.location(), (stack.artifact, resource.logical_id))
        for stack in assembly.stacks
        for resource in stack.template.resources
    )
    return tuple(
        place
        for place, key in places
        if (place.file, place.line, place.resource_type) == (here.file, here.line, here.resource_type) and key != own
    )


def _confirmed(remedies: Sequence[Remedy], assembly: Assembly | None) -> tuple[Remedy, ...]:
    """With what the app gives since."""
    stacks = assembly.stacks if assembly else ()

    def one(remedy: Remedy) -> Remedy:
        place, adopted = remedy.difference.location, remedy.adopt
        stack = _source(remedy.difference, stacks)
        resource = stack.template.resource(str(place.logical_id)) if stack else None
        if not adopted.is_written or stack is None or resource is None:
            return remedy
        value = _at(resource.body.get("Properties", {}), str(remedy.difference.path))
        return replace(remedy, adopt=replace(adopted, is_synthesized=is_same(value, remedy.difference.actual)))

    return tuple(one(remedy) for remedy in remedies)


def _files(root: Path, chosen: Sequence[Difference]) -> Mapping[str, tuple[Path, bytes]]:
    """The files that patches may change, as they are; what cannot be read gets no patch."""
    found: dict[str, tuple[Path, bytes]] = {}
    for name in sorted({difference.location.file for difference in chosen if difference.location.file}):
        with contextlib.suppress(OSError):
            found[name] = (root / name, (root / name).read_bytes())
    return found


def _restore(before: Mapping[str, tuple[Path, bytes]], names: Iterable[str]) -> None:
    """Restore these files; a file that cannot be restored does not stop the others."""
    failed: list[str] = []
    for name in sorted(names):
        path, data = before[name]
        try:
            if path.read_bytes() != data:
                overwrite(path, data)
        except OSError as error:
            failed.append(f"{name}: {error.strerror}")
    if failed:
        raise InputError(f"these still have a patch that nothing confirms: {', '.join(failed)}")


def _kept(before: Mapping[str, tuple[Path, bytes]], remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
    """The remedies, after each file is restored whose patch did not give the live value."""
    refused = {
        str(remedy.adopt.file)
        for remedy in remedies
        if remedy.adopt.is_written and not remedy.adopt.is_synthesized  # None: the app has no such resource any more
    }
    _restore(before, refused)

    def one(remedy: Remedy) -> Remedy:
        adopted = remedy.adopt
        if not adopted.is_written or adopted.file not in refused:
            return remedy
        why = {
            None: "the app does not have the resource, so nothing confirms it",
            False: "with it the app does not give the live value",
            True: "another patch of its file was not confirmed",
        }[adopted.is_synthesized]
        return replace(
            remedy,
            adopt=replace(adopted, patch="", why_not=f"{why}; the file is as it was", is_written=False),
        )

    return tuple(one(remedy) for remedy in remedies)


def _at(value: JsonValue, pointer: str) -> JsonValue:
    for key in steps(pointer):
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list | tuple) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
