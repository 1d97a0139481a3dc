"""How a finding counts in a verdict: all reports of `check` share this sorting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from stackproof.core.notification import Level
from stackproof.policy.finding import Finding, Kind, SuppressionKind

__all__ = ["Standing", "by_standing", "standing"]


class Standing(StrEnum):
    """What a finding means for the run, the most important first."""

    VIOLATED = "violated"
    OPEN = "open"
    WAIVED = "waived"
    BASELINE = "baseline"
    GENERATED = "generated"
    NOTED = "noted"
    HELD = "held"


def standing(finding: Finding, fail_level: Level) -> Standing:
    """What the finding means if findings of `fail_level` and above fail; a note is a failure below that level."""
    if finding.violates(fail_level):
        return Standing.VIOLATED
    if finding.suppression is not None:
        return Standing.BASELINE if finding.suppression.kind is SuppressionKind.BASELINE else Standing.WAIVED
    if finding.kind not in {Kind.FAIL, Kind.OPEN}:
        return Standing.HELD
    if finding.generated:
        return Standing.GENERATED
    return Standing.OPEN if finding.kind is Kind.OPEN else Standing.NOTED


def by_standing(findings: Iterable[Finding], fail_level: Level) -> Mapping[Standing, tuple[Finding, ...]]:
    """The findings of every standing, each group in the order given."""
    groups: dict[Standing, list[Finding]] = {standing: [] for standing in Standing}
    for finding in findings:
        groups[standing(finding, fail_level)].append(finding)
    return {name: tuple(group) for name, group in groups.items()}
