"""`stackproof check`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from stackproof.baseline import baseline_of
from stackproof.cli.options import (
    cache_option,
    context_option,
    open_project,
    output_options,
    progress,
    verbose_option,
    write_reports,
)
from stackproof.config.baseline import baseline_text, load_baseline
from stackproof.config.settings import parse_context
from stackproof.model.baseline import Baseline
from stackproof.model.finding import Level
from stackproof.model.report import CheckReport
from stackproof.reporters.file import write_file
from stackproof.reporters.terminal import check_text
from stackproof.scan import ScanResult, baselined
from stackproof.wiring import checked_app, checked_paths

__all__ = ["check"]


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@context_option
@output_options
@click.option("--fail-level", type=click.Choice(["error", "warning"]), help="The least level that fails.")
@click.option("--strict", is_flag=True, help="Exit code 3 also when something is open.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fail only for findings that are not in this file.",
)
@click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the findings of this run that are not waived into the file, as the next run's baseline.",
)
@cache_option
@verbose_option
def check(
    paths: tuple[str, ...],
    context: tuple[str, ...],
    formats: tuple[str, ...],
    outputs: tuple[str, ...],
    fail_level: str | None,
    baseline: Path | None,
    write_baseline: Path | None,
    *,
    strict: bool,
    no_cache: bool,
    verbose: bool,
) -> None:
    """Judge templates against policy: cfn-lint, Checkov, cloudformation-validate, CDK.

    PATH is a template (JSON or YAML), a folder to search for templates, a cloud
    assembly (cdk.out), or "-" for standard input. Without a PATH the CDK app of
    the project is synthesized and judged.

    \b
    Examples:
      stackproof check
      stackproof check -c postgresVersion=15.3
      stackproof check template.yaml cdk.out --format json --output check.json
      stackproof check --write-baseline policies/baseline.json
      stackproof check --baseline policies/baseline.json
    """
    known = load_baseline(baseline) if baseline else None
    project = open_project(no_cache=no_cache)
    on = datetime.now(tz=UTC).date()
    chosen = parse_context(context)
    with progress("checking"):
        if paths:
            result = checked_paths(project, tuple(Path(each) for each in paths), stdin=sys.stdin.buffer, on=on)
        else:
            result = checked_app(project, chosen, on=on).scan
    if write_baseline and (written := _written(result, write_baseline, project.not_waivable())) is not None:
        result = baselined(result, written, name=str(write_baseline), not_waivable=project.not_waivable())
    elif known is not None:
        result = baselined(result, known, name=str(baseline), not_waivable=project.not_waivable())
    report = CheckReport(
        findings=result.findings,
        rules=result.counts,
        notifications=result.notifications,
        fail_level=Level(fail_level) if fail_level else project.settings.fail_level,
        strict=strict,
        inputs=result.inputs,
        waivers=result.waivers,
    )
    write_reports(formats, outputs, text=lambda: check_text(report, verbose=verbose), report=report.to_dict())
    raise click.exceptions.Exit(report.exit_code)


def _written(result: ScanResult, path: Path, not_waivable: frozenset[str]) -> Baseline | None:
    """The baseline that was written; None where something was not judged, since what is there would count as new."""
    if any(each.level is Level.ERROR for each in result.notifications):
        click.echo(f"stackproof: error: {path} was not written: not everything could be judged", err=True)
        return None
    found = baseline_of(result.findings, not_waivable=not_waivable)

    def write(stream: IO[str]) -> None:
        stream.write(baseline_text(found))

    write_file(path, write)
    return found
