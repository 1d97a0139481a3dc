"""Stacks that an earlier audit saw and that are not there any more: the largest difference that there can be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from stackproof.core.globs import matches
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.episode import Place, Run
from stackproof.drift.ports import AuditStore
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_list import StackList
from stackproof.proof.observation import Change, DriftStatus
from stackproof.template.location import Location

__all__ = ["vanished"]

_STACK: Final = "AWS::CloudFormation::Stack"


def vanished(report: DriftReport, store: AuditStore, run: Run) -> Iterator[Difference]:
    """A difference for each stack that the store knows and that a list of the run lacks; raises StoreError.

    One that is nested goes with its parent, whose template may have let go of it; it may have been audited by its own
    name as well, and then has the one that its parent gives it, unless nobody could look at the parent.
    """
    ids = {audit.stack_id for audit in report.audits if audit.stack_id}
    dark = {(audit.account, audit.region, audit.stack_name) for audit in report.audits if audit.reason is not None}
    for place, seen_by in sorted(store.places(run).items()):
        if "/" in place.stack_name or not _is_missed(place, seen_by, report.stack_lists):
            continue
        look = store.seen(run, place)
        stack_id = str(look.certificate.get("stack_id") or "") if look else ""
        is_meant = any(list_.means(place.stack_name, stack_id) for list_ in _at(place, report.stack_lists))
        if look is not None and is_meant and stack_id not in ids and not _may_be_nested(place, dark):
            yield _difference(place, stack_id)


def _is_missed(place: Place, seen_by: Collection[str], lists: Iterable[StackList]) -> bool:
    """Whether a list that would have the stack lacks it.

    What tags it had nobody knows: of a fleet that filters by them, only what the same filters took before is meant.
    """
    return any(
        list_.lacks(place.stack_name)
        and (not list_.wanted.names or any(matches(name, place.stack_name) for name in list_.wanted.names))
        and (not list_.filters or list_.filters in seen_by)
        for list_ in _at(place, lists)
    )


def _at(place: Place, lists: Iterable[StackList]) -> Iterator[StackList]:
    return (list_ for list_ in lists if (list_.account, list_.region) == (place.account, place.region))


def _may_be_nested(place: Place, dark: Iterable[tuple[str, str, str]]) -> bool:
    """CloudFormation names a nested stack `parent-LogicalId-RANDOM`."""
    here = (place.account, place.region)
    return any(here == (account, region) and place.stack_name.startswith(f"{name}-") for account, region, name in dark)


def _difference(place: Place, stack_id: str) -> Difference:
    return Difference(
        account=place.account,
        region=place.region,
        origin=DriftOrigin.DELETED,
        location=Location(stack_name=place.stack_name, resource_type=_STACK),
        physical_id=stack_id or place.stack_name,
        status=DriftStatus.DELETED,
        change=Change.REMOVE,
        detail=f"if that is meant: stackproof drift forget --stack {place.stack_name}",
    )
