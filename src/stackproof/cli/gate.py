"""`stackproof gate`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO

import click

from stackproof.cli.errors import print_error
from stackproof.cli.options import cache_option, context_option, open_project, progress
from stackproof.cli.outputs import ReportingCommand, Wanted, Write, output_options, require_outputs, write_wanted
from stackproof.cli.reporting import check_writers, secrets_of, source_lines
from stackproof.cli.target_options import LiveOptions, live_targets
from stackproof.config.settings import parse_context
from stackproof.core.errors import ConfigError, InputError
from stackproof.core.json import JsonObject
from stackproof.core.notification import Level, Notification
from stackproof.core.scratch_folder import scratch_folder
from stackproof.gate.gate import StageResult, Step, run_gate
from stackproof.gate.report import GateReport
from stackproof.gate.suite_facts import load_suite_facts
from stackproof.policy.report import CheckReport
from stackproof.proof.flow_values import FlowFact
from stackproof.proof.observation import Coverage
from stackproof.proof.report import ProveReport
from stackproof.reporters.file import write_file
from stackproof.reporters.json import JsonReporter, Report
from stackproof.reporters.masking import masked_report
from stackproof.reporters.style import style_for
from stackproof.reporters.table import formats_of
from stackproof.reporters.terminal import coverage_line, gate_text, prove_text
from stackproof.reporters.terminal_check import TerminalReporter
from stackproof.reporters.wording import policy_line
from stackproof.template.assembly import Assembly
from stackproof.template.stack_names import require_distinct_names
from stackproof.wiring.checking import scanned_assembly
from stackproof.wiring.policy import EngineSet, open_engines, require_policies
from stackproof.wiring.project import Project
from stackproof.wiring.proving import ProofOptions, prove_stacks
from stackproof.wiring.synth import is_synthesized, synthesize

__all__ = ["gate"]

_TAIL = 40
_PYTEST_USAGE = 4
# Outcomes of tests that checked something; a suite that skips all of them proves nothing of the stack.
_CHECKED = frozenset({"passed", "failed", "waived", "open"})
_PATIENCE = 15.0


@click.command(cls=ReportingCommand, short_help="Run everything that has to hold before a merge.")
@context_option
@click.option("--static", is_flag=True, help="Only synth and policy: no suites, nothing deployed.")
@output_options(*formats_of("gate"))
@click.option("--strict", is_flag=True, help="Also exit with code 3 if something is open.")
@cache_option
def gate(context: tuple[str, ...], *, wanted: tuple[Wanted, ...], static: bool, strict: bool, no_cache: bool) -> None:
    """Run everything that has to hold before a merge: one summary, one exit code.

    Stages: synth, check, then the suites of [tool.stackproof.suites] (without
    any: prove on an embedded target). Reports go to reports/. The formats terminal,
    json and markdown report all stages. The other formats report what check found.

    \b
    Examples:
      stackproof gate
      stackproof gate --static -c postgresVersion=15.3
      stackproof gate --format terminal --format sarif --output check.sarif
    """
    require_outputs(wanted)
    project = open_project(no_cache=no_cache)
    require_policies(project)
    run = _GateRun(project, context, static=static, strict=strict)
    try:
        report, errors = run_gate(run.steps(), clock=time.monotonic, ended=lambda _: None)
    finally:
        run.close()
    folder = project.settings.reports
    write_file(folder / "gate.json", lambda stream: JsonReporter().write(report, stream))
    write_wanted(wanted, run.writers(report))
    for error in errors:
        print_error(str(error))
    raise click.exceptions.Exit(report.exit_code)


class _GateRun:
    """The stages of one run, and what they hand on to one another."""

    def __init__(self, project: Project, context: tuple[str, ...], *, static: bool, strict: bool) -> None:
        self._texts: list[str] = []
        self._checked: CheckReport | None = None
        self._project = project
        self._pairs = context
        self._context = parse_context(context)
        self._static = static
        self._strict = strict
        self._engines: EngineSet = open_engines(project)
        self._assembly: Assembly | None = None
        self._has_proof = False
        self._on: date = datetime.now(tz=UTC).date()

    def close(self) -> None:
        """End the engines' processes."""
        self._engines.close()

    def writers(self, report: GateReport) -> Callable[[IO[str] | None], Mapping[str, Write]]:
        """How to write each format: all stages as text and JSON, what the check found in the others."""
        checked = self._checked or _unchecked(report)
        root = self._project.settings.root
        secrets: Callable[[], Collection[str]] = frozenset if self._assembly is None else secrets_of(self._assembly)
        of_check = check_writers(checked, root, templates=None, gate=report, secrets=secrets)

        def text(stream: IO[str]) -> None:
            style = style_for(stream, os.environ)
            lines = source_lines(root, secrets=secrets)
            if self._checked is not None:
                TerminalReporter(lines, style=style, summary=False).write(masked_report(checked), stream)
            stream.writelines(f"{text.rstrip()}\n" for text in self._texts if text)
            stream.write(gate_text(report))

        def writers(stream: IO[str] | None) -> Mapping[str, Write]:
            of_gate: dict[str, Write] = {"terminal": text, "json": lambda stream: JsonReporter().write(report, stream)}
            return {**of_check(stream), **of_gate}

        return writers

    def steps(self) -> list[Step]:
        """The stages in order; suites one after another, since each uses all cores by itself."""
        steps = [Step(name="synth", run=self._synth, essential=True), Step(name="check", run=self._check)]
        if self._static:
            return steps
        suites = self._project.settings.suites
        if not suites:
            return [*steps, Step(name="prove", run=self._prove)]
        return [*steps, *(Step(name=name, run=lambda name=name: self._suite(name)) for name in suites)]  # type: ignore[misc]

    def _synth(self) -> StageResult:
        coverage = not self._static  # suites may measure what a synth runs, and one synth serves all stages
        if not is_synthesized(self._project, self._context, coverage=coverage):
            self._engines.start()
        with progress("synthesizing"):
            self._assembly = synthesize(self._project, self._context, coverage=coverage)
        stacks = self._assembly.stacks
        count = sum(len(stack.template.resources) for stack in stacks)
        detail = f"{len(stacks)} stack{'s' * (len(stacks) != 1)}, {count} resource{'s' * (count != 1)}"
        return StageResult(exit_code=0, detail=detail, cached=self._assembly.cached)

    def _check(self) -> StageResult:
        with progress("checking"):
            result = scanned_assembly(self._project, self._synthesized, self._engines, on=self._on)
        report = CheckReport(
            findings=result.findings,
            rules=result.counts,
            notifications=result.notifications,
            fail_level=self._project.settings.fail_level,
            strict=self._strict,
            inputs=result.inputs,
            waivers=result.waivers,
        )
        self._checked = report
        self._write("check.json", masked_report(report))
        return StageResult(
            exit_code=report.exit_code,
            detail=policy_line(report).removeprefix("policy: "),
            cached=result.is_cached,
            policy=report.summary,
        )

    def _prove(self) -> StageResult:
        try:
            require_distinct_names(self._synthesized.stacks, option="stackproof prove --stack")
        except ConfigError as error:
            remedy = '[tool.stackproof.suites] may have a suite for each: web = ["suites/live", "--stack", "NAME"]'
            raise ConfigError(f"{error}; {remedy}") from error
        with live_targets(self._project, LiveOptions()) as targets:
            minimum = self._project.settings.minimum_proof
            report = prove_stacks(
                self._synthesized.stacks, *targets, options=ProofOptions(strict=self._strict, minimum=minimum)
            )
        report = replace(report, calls=self._project.calls.log())
        self._write("prove.json", report)
        self._texts.append(prove_text(report))
        return StageResult(
            exit_code=report.exit_code,
            detail="; ".join((coverage_line(report.coverage, report.target), *report.shortfalls)),
            proof=_proof(report),
        )

    def _suite(self, name: str) -> StageResult:
        settings = self._project.settings
        folder = settings.reports
        folder.mkdir(parents=True, exist_ok=True)
        facts = folder / f"{name}.json"
        facts.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", *settings.suites[name]]
        # What one suite leaves out another one may prove: the minimum is evaluated here.
        command += ["--no-minimum-proof", f"--stackproof-report={facts}", f"--junitxml={folder / f'{name}.xml'}"]
        command += [f"--cdk-context={pair}" for pair in self._pairs]
        with progress(f"running {name}"), scratch_folder() as scratch:
            status, output = _run(command, settings.root, scratch)
        (folder / f"{name}.txt").write_text(output, encoding="utf-8")
        if status != 0:
            self._texts.append("\n".join(output.rstrip().splitlines()[-_TAIL:]))
        result = _suite_result(name, status, facts, asked=settings.minimum_proof is not None)
        self._has_proof = self._has_proof or result.proof is not None
        if settings.minimum_proof and not self._has_proof and name == [*settings.suites][-1]:
            missing = "no suite proved a resource, so minimum_proof could not be evaluated"
            return replace(result, exit_code=result.exit_code or 3, detail=f"{result.detail}; {missing}")
        return result

    @property
    def _synthesized(self) -> Assembly:
        if self._assembly is None:
            raise ConfigError("nothing is synthesized")
        return self._assembly

    def _write(self, name: str, report: Report) -> None:
        write_file(self._project.settings.reports / name, lambda stream: JsonReporter().write(report, stream))


