"""What tests and workers hand to the controller: two values, written and read here, so that no key is spelt twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

import pytest

from stackproof.calls.log import CallLog
from stackproof.core.json import (
    JsonObject,
    JsonValue,
    as_bool,
    as_int,
    as_object,
    as_objects,
    optional_int,
    optional_str,
    require_keys,
)
from stackproof.gate.suite_facts import SuiteNotification
from stackproof.proof.flow_values import FlowFact
from stackproof.proof.observation import ResourceProof

__all__ = ["ItemFacts", "WorkerFacts", "facts_of_worker", "facts_on", "hand_over", "put_facts"]

_CHANNEL: Final = "stackproof"
"""The attribute of a report, and the key of a worker's output: xdist takes both to the controller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """What one test found, or one module that could not be collected.

    `category` is an outcome that pytest does not have. `expected` is how many resources the run has to prove, 0 if the
    test does not know. `proof` is merged over the targets, `proofs` has that of each.
    """

    category: str | None = None
    exit_code: int | None = None
    rule_outcome: str | None = None
    expected: int = 0
    proof: ResourceProof | None = None
    proofs: Mapping[str, ResourceProof] = field(default_factory=dict)
    notifications: tuple[SuiteNotification, ...] = ()
    flows: tuple[FlowFact, ...] = ()

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "category": self.category,
            "exit_code": self.exit_code,
            "rule_outcome": self.rule_outcome,
            "expected": self.expected,
            "proof": None if self.proof is None else self.proof.to_dict(),
            "proofs": {name: proof.to_dict() for name, proof in self.proofs.items()},
            "notifications": [notification.to_dict() for notification in self.notifications],
            "flows": [flow.to_dict() for flow in self.flows],
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> ItemFacts:
        """The facts; raises KeyError, TypeError or ValueError for any other document."""
        require_keys(data, [member.name for member in fields(cls)])
        proof = data["proof"]
        return cls(
            category=optional_str(data["category"]),
            exit_code=optional_int(data["exit_code"]),
            rule_outcome=optional_str(data["rule_outcome"]),
            expected=as_int(data["expected"]),
            proof=None if proof is None else ResourceProof.from_dict(as_object(proof)),
            proofs={
                name: ResourceProof.from_dict(as_object(on_target))
                for name, on_target in as_object(data["proofs"]).items()
            },
            notifications=tuple(map(SuiteNotification.from_dict, as_objects(data["notifications"]))),
            flows=tuple(map(FlowFact.from_dict, as_objects(data["flows"]))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFacts:
    """What one worker of xdist called, and whether it collected tests that read a target."""

    calls: CallLog
    is_live: bool

    def to_dict(self) -> dict[str, JsonValue]:
        return {"calls": self.calls.to_dict(), "is_live": self.is_live}

    @classmethod
    def from_dict(cls, data: JsonObject) -> WorkerFacts:
        """The facts; raises KeyError, TypeError or ValueError for any other document."""
        require_keys(data, [member.name for member in fields(cls)])
        return cls(calls=CallLog.from_dict(as_object(data["calls"])), is_live=as_bool(data["is_live"]))


def put_facts(report: pytest.TestReport | pytest.CollectReport, facts: ItemFacts) -> None:
    """Have the report take the facts to the controller."""
    setattr(report, _CHANNEL, facts.to_dict())


def facts_on(report: pytest.TestReport | pytest.CollectReport) -> ItemFacts:
    """The facts that a report carries; most reports carry none."""
    found = getattr(report, _CHANNEL, None)
    return ItemFacts() if found is None else ItemFacts.from_dict(found)


def hand_over(output: dict[str, Any], facts: WorkerFacts) -> None:
    """Have a worker's output take the facts to the controller."""
    output[_CHANNEL] = facts.to_dict()


def facts_of_worker(output: Mapping[str, Any]) -> WorkerFacts | None:
    """The facts in a worker's output; None if the worker did not come to its end."""
    found = output.get(_CHANNEL)
    return None if found is None else WorkerFacts.from_dict(found)
