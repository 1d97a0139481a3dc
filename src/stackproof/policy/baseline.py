"""A baseline: findings that were there before, so that only new ones fail; known again by place and rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from stackproof.core.notification import Level
from stackproof.policy.baseline_file import Baseline, BaselineKey
from stackproof.policy.finding import Finding, Kind, Suppression, SuppressionKind

__all__ = ["BaselineResult", "baseline_of", "key_of", "with_baseline"]

_TRACE = Suppression(kind=SuppressionKind.BASELINE, reason="")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineResult:
    """The findings, the old ones suppressed, and how many old ones are gone from what was evaluated."""

    findings: tuple[Finding, ...] = ()
    fixed: int = 0


def key_of(finding: Finding, *, shared_names: Collection[str] = ()) -> BaselineKey:
    """The key of a finding; its property, line and message do not matter.

    `shared_names` are names that several stacks of the run have: there the key holds the template as well.
    """
    place = finding.location
    is_alone = bool(place.stack_name) and place.stack_name not in shared_names
    return BaselineKey(
        stack=place.stack_name or "",
        file="" if is_alone else place.template_file or place.file or "",
        place=place.construct_path or place.logical_id or "",
        rules=tuple(sorted(finding.rules)),
    )


def baseline_of(
    findings: Iterable[Finding], *, not_waivable: frozenset[str] = frozenset(), shared_names: Collection[str] = ()
) -> Baseline:
    """The findings that a run would fail for, or be unsure of; never a waived one, or one that no one may waive."""
    return Counter(
        key_of(finding, shared_names=shared_names) for finding in findings if _belongs(finding, not_waivable)
    )


def with_baseline(
    findings: Iterable[Finding],
    baseline: Baseline,
    *,
    stacks: Collection[str],
    complete: bool = True,
    not_waivable: frozenset[str] = frozenset(),
    shared_names: Collection[str] = (),
) -> BaselineResult:
    """Suppress as many findings of each key as the baseline has; one more of the same key is new.

    `stacks` are those that were evaluated (the file of a template without a stack). An entry of another stack, or any
    entry in an incomplete run, does not count as fixed. `shared_names` are names that several of the stacks have.
    """
    left = Counter(baseline)
    found: list[Finding] = []
    for finding in sorted(findings, key=Finding.sort_key):
        key = key_of(finding, shared_names=shared_names)
        if _belongs(finding, not_waivable) and left[key] > 0:
            left[key] -= 1
            found.append(finding.suppressed(_TRACE))
        else:
            found.append(finding)
    fixed = sum(count for key, count in left.items() if (key.stack or key.file) in stacks)
    return BaselineResult(findings=tuple(sorted(found, key=Finding.sort_key)), fixed=fixed if complete else 0)


def _belongs(finding: Finding, not_waivable: frozenset[str]) -> bool:
    counts = finding.kind is Kind.OPEN or (finding.kind is Kind.FAIL and finding.level.reaches(Level.WARNING))
    return (
        counts
        and finding.suppression is None
        and not finding.generated
        and not_waivable.isdisjoint({*finding.rules, finding.control or ""})
    )
