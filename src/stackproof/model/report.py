"""The reports that commands give, as values; `to_dict` is report format 1, whose keys are stable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stackproof.calls.log import CallLog
from stackproof.core.json import JsonObject, JsonValue, as_int
from stackproof.core.notification import Level, Notification
from stackproof.core.report import exit_code, report_header
from stackproof.model.finding import Finding, Kind, RuleCount
from stackproof.model.ledger import LedgerEntry
from stackproof.model.minimum_proof import MinimumProof
from stackproof.model.observation import Coverage, DriftStatus, ResourceProof, TypeCoverage, unproven_reasons

__all__ = [
    "CheckReport",
    "GateReport",
    "Outcome",
    "PolicySummary",
    "ProveReport",
    "RuleVerdict",
    "Stage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySummary:
    """How many rules held, were violated, are waived or could not be decided, of those that had anything to look at."""

    held: int = 0
    violated: int = 0
    waived: int = 0
    open: int = 0
    generated: int = 0

    @property
    def total(self) -> int:
        """The denominator: rules that looked at something."""
        return self.held + self.violated + self.waived + self.open

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "held": self.held,
            "violated": self.violated,
            "waived": self.waived,
            "open": self.open,
            "generated": self.generated,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> PolicySummary:
        return cls(**{name: as_int(data[name]) for name in ("held", "violated", "waived", "open", "generated")})

    @classmethod
    def of(cls, findings: Iterable[Finding], counts: Iterable[RuleCount], fail_level: Level) -> PolicySummary:
        """Count rules, not places: a rule that is violated once is one violated rule."""
        violated, waived, undecided, generated = set(), set(), set(), 0
        for finding in findings:
            names = {finding.rule_id, *(each.rule_id for each in finding.origins)}
            generated += finding.generated
            if finding.violates(fail_level):
                violated |= names
            elif finding.suppression is not None:
                waived |= names
            elif finding.kind is Kind.OPEN and not finding.generated:
                undecided |= names
        looked = {each.rule_id for each in counts if each.looked_at}
        every = looked | violated | waived | undecided
        return cls(
            held=len(every - violated - waived - undecided),
            violated=len(every & violated),
            waived=len((every & waived) - violated),
            open=len((every & undecided) - violated - waived),
            generated=generated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVerdict:
    """What one rule says of one stack: `outcome` is "held", "violated", "waived" or "open".

    `artifact` tells stacks of one name apart.
    """

    rule_id: str
    engine: str
    stack_name: str
    looked_at: int
    outcome: str
    findings: tuple[Finding, ...] = ()
    artifact: str = ""

    def text(self) -> str:
        """One line for each finding, with its place and, where it is waived, the reason."""
        lines = []
        for each in self.findings:
            why = f" ({each.suppression})" if each.suppression else ""
            lines.append(f"{each.location}: {each.level.value}: {self.rule_id}: {each.message}{why}")
        return "\n".join(lines) or f"{self.rule_id} held: it looked at {self.looked_at}"

    def check(self) -> None:
        """Raise AssertionError with every place at which the rule is violated."""
        if self.outcome == "violated":
            raise AssertionError(self.text())
        if self.looked_at == 0 and not self.findings:
            raise AssertionError(f"{self.rule_id} looked at nothing in {self.stack_name}")

    @classmethod
    def of(
        cls,
        stack_name: str,
        findings: Iterable[Finding],
        counts: Iterable[RuleCount],
        fail_level: Level,
        *,
        artifact: str = "",
    ) -> tuple[RuleVerdict, ...]:
        """The verdict of each rule with a denominator in the stack; findings on generated resources do not count.

        Two stacks may have one template file: what was found in another stack is left out.
        """
        named: dict[tuple[str, str], list[Finding]] = {}
        looked: dict[tuple[str, str], int] = {}
        for count in counts:
            key = (count.engine, count.rule_id)
            looked[key] = looked.get(key, 0) + count.looked_at
        for finding in findings:
            if finding.location.stack_name not in {None, stack_name}:
                continue
            for origin in finding.origins:
                named.setdefault((origin.engine, origin.rule_id), []).append(finding)
        return tuple(
            cls(
                rule_id=rule_id,
                engine=engine,
                stack_name=stack_name,
                looked_at=looked.get((engine, rule_id), 0),
                outcome=_verdict(named.get((engine, rule_id), []), fail_level),
                findings=tuple(each for each in named.get((engine, rule_id), []) if not each.generated),
                artifact=artifact or stack_name,
            )
            for engine, rule_id in sorted({*named, *(key for key, size in looked.items() if size)})
        )


def _verdict(findings: list[Finding], fail_level: Level) -> str:
    counted = [each for each in findings if not each.generated]
    if any(each.violates(fail_level) for each in counted):
        return "violated"
    if any(each.suppression for each in counted):
        return "waived"
    return "open" if any(each.kind is Kind.OPEN for each in counted) else "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What `check` found. `inputs` names the templates that were judged, `waivers` is the ledger."""

    findings: tuple[Finding, ...]
    rules: tuple[RuleCount, ...]
    notifications: tuple[Notification, ...]
    fail_level: Level = Level.WARNING
    strict: bool = False
    inputs: tuple[str, ...] = ()
    waivers: tuple[LedgerEntry, ...] = ()

    @property
    def summary(self) -> PolicySummary:
        return PolicySummary.of(self.findings, self.rules, self.fail_level)

    @property
    def exit_code(self) -> int:
        return exit_code(
            violated=any(each.violates(self.fail_level) for each in self.findings),
            notifications=self.notifications,
            open_findings=sum(
                each.kind is Kind.OPEN and not each.generated and each.suppression is None for each in self.findings
            ),
            strict=self.strict,
        )

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            **report_header("check"),
            "summary": self.summary.to_dict(),
            "inputs": list(self.inputs),
            "findings": [each.to_dict() for each in self.findings],
            "rules": [each.to_dict() for each in self.rules],
            "waivers": [each.to_dict() for each in self.waivers],
            "notifications": [each.to_dict() for each in self.notifications],
            "exit_code": self.exit_code,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ProveReport:
    """What `prove` saw. `proofs` are united over all targets; `by_target` are those of each of several.

    `minimum` is how much has to be proven at least, if the project says so.
    """

    target: str
    proofs: tuple[ResourceProof, ...]
    notifications: tuple[Notification, ...] = ()
    strict: bool = False
    by_target: Mapping[str, tuple[ResourceProof, ...]] = field(default_factory=dict)
    calls: CallLog = field(default_factory=CallLog)
    minimum: MinimumProof | None = None

    @property
    def shortfalls(self) -> tuple[str, ...]:
        """Where less is proven than has to be."""
        return self.minimum.shortfalls(self.proofs) if self.minimum else ()

    @property
    def coverage(self) -> Coverage:
        return Coverage.of(self.proofs)

    @property
    def exit_code(self) -> int:
        """1 if something differs, is gone or is proven too little; 3 if one was not judged, or a call was refused.

        A property that was denied, or a target that did not answer in the end, is not made good by another target.
        """
        differs = any(each.status in {DriftStatus.MODIFIED, DriftStatus.DELETED} for each in self.proofs)
        nothing = not any(each.is_proven or each.status is DriftStatus.DELETED for each in self.proofs)
        every = [*self.proofs, *(each for proofs in self.by_target.values() for each in proofs)]
        unread = any(each.status is DriftStatus.NOT_CHECKED and not each.custom for each in self.proofs)
        unread = unread or any(each.is_unanswered and not each.custom for each in every)
        broken = bool(self.calls.refused) or any(each.level is Level.ERROR for each in self.notifications)
        incomplete = nothing or unread or broken
        if incomplete or (self.strict and self.coverage.properties_unproven):
            return 3
        return 1 if differs or self.shortfalls else 0

    @property
    def reasons(self) -> Mapping[str, int]:
        """How many properties are unproven, by reason."""
        return unproven_reasons(self.proofs)

    @property
    def types(self) -> tuple[TypeCoverage, ...]:
        """The coverage of each resource type."""
        return TypeCoverage.of(self.proofs)

    def to_dict(self) -> dict[str, JsonValue]:
        coverage = self.coverage.to_dict()
        return {
            **report_header("prove"),
            "summary": {
                "target": self.target,
                **coverage,
                "reasons": dict(self.reasons),
                "minimum_proof": self.minimum.to_dict() if self.minimum else None,
                "shortfalls": list(self.shortfalls),
            },
            "coverage": {**coverage, "types": [each.to_dict() for each in self.types]},
            "targets": {
                name: {
                    **Coverage.of(proofs).to_dict(),
                    "unproven": [row for proof in _placed(proofs) for row in _unproven_rows(proof)],
                }
                for name, proofs in self.by_target.items()
            },
            "differences": [row for proof in self.proofs for row in _difference_rows(proof)],
            "unproven": [row for proof in self.proofs for row in _unproven_rows(proof)],
            "calls": self.calls.to_dict(),
            "notifications": [each.to_dict() for each in self.notifications],
            "exit_code": self.exit_code,
        }


