"""The text of `prove`, of the gate and of every command: differences, stages, notifications, and figures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby

from stackproof.calls.log import CallLog
from stackproof.config.settings import EMULATORS
from stackproof.core.notification import Level, Notification
from stackproof.gate.report import GateReport
from stackproof.proof.flow_values import FlowFact
from stackproof.proof.merging import shares
from stackproof.proof.observation import UNANSWERED, Coverage, DriftStatus, ResourceProof
from stackproof.proof.report import ProveReport
from stackproof.reporters.types_table import type_lines
from stackproof.reporters.values import change_lines
from stackproof.reporters.wording import folded, verdict_word, visible

__all__ = [
    "calls_line",
    "coverage_line",
    "custom_resources",
    "flow_lines",
    "gate_text",
    "notification_lines",
    "prove_text",
    "share_lines",
    "unproven_lines",
]

_WIDTH = 80
_FIGURES = "proof ("
_PLURALS = {"property": "properties"}


def prove_text(report: ProveReport, *, verbose: bool = False) -> str:
    """Every difference, the reasons for what is unproven, and proof coverage last."""
    lines: list[str] = []
    for proof in report.proofs:
        lines.extend(_proof_lines(proof, verbose=verbose))
    for name, proofs in ({"": report.proofs} | dict(report.by_target)).items():
        lines.extend(_unanswered_lines(proofs, name))
    if verbose:
        lines.extend(unproven := _unproven(report.proofs))
        for name, proofs in report.by_target.items():
            lines.extend(f"{line} (on {name} alone)" for line in sorted({*_unproven(proofs)} - {*unproven}))
    lines.extend(notification_lines(report.notifications, verbose=verbose))
    if verbose:
        lines.extend(type_lines(report.types))
    if len(report.by_target) > 1:
        lines.extend(share_lines(report.by_target))
    lines.append(coverage_line(report.coverage, report.target))
    if report.reasons:
        lines.append("not proven: " + ", ".join(f"{count} {reason}" for reason, count in report.reasons.items()))
    if report.calls.counts:
        lines.append(calls_line(report.calls))
    lines.extend(f"error: {shortfall}" for shortfall in report.shortfalls)
    return "\n".join(chain.from_iterable(map(_fitting, lines))) + "\n"


def _fitting(line: str) -> Sequence[str]:
    """The line, folded to the page; figures stay one line, so that a script can read them."""
    shown = visible(line)
    return [shown] if line.startswith(_FIGURES) else folded(shown)


def calls_line(calls: CallLog) -> str:
    """The number of calls to the target, and the refused calls."""
    total = calls.reads + calls.writes
    line = f"{_several(total, 'call')}: {_several(calls.reads, 'read')}, {_several(calls.writes, 'write')}"
    return f"{line}, {calls.refused} refused ({', '.join(calls.refusals)})" if calls.refused else line


def _several(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {_PLURALS.get(what, f'{what}s')}"


def share_lines(by_target: Mapping[str, Sequence[ResourceProof]]) -> Iterator[str]:
    """What each of several targets proved: its coverage, what it alone proved, and what differs on it."""
    for share in shares(by_target):
        proofs = by_target[share.target]
        yield f"{coverage_line(Coverage.of(tuple(proofs)), share.target)}; {share.alone} on it alone"
        yield from (
            f"  differs on {share.target}: {_named(proof)} {difference.path}"
            for proof in proofs
            for difference in proof.differences
        )


def coverage_line(coverage: Coverage, target: str) -> str:
    """Proof coverage with its denominators; proofs on an emulator are marked."""
    total, proven = coverage.properties_total, coverage.properties_proven
    share = f"{100 * proven / total:.1f} %" if total else "nothing set"
    differs = f", {coverage.properties_differ} differ" if coverage.properties_differ else ""
    return (
        f"{_FIGURES}{_called(target)}): {coverage.resources_proven} of {coverage.resources_total} resources"
        f"{custom_resources(coverage)}, {proven} of {total} properties ({share}){differs}"
    )


def custom_resources(coverage: Coverage) -> str:
    """The number of custom resources, which coverage does not count; "" without any."""
    count = coverage.custom_resources
    return f" ({_several(count, 'custom resource')} not counted)" if count else ""


def flow_lines(facts: Iterable[FlowFact]) -> Iterator[str]:
    """The facts of each flow and their target, and last what the target does not support."""
    ordered = sorted(set(facts), key=lambda fact: (fact.target, fact.flow, not fact.emulated, fact.text))
    for (target, flow), group in groupby(ordered, key=lambda fact: (fact.target, fact.flow)):
        yield f"flow ({_called(target)}): {flow}"
        yield from (f"  {fact.text}" for fact in group)


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
        lines.extend(f"{'':<36}{name}" for name in more)
    lines.append(f"gate: {verdict_word(report.exit_code)} (exit code {report.exit_code})")
    return "\n".join(lines) + "\n"


def notification_lines(
    notifications: Iterable[Notification], *, verbose: bool = False, width: int = _WIDTH
) -> Iterator[str]:
    """The notifications of the run; notes only if `verbose`."""
    for notification in notifications:
        if notification.level is Level.NOTE and not verbose:
            continue
        where = (
            f"{notification.file}: "
            if notification.file and not notification.message.startswith(notification.file)
            else ""
        )
        who = f"{notification.engine}: " if notification.engine else ""
        yield from textwrap.wrap(
            visible(f"{notification.level.value}: {where}{who}{notification.message}", keep="\n\t"),
            width,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _unanswered_lines(proofs: Iterable[ResourceProof], target: str) -> Iterator[str]:
    """What could not be read; it makes the exit code 3."""
    where = f" on {target}" if target else ""
    for proof in proofs:
        if proof.status is DriftStatus.NOT_CHECKED and not target:
            continue  # it has a line already
        missing = [unproven for unproven in proof.unproven if unproven.reason in UNANSWERED]
        reasons = sorted({f"{unproven.reason.value} {unproven.detail}".rstrip() for unproven in missing})
        if reasons and not proof.custom:
            count = sum(bool(unproven.path) for unproven in missing)
            name = f"{proof.location}: {_named(proof)}"
            yield f"{name}: {_several(count, 'property')} could not be read{where}: {'; '.join(reasons)}"


def _unproven(proofs: Iterable[ResourceProof]) -> list[str]:
    return [line for proof in proofs for line in unproven_lines(proof, _named(proof))]


def unproven_lines(proof: ResourceProof, name: str) -> Iterator[str]:
    """Each property with its reason; one line with their number for a resource that could not be read."""
    whole = next((unproven for unproven in proof.unproven if not unproven.path), None)
    if whole is not None and {unproven.reason for unproven in proof.unproven} == {whole.reason}:
        count = sum(bool(unproven.path) for unproven in proof.unproven)
        yield f"{name} ({_several(count, 'property')}): {f'{whole.reason.value} {whole.detail}'.rstrip()}"
        return
    for unproven in proof.unproven:
        yield f"{name} {unproven.path}".rstrip() + f": {unproven.reason.value} {unproven.detail}".rstrip()


def _named(proof: ResourceProof) -> str:
    """Stack and logical id, as in a drift audit."""
    place = proof.location
    return f"{place.stack_name}/{place.logical_id}" if place.stack_name else str(place.logical_id)


def _proof_lines(proof: ResourceProof, *, verbose: bool) -> Iterator[str]:
    if proof.status is DriftStatus.DELETED:
        yield f"{proof.location}: {_named(proof)} ({proof.location.resource_type}) does not exist"
    for difference in proof.differences:
        yield f"{proof.location}: {_named(proof)} {difference.path} differs"
        yield from change_lines(difference.expected, difference.actual, whole=verbose)
    if proof.status is DriftStatus.NOT_CHECKED and not proof.custom:
        reasons = sorted({unproven.reason.value for unproven in proof.unproven}) or ["unknown"]
        details = sorted({unproven.detail for unproven in proof.unproven if unproven.detail})
        yield f"{proof.location}: {_named(proof)} could not be checked: {', '.join((*reasons, *details))}"
