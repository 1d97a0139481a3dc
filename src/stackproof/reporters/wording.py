"""Words that all reports share: rule ids, resources, remedies, and text without hidden characters."""

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

REMEDY = "upgrade aws-cdk-lib; no line of the app sets the property"
"""The remedy for generated findings: the handlers and their roles come with the library."""

_VERDICTS = {0: "held", 1: "violated", 2: "configuration error", 3: "could not complete"}


def policy_line(report: CheckReport) -> str:
    """The summary with its denominator."""
    summary = report.summary
    if not summary.total:
        return "policy: nothing was evaluated"
    return (
        f"policy: {summary.held} of {summary.total} rules held, {summary.violated} violated, "
        f"{summary.waived} waived, {summary.open} open"
    )


def folded(line: str) -> list[str]:
    """A line that is too long for a page, as several; an indented line stays as it is."""
    if len(line) <= _WIDTH or line.startswith("    "):
        return [line]
    return textwrap.wrap(line, _WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def counted(number: int, noun: str) -> str:
    """The number with its noun, which takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def verdict_word(exit_code: int) -> str:
    """The outcome in one to three words; exit code 3 is not a verdict."""
    return _VERDICTS[exit_code]


def rule_ids(finding: Finding) -> tuple[str, ...]:
    """The rules that agree on the finding, each once, the finding's rule first.

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
    """The construct path, else the logical id; with the property, if it has one; "" if neither is known."""
    place = finding.location
    return " ".join(part for part in (place.construct_path or place.logical_id, place.property_path) if part)


def waived_because(finding: Finding) -> str:
    """The expiry or place, the reason and the owner of its waiver; "" if it is not waived."""
    trace = finding.suppression
    if trace is None:
        return ""
    return f"{trace} ({trace.owner})" if trace.owner else str(trace)


def visible(text: str, *, keep: str = "") -> str:
    """The text, with escapes for characters that are invisible, control a terminal or reverse the direction."""
    return "".join(line if line.isprintable() or line in keep else ascii(line)[1:-1] for line in text)
