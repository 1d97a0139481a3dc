"""Outcomes that pytest does not have, and what a test has found: kept with the test until its report is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, Protocol

import pytest

from stackproof.calls.recorder import CallRecorder
from stackproof.plugin.facts import ItemFacts

__all__ = ["CALLS", "CATEGORY", "LEDGERS", "LIVE", "Ledger", "conclude", "facts_of", "update_facts"]

CALLS = pytest.StashKey[CallRecorder]()
"""Counts the calls of this process."""

LIVE = pytest.StashKey[bool]()
"""Whether tests that read a target were collected, also if they were deselected then."""

CATEGORY = pytest.StashKey[str]()
_FACTS = pytest.StashKey[ItemFacts]()


class Ledger(Protocol):
    """Counts how many resources and properties a test checked."""

    @property
    def looked_at(self) -> int:
        """How many so far."""


LEDGERS = pytest.StashKey[list[Ledger]]()


def conclude(node: pytest.Item, category: str, reason: str) -> NoReturn:
    """End the test as "waived" or "open": counted apart in the summary, skipped with its reason in JUnit."""
    node.stash[CATEGORY] = category
    pytest.skip(f"{category}: {reason}")


def facts_of(node: pytest.Item) -> ItemFacts:
    """What the test has found so far; its report carries it to the controller."""
    return node.stash.get(_FACTS, ItemFacts())


def update_facts(node: pytest.Item, change: Callable[[ItemFacts], ItemFacts]) -> None:
    """Note what the test has found, in place of what it had found before."""
    node.stash[_FACTS] = change(facts_of(node))
