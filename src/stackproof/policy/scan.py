"""Evaluates templates with every engine, merges the findings, and applies waivers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from stackproof.core.notification import Level, Notification
from stackproof.policy.baseline import with_baseline
from stackproof.policy.baseline_file import Baseline
from stackproof.policy.control import Control
from stackproof.policy.engine_run import run_engines
from stackproof.policy.finding import EngineAnswer, Finding, Kind, RuleCount
from stackproof.policy.in_source import in_source
from stackproof.policy.merging import merged
from stackproof.policy.scan_result import ScanResult
from stackproof.policy.waivers import Evaluated, Ledger, waived

if TYPE_CHECKING:
    from stackproof.core.ports import Store
    from stackproof.policy.ports import PolicyEngine
    from stackproof.template.template import Template

__all__ = ["baselined", "scan"]

_NO_LEDGER = Ledger()


def scan(
    templates: Sequence[Template],
    engines: Sequence[PolicyEngine],
    *,
    store: Store | None = None,
    ledger: Ledger = _NO_LEDGER,
    on: date,
    controls: Mapping[str, Control] | None = None,
    jobs: int = 1,
) -> ScanResult:
    """Every engine's answer to every template; an engine that breaks on one is a notification, and the rest goes on.

    Engines work in parallel, each with up to `jobs` processes. An engine whose answers are all in the store is not
    started. `ledger` need not hold the waivers of the templates. `controls` maps rule ids to the controls that they
    serve. Raises ConfigError if a file of rules is invalid.
    """
    by_engine = dict(
        zip([engine.name for engine in engines], run_engines(engines, templates, store, on, jobs), strict=True)
    )
    answers = [
        (template.file, _readable(answer, template))
        for engine_answers in by_engine.values()
        for template, answer in zip(templates, engine_answers.answers, strict=True)
        if answer is not None
    ]
    stacks = tuple(sorted({template.stack_name or template.file for template in templates}))
    shared = _shared_names(templates)
    sources = [(template, in_source(template)) for template in templates]
    notifications = [
        *(notification for _, answer in answers for notification in answer.notifications),
        *(notification for engine_answers in by_engine.values() for notification in engine_answers.notifications),
        *(
            Notification(level=Level.ERROR, message=reason, file=template.file)
            for template in templates
            for reason in template.unreadable.values()
        ),
        *(_unheeded(place, template) for template, there in sources for place in there.unheeded),
    ]
    result = waived(
        merged((finding for _, answer in answers for finding in answer.findings), controls),
        replace(ledger, in_source=(*ledger.in_source, *(waiver for _, there in sources for waiver in there.waivers))),
        on=on,
        judged=Evaluated(
            stacks=(*stacks, *(template.file for template in templates if template.stack_name in shared)),
            shared_names=shared,
            engines=by_engine.keys(),
            rules={count.rule_id for _, answer in answers for count in answer.counts},
            complete=not any(notification.level is Level.ERROR for notification in notifications),
        ),
    )
    by_template = _template_counts(templates, answers, result.findings)
    found = _by_file(result.findings)
    return ScanResult(
        findings=result.findings,
        counts=_summed((*(count for counts in by_template.values() for count in counts), *result.counts)),
        notifications=tuple(sorted(set(notifications), key=_notification_key)),
        waivers=result.entries,
        stacks=stacks,
        shared_names=shared,
        inputs=tuple(sorted(template.file for template in templates)),
        by_template={file: (tuple(found[file]), counts) for file, counts in by_template.items()},
        seconds={name: engine_answers.seconds for name, engine_answers in sorted(by_engine.items())},
        cached=sum(engine_answers.cached for engine_answers in by_engine.values()),
        computed=sum(len(engine_answers.answers) - engine_answers.cached for engine_answers in by_engine.values()),
    )


def baselined(result: ScanResult, baseline: Baseline, *, name: str, not_waivable: frozenset[str]) -> ScanResult:
    """The result with the findings of the baseline suppressed; `name` is the baseline's file, for notifications."""
    compared = with_baseline(
        result.findings,
        baseline,
        stacks=result.stacks,
        complete=not any(notification.level is Level.ERROR for notification in result.notifications),
        not_waivable=not_waivable,
        shared_names=result.shared_names,
    )
    old: dict[str | None, Counter[tuple[str, str, Kind]]] = defaultdict(Counter)
    for finding in set(compared.findings) - set(result.findings):
        old[finding.location.template_file].update(_evaluations(finding))
    every = sum(old.values(), Counter[tuple[str, str, Kind]]())
    found = _by_file(compared.findings)
    fixed = "1 entry of the baseline is" if compared.fixed == 1 else f"{compared.fixed} entries of the baseline are"
    note = Notification(level=Level.WARNING, message=f"{fixed} fixed: rewrite it (--write-baseline)", file=name)
    return replace(
        result,
        findings=compared.findings,
        counts=tuple(_with_waived(count, every) for count in result.counts),
        notifications=(*result.notifications, note) if compared.fixed else result.notifications,
        by_template={
            file: (
                tuple(found[file]),
                tuple(_with_waived(count, old[file]) for count in counts),
            )
            for file, (_, counts) in result.by_template.items()
        },
    )


