"""Reports as text for a person: the verdict and its denominators first, then what to do, each at its place."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from stackproof.config.settings import EMULATORS
from stackproof.model.finding import Finding, Kind, Level, Notification
from stackproof.model.flow import FlowFact
from stackproof.model.json import JsonValue
from stackproof.model.observation import Coverage, DriftStatus, ResourceProof
from stackproof.model.report import CheckReport, GateReport, ProveReport
from stackproof.union import shares

__all__ = [
    "check_text",
    "coverage_line",
    "flow_lines",
    "gate_text",
    "notification_lines",
    "policy_line",
    "prove_text",
    "share_lines",
]

_WIDTH = 80
_SHOWN_VALUE = 60


def check_text(report: CheckReport, *, verbose: bool = False) -> str:
    """Violations, then what is open, waived and generated (one line each group unless `verbose`)."""
    lines: list[str] = []
    shown = [each for each in report.findings if _counts(each, report.fail_level)]
    for finding in shown:
        lines.extend(_finding_lines(finding))
    rest = [each for each in report.findings if each not in shown]
    lines.extend(_rest_lines(rest, verbose=verbose))
    lines.extend(notification_lines(report.notifications, verbose=verbose))
    lines.append(policy_line(report))
    return "\n".join(lines) + "\n"


def policy_line(report: CheckReport) -> str:
    """The summary with its denominator."""
    summary = report.summary
    return (
        f"policy: {summary.held} of {summary.total} rules held, {summary.violated} violated, "
        f"{summary.waived} waived, {summary.open} open"
    )


def prove_text(report: ProveReport, *, verbose: bool = False) -> str:
    """Every difference, the reasons for what is unproven, and proof coverage last."""
    lines: list[str] = []
    for proof in report.proofs:
        lines.extend(_proof_lines(proof))
    if verbose:
        lines.extend(
            f"{proof.location.logical_id} {one.path}: {one.reason.value} {one.detail}".rstrip()
            for proof in report.proofs
            for one in proof.unproven
        )
    lines.extend(notification_lines(report.notifications, verbose=verbose))
    if len(report.by_target) > 1:
        lines.extend(share_lines(report.by_target))
    lines.append(coverage_line(report.coverage, report.target))
    if report.reasons:
        lines.append("not proven: " + ", ".join(f"{count} {reason}" for reason, count in report.reasons.items()))
    return "\n".join(lines) + "\n"


def share_lines(by_target: Mapping[str, Sequence[ResourceProof]]) -> Iterator[str]:
    """Which of several targets proved what: its own coverage, what no other one has, and what differs on it."""
    for share in shares(by_target):
        proofs = by_target[share.target]
        yield f"{coverage_line(Coverage.of(tuple(proofs)), share.target)}; {share.alone} on it alone"
        yield from (
            f"  differs on {share.target}: {proof.location.logical_id}{each.path}"
            for proof in proofs
            for each in proof.differences
        )


def coverage_line(coverage: Coverage, target: str) -> str:
    """Proof coverage with its denominators; what an emulator proves is called so."""
    custom = f" ({coverage.custom_resources} custom apart)" if coverage.custom_resources else ""
    total, proven = coverage.properties_total, coverage.properties_proven
    share = f"{100 * proven / total:.1f} %" if total else "nothing set"
    differs = f", {coverage.properties_differ} differ" if coverage.properties_differ else ""
    return (
        f"proof ({_called(target)}): {coverage.resources_proven} of {coverage.resources_total} resources{custom}, "
        f"{proven} of {total} properties ({share}){differs}"
    )


def flow_lines(facts: Iterable[FlowFact]) -> Iterator[str]:
    """What was seen of each flow and where, and last what the target lacks of it."""
    told = sorted(set(facts), key=lambda each: (each.target, each.flow, not each.emulated, each.text))
    for (target, flow), group in groupby(told, key=lambda each: (each.target, each.flow)):
        yield f"flow ({_called(target)}): {flow}"
        yield from (f"  {each.text}" for each in group)


def _called(target: str) -> str:
    names = target.split(" + ")
    if not set(names) <= set(EMULATORS):
        return target
    return f"emulator{'s' if len(names) > 1 else ''} {target}"


def gate_text(report: GateReport) -> str:
    """A table of stages and one verdict."""
    lines = [f"{'stage':<14}{'outcome':<12}{'seconds':>8}  detail"]
    for stage in report.stages:
        cached = "cached; " if stage.cached else ""
        first, *more = textwrap.wrap(cached + stage.detail, _WIDTH - 36) or [""]
        lines.append(f"{stage.name:<14}{stage.outcome:<12}{stage.seconds:>8.1f}  {first}".rstrip())
        lines.extend(f"{'':<36}{each}" for each in more)
    words = {0: "held", 1: "violated", 2: "configuration error", 3: "could not complete"}
    lines.append(f"gate: {words[report.exit_code]} (exit code {report.exit_code})")
    return "\n".join(lines) + "\n"


def notification_lines(notifications: Iterable[Notification], *, verbose: bool = False) -> Iterator[str]:
    """What has to be said of the run; notes only when asked for."""
    for each in notifications:
        if each.level is Level.NOTE and not verbose:
            continue
        where = f"{each.file}: " if each.file and not each.message.startswith(each.file) else ""
        who = f"{each.engine}: " if each.engine else ""
        yield from textwrap.wrap(
            f"{each.level.value}: {where}{who}{each.message}",
            _WIDTH,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _counts(finding: Finding, fail_level: Level) -> bool:
    return finding.violates(fail_level)


def _finding_lines(finding: Finding) -> Iterator[str]:
    place = finding.location
    yield f"{place}: {finding.level.value}: {finding.rule_id}"
    yield from _wrapped(finding.message)
    what = " ".join(each for each in (place.construct_path or place.logical_id, place.property_path) if each)
    if what:
        yield f"    in {what}"
    others = sorted({f"{each.engine} {each.rule_id}" for each in finding.origins})
    yield f"    by {', '.join(others)}"


def _rest_lines(findings: list[Finding], *, verbose: bool) -> Iterator[str]:
    """What does not fail: each waiver and each open question by itself, the rest as numbers unless asked for."""
    groups: dict[str, list[Finding]] = {"waived": [], "open": [], "generated by CDK": [], "notes": []}
    for each in findings:
        groups[_group(each)].append(each)
    for each in groups["waived"]:
        until = f" until {each.suppression.expires}" if each.suppression else ""
        yield f"{each.location}: waived{until}: {each.rule_id}"
        if verbose and each.suppression:
            yield from _wrapped(f"{each.suppression.reason} ({each.suppression.owner})")
    for each in groups["open"]:
        yield f"{each.location}: open: {each.rule_id}"
        yield from _wrapped(each.message)
    for name in ("generated by CDK", "notes"):
        if groups[name] and not verbose:
            yield f"{name}: {len(groups[name])} (-v shows them)"
        elif groups[name]:
            yield from _by_rule(name, groups[name])


def _group(finding: Finding) -> str:
    if finding.suppression is not None:
        return "waived"
    if finding.generated:
        return "generated by CDK"
    return "open" if finding.kind is Kind.OPEN else "notes"


def _by_rule(name: str, findings: list[Finding]) -> Iterator[str]:
    """One paragraph for each rule: what it says first, then the places, each once."""
    rules: dict[str, list[Finding]] = {}
    for each in findings:
        rules.setdefault(each.rule_id, []).append(each)
    for rule_id, group in sorted(rules.items()):
        yield f"{name}: {rule_id}: {len(group)} findings" if len(group) > 1 else f"{name}: {rule_id}"
        yield from _wrapped(group[0].message)
        places = Counter(str(each.location) for each in group)
        yield from _wrapped("at " + ", ".join(f"{place}{f' ({n})' if n > 1 else ''}" for place, n in places.items()))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _proof_lines(proof: ResourceProof) -> Iterator[str]:
    if proof.status is DriftStatus.DELETED:
        yield f"{proof.location}: {proof.location.logical_id} ({proof.location.resource_type}) does not exist"
    for difference in proof.differences:
        yield f"{proof.location}: {proof.location.logical_id} {difference.path} differs"
        yield f"    expected {_value(difference.expected)}"
        yield f"    actual   {_value(difference.actual)}"
    if proof.status is DriftStatus.NOT_CHECKED and not proof.custom:
        reasons = sorted({one.reason.value for one in proof.unproven}) or ["unknown"]
        details = sorted({one.detail for one in proof.unproven if one.detail})
        yield f"{proof.location}: {proof.location.logical_id} could not be checked: {', '.join((*reasons, *details))}"


def _value(value: JsonValue) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_VALUE else f"{text[:_SHOWN_VALUE]}…"
