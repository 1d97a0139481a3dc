"""Seconds that one operation on a stack may take, where the command line names no deadline."""

from __future__ import annotations

from typing import Final

__all__ = ["ACCOUNT", "MINISTACK", "MOTO"]

ACCOUNT: Final = 3600.0
"""Databases, clusters and distributions take up to half an hour in an account, and a stack may wait for several."""

MOTO: Final = 120.0
"""moto only keeps records, so a stack takes seconds: a longer operation hangs."""

MINISTACK: Final = 180.0
"""MiniStack also runs functions and polls streams, so a deployment has only a part of the machine."""
