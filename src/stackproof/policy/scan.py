"""Evaluates templates with every engine, merges the findings, and applies waivers."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, partial
from typing import TYPE_CHECKING

from stackproof.core.errors import ConfigError, EngineError, StackproofError
from stackproof.core.json import JsonObject, JsonValue, as_int, as_object, as_objects, as_strings, digest
from stackproof.core.notification import Level, Notification
from stackproof.core.redaction import text_without
from stackproof.policy.baseline import with_baseline
from stackproof.policy.baseline_file import Baseline
from stackproof.policy.control import Control
from stackproof.policy.finding import EngineAnswer, Finding, Kind, RuleCount
from stackproof.policy.in_source import in_source
from stackproof.policy.ledger import LedgerEntry
from stackproof.policy.merging import merged
from stackproof.policy.redaction import answer_without
from stackproof.policy.waivers import Judged, Ledger, waived
from stackproof.template.secrets import secret_values

if TYPE_CHECKING:
    from stackproof.core.ports import Store
    from stackproof.policy.ports import PolicyEngine
    from stackproof.template.template import Template

__all__ = ["ScanResult", "baselined", "remember_result", "remembered_result", "scan"]

_KIND = "engine"
_RESULT = "check"
# An engine that starts just now is only there to be closed a moment later.
_PAUSE_SECONDS = 0.05
# An engine takes seconds to import: another process of it pays for more templates than these.
_WORTH_A_PROCESS = 12
_NO_LEDGER = Ledger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """All that was found. `counts` are over the whole run, `by_template` holds findings and counts of each file.

    `waivers` is the ledger, with the state of each waiver. `stacks` are the evaluated ones (the file of a template
    without a stack). `shared_names` are names of stacks with several templates, such as those of two regions.
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
    waivers: tuple[LedgerEntry, ...] = ()
    stacks: tuple[str, ...] = ()
    shared_names: tuple[str, ...] = ()

    @property
    def is_cached(self) -> bool:
        """Whether no engine ran."""
        return self.cached > 0 and self.computed == 0

    def to_dict(self) -> dict[str, JsonValue]:
        """All but what is known of each template by itself, and the time it took."""
        return {
            "findings": [finding.to_dict() for finding in self.findings],
            "counts": [count.to_dict() for count in self.counts],
            "notifications": [notification.to_dict() for notification in self.notifications],
            "waivers": [waiver.to_dict() for waiver in self.waivers],
            "inputs": list(self.inputs),
            "stacks": list(self.stacks),
            "shared_names": list(self.shared_names),
            "answers": self.cached + self.computed,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> ScanResult:
        """A result that is remembered: no engine ran for it."""
        return cls(
            findings=tuple(Finding.from_dict(finding) for finding in as_objects(data["findings"])),
            counts=tuple(RuleCount.from_dict(count) for count in as_objects(data["counts"])),
            notifications=tuple(
                Notification.from_dict(notification) for notification in as_objects(data["notifications"])
            ),
            waivers=tuple(LedgerEntry.from_dict(waiver) for waiver in as_objects(data["waivers"])),
            inputs=as_strings(data["inputs"]),
            stacks=as_strings(data["stacks"]),
            shared_names=as_strings(data["shared_names"]),
            cached=as_int(data["answers"]),
        )


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
        zip([engine.name for engine in engines], _ask_all(engines, templates, store, on, jobs), strict=True)
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
        judged=Judged(
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
    said = Notification(level=Level.WARNING, message=f"{fixed} fixed: rewrite it (--write-baseline)", file=name)
    return replace(
        result,
        findings=compared.findings,
        counts=tuple(_with_waived(count, every) for count in result.counts),
        notifications=(*result.notifications, said) if compared.fixed else result.notifications,
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


def remembered_result(store: Store, place: str, key: str) -> ScanResult | None:
    """The result that `remember_result` left at the place, if it is that of the key; None for any other."""
    kept = store.get(_RESULT, place)
    try:
        return (
            ScanResult.from_dict(as_object(kept["result"]))
            if isinstance(kept, Mapping) and kept["key"] == key
            else None
        )
    except (KeyError, TypeError, ValueError):
        return None


def remember_result(store: Store, place: str, key: str, result: ScanResult) -> None:
    """Keep the result of a whole run, instead of an earlier one; not where an engine broke: it may not do so again."""
    if not any(
        notification.level is Level.ERROR and notification.engine is not None for notification in result.notifications
    ):
        store.put(_RESULT, place, {"key": key, "result": result.to_dict()})


def _ask_all(
    engines: Sequence[PolicyEngine], templates: Sequence[Template], store: Store | None, on: date, jobs: int
) -> list[_Said]:
    """Each engine's answers; engines work in parallel, each with up to `jobs` processes if there is enough to do."""
    stopped = threading.Event()
    secrets = cache(lambda index: secret_values(templates[index]))  # once for all engines, if any evaluates it
    plans = [_Plan(engine, templates, store, on, secrets) for engine in engines]
    work = [
        _Work(partial(plan.evaluate_some, stopped))
        for plan in plans
        for _ in range(min(jobs, -(-len(plan.pending) // _WORTH_A_PROCESS)))
    ]
    try:
        for thread in work:
            thread.start()
        for thread in work:
            thread.end()
    except BaseException:  # Ctrl-C, or an invalid file of rules: nothing waits for the other answers
        stopped.set()
        while any(thread.is_alive() for thread in work):
            for engine in engines:
                engine.close()
            time.sleep(_PAUSE_SECONDS)
        raise
    return [plan.said() for plan in plans]


class _Work(threading.Thread):
    """A thread of one engine. No pool of threads: that waits for them, whatever comes in between."""

    def __init__(self, evaluate: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._judge = evaluate
        self._error: BaseException | None = EngineError("its thread ended before its work")

    def run(self) -> None:
        try:
            self._judge()
        except BaseException as error:  # noqa: BLE001 - raised again where its end is awaited
            self._error = error
        else:
            self._error = None

    def end(self) -> None:
        """Wait until it is done; raises what stopped it."""
        self.join()
        if self._error is not None:
            raise self._error


class _Plan:
    """One engine's way through the templates; any number of threads may take from what is left."""

    def __init__(
        self,
        engine: PolicyEngine,
        templates: Sequence[Template],
        store: Store | None,
        on: date,
        secrets: Callable[[int], frozenset[str]],
    ) -> None:
        self._engine, self._templates, self._store, self._secrets = engine, templates, store, secrets
        identity = engine.identity
        self._keys = [_key(template, identity, on) for template in templates]
        self._answers = [_remembered(store, key) for key in self._keys]
        self._notifications: list[Notification] = []
        self._cached = sum(answer is not None for answer in self._answers)
        self._began = self._ended = time.monotonic()
        self.pending = deque(index for index, answer in enumerate(self._answers) if answer is None)

    def evaluate_some(self, stopped: threading.Event) -> None:
        """Judge one template after another until none is left."""
        while not stopped.is_set():
            try:
                index = self.pending.popleft()
            except IndexError:
                break
            self._answers[index] = self._judged(index)
        self._ended = time.monotonic()

    def said(self) -> _Said:
        """What came of it."""
        return _Said(
            answers=tuple(self._answers),
            notifications=tuple(self._notifications),
            seconds=self._ended - self._began,
            cached=self._cached,
        )

    def _judged(self, index: int) -> EngineAnswer | None:
        template = self._templates[index]
        try:
            answer = self._engine.evaluate(template)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - one engine on one template is all that it may cost
            reason = str(error) if isinstance(error, StackproofError) else f"{type(error).__name__}: {error}"
            reason = text_without(self._secrets(index))(reason)  # whatever broke may quote what it broke on
            self._notifications.append(
                Notification(level=Level.ERROR, message=reason, engine=self._engine.name, file=template.file)
            )
            return None
        answer = answer_without(answer, self._secrets(index))  # before anyone keeps it
        if self._store is not None:
            self._store.put(_KIND, self._keys[index], answer.to_dict())
        return answer


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


def _remembered(store: Store | None, key: str) -> EngineAnswer | None:
    value = store.get(_KIND, key) if store is not None else None
    if not isinstance(value, Mapping):
        return None
    try:
        return EngineAnswer.from_dict(value)
    except (KeyError, TypeError, ValueError):
        return None


def _key(template: Template, identity: str, on: date) -> str:
    """All that an answer depends on, the day included: some rules know when a runtime is withdrawn."""
    known: list[JsonValue] = [
        [
            resource.logical_id,
            resource.construct_path,
            str(resource.source),
            resource.generated,
            {path: str(line) for path, line in resource.property_sources.items()},
        ]
        for resource in template.resources
    ]
    return digest([template.digest, template.file, template.stack_name, identity, on.isoformat(), known])


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