def _placed(proofs: Sequence[ResourceProof]) -> list[ResourceProof]:
    return sorted(proofs, key=lambda each: each.location.sort_key())


def _difference_rows(proof: ResourceProof) -> list[JsonValue]:
    """One row for each property that differs; a resource that is gone is one row by itself first."""
    place = proof.location
    head = {
        "stack_name": place.stack_name,
        "logical_id": place.logical_id,
        "physical_id": proof.physical_id,
        "resource_type": place.resource_type,
        "status": proof.status.value,
        "location": place.to_dict(),
    }
    gone = {**head, "property_path": None, "change": "REMOVE", "expected": None, "actual": None}
    rows: list[JsonValue] = [gone] if proof.status is DriftStatus.DELETED else []
    rows.extend(
        {
            **head,
            "property_path": each.path,
            "change": each.change.value,
            "expected": each.expected,
            "actual": each.actual,
        }
        for each in proof.differences
    )
    return rows


def _unproven_rows(proof: ResourceProof) -> list[JsonValue]:
    place = proof.location
    return [
        {
            "stack_name": place.stack_name,
            "logical_id": place.logical_id,
            "resource_type": place.resource_type,
            "property_path": each.path or None,
            "reason": each.reason.value,
            "detail": each.detail,
        }
        for each in proof.unproven
    ]


