"""`stackproof check`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import click

from stackproof.cli.baseline import baseline_options, compared
from stackproof.cli.options import (
    as_of_option,
    cache_option,
    context_option,
    open_project,
    progress,
    verbose_option,
)
from stackproof.cli.outputs import ReportingCommand, Wanted, output_options, require_outputs
from stackproof.cli.reporting import secrets_of, write_check
from stackproof.config.baseline import load_baseline
from stackproof.config.settings import parse_context
from stackproof.core.notification import Level
from stackproof.policy.report import CheckReport
from stackproof.reporters.file import require_writable
from stackproof.reporters.table import formats_of
from stackproof.wiring.checking import checked_app, checked_paths
from stackproof.wiring.engine_versions import deployed_versions
from stackproof.wiring.policy import unwaivable_ids
from stackproof.wiring.targets import deployed_template

__all__ = ["check"]


@click.command(cls=ReportingCommand)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@context_option
@output_options(*formats_of("check"))
@click.option("--fail-level", type=click.Choice(["error", "warning"]), help="The least level that fails.")
@click.option("--strict", is_flag=True, help="Also exit with code 3 if something is open.")
@baseline_options
@as_of_option
@click.option(
    "--parameters",
    "parameters",
    multiple=True,
    metavar="KEY=VALUE",
    help="A template parameter's value, for engine versions; repeatable.",
)
@click.option(
    "--deployed",
    "deployed",
    multiple=True,
    metavar="[STACK=]FILE|STACK",
    help="A deployed template, or a stack in the account: its engine versions are evaluated as running ones.",
)
@cache_option
@verbose_option("Also show notes, generated resources, the baseline, every engine's message and rule pages.")
def check(
    paths: tuple[str, ...],
    context: tuple[str, ...],
    fail_level: str | None,
    baseline: Path | None,
    write_baseline: Path | None,
    as_of: date | None,
    parameters: tuple[str, ...],
    deployed: tuple[str, ...],
    *,
    wanted: tuple[Wanted, ...],
    strict: bool,
    no_cache: bool,
    verbose: bool,
) -> None:
    """Evaluate templates against policy.

    The engines are cfn-lint, Checkov, cloudformation-validate, CDK's annotations,
    and stackproof's rules about engine versions (databases, runtimes): whether AWS
    still creates and supports them.

    PATH is a template (JSON or YAML), a folder to search for templates, a cloud
    assembly (cdk.out), or "-" for standard input. Without a PATH the CDK app of
    the project is synthesized and evaluated.

    \b
    Examples:
      stackproof check
      stackproof check -c postgresVersion=15.3
      stackproof check template.yaml cdk.out --format json --output check.json
      stackproof check --format terminal --format sarif --output check.sarif
      stackproof check --write-baseline policies/baseline.json
      stackproof check --baseline policies/baseline.json
      stackproof check template.yaml --deployed live.json --as-of 2027-03-01
    """
    require_outputs(wanted)
    if write_baseline is not None:
        require_writable(write_baseline, option="--write-baseline")
    known = load_baseline(baseline) if baseline else None
    opened = open_project(no_cache=no_cache)
    project = replace(
        opened,
        versions_as_of=as_of,
        parameters={key: str(value) for key, value in parse_context(parameters, option="--parameters").items()},
        deployed=deployed_versions(deployed, partial(deployed_template, opened)),
    )
    on = datetime.now(tz=UTC).date()
    secrets: Callable[[], Collection[str]] = frozenset  # templates that are files show theirs by themselves
    chosen = parse_context(context)
    with progress("checking"):
        if paths:
            result = checked_paths(project, tuple(Path(path) for path in paths), stdin=sys.stdin.buffer, on=on)
        else:
            checked = checked_app(project, chosen, on=on)
            result, secrets = checked.scan, secrets_of(checked.assembly)
    result = compared(result, known, baseline, write_baseline, not_waivable=unwaivable_ids(project))
    report = CheckReport(
        findings=result.findings,
        rules=result.counts,
        notifications=result.notifications,
        fail_level=Level(fail_level) if fail_level else project.settings.fail_level,
        strict=strict,
        inputs=result.inputs,
        waivers=result.waivers,
    )
    templates = Path.cwd() if paths else None
    write_check(wanted, report, project.settings.root, templates=templates, verbose=verbose, secrets=secrets)
    raise click.exceptions.Exit(report.exit_code)
