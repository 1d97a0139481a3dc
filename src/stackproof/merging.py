"""Joins what several engines say about one fact: one finding, several origins. No origin is ever lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from stackproof.model.finding import Finding, Kind

__all__ = ["merge"]

_Key = tuple[str | None, ...]


def merge(findings: Iterable[Finding], *, controls: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """Merge findings of one control (or one rule) at the same place; order-free and idempotent, sorted.

    `controls` maps rule ids of engines to the control that they serve. The gravest level wins, and a fact
    that one engine is sure of is not open because another could not tell.
    """
    named = controls or {}
    groups: dict[_Key, list[Finding]] = {}
    for finding in findings:
        control = finding.control or named.get(finding.rule_id)
        groups.setdefault(_key(finding, control), []).append(replace(finding, control=control))
    return tuple(sorted((_joined(group) for group in groups.values()), key=Finding.sort_key))


def _key(finding: Finding, control: str | None) -> _Key:
    """Rule and place. Without a resource the line of the source or template tells two facts apart."""
    place = finding.location
    line = None if place.logical_id else f"{place.file}:{place.line}"
    return (
        control or finding.rule_id,
        place.stack_name,
        place.template_file,
        place.logical_id,
        place.property_path,
        line,
        None if control else finding.message,
    )


def _joined(group: list[Finding]) -> Finding:
    """The gravest speaks; all are heard."""
    first = min(group, key=lambda each: (each.kind is not Kind.FAIL, -each.level.rank, each.sort_key()))
    origins = tuple(sorted({origin for each in group for origin in each.origins}))
    return replace(first, origins=origins)
