"""What a suite hands to the gate: the report of one pytest run as a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from stackproof.calls.log import CallLog
from stackproof.core.errors import InputError
from stackproof.core.json import (
    JsonObject,
    JsonValue,
    as_int,
    as_object,
    as_objects,
    as_str,
    as_strings,
    optional_str,
    require_keys,
)
from stackproof.core.notification import Level
from stackproof.proof.flow_values import FlowFact
from stackproof.proof.observation import Coverage, ResourceProof

__all__ = ["SuiteFacts", "SuiteNotification", "load_suite_facts"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SuiteNotification:
    """Something about the run that a test found. At level error, something was not read: exit code 3."""

    level: Level
    message: str

    def to_dict(self) -> dict[str, JsonValue]:
        return {"level": self.level.value, "message": self.message}

    @classmethod
    def from_dict(cls, data: JsonObject) -> SuiteNotification:
        require_keys(data, [field.name for field in fields(cls)])
        return cls(level=Level(as_str(data["level"])), message=as_str(data["message"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteFacts:
    """What one pytest run came to; `to_dict` is the file that `--stackproof-report` writes.

    `tests` and `rules` count tests and rule verdicts by outcome. `proofs` are merged over the targets, `targets` has
    the coverage on each. `partial` states that the run left resources out, None if it did not.
    """

    exit_code: int
    target: str
    calls: CallLog = field(default_factory=CallLog)
    tests: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    flows: tuple[FlowFact, ...] = ()
    proofs: tuple[ResourceProof, ...] = ()
    partial: str | None = None
    notifications: tuple[SuiteNotification, ...] = ()
    shortfalls: tuple[str, ...] = ()
    targets: Mapping[str, Coverage] = field(default_factory=dict)

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "calls": self.calls.to_dict(),
            "exit_code": self.exit_code,
            "target": self.target,
            "tests": dict(sorted(self.tests.items())),
            "rules": dict(sorted(self.rules.items())),
            "flows": [flow.to_dict() for flow in self.flows],
            "proofs": [proof.to_dict() for proof in self.proofs],
            "partial": self.partial,
            "notifications": [notification.to_dict() for notification in self.notifications],
            "shortfalls": list(self.shortfalls),
            "targets": {name: coverage.to_dict() for name, coverage in self.targets.items()},
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> SuiteFacts:
        """The facts; raises KeyError, TypeError or ValueError for any other document."""
        require_keys(data, [field.name for field in fields(cls)])
        return cls(
            calls=CallLog.from_dict(as_object(data["calls"])),
            exit_code=as_int(data["exit_code"]),
            target=as_str(data["target"]),
            tests=_counts(data["tests"]),
            rules=_counts(data["rules"]),
            flows=tuple(map(FlowFact.from_dict, as_objects(data["flows"]))),
            proofs=tuple(map(ResourceProof.from_dict, as_objects(data["proofs"]))),
            partial=optional_str(data["partial"]),
            notifications=tuple(map(SuiteNotification.from_dict, as_objects(data["notifications"]))),
            shortfalls=as_strings(data["shortfalls"]),
            targets={
                name: Coverage.from_dict(as_object(coverage)) for name, coverage in as_object(data["targets"]).items()
            },
        )


def load_suite_facts(file: Path) -> SuiteFacts | None:
    """The facts in a report; None if the run left none. Raises InputError for any other document."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: {error}") from error
    try:
        return SuiteFacts.from_dict(as_object(json.loads(text)))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file} is not the report of a suite: {error}") from error


def _counts(value: JsonValue) -> dict[str, int]:
    return {name: as_int(count) for name, count in as_object(value).items()}