def _shared_names(templates: Sequence[Template]) -> tuple[str, ...]:
    """The names that stacks with different templates have, with those of all that is nested in such stacks."""
    files: dict[str, set[str]] = defaultdict(set)
    for template in templates:
        if template.stack_name is not None:
            files[template.stack_name].add(template.file)
    shared = {name for name, found in files.items() if len(found) > 1}
    return tuple(sorted(name for name in files if name in shared or name.partition("/")[0] in shared))


def _by_file(findings: Iterable[Finding]) -> Mapping[str | None, list[Finding]]:
    found: dict[str | None, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.location.template_file].append(finding)
    return found


def _unheeded(place: str, template: Template) -> Notification:
    reason = "would silence rules and was not heeded: a waiver names the rules that it is for"
    return Notification(level=Level.NOTE, message=f"{place} {reason}", file=template.file)


def _readable(answer: EngineAnswer, template: Template) -> EngineAnswer:
    """The answer without findings about the stand-ins for entries that are not resources."""
    if not template.unreadable:
        return answer
    about = Counter(
        (finding.rule_id, finding.kind)
        for finding in answer.findings
        if finding.location.logical_id in template.unreadable
    )
    return replace(
        answer,
        findings=tuple(
            finding for finding in answer.findings if finding.location.logical_id not in template.unreadable
        ),
        counts=tuple(
            replace(
                count,
                looked_at=count.looked_at - about[count.rule_id, Kind.FAIL] - about[count.rule_id, Kind.OPEN],
                failed=count.failed - about[count.rule_id, Kind.FAIL],
                open=count.open - about[count.rule_id, Kind.OPEN],
            )
            for count in answer.counts
        ),
    )


def _template_counts(
    templates: Sequence[Template], answers: Sequence[tuple[str, EngineAnswer]], findings: Sequence[Finding]
) -> dict[str, tuple[RuleCount, ...]]:
    """Denominators of each template, with what was waived taken over from failed and open."""
    waived_in: dict[str, Counter[tuple[str, str, Kind]]] = {template.file: Counter() for template in templates}
    for finding in findings:
        file = finding.location.template_file
        if finding.suppression is not None and file in waived_in:
            waived_in[file].update(_evaluations(finding))
    counts: dict[str, list[RuleCount]] = {template.file: [] for template in templates}
    for file, answer in answers:
        counts[file].extend(_with_waived(count, waived_in[file]) for count in answer.counts)
    return {file: _summed(count) for file, count in counts.items()}


def _evaluations(finding: Finding) -> set[tuple[str, str, Kind]]:
    """Its keys in the denominators, one for each rule that reported it."""
    return {(origin.engine, origin.rule_id, finding.kind) for origin in finding.origins}


def _with_waived(count: RuleCount, waived_in: Counter[tuple[str, str, Kind]]) -> RuleCount:
    failed = min(count.failed, waived_in[count.engine, count.rule_id, Kind.FAIL])
    undecided = min(count.open, waived_in[count.engine, count.rule_id, Kind.OPEN])
    if not failed and not undecided:
        return count
    return replace(
        count, failed=count.failed - failed, open=count.open - undecided, waived=count.waived + failed + undecided
    )


def _summed(counts: Iterable[RuleCount]) -> tuple[RuleCount, ...]:
    groups: dict[tuple[str, str], list[RuleCount]] = defaultdict(list)
    for count in counts:
        groups[count.rule_id, count.engine].append(count)
    return tuple(sorted(_sum(group) for group in groups.values()))


def _sum(group: Sequence[RuleCount]) -> RuleCount:
    if len(group) == 1:
        return group[0]
    return replace(
        group[-1],
        looked_at=sum(count.looked_at for count in group),
        failed=sum(count.failed for count in group),
        open=sum(count.open for count in group),
        waived=sum(count.waived for count in group),
    )


def _notification_key(notification: Notification) -> tuple[object, ...]:
    return (-notification.level.rank, notification.engine or "", notification.file or "", notification.message)
