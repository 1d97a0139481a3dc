"""What nobody declared, on the emulator: each change is named exactly, nothing else is, and put back it is clean."""

from __future__ import annotations

import pytest

from stackproof.drift.difference import Difference
from stackproof.readers.children import FAMILIES
from tests.drift.conftest import Live
from tests.drift.undeclared_rows import CHILDREN, DEFAULTS, UNMANAGED, Row


def seen(live: Live) -> list[Difference]:
    """All differences, of the stack and beside it; nothing may have broken."""
    found = live.audited()
    beside = live.unmanaged(found, "prefix:audited-", f"vpc:{live.ids['Vpc']}", "tag:app=audited")
    assert [
        notification.message
        for notification in (*found.notifications, *beside.notifications)
        if notification.level.value == "error"
    ] == []
    [audit] = found.audits
    assert audit.is_complete
    return [*audit.differences, *beside.differences]


@pytest.mark.parametrize("rows", [CHILDREN, DEFAULTS, UNMANAGED], ids=["children", "defaults", "unmanaged"])
def test_each_change_is_named_exactly_nothing_else_is_and_put_back_it_is_clean(
    live: Live, rows: tuple[Row, ...]
) -> None:
    assert seen(live) == []
    with live.target.writing("tampering"):
        made = [row.made(live.target.client, live.ids) for row in rows]
    try:
        found = seen(live)
    finally:
        with live.target.writing("putting back"):
            for row, element in zip(rows, made, strict=True):
                row.undone(live.target.client, live.ids, element)
    assert sorted(_named(difference) for difference in found) == sorted(_wanted(row) for row in rows)
    assert seen(live) == []


def _wanted(row: Row) -> tuple[str, str, str]:
    return (row.origin, row.logical_id or "", row.what)


def _named(each: Difference) -> tuple[str, str, str]:
    what = each.child_type or each.path or each.location.resource_type
    return (each.origin.value, each.location.logical_id or "", str(what))


def test_every_family_has_an_owner_in_the_stack_and_was_asked(live: Live) -> None:
    [audit] = live.audited().audits
    kinds = {resource.resource_type for resource in live.deployment.resources}
    assert [family.name for family in FAMILIES if not kinds & set(family.owners)] == []
    assert audit.children.looked_at == audit.children.total >= len(FAMILIES)
    assert len(CHILDREN) >= len({family.name for family in FAMILIES}) - 1
    assert audit.defaults.looked_at == audit.defaults.total
