"""Names and construct paths as patterns: `*` and `?` stay within a segment, `**` goes across."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["is_glob", "matches", "matches_everything"]

_PIECE = re.compile(r"\*\*|\*|\?|[^*?]+")
_WILD = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
# Many construct paths have such a segment, so it selects none of them.
_UNSPECIFIC = frozenset({"", "*", "**", "Resource", "Default"})


def is_glob(pattern: str) -> bool:
    """Whether it may match several names."""
    return "*" in pattern or "?" in pattern


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern matches the text; case matters."""
    return text == pattern or (is_glob(pattern) and _compiled(pattern).fullmatch(text) is not None)


def matches_everything(pattern: str) -> bool:
    """Whether the pattern selects nothing in particular: `*`, `**`, `*/*`, `**/Resource`."""
    segments = {part.replace("?", "*") for part in pattern.split("/")}
    plain = {"*" if segment and not segment.strip("*") else segment for segment in segments}
    return is_glob(pattern) and plain <= _UNSPECIFIC


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = (_WILD.get(match_) or re.escape(match_) for match_ in _PIECE.findall(pattern))
    return re.compile("".join(pieces), re.DOTALL)
