"""The reports that commands give, as values; `to_dict` is report format 1, whose keys are stable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stackproof.core.json import JsonObject, JsonValue, as_int
from stackproof.core.notification import Level, Notification
from stackproof.core.report import exit_code, report_header
from stackproof.policy.finding import Finding, Kind, RuleCount
from stackproof.policy.ledger import LedgerEntry

__all__ = ["CheckReport", "PolicySummary", "RuleVerdict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySummary:
    """How many rules held, were violated, are waived or are open; rules that evaluated nothing are not counted."""

    held: int = 0
    violated: int = 0
    waived: int = 0
    open: int = 0
    generated: int = 0

    @property
    def total(self) -> int:
        """The denominator: the number of rules that evaluated something."""
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
            names = {finding.rule_id, *(origin.rule_id for origin in finding.origins)}
            generated += finding.generated
            if finding.violates(fail_level):
                violated |= names
            elif finding.suppression is not None:
                waived |= names
            elif finding.kind is Kind.OPEN and not finding.generated:
                undecided |= names
        looked = {count.rule_id for count in counts if count.looked_at}
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
    """The verdict of one rule on one stack: `outcome` is "held", "violated", "waived" or "open".

    `artifact` distinguishes stacks of one name.
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
        for finding in self.findings:
            why = f" ({finding.suppression})" if finding.suppression else ""
            lines.append(f"{finding.location}: {finding.level.value}: {self.rule_id}: {finding.message}{why}")
        return "\n".join(lines) or f"{self.rule_id} held (places checked: {self.looked_at})"

    def check(self) -> None:
        """Raise AssertionError with every place at which the rule is violated."""
        if self.outcome == "violated":
            raise AssertionError(self.text())
        if self.looked_at == 0 and not self.findings:
            raise AssertionError(f"{self.rule_id} checked nothing in {self.stack_name}")

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
                findings=tuple(finding for finding in named.get((engine, rule_id), []) if not finding.generated),
                artifact=artifact or stack_name,
            )
            for engine, rule_id in sorted({*named, *(key for key, size in looked.items() if size)})
        )


def _verdict(findings: list[Finding], fail_level: Level) -> str:
    counted = [finding for finding in findings if not finding.generated]
    if any(finding.violates(fail_level) for finding in counted):
        return "violated"
    if any(finding.suppression for finding in counted):
        return "waived"
    return "open" if any(finding.kind is Kind.OPEN for finding in counted) else "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What `check` found. `inputs` are the evaluated templates, `waivers` is the ledger."""

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
            violated=any(finding.violates(self.fail_level) for finding in self.findings),
            notifications=self.notifications,
            open_findings=sum(
                finding.kind is Kind.OPEN and not finding.generated and finding.suppression is None
                for finding in self.findings
            ),
            strict=self.strict,
        )

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            **report_header("check"),
            "summary": self.summary.to_dict(),
            "inputs": list(self.inputs),
            "findings": [finding.to_dict() for finding in self.findings],
            "rules": [rule.to_dict() for rule in self.rules],
            "waivers": [waiver.to_dict() for waiver in self.waivers],
            "notifications": [notification.to_dict() for notification in self.notifications],
            "exit_code": self.exit_code,
        }
