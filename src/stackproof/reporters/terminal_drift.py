"""What a drift audit says to a person: each difference with its line, then how much was looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from stackproof.model.drift import Difference, DriftOrigin, StackAudit
from stackproof.model.drift_memory import Memory
from stackproof.model.drift_report import DriftReport
from stackproof.model.observation import DriftStatus
from stackproof.reporters.differences import Where, at, said, where_of
from stackproof.reporters.ledger import ledger_lines
from stackproof.reporters.terminal import calls_line, notification_lines
from stackproof.reporters.terminal_memory import memory_lines, since_line
from stackproof.reporters.types_table import type_lines
from stackproof.reporters.wording import folded, value_lines, visible

__all__ = ["drift_text"]

_BESIDE: Mapping[str, str] = {
    "both": "both see",
    "stackproof": "only stackproof sees",
    "cloudformation": "only CloudFormation sees",
}


def drift_text(report: DriftReport, *, verbose: bool = False) -> str:
    """Differences, what could not be checked, the ledger, and the certificate last; of a fleet each with its place."""
    where = where_of(report.places)
    lines: list[str] = []
    for each in report.differences:
        lines.extend(_difference(each, report.memory, where, verbose=verbose))
    for audit in report.audits:
        here = where(audit.account, audit.region)
        lines.extend(f"{here}{each}" for each in _unchecked(audit, verbose=verbose))
        lines.extend(f"{here}{each}" for each in _beside(audit))
    lines.extend(f"{each.location}: {each.level.value}: {each.message} ({each.rule_id})" for each in report.findings)
    if verbose:
        lines.extend(ledger_lines(report.waivers))
    lines.extend(notification_lines(report.notifications, verbose=verbose))
    lines.extend(memory_lines(report.memory, where))
    lines.extend(f"{where(each.account, each.region)}{_certificate(each)}" for each in report.audits)
    if verbose:
        lines.extend(type_lines(report.types))
    if report.calls.counts:
        lines.append(calls_line(report.calls))
    shown = [visible(each) for each in lines]
    if where is at:
        shown = list(chain.from_iterable(map(folded, shown)))
    return "\n".join((*shown, visible(_verdict(report)))) + "\n"


def _difference(each: Difference, memory: Memory | None, where: Where, *, verbose: bool) -> Iterator[str]:
    is_changed = memory is not None and each.fingerprint in memory.changed  # what people waived is another value now
    if each.suppression is not None and not verbose and not is_changed:
        return
    yield said(each, where)
    if each.origin in {DriftOrigin.DECLARED, DriftOrigin.UNDECLARED}:
        yield from value_lines("expected", each.shown(each.expected), whole=verbose)
    if each.origin in {DriftOrigin.DECLARED, DriftOrigin.UNDECLARED, DriftOrigin.CHILD}:
        yield from value_lines("actual", each.shown(each.actual), whole=verbose)
    yield from since_line(memory, each)
    if each.suppression is not None:
        yield f"    waived {each.suppression}"


def _unchecked(audit: StackAudit, *, verbose: bool) -> Iterator[str]:
    if audit.reason is not None:
        yield f"{audit.stack_name}: could not be audited: {audit.reason.value}: {audit.detail}"
        return
    for proof in audit.unchecked:
        reasons = sorted({one.reason.value for one in proof.unproven}) or ["unknown"]
        details = sorted({one.detail for one in proof.unproven if one.detail})
        name = f"{audit.stack_name}/{proof.location.logical_id}"
        yield f"{proof.location}: {name} could not be checked: {', '.join((*reasons, *details))}"
    if verbose:
        for proof in audit.proofs:
            for one in proof.unproven:
                name = f"{audit.stack_name}/{proof.location.logical_id}"
                yield f"{name} {one.path}: {one.reason.value} {one.detail}".rstrip()
    for each in audit.unread:
        if verbose or each.reason.value not in {"not_emulated", "unresolved"}:
            name = f"{audit.stack_name}/{each.logical_id}"
            yield f"{name}: {each.question} not looked at: {each.reason.value} {each.detail}".rstrip()


def _beside(audit: StackAudit) -> Iterator[str]:
    if audit.native is None:
        return
    yield f"{audit.stack_name} beside CloudFormation's own detection:" + ("" if audit.native else " neither differs")
    for each in audit.native:
        detail = f" ({each.detail})" if each.detail else ""
        yield f"  {_BESIDE[each.seen_by]} {each.logical_id}{each.property_path}{detail}"


def _certificate(audit: StackAudit) -> str:
    found = audit.coverage
    seen = found.properties_proven + found.properties_differ
    looked = sum(each.status is not DriftStatus.NOT_CHECKED and not each.custom for each in audit.proofs)
    custom = f" ({found.custom_resources} custom apart)" if found.custom_resources else ""
    rest = ", ".join(f"{count} {reason}" for reason, count in audit.reasons.items())
    return (
        f"{audit.stack_name}: {audit.status.value}; looked at {looked} of {found.resources_total} resources{custom}, "
        f"{seen} of {found.properties_total} properties, "
        f"{audit.children.looked_at} of {audit.children.total} families of children, "
        f"{audit.defaults.looked_at} of {audit.defaults.total} defaults" + (f"; not looked at: {rest}" if rest else "")
    )


def _verdict(report: DriftReport) -> str:
    found = report.coverage
    seen = found.properties_proven + found.properties_differ
    share = f"{report.checked:.1f} % of the properties looked at ({seen} of {found.properties_total})"
    minimum = f", the minimum is {report.minimum_coverage:g} %" if not report.is_enough else ""
    outcome = report.outcome
    differs = ", ".join(f"{count} {origin}" for origin, count in report.by_origin.items() if count) or "none"
    lived = f", {outcome.waived} waived" if outcome.waived else ""
    return f"drift ({report.target}): {_word(report)}; differences: {differs}{lived}; {share}{minimum}"


def _word(report: DriftReport) -> str:
    """The verdict; of waivers it says how many are to be looked after, whether something has drifted or not."""
    stale, outcome = report.outdated_waivers, report.outcome
    if not stale or outcome.exit_code != 1:
        return outcome.verdict
    waivers = "1 waiver is out of date" if stale == 1 else f"{stale} waivers are out of date"
    return f"drifted, and {waivers}" if outcome.differences else f"clean, but {waivers}"
