"""Judges templates by policy: every engine over every template, each answer remembered by what it depends on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

from stackproof.errors import EngineError
from stackproof.merging import merge
from stackproof.model.finding import EngineAnswer, Finding, Level, Notification, RuleCount, Waiver
from stackproof.model.json import digest
from stackproof.model.template import Template
from stackproof.ports import PolicyEngine, Store
from stackproof.waivers import apply_waivers

__all__ = ["ScanResult", "scan"]

_KIND = "engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """All that was found. `computed` counts answers that an engine gave in this run, `cached` those remembered.

    `by_template` has the findings and counts of each template, for verdicts stack by stack.
    """

    findings: tuple[Finding, ...]
    counts: tuple[RuleCount, ...]
    notifications: tuple[Notification, ...]
    inputs: tuple[str, ...]
    computed: int = 0
    cached: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    by_template: Mapping[str, tuple[tuple[Finding, ...], tuple[RuleCount, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    file: str
    engine: str
    answer: EngineAnswer
    cached: bool
    seconds: float


def scan(
    templates: Sequence[Template],
    engines: Sequence[PolicyEngine],
    *,
    store: Store | None,
    waivers: Sequence[Waiver],
    on: date,
    controls: Mapping[str, str] | None = None,
) -> ScanResult:
    """Run the engines side by side, one thread each; one that breaks on a template costs that one answer."""
    with ThreadPoolExecutor(max_workers=max(1, len(engines))) as pool:
        rows = [each for done in pool.map(lambda one: _judge_all(one, templates, store), engines) for each in done]
    merged = merge((finding for row in rows for finding in row.answer.findings), controls=controls)
    stacks = frozenset(each.stack_name for each in templates if each.stack_name)
    waived = apply_waivers(merged, waivers, on=on, stacks=stacks)
    findings = tuple(sorted(waived.findings, key=Finding.sort_key))
    notifications = {note for row in rows for note in row.answer.notifications} | set(waived.notifications)
    return ScanResult(
        findings=findings,
        counts=_summed(rows, findings),
        notifications=tuple(sorted(notifications, key=_note_key)),
        inputs=tuple(sorted(each.file for each in templates)),
        computed=sum(not row.cached for row in rows),
        cached=sum(row.cached for row in rows),
        seconds={name: sum(row.seconds for row in rows if row.engine == name) for name in {r.engine for r in rows}},
        by_template={
            each.file: (
                tuple(one for one in findings if one.location.template_file == each.file),
                _summed((row for row in rows if row.file == each.file), ()),
            )
            for each in templates
        },
    )


def _judge_all(engine: PolicyEngine, templates: Sequence[Template], store: Store | None) -> list[_Judged]:
    return [_judge(engine, template, store) for template in templates]


def _judge(engine: PolicyEngine, template: Template, store: Store | None) -> _Judged:
    began = time.monotonic()
    key = _key(engine, template)
    if store is not None and (remembered := store.get(_KIND, key)) is not None:
        answer = EngineAnswer.from_dict(remembered)  # type: ignore[arg-type]
        return _Judged(file=template.file, engine=engine.name, answer=answer, cached=True, seconds=0.0)
    try:
        answer = engine.judge(template)
    except EngineError as error:
        broken = Notification(level=Level.ERROR, message=str(error), engine=engine.name, file=template.file)
        answer = EngineAnswer(notifications=(broken,))
    else:
        # An answer that is not whole is not worth remembering: the next run may do better.
        if store is not None and not any(each.level is Level.ERROR for each in answer.notifications):
            store.put(_KIND, key, answer.to_dict())
    seconds = time.monotonic() - began
    return _Judged(file=template.file, engine=engine.name, answer=answer, cached=False, seconds=seconds)


def _key(engine: PolicyEngine, template: Template) -> str:
    """What an answer depends on: the rules, the template's bytes and name, and the places its findings get."""
    places = [
        [
            each.logical_id,
            each.construct_path,
            str(each.source),
            each.generated,
            sorted((path, str(line)) for path, line in each.property_sources.items()),
        ]
        for each in template.resources
    ]
    return digest([engine.identity, template.digest, template.file, template.stack_name, places])


def _summed(rows: Iterable[_Judged], findings: tuple[Finding, ...]) -> tuple[RuleCount, ...]:
    """Counts of all templates by engine and rule; what was waived comes from the findings."""
    total: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        for count in row.answer.counts:
            sums = total.setdefault((count.rule_id, count.engine), [0, 0, 0])
            for position, number in enumerate((count.looked_at, count.failed, count.open)):
                sums[position] += number
    waived: dict[tuple[str, str], int] = {}
    for finding in findings:
        if finding.suppression is not None:
            for origin in finding.origins:
                waived[(origin.rule_id, origin.engine)] = waived.get((origin.rule_id, origin.engine), 0) + 1
    return tuple(
        RuleCount(
            rule_id=rule_id,
            engine=engine,
            looked_at=looked_at,
            failed=failed,
            open=undecided,
            waived=waived.get((rule_id, engine), 0),
        )
        for (rule_id, engine), (looked_at, failed, undecided) in sorted(total.items())
    )


def _note_key(note: Notification) -> tuple[int, str, str, str]:
    return (-note.level.rank, note.file or "", note.engine or "", note.message)
