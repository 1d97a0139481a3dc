"""Runs every engine on every template, side by side, and remembers the answers."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial

from stackproof.core.errors import ConfigError, EngineError, StackproofError
from stackproof.core.json import JsonValue, digest
from stackproof.core.notification import Level, Notification
from stackproof.core.ports import Store
from stackproof.core.redaction import text_without
from stackproof.policy.finding import EngineAnswer
from stackproof.policy.ports import PolicyEngine
from stackproof.policy.redaction import answer_without
from stackproof.template.secrets import secret_values
from stackproof.template.template import Template

__all__ = ["EngineRun", "run_engines"]

_KIND = "engine"

# An engine that starts just now is only there to be closed a moment later.
_PAUSE_SECONDS = 0.05

# An engine takes seconds to import: another process of it pays for more templates than these.
_WORTH_A_PROCESS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRun:
    """One engine's answers, in the order of the templates; None where it gave none."""

    answers: tuple[EngineAnswer | None, ...]
    notifications: tuple[Notification, ...]
    seconds: float
    cached: int


def run_engines(
    engines: Sequence[PolicyEngine], templates: Sequence[Template], store: Store | None, on: date, jobs: int
) -> list[EngineRun]:
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
    return [plan.result() for plan in plans]


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
        self._answers = [_stored(store, key) for key in self._keys]
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

    def result(self) -> EngineRun:
        """What came of it."""
        return EngineRun(
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


def _stored(store: Store | None, key: str) -> EngineAnswer | None:
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
