"""Judges templates with every engine, merges what they say, and applies waivers."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from stackproof.errors import ConfigError, StackproofError
from stackproof.merging import merged
from stackproof.model.control import Control
from stackproof.model.finding import EngineAnswer, Finding, Kind, Level, Notification, RuleCount, Waiver
from stackproof.model.json import JsonValue, digest
from stackproof.waivers import waived

if TYPE_CHECKING:
    from stackproof.model.template import Template
    from stackproof.ports import PolicyEngine, Store

__all__ = ["ScanResult", "is_remembered", "scan"]

_KIND = "engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """All that was found. `counts` are over the whole run, `by_template` holds findings and counts of each file.

    `seconds` are by engine; of all answers, `cached` came from the store and `computed` from an engine.
    """

    findings: tuple[Finding, ...] = ()
    counts: tuple[RuleCount, ...] = ()
    notifications: tuple[Notification, ...] = ()
    inputs: tuple[str, ...] = ()
    by_template: Mapping[str, tuple[tuple[Finding, ...], tuple[RuleCount, ...]]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    cached: int = 0
    computed: int = 0

    @property
    def is_cached(self) -> bool:
        """Whether no engine ran."""
        return self.cached > 0 and self.computed == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """One engine's answers, in the order of the templates; None where it gave none."""

    answers: tuple[EngineAnswer | None, ...]
    notifications: tuple[Notification, ...]
    seconds: float
    cached: int


def scan(
    templates: Sequence[Template],
    engines: Sequence[PolicyEngine],
    *,
    store: Store | None = None,
    waivers: Sequence[Waiver] = (),
    on: date,
    controls: Mapping[str, Control] | None = None,
) -> ScanResult:
    """Every engine's answer to every template; an engine that breaks on one is a notification, and the rest goes on.

    Engines work in parallel, each in a thread of its own. What the store remembers costs no engine its start.
    `controls` maps rule ids to the controls that they serve.
    Raises ConfigError if a file of rules is wrong.
    """
    refused = threading.Event()
    with ThreadPoolExecutor(max_workers=max(1, len(engines))) as pool:
        work = [pool.submit(_judge_all, engine, templates, store, on, refused) for engine in engines]
        said = {engine.name: each.result() for engine, each in zip(engines, work, strict=True)}
    answers = [
        (template.file, _readable(answer, template))
        for each in said.values()
        for template, answer in zip(templates, each.answers, strict=True)
        if answer is not None
    ]
    notifications = [
        *(each for _, answer in answers for each in answer.notifications),
        *(each for one in said.values() for each in one.notifications),
        *(
            Notification(level=Level.ERROR, message=reason, file=template.file)
            for template in templates
            for reason in template.unreadable.values()
        ),
    ]
    result = waived(
        merged((each for _, answer in answers for each in answer.findings), controls),
        waivers,
        on=on,
        stacks={each.stack_name or each.file for each in templates},
        unwaivable={each.id for each in (controls or {}).values() if not each.waivable},
        complete=not any(each.level is Level.ERROR for each in notifications),
    )
    by_template = _template_counts(templates, answers, result.findings)
    return ScanResult(
        findings=result.findings,
        counts=_summed(each for counts in by_template.values() for each in counts),
        notifications=tuple(sorted({*notifications, *result.notifications}, key=_notification_key)),
        inputs=tuple(sorted(each.file for each in templates)),
        by_template={
            file: (tuple(each for each in result.findings if each.location.template_file == file), counts)
            for file, counts in by_template.items()
        },
        seconds={name: one.seconds for name, one in sorted(said.items())},
        cached=sum(one.cached for one in said.values()),
        computed=sum(len(one.answers) - one.cached for one in said.values()),
    )


def is_remembered(
    templates: Sequence[Template], engines: Sequence[PolicyEngine], store: Store | None, *, on: date
) -> bool:
    """Whether a scan would run no engine."""
    return store is not None and all(
        store.get(_KIND, _key(template, engine, on)) is not None for engine in engines for template in templates
    )


