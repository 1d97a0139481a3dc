"""The form of a region's name: botocore makes an endpoint of any text, and fails much later."""

from __future__ import annotations

import re
from typing import Final

from stackproof.core.errors import ConfigError

__all__ = ["REGION_PATTERN", "require_region"]

REGION_PATTERN: Final = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]+$"
"""The schemas of files that have regions have the same pattern."""


def require_region(region: str, *, shown: str) -> None:
    """Raise ConfigError for a text that is not a region; `shown` names the option and its value ("--region moon")."""
    if not re.fullmatch(REGION_PATTERN, region):
        raise ConfigError(f"{shown}: this is not a region: give one like eu-central-1")
