"""`stackproof versions`: what is known of engine versions, asked by a person, and how that is brought up to date."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path

import click

from stackproof.cli.options import as_of_option, open_project, progress
from stackproof.cli.outputs import ReportingCommand, Wanted, output_options, require_outputs, write_text_or_json
from stackproof.core.errors import ConfigError
from stackproof.core.notification import Level
from stackproof.policy.finding import Kind
from stackproof.policy.versions.case import Case, Knowledge, Subject, Verdict, case_of, title
from stackproof.policy.versions.engine_version import AllowList, Family, Match, Status, SupportEnd
from stackproof.policy.versions.families import EXPLAINED
from stackproof.policy.versions.grammar import key
from stackproof.policy.versions.refreshing import Change, Refresh
from stackproof.policy.versions.remedy import pin_instead
from stackproof.policy.versions.report import VersionsReport
from stackproof.policy.versions.rules import evaluate_version
from stackproof.wiring.engine_versions import affected_by, refreshed_versions, write_versions
from stackproof.wiring.policy import read_engine_versions, versions_engine
from stackproof.wiring.project import Project

__all__ = ["versions"]

_WIDTH = 80
_SHOWN = 12


@click.group(short_help="Show engine versions, or refresh their list.")
def versions() -> None:
    """Show engine versions (databases, runtimes), or refresh their list.

    The list is policies/engine_versions.json, or the one in the package;
    your team's decisions are in policies/engine_overrides.json.

    \b
    Examples:
      stackproof versions list
      stackproof versions explain postgres 15.8
      stackproof versions refresh --write
    """


# --- list


@versions.command(name="list", short_help="Show all families, or the versions of one.")
@click.argument("family", required=False)
@as_of_option
def list_versions(family: str | None, as_of: date | None) -> None:
    """Show all families, or the cycles and creatable versions of one.

    FAMILY is a name such as rds/postgres, or short: postgres, redis, lambda.

    \b
    Examples:
      stackproof versions list
      stackproof versions list postgres
      stackproof versions list lambda --as-of 2027-03-01
    """
    project = open_project()
    known, on = read_engine_versions(project), _day(project, as_of)
    lines = _families(known, on) if family is None else _one_family(known, _named(family, known), on)
    click.echo("\n".join(lines))


def _families(known: AllowList, on: date) -> Iterator[str]:
    yield f"{'family':<30}{'as of':<12}{'days':>5} {'limit':>5}  {'creatable':>9}  {'listed':>6}  {'cycles':>6}"
    for name, family in sorted(known.families.items()):
        if not family.is_known:
            yield f"{name:<30}no source has it"
            continue
        creatable = sum(version.status is Status.CREATABLE for version in family.versions.values())
        yield (
            f"{name:<30}{family.as_of[:10]:<12}{family.age(on):>5} {family.max_age_days:>5}  {creatable:>9}"
            f"  {len(family.versions):>6}  {len(family.cycles):>6}"
        )
    yield from _wrapped("days: the age of the list; over the limit, EV001 reports it as old", indent="")
    yield from _wrapped(f"from {', '.join(known.sources)}; regions: {', '.join(known.regions)}", indent="")


def _one_family(known: AllowList, name: str, on: date) -> Iterator[str]:
    family = known.families[name]
    yield f"{name}: {title(name)}, as of {family.as_of[:10]} ({family.age(on)} days old on {on})"
    if not family.is_known:
        yield "  no source has it: its versions are not evaluated"
        return
    if name == "lambda":
        yield from _runtimes(family)
        return
    by_cycle: dict[str, list[str]] = defaultdict(list)
    for version, known_version in family.versions.items():
        if known_version.status is Status.CREATABLE:
            by_cycle[known_version.cycle or ""].append(version)
    for cycle in sorted({*family.cycles, *by_cycle}, key=key, reverse=True):
        dates = family.cycles.get(cycle)
        ends = _ends(dates.standard_support_end, dates.extended_support_end) if dates else "no dates known"
        yield f"  {cycle:<8}{ends}"
        if family.versions:
            found = sorted(by_cycle[cycle], key=key, reverse=True)
            more = f" and {len(found) - _SHOWN} older ones" if len(found) > _SHOWN else ""
            yield from _wrapped(f"creatable: {', '.join(found[:_SHOWN]) or 'none'}{more}", indent=" " * 10)


def _runtimes(family: Family) -> Iterator[str]:
    yield f"  {'runtime':<18}{'deprecated':<12}{'no creation':<13}{'no update':<12}successor"
    for name, version in sorted(family.versions.items(), key=lambda row: key(row[0])):
        days = [str(day) if day else "-" for day in (version.deprecated_on, version.create_block, version.update_block)]
        yield f"  {name:<18}{days[0]:<12}{days[1]:<13}{days[2]:<12}{version.successor or '-'}"


def _ends(standard: SupportEnd, extended: SupportEnd) -> str:
    """`standard support to 2028-02-29, extended to 2031-02-28`."""
    first = {
        None: "end of standard support unknown",
        True: "standard support ended",
        False: "standard support has no end date",
    }
    then = {
        None: "end of extended support unknown",
        True: "extended support ended",
        False: "extended support not offered",
    }
    return ", ".join(
        (
            f"standard support to {standard}" if isinstance(standard, date) else first[standard],
            f"extended to {extended}" if isinstance(extended, date) else then[extended],
        )
    )


# --- explain


@versions.command(cls=ReportingCommand, short_help="Show what is known of one version.")
@click.argument("family")
@click.argument("version")
@as_of_option
@click.option(
    "--deployed", metavar="VERSION", help="The version that runs now. A problem of this version is a warning."
)
@output_options("terminal", "json")
def explain(
    family: str,
    version: str,
    as_of: date | None,
    deployed: str | None,
    *,
    wanted: tuple[Wanted, ...],
) -> None:
    """Show what is known of one version, from which source, and what to pin.

    \b
    Exit codes: 0 no rule rejects it, 1 a rule rejects it, 2 no such family.
    \b
    Examples:
      stackproof versions explain postgres 15.8
      stackproof versions explain postgres 15.8 --deployed 15.8
      stackproof versions explain lambda python3.9 --as-of 2027-03-01
    """
    require_outputs(wanted)
    project = open_project()
    on = _day(project, as_of)
    engine = versions_engine(project, on=on)
    name = _named(family, engine.versions)
    knowledge = Knowledge(versions=engine.versions, overrides=engine.overrides, as_of=on)
    subject = Subject(family=name, text=version, deployed=deployed)
    verdicts, _ = evaluate_version(subject, knowledge)
    case = case_of(subject, knowledge)
    lines = [*_facts(case, on), *_verdict(verdicts, on), *_age(engine.versions, name, on)]
    against = any(statement.kind is Kind.FAIL and statement.level.reaches(Level.WARNING) for statement in verdicts)
    report = _explained(case, verdicts, on, exit_code=1 if against else 0)
    write_text_or_json(wanted, report, lambda: "".join(f"{line}\n" for line in lines))
    raise click.exceptions.Exit(report.exit_code)


def _explained(case: Case, verdicts: tuple[Verdict, ...], on: date, *, exit_code: int) -> VersionsReport:
    family, text = case.family, case.subject.text
    return VersionsReport(
        command="explain",
        summary={
            "family": case.subject.family,
            "version": text,
            "as_of": on.isoformat(),
            "status": case.status.value if case.is_listed else None,
            "instead": pin_instead(case.subject.family, family, text, case.cycle_name, on),
        },
        rows={
            "known": case.entry.to_dict() if case.entry else None,
            "cycle": {"name": case.cycle_name, **case.cycle.to_dict()} if case.cycle else None,
            "list": {"as_of": family.as_of, "age": family.age(on), "is_old": family.is_old(on)},
            "findings": [
                {
                    "rule_id": statement.rule_id,
                    "kind": statement.kind.value,
                    "level": statement.level.value,
                    "message": statement.message,
                }
                for statement in verdicts
            ],
        },
        exit_code=exit_code,
    )


def _facts(case: Case, on: date) -> Iterator[str]:
    entry, cycle, name = case.entry, case.cycle, case.subject.family
    yield f"{case.name}, on {on}"
    if entry is not None:
        claims = ", ".join(f"{source}: {claim.value}" for source, claim in sorted(entry.evidence.items()))
        yield from _wrapped(f"status: {case.status.value}{f' ({claims})' if claims else ''}")
    elif case.is_listed and case.is_major:
        yield from _wrapped(f"status: {case.status.value}, as the major of what is listed")
    elif case.is_listed:
        yield from _wrapped("status: its cycle is known; there is no list of versions")
    else:
        yield from _wrapped("status: not in the list")
    if cycle is not None:
        who = f" ({', '.join(cycle.sources)}, as of {(cycle.as_of or '')[:10]})" if cycle.sources else ""
        ends = _ends(cycle.standard_support_end, cycle.extended_support_end)
        yield from _wrapped(f"cycle {case.cycle_name}: {ends}{who}")
    if entry is not None:
        rows = {
            "deprecated on": entry.deprecated_on,
            "new resources refused from": entry.create_block,
            "updates refused from": entry.update_block,
            "minor version supported to": entry.minor_support_end,
            "first seen": entry.first_seen,
            "last seen creatable": entry.last_seen_creatable,
            "not listed since": entry.missing_since,
        }
        for what, day in rows.items():
            if day is not None:
                yield from _wrapped(f"{what}: {day}")
        for change in entry.date_history:
            yield from _wrapped(f"moved: {change.field} from {change.before} to {change.after} (seen {change.seen})")
    instead = pin_instead(name, case.family, case.subject.text, case.cycle_name, on) if case.family.is_known else None
    if instead is not None and instead != case.subject.text and (case.family.match is not Match.CYCLE or cycle is None):
        yield from _wrapped(f"pin instead: {instead}")


def _verdict(verdicts: tuple[Verdict, ...], on: date) -> Iterator[str]:
    if not verdicts:
        yield f"no rule rejects it on {on}"
    for statement in sorted(verdicts, key=lambda verdict: (-verdict.level.rank, verdict.rule_id)):
        word = "open" if statement.kind is Kind.OPEN else statement.level.value
        yield f"{word}: {statement.rule_id}"
        yield from _wrapped(statement.message, indent="    ")


def _age(known: AllowList, name: str, on: date) -> Iterator[str]:
    family = known.families[name]
    if not family.is_known:
        return
    remedy = "upgrade cfn-lint, or run 'stackproof versions refresh --source aws --write'"
    old = f", more than {family.max_age_days} (EV001): {remedy}" if family.is_old(on) else ""
    yield from _wrapped(f"the list is {family.age(on)} days old (as of {family.as_of[:10]}){old}", indent="")


# --- refresh


@versions.command(cls=ReportingCommand, short_help="Show what would change in the list, or write it.")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "--source",
    type=click.Choice(["offline", "aws"]),
    default="offline",
    show_default=True,
    help="Where the data comes from: the installed packages, or AWS.",
)
@click.option("--region", help="The region to ask AWS about. Default: the project's.")
@click.option("--profile", help="The AWS profile to ask with.")
@click.option("--write", is_flag=True, help="Write the list; without it, only the difference is shown.")
@click.option("--check", "checking", is_flag=True, help="Also exit with code 1 if the list is too old.")
@click.option("--accept-large-change", is_flag=True, help="Accept a change of more than a tenth of a family.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of the list.  [default: policies/engine_versions.json]",
)
@as_of_option
@output_options("terminal", "json")
def refresh(
    paths: tuple[Path, ...],
    source: str,
    region: str | None,
    profile: str | None,
    file: Path | None,
    as_of: date | None,
    *,
    wanted: tuple[Wanted, ...],
    write: bool,
    checking: bool,
    accept_large_change: bool,
) -> None:
    """Show what would change in the list; --write updates it.

    `--source offline` reads the data of the installed cfn-lint, and the dates of
    support that come with stackproof. `--source aws` calls AWS's describe APIs; it
    refuses emulators. Nothing is ever deleted from the list. Each PATH (a template
    or a cloud assembly) is evaluated before and after, to show what is affected.

    \b
    Exit codes:
      0  no difference, or it was written
      1  a difference, a list that is too old (--check), or a change that is
         too large to accept
      3  a source could not be read; its families keep their data and their age
    \b
    Examples:
      stackproof versions refresh
      stackproof versions refresh --write
      stackproof versions refresh --source aws --region eu-west-1 --write
      stackproof versions refresh cdk.out --check
    """
    if write and checking:
        raise ConfigError("--write and --check exclude one another")
    require_outputs(wanted)
    project = open_project()
    target = file or project.settings.policies / "engine_versions.json"
    with progress("reading sources"):
        old, result = refreshed_versions(
            project, target, source=source, region=region, profile=profile, accept_large_change=accept_large_change
        )
    on = _day(project, as_of)
    affected = affected_by(project, paths, before=old, after=result.versions, on=on)
    code = _code(result, write=write, checking=checking, on=on)
    if write and not result.refused:
        write_versions(target, result.versions)
    lines = [*_difference(result), *(line for name in affected for line in _wrapped(name, indent=""))]
    lines += _wrapped(_closing(target, result, write=write, on=on), indent="")
    report = VersionsReport(
        command="refresh",
        summary={"changes": len(result.changes), "written": write and not result.refused, "as_of": on.isoformat()},
        rows={
            "changes": [
                {"family": change.family, "kind": change.kind, "version": change.version, "detail": change.detail}
                for change in result.changes
            ],
            "affected": list(affected),
            "refused": list(result.refused),
            "failures": list(result.failures),
        },
        exit_code=code,
    )
    write_text_or_json(wanted, report, lambda: "".join(f"{line}\n" for line in lines))
    raise click.exceptions.Exit(code)


def _difference(result: Refresh) -> Iterator[str]:
    """Every change; of many additions to one family only the number."""
    added: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for change in result.changes:
        added[change.family, change.kind].append(change)
    for (family, kind), group in sorted(added.items()):
        if kind in {"ADDED", "CYCLE-ADDED"} and len(group) > _SHOWN:
            yield f"{kind} {family} {len(group)} entries"
            continue
        for change in group:
            yield from _wrapped(str(change), indent="")
    for refusal in result.refused:
        yield from _wrapped(f"REFUSED {refusal}: --accept-large-change, if that is so", indent="")
    for failure in result.failures:
        yield from _wrapped(f"NOT READ {failure} (its data and its age are kept)", indent="")


def _closing(target: Path, result: Refresh, *, write: bool, on: date) -> str:
    count = len(result.changes)
    text = f"{count} change{'s' * (count != 1)}" if count else "no difference"
    if write:
        text += ", too large to accept: nothing is written" if result.refused else f", written to {target}"
    elif result.changes:
        text += "; nothing is written without --write"
    old = sum(family.is_old(on) for family in result.versions.families.values())
    return f"{text}; too old on {on}: {old} families" if old else text


def _code(result: Refresh, *, write: bool, checking: bool, on: date) -> int:
    if result.failures:
        return 3
    old = checking and any(family.is_old(on) for family in result.versions.families.values())
    return 1 if result.refused or old or (result.changes and not write) else 0


# --- shared


def _named(name: str, known: AllowList) -> str:
    found = EXPLAINED.get(name.lower(), name)
    if found in known.families:
        return found
    names = sorted({*EXPLAINED, *known.families})
    near = [part for part in names if name.lower() in part] or get_close_matches(name.lower(), names)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise ConfigError(f"there is no family {name!r}: {hint}'stackproof versions list' lists all")


def _day(project: Project, as_of: date | None) -> date:
    return as_of or project.settings.versions_as_of or datetime.now(tz=UTC).date()


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