def _judge_all(
    engine: PolicyEngine, templates: Sequence[Template], store: Store | None, on: date, refused: threading.Event
) -> _Said:
    """All answers of one engine; none more once a file of rules was `refused`: nothing of the run will be told."""
    began = time.monotonic()
    answers: list[EngineAnswer | None] = []
    notifications: list[Notification] = []
    cached = 0
    for template in templates:
        if refused.is_set():
            break
        key = _key(template, engine, on)
        answer = _remembered(store, key)
        if answer is not None:
            cached += 1
        else:
            try:
                answer = engine.judge(template)
            except ConfigError:
                refused.set()
                raise
            except Exception as error:  # noqa: BLE001 - one engine on one template is all that it may cost
                reason = str(error) if isinstance(error, StackproofError) else f"{type(error).__name__}: {error}"
                notifications.append(
                    Notification(level=Level.ERROR, message=reason, engine=engine.name, file=template.file)
                )
            else:
                if store is not None:
                    store.put(_KIND, key, answer.to_dict())
        answers.append(answer)
    return _Said(
        answers=tuple(answers),
        notifications=tuple(notifications),
        seconds=time.monotonic() - began,
        cached=cached,
    )


def _readable(answer: EngineAnswer, template: Template) -> EngineAnswer:
    """The answer without what it says of the stand-ins for entries that are no resources."""
    if not template.unreadable:
        return answer
    about = Counter(
        (each.rule_id, each.kind) for each in answer.findings if each.location.logical_id in template.unreadable
    )
    return replace(
        answer,
        findings=tuple(each for each in answer.findings if each.location.logical_id not in template.unreadable),
        counts=tuple(
            replace(
                each,
                looked_at=each.looked_at - about[each.rule_id, Kind.FAIL] - about[each.rule_id, Kind.OPEN],
                failed=each.failed - about[each.rule_id, Kind.FAIL],
                open=each.open - about[each.rule_id, Kind.OPEN],
            )
            for each in answer.counts
        ),
    )


def _remembered(store: Store | None, key: str) -> EngineAnswer | None:
    value = store.get(_KIND, key) if store is not None else None
    if not isinstance(value, Mapping):
        return None
    try:
        return EngineAnswer.from_dict(value)
    except (KeyError, TypeError, ValueError):
        return None


def _key(template: Template, engine: PolicyEngine, on: date) -> str:
    """All that goes into an answer; the day as well, since some rules know when a runtime is withdrawn."""
    known: list[JsonValue] = [
        [
            each.logical_id,
            each.construct_path,
            str(each.source),
            each.generated,
            {path: str(line) for path, line in each.property_sources.items()},
        ]
        for each in template.resources
    ]
    return digest([template.digest, template.file, template.stack_name, engine.identity, on.isoformat(), known])


def _template_counts(
    templates: Sequence[Template], answers: Sequence[tuple[str, EngineAnswer]], findings: Sequence[Finding]
) -> dict[str, tuple[RuleCount, ...]]:
    """Denominators of each template, with what was waived taken over from failed and open."""
    waived_in: dict[str, Counter[tuple[str, str, Kind]]] = {each.file: Counter() for each in templates}
    for finding in findings:
        file = finding.location.template_file
        if finding.suppression is not None and file in waived_in:
            for engine, rule_id in {(each.engine, each.rule_id) for each in finding.origins}:
                waived_in[file][engine, rule_id, finding.kind] += 1
    return {
        template.file: _summed(
            _with_waived(count, waived_in[template.file])
            for file, answer in answers
            if file == template.file
            for count in answer.counts
        )
        for template in templates
    }


def _with_waived(count: RuleCount, waived_in: Counter[tuple[str, str, Kind]]) -> RuleCount:
    failed = min(count.failed, waived_in[count.engine, count.rule_id, Kind.FAIL])
    undecided = min(count.open, waived_in[count.engine, count.rule_id, Kind.OPEN])
    return replace(
        count, failed=count.failed - failed, open=count.open - undecided, waived=count.waived + failed + undecided
    )


def _summed(counts: Iterable[RuleCount]) -> tuple[RuleCount, ...]:
    sums: dict[tuple[str, str], RuleCount] = {}
    for each in counts:
        known = sums.get((each.rule_id, each.engine))
        sums[each.rule_id, each.engine] = (
            each
            if known is None
            else replace(
                each,
                looked_at=known.looked_at + each.looked_at,
                failed=known.failed + each.failed,
                open=known.open + each.open,
                waived=known.waived + each.waived,
            )
        )
    return tuple(sorted(sums.values()))


def _notification_key(notification: Notification) -> tuple[object, ...]:
    return (-notification.level.rank, notification.engine or "", notification.file or "", notification.message)