def _unchecked(report: GateReport) -> CheckReport:
    """The report for other programs if no check came to its end: nothing was evaluated."""
    why = (
        "; ".join(f"{stage.name}: {stage.detail}" for stage in report.stages if stage.exit_code and not stage.skipped)
        or "no reason is known"
    )
    error = Notification(level=Level.ERROR, message=f"nothing was evaluated: {why}")
    return CheckReport(findings=(), rules=(), notifications=(error,))


def _suite_result(name: str, status: int, facts: Path, *, asked: bool) -> StageResult:
    """The result of a suite; if a minimum of proof is `asked` for, a suite that leaves out resources exits 3."""
    try:
        found = load_suite_facts(facts)
    except InputError as error:
        return StageResult(exit_code=error.exit_code, detail=str(error))
    if found is None:
        if status == _PYTEST_USAGE:
            detail = f"pytest rejects the arguments of {name} in [tool.stackproof.suites]: see {name}.txt"
            return StageResult(exit_code=ConfigError.exit_code, detail=detail)
        # A crash may also end with 0 or 1: that is not a verdict.
        return StageResult(exit_code=3, detail=f"{name} left no report: it did not run to its end")
    code = {_PYTEST_USAGE: ConfigError.exit_code, 0: 0, 1: 1, 2: 2}.get(status, 3)
    if code in {0, 1} and (code != found.exit_code or not _CHECKED & found.tests.keys()):
        code = 3  # pytest and its plugin disagree, or no test of the suite checked anything
    tests = ", ".join(f"{count} {word}" for word, count in found.tests.items()) or "nothing ran"
    tests += _flows(found.flows)
    if not found.proofs:
        return StageResult(exit_code=code, detail=tests)
    report = ProveReport(target=found.target, proofs=found.proofs)
    reasons = ", ".join(f"{count} {reason}" for reason, count in report.reasons.items())
    detail = f"{tests}; {coverage_line(report.coverage, report.target)}" + (
        f"; not proven: {reasons}" if reasons else ""
    )
    if len(found.targets) > 1:
        shares = ", ".join(f"{name} {coverage.properties_proven}" for name, coverage in found.targets.items())
        detail += f"; proven by target: {shares}"
    detail += "".join(f"; {shortfall}" for shortfall in found.shortfalls)
    if found.partial:
        code, detail = code or (3 if asked else 0), f"{detail}; {found.partial}"
    return StageResult(exit_code=code, detail=detail, proof=_proof(report))


def _flows(facts: Sequence[FlowFact]) -> str:
    """How much was seen of flows of data, and how much of them the target lacks."""
    missing = sum(not fact.emulated for fact in facts)
    if not facts:
        return ""
    return f"; flow: {len(facts) - missing} seen" + (f", {missing} not emulated" if missing else "")


def _proof(report: ProveReport) -> JsonObject:
    coverage = Coverage.of(report.proofs).to_dict()
    types = [resource_type.to_dict() for resource_type in report.types]
    return {"target": report.target, **coverage, "reasons": dict(report.reasons), "types": types}


def _run(command: list[str], folder: Path, scratch: Path) -> tuple[int, str]:
    """Run to the end; on Ctrl-C give the suite time to clean up after itself.

    Each run writes its coverage data to a separate file, so that two runs in one checkout do not mix theirs.
    """
    process = subprocess.Popen(  # noqa: S603 - pytest, with the project's own arguments
        command,
        cwd=folder,
        env={**os.environ, "COVERAGE_FILE": str(scratch / "coverage")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    try:
        output, _ = process.communicate()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    return process.returncode, output.decode("utf-8", "replace")
