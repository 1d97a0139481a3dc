"""Notes about the rules of a report: their engines, a summary, the documentation and the denominator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stackproof.policy.engines.table import documentation, row_of
from stackproof.policy.finding import Finding, RuleCount

__all__ = ["RuleNote", "rule_notes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleNote:
    """A rule: the engines that have it, a summary, the URL of its documentation, and its denominator."""

    rule_id: str
    engines: tuple[str, ...]
    summary: str
    uri: str | None
    looked_at: int


def rule_notes(findings: Iterable[Finding], counts: Iterable[RuleCount]) -> tuple[RuleNote, ...]:
    """Every rule that checked or found something, sorted by id."""
    engines: dict[str, set[str]] = {}
    checked: dict[str, int] = {}
    messages: dict[str, set[str]] = {}
    for count in counts:
        if count.looked_at:
            engines.setdefault(count.rule_id, set()).add(count.engine)
            checked[count.rule_id] = checked.get(count.rule_id, 0) + count.looked_at
    for finding in findings:
        named = [origin for origin in finding.origins if origin.rule_id == finding.rule_id] or finding.origins
        engines.setdefault(finding.rule_id, set()).update(origin.engine for origin in named)
        messages.setdefault(finding.rule_id, set()).update(origin.message for origin in named)
    return tuple(
        RuleNote(
            rule_id=rule_id,
            engines=tuple(sorted(names)),
            summary=_summary(rule_id, sorted(names), messages.get(rule_id, set())),
            uri=next((uri for name in sorted(names) if (uri := documentation(name, rule_id))), None),
            looked_at=checked.get(rule_id, 0),
        )
        for rule_id, names in sorted(engines.items())
    )


def _summary(rule_id: str, engines: Sequence[str], messages: set[str]) -> str:
    """The title of the rule if its only engine puts titles into messages: other messages are about one resource."""
    row = row_of(engines[0]) if len(engines) == 1 else None
    if row is not None and row.titled_messages and len(messages) == 1:
        return next(iter(messages))
    return f"{rule_id}, a rule of {' and '.join(engines)}"
