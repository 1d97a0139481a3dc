"""Masks secrets also where pytest shows only a piece of one: it cuts long values, and folds them into lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import groupby
from typing import Final

from stackproof.core.redaction import text_without
from stackproof.core.secret_values import MASK

__all__ = ["cut_text_without"]

_CUT: Final = "..."
_LONGEST_SIDE: Final = 240
"""How much pytest shows on one side of a cut: half of it, at most, for a value that is cut in the middle."""
_SHORTEST_SIDE: Final = 3
_PIECE: Final = 10
"""A difference of two texts is shown with ten characters of what is equal before and behind it."""
_DISTINCT: Final = 5


def cut_text_without(secrets: Collection[str]) -> Callable[[str], str]:
    """What masks the secrets in a text that may hold only pieces of them.

    A piece is what a cut leaves ("hunt...er2"), from `_SHORTEST_SIDE` characters on, or any `_PIECE` characters in a
    row that are not part of an ordinary word.
    """
    without = text_without(secrets)
    forms = sorted({form for secret in secrets for form in (secret, repr(secret)[1:-1], ascii(secret)[1:-1])})
    sizes = range(_SHORTEST_SIDE, _LONGEST_SIDE + 1)
    heads = frozenset(form[:size] for form in forms for size in sizes if size <= len(form))
    tails = frozenset(form[-size:] for form in forms for size in sizes if size <= len(form))
    pieces = frozenset(piece for form in forms for piece in _pieces(form))

    def masked(text: str) -> str:
        text = _without_runs(without(text), pieces)
        return _without_ends(text, heads, tails) if _CUT in text else text

    return masked


def _pieces(secret: str) -> Iterator[str]:
    """The parts of a secret by which it is known: neither a row of dashes nor a part of a word is one."""
    for start in range(len(secret) - _PIECE + 1):
        piece = secret[start : start + _PIECE]
        letters = {letter for letter in piece if letter.isalnum()}
        is_word = piece.isalpha() and (piece.islower() or piece.isupper() or piece.istitle())
        if len(letters) >= _DISTINCT and not is_word:
            yield piece


def _without_runs(text: str, pieces: Collection[str]) -> str:
    """The text with a mask for each run of characters in which every piece is one of a secret."""
    if not pieces:
        return text
    starts = [start for start in range(len(text) - _PIECE + 1) if text[start : start + _PIECE] in pieces]
    if not starts:
        return text
    hidden = bytearray(len(text))
    for start in starts:
        hidden[start : start + _PIECE] = b"\1" * _PIECE
    runs = groupby(range(len(text)), key=hidden.__getitem__)
    return "".join(MASK if is_hidden else "".join(text[index] for index in run) for is_hidden, run in runs)


def _without_ends(text: str, heads: Collection[str], tails: Collection[str]) -> str:
    """The text without the beginning of a secret before a cut, and without the end of one behind it."""
    first, *rest = text.split(_CUT)
    parts = [_without_head(first, heads)]
    for number, part in enumerate(rest, start=1):
        behind = _without_tail(part, tails)
        parts.append(behind if number == len(rest) else _without_head(behind, heads))
    return _CUT.join(parts)


def _without_head(part: str, heads: Collection[str]) -> str:
    longest = min(len(part), _LONGEST_SIDE)
    size = next((size for size in range(longest, _SHORTEST_SIDE - 1, -1) if part[-size:] in heads), 0)
    return f"{part[: len(part) - size]}{MASK}" if size else part


def _without_tail(part: str, tails: Collection[str]) -> str:
    longest = min(len(part), _LONGEST_SIDE)
    size = next((size for size in range(longest, _SHORTEST_SIDE - 1, -1) if part[:size] in tails), 0)
    return f"{MASK}{part[size:]}" if size else part
