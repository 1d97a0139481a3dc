"""A drift audit as text: each difference with its line, then how much was checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from stackproof.drift.difference import Difference, DriftOrigin, QuestionCount
from stackproof.drift.episode import Memory, shown_time
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_audit import StackAudit, total_coverage
from stackproof.proof.observation import DriftStatus
from stackproof.reporters.differences import Where, sentence, where_of
from stackproof.reporters.ledger import ledger_lines
from stackproof.reporters.terminal import calls_line, custom_resources, notification_lines, unproven_lines
from stackproof.reporters.terminal_memory import memory_lines, since_line
from stackproof.reporters.types_table import type_lines
from stackproof.reporters.values import change_lines, value_lines
from stackproof.reporters.wording import folded, visible

__all__ = ["drift_text"]

_SEVERAL: Final = 2
_BESIDE: Mapping[str, str] = {
    "both": "both see",
    "stackproof": "only stackproof sees",
    "cloudformation": "only CloudFormation sees",
}


def drift_text(report: DriftReport, *, verbose: bool = False) -> str:
    """Differences, unchecked parts, the ledger, and the certificate last; a fleet's lines have account and region."""
    where = where_of(report.places)
    lines: list[str] = []
    for difference in report.differences:
        lines.extend(_difference(difference, report.memory, where, verbose=verbose))
    asked = [audit for audit in report.audits if audit.native is not None]
    beside, agreed = _apart(asked, lambda audit: not audit.native, verbose=verbose)
    apart = {id(audit) for audit in beside}
    for audit in report.audits:
        here = where(audit.account, audit.region)
        lines.extend(f"{here}{name}" for name in _unchecked(audit, verbose=verbose))
        if id(audit) in apart:
            lines.extend(f"{here}{name}" for name in _beside(audit))
    if agreed:
        lines.append(f"{len(agreed)} stacks beside CloudFormation's own detection: neither differs")
    lines.extend(
        f"{finding.location}: {finding.level.value}: {finding.message} ({finding.rule_id})"
        for finding in report.findings
    )
    if verbose:
        lines.extend(ledger_lines(report.waivers))
    lines.extend(notification_lines(report.notifications, verbose=verbose))
    lines.extend(memory_lines(report.memory, where))
    lines.extend(_certificates(report, where, verbose=verbose))
    if verbose:
        lines.extend(type_lines(report.types))
    if report.calls.counts:
        lines.append(calls_line(report.calls))
    shown = [visible(line) for line in lines]
    return "\n".join((*chain.from_iterable(map(folded, shown)), visible(_verdict(report)))) + "\n"


def _difference(each: Difference, memory: Memory | None, where: Where, *, verbose: bool) -> Iterator[str]:
    is_changed = memory is not None and each.fingerprint in memory.changed  # what people waived is another value now
    if each.suppression is not None and not verbose and not is_changed:
        return
    yield sentence(each, where)
    if each.origin in {DriftOrigin.DECLARED, DriftOrigin.UNDECLARED}:
        yield from change_lines(each.shown(each.expected), each.shown(each.actual), whole=verbose)
    if each.origin is DriftOrigin.CHILD:
        yield from value_lines("actual", each.shown(each.actual), whole=verbose)
    yield from since_line(memory, each)
    if each.suppression is not None:
        yield f"    waived {each.suppression}"


def _unchecked(audit: StackAudit, *, verbose: bool) -> Iterator[str]:
    if audit.reason is not None:
        yield f"{audit.stack_name}: could not be audited: {audit.reason.value}: {audit.detail}"
        return
    for proof in audit.unchecked:
        reasons = sorted({unproven.reason.value for unproven in proof.unproven}) or ["unknown"]
        details = sorted({unproven.detail for unproven in proof.unproven if unproven.detail})
        name = f"{audit.stack_name}/{proof.location.logical_id}"
        yield f"{proof.location}: {name} could not be checked: {', '.join((*reasons, *details))}"
    if verbose:
        for proof in audit.proofs:
            yield from unproven_lines(proof, f"{audit.stack_name}/{proof.location.logical_id}")
    for unread in audit.unread:
        if verbose or unread.reason.value not in {"not_emulated", "unresolved"}:
            name = f"{audit.stack_name}/{unread.logical_id}"
            yield f"{name}: {unread.question} not checked: {unread.reason.value} {unread.detail}".rstrip()


