"""Outcomes that pytest has no word for: a rule that is waived, a fact that stays open."""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

import pytest

from stackproof.calls.recorder import CallRecorder
from stackproof.core.json import JsonValue

__all__ = ["CALLS", "CATEGORY", "FACTS", "LEDGERS", "LIVE", "Facts", "Ledger", "conclude", "facts_of", "facts_on"]

CALLS = pytest.StashKey[CallRecorder]()
"""Counts what the targets of this process are asked."""

LIVE = pytest.StashKey[bool]()
"""Whether tests that look at a target were collected, also if they were deselected then."""

CATEGORY = pytest.StashKey[str]()
FACTS = pytest.StashKey[dict[str, JsonValue]]()
Facts = dict[str, JsonValue]


class Ledger(Protocol):
    """Whatever counts how many things a test looked at."""

    @property
    def looked_at(self) -> int:
        """How many so far."""


LEDGERS = pytest.StashKey[list[Ledger]]()


def conclude(node: pytest.Item, category: str, reason: str) -> NoReturn:
    """End the test as "waived" or "open": counted apart in the summary, skipped with its reason in JUnit."""
    node.stash[CATEGORY] = category
    pytest.skip(f"{category}: {reason}")


def facts_of(node: pytest.Item) -> Facts:
    """What the test's report carries to the controller."""
    return node.stash.setdefault(FACTS, {})


def facts_on(report: pytest.TestReport | pytest.CollectReport) -> dict[str, Any]:
    """What a report carries, if anything."""
    found = getattr(report, "stackproof", None)
    return found if isinstance(found, dict) else {}
