"""The region that is used where none is named."""

from __future__ import annotations

from typing import Final

__all__ = ["DEFAULT_REGION"]

DEFAULT_REGION: Final = "us-east-1"
"""Of a project, a template or an emulator."""
