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
    assert [each.message for each in (*found.notifications, *beside.notifications) if each.level.value == "error"] == []
    [audit] = found.audits
    assert audit.is_complete
    return [*audit.differences, *beside.differences]


@pytest.mark.parametrize("rows", [CHILDREN, DEFAULTS, UNMANAGED], ids=["children", "defaults", "unmanaged"])
def test_each_change_is_named_exactly_nothing_else_is_and_put_back_it_is_clean(
    live: Live, rows: tuple[Row, ...]
) -> None:
    assert seen(live) == []
    with live.target.writing("tampering"):
        made = [each.made(live.target.client, live.ids) for each in rows]
    try:
        found = seen(live)
    finally:
        with live.target.writing("putting back"):
            for each, one in zip(rows, made, strict=True):
                each.undone(live.target.client, live.ids, one)
    assert sorted(_named(each) for each in found) == sorted(_wanted(each) for each in rows)
    assert seen(live) == []


def _wanted(row: Row) -> tuple[str, str, str]:
    return (row.origin, row.logical_id or "", row.what)


def _named(each: Difference) -> tuple[str, str, str]:
    what = each.child_type or each.path or each.location.resource_type
    return (each.origin.value, each.location.logical_id or "", str(what))


def test_every_family_has_an_owner_in_the_stack_and_was_asked(live: Live) -> None:
    [audit] = live.audited().audits
    kinds = {each.resource_type for each in live.deployment.resources}
    assert [each.name for each in FAMILIES if not kinds & set(each.owners)] == []
    assert audit.children.looked_at == audit.children.total >= len(FAMILIES)
    assert len(CHILDREN) >= len({each.name for each in FAMILIES}) - 1
    assert audit.defaults.looked_at == audit.defaults.total
