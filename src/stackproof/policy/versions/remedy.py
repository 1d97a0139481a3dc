"""What to pin instead: the youngest version that will live longest, and no further away than it has to be."""

from __future__ import annotations

from datetime import date

from stackproof.policy.versions.engine_version import Cycle, Family, Status
from stackproof.policy.versions.grammar import is_plain, key

__all__ = ["is_over", "later_cycle", "newest_known", "newest_of", "pin_instead", "shown"]


def is_over(end: date | bool | None, on: date) -> bool:  # noqa: FBT001 - an end is one value, three kinds of it
    """Whether a last day has passed; that day itself is still in."""
    return on > end if isinstance(end, date) else end is True


def is_supported(cycle: Cycle | None, on: date) -> bool:
    """Whether standard support is not known to have ended."""
    return cycle is None or not is_over(cycle.standard_support_end, on)


def newest_of(family: Family, cycle: str | None) -> str | None:
    """The newest creatable version of the cycle, a plain build before a special one."""
    found = [
        name
        for name, version in family.versions.items()
        if version.status is Status.CREATABLE and version.cycle == cycle
    ]
    return max(found, key=lambda name: (is_plain(name), key(name)), default=None)


def later_cycle(name: str, family: Family, cycle: str | None, on: date) -> str | None:
    """What to pin in the nearest later cycle that is in standard support and has anything creatable."""
    known = {version.cycle for version in family.versions.values() if version.cycle} | set(family.cycles)
    later = sorted((name for name in known if cycle is None or key(name) > key(cycle)), key=key)
    if cycle is None:
        later.reverse()
    for text in later:
        if not is_supported(family.cycles.get(text), on):
            continue
        found = newest_of(family, text) if family.versions else shown(name, text)
        if found is not None:
            return found
    return None


def pin_instead(name: str, family: Family, version: str, cycle: str | None, on: date) -> str | None:
    """The successor that a source names, else the newest of the same cycle, else that of the nearest later one."""
    entry = family.versions.get(version)
    if entry is not None and entry.successor is not None:
        return entry.successor
    here = newest_of(family, cycle) if is_supported(family.cycles.get(cycle or ""), on) else None
    return here or later_cycle(name, family, cycle, on)


def newest_known(family: Family, cycle: str | None, version: str = "") -> str | None:
    """The newest version that the list knows in the cycle, else of the version's kind (python3.14), else at all."""
    every = [name for name in family.versions if is_plain(name)]
    listed = [name for name in every if family.versions[name].cycle == cycle and cycle is not None]
    word = key(version)[:1]
    kin = [name for name in every if word and not word[0][0] and key(name)[:1] == word]
    return max(listed or kin or every or family.cycles, key=key, default=None)


def shown(name: str, cycle: str) -> str:
    """A cycle as a template writes it."""
    return f"OpenSearch_{cycle}" if name == "opensearch" else cycle
