"""One fact, one finding: merges findings of several engines about the same place into one with several origins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from stackproof.policy.control import Control
from stackproof.policy.finding import Finding, Kind
from stackproof.template.location import Location

__all__ = ["merged"]


def merged(findings: Iterable[Finding], controls: Mapping[str, Control] | None = None) -> tuple[Finding, ...]:
    """The findings, sorted, with those about one fact joined.

    One fact is one control (or one rule, where it has none) at one property. Engines differ in how deep they point, so
    for a control a finding also joins those deeper inside the property that it names; one that names none joins all at
    the resource. `controls` maps rule ids to controls, which give their level. The order of the findings plays no part,
    and merging what is merged changes nothing.
    """
    known = controls or {}
    by_id = {control.id: control for control in known.values()}
    groups: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        controlled = _controlled(finding, known, by_id)
        groups[_fact(controlled)].append(controlled)
    return tuple(sorted((fact for group in groups.values() for fact in _facts(group)), key=Finding.sort_key))


def _controlled(finding: Finding, controls: Mapping[str, Control], by_id: Mapping[str, Control]) -> Finding:
    """The finding with its control, and with the level of that."""
    named = (finding.rule_id, *sorted(origin.rule_id for origin in finding.origins))
    control = by_id.get(finding.control or "") or next((controls[name] for name in named if name in controls), None)
    if control is None or (finding.control and finding.control != control.id):
        return finding
    return replace(finding, control=control.id, level=control.level or finding.level)


def _fact(finding: Finding) -> tuple[object, ...]:
    """Findings that agree in this may be about one fact; without a logical id, place and wording have to agree."""
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
        None if finding.control else place.property_path,
    )


def _facts(group: list[Finding]) -> Iterator[Finding]:
    """One finding for each of the deepest places of a group; it joins the findings there and at the places around it.

    No deepest place is inside of another, whatever the order: a second merge of the result joins nothing more.
    """
    if len(group) == 1 and len(group[0].origins) <= 1:
        yield group[0]  # most of them, and nothing to join
        return
    paths = {_path(finding) for finding in group}
    for deepest in sorted(path for path in paths if not any(_is_in(other, path) for other in paths)):
        about = [finding for finding in group if _path(finding) == deepest or _is_in(deepest, _path(finding))]
        yield _joined(about, [finding.location for finding in group if _path(finding) == deepest])


def _path(finding: Finding) -> str:
    return (finding.location.property_path or "").rstrip("/")


def _is_in(path: str, outer: str) -> bool:
    return path != outer and path.startswith(f"{outer}/" if outer else "")


def _joined(group: list[Finding], places: list[Location]) -> Finding:
    """The gravest finding leads; the result has all messages of its engine and rule, and the origins of all findings.

    Gravity compares the kind first: an open finding of one engine lends no level to a sure finding of another.
    """
    lead = min(group, key=_gravity)
    peers = [finding for finding in group if finding.rule_id == lead.rule_id and _engine(finding) == _engine(lead)]
    return replace(
        lead,
        message="; ".join(sorted({peer.message for peer in peers})),
        origins=tuple(sorted({origin for finding in group for origin in finding.origins})),
        location=_place(places),
        generated=all(finding.generated for finding in group),
        suppression=next((finding.suppression for finding in sorted(group, key=_gravity) if finding.suppression), None),
    )


def _place(places: list[Location]) -> Location:
    """The most exact of the places, which differ at most in lines."""
    return min(places, key=lambda place: (place.line is None, place.sort_key()))


def _gravity(finding: Finding) -> tuple[object, ...]:
    return (_kind_rank(finding.kind), -finding.level.rank, finding.rule_id, _engine(finding), finding.sort_key())


def _engine(finding: Finding) -> str:
    return min((origin.engine for origin in finding.origins), default="")


def _kind_rank(kind: Kind) -> int:
    return (Kind.FAIL, Kind.OPEN, Kind.PASS, Kind.NOT_APPLICABLE).index(kind)
