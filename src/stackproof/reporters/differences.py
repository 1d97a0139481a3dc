"""A difference of a drift audit in words: its place, its name, what is different."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stackproof.drift.difference import Difference, DriftOrigin

__all__ = ["Where", "at", "described", "named", "place_of", "sentence", "where_of"]


Where = Callable[[str, str], str]
"""From account and region to the beginning of a line."""


def at(account: str, region: str) -> str:
    """Account and region, for a text about several."""
    return f"{account}/{region}: "


def where_of(places: Iterable[tuple[str, str]]) -> Where:
    """How lines about these accounts and regions begin: with the account and region if there are several."""
    return at if len(set(places)) > 1 else lambda _account, _region: ""


def sentence(each: Difference, where: Where) -> str:
    """The difference as one sentence that begins with its place."""
    place = where(each.account, each.region)
    if each.location.logical_id or not place:
        place += f"{place_of(each)}: "
    return f"{place}{named(each)} {described(each)}"


def place_of(each: Difference) -> str:
    """The line of code; for an unmanaged resource and for a stack itself, the region."""
    return str(each.location) if each.location.logical_id else each.region


def named(each: Difference) -> str:
    """Stack and logical id; the name alone for a stack, and the physical id for an unmanaged resource."""
    place = each.location
    return f"{place.stack_name}/{place.logical_id}" if place.logical_id else place.stack_name or str(each.physical_id)


def described(each: Difference) -> str:
    """What is different, as the end of a sentence that begins with the name."""
    place = each.location
    return {
        DriftOrigin.DECLARED: f"{each.path} differs",
        DriftOrigin.UNDECLARED: f"{each.path} is not set in the template, and not at its default",
        DriftOrigin.CHILD: f"has what nobody declared: {each.child_type} {each.child_id}"
        + (f" ({each.detail})" if each.detail else ""),
        DriftOrigin.UNMANAGED: f"({place.resource_type}) is in no stack",
        DriftOrigin.DELETED: f"({place.resource_type}) does not exist"
        + (f" any more; {each.detail}" if each.detail else ""),
    }[each.origin]