def _beside(audit: StackAudit) -> Iterator[str]:
    yield f"{audit.stack_name} beside CloudFormation's own detection:" + ("" if audit.native else " neither differs")
    for row in audit.native or ():
        detail = f" ({row.detail})" if row.detail else ""
        yield f"  {_BESIDE[row.seen_by]} {row.logical_id}{row.property_path}{detail}"


def _certificates(report: DriftReport, where: Where, *, verbose: bool) -> Iterator[str]:
    """One line for each stack with something to report, and one line for all others together.

    Stacks that an interrupted run checked are apart from the others, with the time of the check.
    """
    for kept in (False, True):
        named, quiet = _apart(
            [audit for audit in report.audits if (report.kept_since(audit) is not None) is kept],
            lambda audit: audit.status is DriftStatus.IN_SYNC and report.has_enough_of(audit),
            verbose=verbose,
        )
        for audit in named:
            status = f"{audit.status.value}{_since(report, [audit])}"
            yield f"{where(audit.account, audit.region)}{audit.stack_name}: {status}; {_looked_at([audit])}"
        if quiet:
            yield f"{len(quiet)} stacks IN_SYNC{_since(report, quiet)}; {_looked_at(quiet)}"


def _since(report: DriftReport, audits: Sequence[StackAudit]) -> str:
    """When an interrupted run checked them; empty if it did not."""
    times = sorted({shown_time(at) for audit in audits if (at := report.kept_since(audit)) is not None})
    if not times:
        return ""
    when = times[0] if len(times) == 1 else f"from {times[0]} to {times[-1]}"
    return f", checked {when} by the interrupted run"


def _apart(
    audits: Sequence[StackAudit], is_quiet: Callable[[StackAudit], bool], *, verbose: bool
) -> tuple[Sequence[StackAudit], Sequence[StackAudit]]:
    """The audits that are named, and those that share a line; a few are named, and with `verbose` all."""
    quiet = [audit for audit in audits if is_quiet(audit)]
    if verbose or len(quiet) < _SEVERAL:
        return audits, ()
    return [audit for audit in audits if not is_quiet(audit)], quiet


def _looked_at(audits: Sequence[StackAudit]) -> str:
    """How much was checked, and the reasons for the rest."""
    found = total_coverage(audits)
    seen = found.properties_proven + found.properties_differ
    looked = sum(
        proof.status is not DriftStatus.NOT_CHECKED and not proof.custom for audit in audits for proof in audit.proofs
    )
    children = sum((audit.children for audit in audits), QuestionCount())
    defaults = sum((audit.defaults for audit in audits), QuestionCount())
    reasons: Counter[str] = Counter()
    for audit in audits:
        reasons.update(audit.reasons)
    rest = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return (
        f"checked {looked} of {found.resources_total} resources{custom_resources(found)}, "
        f"{seen} of {found.properties_total} properties, "
        f"{children.looked_at} of {children.total} families of children, "
        f"{defaults.looked_at} of {defaults.total} defaults" + (f"; not checked: {rest}" if rest else "")
    )


def _verdict(report: DriftReport) -> str:
    found = report.coverage
    seen = found.properties_proven + found.properties_differ
    share = f"{report.checked:.1f} % of the properties checked ({seen} of {found.properties_total})"
    minimum = f", the minimum is {report.minimum_coverage:g} %" if not report.is_enough else ""
    outcome = report.outcome
    differs = ", ".join(f"{count} {origin}" for origin, count in report.by_origin.items() if count) or "none"
    lived = f", {outcome.waived} waived" if outcome.waived else ""
    return f"drift ({report.target}): {_word(report)}; differences: {differs}{lived}; {share}{minimum}"


def _word(report: DriftReport) -> str:
    """The verdict, with the number of waivers out of date, whether or not something drifted."""
    stale, outcome = report.outdated_waivers, report.outcome
    if not stale or outcome.exit_code != 1:
        return outcome.verdict
    waivers = "1 waiver is out of date" if stale == 1 else f"{stale} waivers are out of date"
    return f"drifted, and {waivers}" if outcome.differences else f"clean, but {waivers}"
