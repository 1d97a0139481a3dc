"""The controller's side of a run: collects facts from all workers, sums them up, and sets the exit status."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stackproof.calls.log import CallLog
from stackproof.core.json import canonical
from stackproof.core.notification import Level
from stackproof.gate.suite_facts import SuiteFacts, SuiteNotification
from stackproof.plugin.deployments import target_names
from stackproof.plugin.facts import facts_of_worker, facts_on
from stackproof.plugin.outcomes import CALLS, LIVE
from stackproof.plugin.stacks import project_of
from stackproof.proof.flow_values import FlowFact
from stackproof.proof.minimum import MinimumProof
from stackproof.proof.observation import Coverage, ResourceProof

__all__ = ["Controller"]

_RESTATED = {
    pytest.ExitCode.NO_TESTS_COLLECTED: 3,
    pytest.ExitCode.INTERNAL_ERROR: 3,
    pytest.ExitCode.INTERRUPTED: 3,
    pytest.ExitCode.USAGE_ERROR: 2,
}


class Controller:
    """Registered once, in the process that prints."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._merged: dict[str, ResourceProof] = {}
        self._expected = 0
        self._by_target: dict[str, dict[str, ResourceProof]] = {}
        self._rules: Counter[str] = Counter()
        self._notifications: set[SuiteNotification] = set()
        self._flows: list[FlowFact] = []
        self._codes: set[int] = set()
        self._tests: Counter[str] = Counter()
        self._worker_calls: list[CallLog] = []
        self._worker_is_live = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        facts = facts_on(report)
        if report.when == "call" or not report.passed:
            self._tests[facts.category or report.outcome] += 1
        if facts.proof is not None:
            self._add(facts.proof, self._merged)
        for name, proof in facts.proofs.items():
            self._add(proof, self._by_target.setdefault(name, {}))
        self._expected = max(self._expected, facts.expected)
        self._notifications.update(facts.notifications)
        self._flows.extend(facts.flows)
        if facts.rule_outcome is not None:
            self._rules[facts.rule_outcome] += 1
        if facts.exit_code is not None:
            self._codes.add(facts.exit_code)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A suite that is not collected has no verdict; xdist would count it as a failed test."""
        if report.failed:
            code = facts_on(report).exit_code
            self._codes.add(3 if code is None else code)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ANN401 - xdist is optional
        """A worker that crashed leaves a test without a verdict; one that ended hands over what it called."""
        if error:
            self._codes.add(3)
        facts = facts_of_worker(getattr(node, "workeroutput", {}))
        if facts is not None:
            self._worker_calls.append(facts.calls)
            self._worker_is_live = self._worker_is_live or facts.is_live

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - pytest's reporter is not public
        calls = self._calls()
        unevaluated = self._unevaluated()
        if not unevaluated and not self._proofs and not self._rules and not self._flows and not calls.counts:
            return
        from stackproof.reporters.terminal import calls_line, flow_lines

        terminalreporter.section("stackproof")
        if self._rules:
            total = sum(self._rules.values())
            others = ", ".join(f"{self._rules[name]} {name}" for name in ("violated", "waived", "open"))
            terminalreporter.write_line(f"policy: {self._rules['held']} of {total} rules held, {others}")
        for line in (*self._proof_lines(), *flow_lines(self._flows), *([calls_line(calls)] if calls.counts else ())):
            terminalreporter.write_line(line)
        for notification in sorted(self._notifications):
            is_error = notification.level is Level.ERROR
            terminalreporter.write_line(f"{notification.level}: {notification.message}", red=is_error)
        for line in (*self._shortfalls(), *([unevaluated] if unevaluated else ())):
            terminalreporter.write_line(f"error: {line}", red=True)

    def _proof_lines(self) -> Iterator[str]:
        """How much of the stack is proven, and by which of several targets."""
        from stackproof.reporters.terminal import coverage_line, share_lines

        if not self._proofs:
            return
        if len(self._by_target) > 1:
            yield from share_lines({name: _placed(proofs) for name, proofs in self._by_target.items()})
        yield coverage_line(Coverage.of(self._proofs), self._target)
        if reasons := self._reasons():
            yield "not proven: " + ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        if (partial := self._partial()) is not None:
            yield partial

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """3 outranks 1: not to have checked is not a violation. A refused call is 3, even if a test swallowed it."""
        if self._calls().refused or any(notification.level is Level.ERROR for notification in self._notifications):
            self._codes.add(3)
        worst = next((code for code in (2, 3) if code in self._codes), None)
        status = worst if worst is not None else _RESTATED.get(exitstatus, exitstatus)  # type: ignore[call-overload]
        if status == 0 and self._shortfalls():
            status = 1
        elif status == 0 and self._unevaluated():
            status = 3
        if not self._config.option.collectonly:
            session.exitstatus = int(status)
        file = self._config.getoption("stackproof_report")
        if file:
            self._write(Path(file), int(status))

    @staticmethod
    def _add(proof: ResourceProof, proofs: dict[str, ResourceProof]) -> None:
        """A resource counts once, however many tests prove it."""
        proofs[canonical(proof.location.to_dict())] = proof

    @property
    def _proofs(self) -> tuple[ResourceProof, ...]:
        return _placed(self._merged)

    def _calls(self) -> CallLog:
        """What all processes of the run called so far."""
        return self._config.stash[CALLS].log().merged(*self._worker_calls)

    @property
    def _target(self) -> str:
        """The targets of this run, as reports name them."""
        return self._config.getoption("endpoint_url") or " + ".join(target_names(self._config))

    def _shortfalls(self) -> tuple[str, ...]:
        """Where less is proven than `minimum_proof` requires; empty for a run that left resources out."""
        minimum = self._minimum() if self._proofs and self._partial() is None else None
        return minimum.shortfalls(self._proofs) if minimum else ()

    def _unevaluated(self) -> str | None:
        """Why `minimum_proof` could not be evaluated in a run with live tests; None if it could, or need not be."""
        is_live = self._config.stash.get(LIVE, False) or self._worker_is_live
        option = self._config.option
        if not is_live or option.no_minimum_proof or option.collectonly:
            return None
        minimum = self._minimum()
        if minimum is None or not (minimum.resources or minimum.properties):
            return None
        if self._proofs and self._partial() is None:
            return None
        left = "no resource was checked" if not self._proofs else "resources were left out"
        return f"minimum_proof could not be evaluated: {left} (--no-minimum-proof lets a run of some of the tests pass)"

    def _minimum(self) -> MinimumProof | None:
        return project_of(self._config).settings.minimum_proof

    def _partial(self) -> str | None:
        """The statement that a run left resources of the stack out, as with `-k` or `-x`; None if it did not."""
        if len(self._proofs) >= self._expected:
            return None
        text = f"only {len(self._proofs)} of {self._expected} resources of the stack were checked"
        return f"{text}: minimum_proof is not evaluated" if self._minimum() else text

    def _reasons(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for proof in self._proofs:
            for unproven in proof.unproven:
                if unproven.path and not proof.custom:
                    found[unproven.reason.value] = found.get(unproven.reason.value, 0) + 1
        return found

    def _write(self, file: Path, status: int) -> None:
        facts = SuiteFacts(
            calls=self._calls(),
            exit_code=status,
            target=self._target,
            tests=dict(self._tests),
            rules=dict(self._rules),
            flows=tuple(sorted(self._flows)),
            proofs=self._proofs,
            partial=self._partial(),
            notifications=tuple(sorted(self._notifications)),
            shortfalls=self._shortfalls(),
            targets={name: Coverage.of(_placed(proofs)) for name, proofs in self._by_target.items()},
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(facts.to_dict(), indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _placed(proofs: Mapping[str, ResourceProof]) -> tuple[ResourceProof, ...]:
    return tuple(sorted(proofs.values(), key=lambda proof: proof.location.sort_key()))