class Outcome:
    """The words for the end of a stage."""

    HELD = "held"
    VIOLATED = "violated"
    INCOMPLETE = "incomplete"
    SKIPPED = "skipped"

    @staticmethod
    def of(code: int) -> str:
        """The word for an exit code."""
        return {0: Outcome.HELD, 1: Outcome.VIOLATED}.get(code, Outcome.INCOMPLETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the gate; `detail` is one line for a person."""

    name: str
    exit_code: int
    seconds: float
    cached: bool = False
    skipped: bool = False
    detail: str = ""

    @property
    def outcome(self) -> str:
        return Outcome.SKIPPED if self.skipped else Outcome.of(self.exit_code)

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "name": self.name,
            "outcome": self.outcome,
            "seconds": round(self.seconds, 3),
            "cached": self.cached,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """The verdict over all stages. `proof` is the proof coverage, None if nothing was proven in this run."""

    stages: tuple[Stage, ...]
    policy: PolicySummary | None = None
    proof: JsonObject | None = None

    @property
    def exit_code(self) -> int:
        """The gravest of the stages: 2, then 3, then 1. A gate without a stage has judged nothing."""
        codes = {each.exit_code for each in self.stages if not each.skipped}
        return next((code for code in (2, 3, 1, 0) if code in codes), 3)

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            **report_header("gate"),
            "summary": {"exit_code": self.exit_code, "outcome": Outcome.of(self.exit_code)},
            "stages": [each.to_dict() for each in self.stages],
            "policy": self.policy.to_dict() if self.policy else None,
            "proof": self.proof,
            "mutation": None,
            "exit_code": self.exit_code,
        }
