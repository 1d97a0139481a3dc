"""Deleted stacks: an earlier audit recorded them, and the account no longer has them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from stackproof.core.globs import matches
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.episode import Run, StackKey
from stackproof.drift.ports import AuditStore
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_list import StackList
from stackproof.proof.observation import Change, DriftStatus
from stackproof.template.location import Location

__all__ = ["vanished"]

_STACK: Final = "AWS::CloudFormation::Stack"


def vanished(report: DriftReport, store: AuditStore, run: Run) -> Iterator[Difference]:
    """A difference for each stack that the store knows and that a list of the run lacks; raises StoreError.

    A nested stack is deleted with its parent, or by a change of its parent's template. If it was also audited by its
    own name, the difference comes from its parent, unless the parent could not be audited.
    """
    ids = {audit.stack_id for audit in report.audits if audit.stack_id}
    dark = {(audit.account, audit.region, audit.stack_name) for audit in report.audits if audit.reason is not None}
    for stack_key, seen_by in sorted(store.stack_keys(run).items()):
        if "/" in stack_key.stack_name or not _is_missed(stack_key, seen_by, report.stack_lists):
            continue
        record = store.last_record(run, stack_key)
        stack_id = str(record.certificate.get("stack_id") or "") if record else ""
        is_meant = any(list_.means(stack_key.stack_name, stack_id) for list_ in _at(stack_key, report.stack_lists))
        if record is not None and is_meant and stack_id not in ids and not _may_be_nested(stack_key, dark):
            yield _difference(stack_key, stack_id)


def _is_missed(stack_key: StackKey, seen_by: Collection[str], lists: Iterable[StackList]) -> bool:
    """Whether a list that would have the stack lacks it.

    What tags it had nobody knows: of a fleet that filters by them, only what the same filters took before is meant.
    """
    return any(
        list_.lacks(stack_key.stack_name)
        and (not list_.wanted.names or any(matches(name, stack_key.stack_name) for name in list_.wanted.names))
        and (not list_.filters or list_.filters in seen_by)
        for list_ in _at(stack_key, lists)
    )


def _at(stack_key: StackKey, lists: Iterable[StackList]) -> Iterator[StackList]:
    return (list_ for list_ in lists if (list_.account, list_.region) == (stack_key.account, stack_key.region))


def _may_be_nested(stack_key: StackKey, dark: Iterable[tuple[str, str, str]]) -> bool:
    """CloudFormation names a nested stack `parent-LogicalId-RANDOM`."""
    here = (stack_key.account, stack_key.region)
    return any(
        here == (account, region) and stack_key.stack_name.startswith(f"{name}-") for account, region, name in dark
    )


def _difference(stack_key: StackKey, stack_id: str) -> Difference:
    return Difference(
        account=stack_key.account,
        region=stack_key.region,
        origin=DriftOrigin.DELETED,
        location=Location(stack_name=stack_key.stack_name, resource_type=_STACK),
        physical_id=stack_id or stack_key.stack_name,
        status=DriftStatus.DELETED,
        change=Change.REMOVE,
        detail=f"if intended: stackproof drift forget --stack {stack_key.stack_name}",
    )
