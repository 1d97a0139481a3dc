"""Why something is not proven: one list for every report."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["TRANSIENT", "UnprovenReason"]


class UnprovenReason(StrEnum):
    """Why something is not proven; the same list everywhere."""

    WRITE_ONLY = "write_only"
    DENIED = "denied"
    NOT_EMULATED = "not_emulated"
    NO_READER = "no_reader"
    UNRESOLVED = "unresolved"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    OVERRIDDEN = "overridden"


TRANSIENT: Final = frozenset({UnprovenReason.THROTTLED, UnprovenReason.UNREACHABLE})
"""Reasons with which another call may succeed."""
