"""One fact, one finding: what several engines say about the same place becomes one finding with several origins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from stackproof.model.finding import Finding, Kind
from stackproof.model.location import Location

__all__ = ["merged"]


def merged(findings: Iterable[Finding], controls: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """The findings, sorted, with those of one control (or of one rule, where it has none) at one property joined.

    `controls` maps rule ids to controls. The order of the findings plays no part, and merging what is merged changes
    nothing.
    """
    groups: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        known = finding if finding.control else replace(finding, control=_control(finding, controls or {}))
        groups[_fact(known)].append(known)
    return tuple(sorted((_joined(group) for group in groups.values()), key=Finding.sort_key))


def _control(finding: Finding, controls: Mapping[str, str]) -> str | None:
    named = (finding.rule_id, *sorted(each.rule_id for each in finding.origins))
    return next((controls[each] for each in named if each in controls), None)


def _fact(finding: Finding) -> tuple[object, ...]:
    """Findings that agree in this are about one fact; without a logical id, place and wording have to agree."""
    place = finding.location
    named = ("control", finding.control) if finding.control else ("rule", finding.rule_id)
    if place.logical_id is None:
        return (*named, *place.sort_key(), place.construct_path, finding.message)
    return (
        *named,
        place.stack_name or place.template_file,
        place.template_file,
        place.resource_type,
        place.logical_id,
        place.property_path,
    )


def _joined(group: list[Finding]) -> Finding:
    """The gravest finding speaks for all; where it is said in several ways, all of them are heard.

    Its kind comes first: what one engine is unsure of lends no level to what another is sure of.
    """
    lead = min(group, key=_gravity)
    peers = [each for each in group if each.rule_id == lead.rule_id and _engine(each) == _engine(lead)]
    return replace(
        lead,
        message="; ".join(sorted({each.message for each in peers})),
        origins=tuple(sorted({origin for each in group for origin in each.origins})),
        location=_place(group),
        generated=all(each.generated for each in group),
        suppression=next((each.suppression for each in sorted(group, key=_gravity) if each.suppression), None),
    )


def _place(group: list[Finding]) -> Location:
    """The most exact of their places, which differ at most in lines."""
    return min((each.location for each in group), key=lambda place: (place.line is None, place.sort_key()))


def _gravity(finding: Finding) -> tuple[object, ...]:
    return (_kind_rank(finding.kind), -finding.level.rank, finding.rule_id, _engine(finding), finding.sort_key())


def _engine(finding: Finding) -> str:
    return min((each.engine for each in finding.origins), default="")


def _kind_rank(kind: Kind) -> int:
    return (Kind.FAIL, Kind.OPEN, Kind.PASS, Kind.NOT_APPLICABLE).index(kind)
