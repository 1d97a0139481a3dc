"""A policy engine whose work is done by a worker process."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonObject, digest
from stackproof.core.paths import shown_path
from stackproof.policy.engines.answers import answer_of
from stackproof.policy.engines.code import code_digest
from stackproof.policy.engines.process import WorkerProcess
from stackproof.policy.engines.silencers import silencing_comments, without_silencers
from stackproof.policy.finding import EngineAnswer
from stackproof.policy.in_source import SILENCING_KEYS
from stackproof.template.template import Template

__all__ = ["WorkerEngine", "WorkerSpec"]

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """What differs between engines. `adapted` turns the worker's answer into the format of `answers`.

    `settings` are all that an answer depends on apart from version, rules and template. The worker loads `rules`; their
    results may depend on the other files of `rule_sources` too. `niceness` (0 to 19) is how much the worker yields to
    others while it imports: the engine that takes longest goes first.
    """

    name: str
    version: str
    script: str
    python: Path
    timeout: float
    settings: JsonObject
    rules: tuple[Path, ...] = ()
    rule_sources: tuple[Path, ...] = ()
    niceness: int = 19
    adapted: Callable[[Template, JsonObject], JsonObject] = field(default=lambda _template, reply: reply)


class WorkerEngine:
    """Implements `ports.PolicyEngine`; makers of it are in the module of each engine."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._spec = spec
        self._identity: str | None = None
        self._idle = [self._made()]
        self._workers = list(self._idle)
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._spec.name

    @property
    def identity(self) -> str:
        """Known without importing the engine; the code that words its answers is part of it."""
        if self._identity is None:
            spec = self._spec
            files = (*spec.rules, *spec.rule_sources)
            content = [[file.name, hashlib.sha256(file.read_bytes()).hexdigest()] for file in files]
            known = digest([spec.settings, content, sorted(SILENCING_KEYS), code_digest()])
            self._identity = f"{spec.name} {spec.version} {known}"
        return self._identity

    def start(self) -> None:
        self._workers[0].start()

    def evaluate(self, template: Template) -> EngineAnswer:
        worker = self._taken()
        try:
            reply = worker.ask({"template": without_silencers(template)}, deadline=self._spec.timeout)
        except ConfigError as error:
            raise self._with_short_paths(error) from error
        finally:
            with self._lock:
                self._idle.append(worker)
        answer = answer_of(self.name, template, self._spec.adapted(template, reply))
        mine = (replace(comment, engine=self.name) for comment in silencing_comments(template))
        return replace(answer, notifications=tuple(sorted((*answer.notifications, *mine))))

    def close(self) -> None:
        for worker in list(self._workers):
            worker.close()

    def _taken(self) -> WorkerProcess:
        """A process that has nothing to do; a new one if all are busy, for as many as ask at once."""
        with self._lock:
            if not self._idle:
                self._workers.append(self._made())
                self._idle.append(self._workers[-1])
            return self._idle.pop()

    def _made(self) -> WorkerProcess:
        spec = self._spec
        settings = {**spec.settings, "rules": [str(rule) for rule in spec.rules], "niceness": spec.niceness}
        return WorkerProcess(spec.name, spec.python, _HERE / "workers" / spec.script, settings)

    def _with_short_paths(self, error: ConfigError) -> ConfigError:
        """The worker has another working directory, and names files by their whole path."""
        text = str(error)
        for rule in self._spec.rules:
            text = text.replace(str(rule), shown_path(rule))
        return ConfigError(text)
