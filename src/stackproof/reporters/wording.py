"""What every report says in the same words: rule ids, resources, remedies, and text without hidden characters."""

from __future__ import annotations

import textwrap
from typing import Final

from stackproof.policy.finding import Finding
from stackproof.policy.report import CheckReport

__all__ = [
    "REMEDY",
    "counted",
    "engines_of",
    "folded",
    "policy_line",
    "resource_of",
    "rule_ids",
    "verdict_word",
    "visible",
    "waived_because",
]

_WIDTH: Final = 80

REMEDY = "upgrade aws-cdk-lib; no line of the app sets it"
"""What helps with what CDK generates: its handlers and their roles come with the library."""

_VERDICTS = {0: "held", 1: "violated", 2: "configuration error", 3: "could not complete"}


def policy_line(report: CheckReport) -> str:
    """The summary with its denominator."""
    summary = report.summary
    return (
        f"policy: {summary.held} of {summary.total} rules held, {summary.violated} violated, "
        f"{summary.waived} waived, {summary.open} open"
    )


def folded(line: str) -> list[str]:
    """A line that is too long for a page, in several; one that hangs below another stays as it is."""
    if len(line) <= _WIDTH or line.startswith("    "):
        return [line]
    return textwrap.wrap(line, _WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def counted(number: int, noun: str) -> str:
    """The number with its noun, which takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def verdict_word(exit_code: int) -> str:
    """The verdict in one to three words; an evaluation that could not complete has none."""
    return _VERDICTS[exit_code]


def rule_ids(finding: Finding) -> tuple[str, ...]:
    """The rules that agree on the finding, each once, its own first.

    An origin that only names the family of the rule ("cdk:deprecated-api") says nothing more.
    """
    others = {origin.rule_id for origin in finding.origins} - {finding.rule_id}
    return (
        finding.rule_id,
        *sorted(other for other in others if not finding.rule_id.startswith(f"{other}/")),
    )


def engines_of(finding: Finding) -> tuple[str, ...]:
    """The engines that reported it, sorted."""
    return tuple(sorted({origin.engine for origin in finding.origins}))


def resource_of(finding: Finding) -> str:
    """The construct path, else the logical id; with the property, where there is one; "" if neither is known."""
    place = finding.location
    return " ".join(part for part in (place.construct_path or place.logical_id, place.property_path) if part)


def waived_because(finding: Finding) -> str:
    """Until when or where it is waived, why, and who answers for it; "" if it is not."""
    trace = finding.suppression
    if trace is None:
        return ""
    return f"{trace} ({trace.owner})" if trace.owner else str(trace)


def visible(text: str, *, keep: str = "") -> str:
    """The text with characters that print nothing, steer a terminal or turn the direction of reading as escapes."""
    return "".join(line if line.isprintable() or line in keep else ascii(line)[1:-1] for line in text)
