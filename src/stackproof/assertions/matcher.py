"""What a matcher is, what it answers, and how values and patterns are shown in messages."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from stackproof.core.json import JsonValue
from stackproof.core.json_pointer import child
from stackproof.core.secret_values import MASK, NAMES, REFERENCES, VALUES, is_named, is_secret_name, masked_text

if TYPE_CHECKING:
    from stackproof.assertions.matching import Capture

__all__ = [
    "ABSENT",
    "MATCHED",
    "Captured",
    "MatchOutcome",
    "Matcher",
    "Mismatch",
    "Pattern",
    "in_words",
    "json_type",
    "mismatch",
    "shown",
]

Pattern: TypeAlias = Any
"""JSON, with matchers anywhere in it."""


class _Absent(Enum):
    ABSENT = "nothing"


_LINE = 120
_SIDES = 2
_ANOTHER: Final = "expected another value than the one found; both may be secrets, so neither is shown"

_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "boolean": (bool,),  # before number: to Python true is one
    "number": (int, float),
    "string": (str,),
    "object": (Mapping,),
    "array": (Sequence,),
}

ABSENT: Final = _Absent.ABSENT
"""The value of a key that is not there; null is a value."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mismatch:
    """What is wrong at one place (a JSON pointer below the value that was tested).

    `message` quotes the values, `masked` is the same for a place that may hold a secret. A custom matcher
    gives only the message, which is never shown at such a place. Neither is in the `repr`, which pytest shows.
    """

    path: str
    message: str = field(repr=False)
    masked: str = field(default="does not match; it may hold a secret, so no value is shown", repr=False)

    def text(self, *, is_secret: bool) -> str:
        """What to show, by whether the place may hold a secret."""
        return self.masked if is_secret else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A value that a capture matched, and where (a JSON pointer below the value that was tested)."""

    capture: Capture
    value: JsonValue = field(repr=False)
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchOutcome:
    """What testing a value gave; captures count only if everything matched."""

    mismatches: tuple[Mismatch, ...] = ()
    captures: tuple[Captured, ...] = ()

    @property
    def matched(self) -> bool:
        """Whether nothing is wrong."""
        return not self.mismatches

    def below(self, part: str | int) -> MatchOutcome:
        """The same, seen from one step above."""
        prefix = child("", part)
        return MatchOutcome(
            mismatches=tuple(replace(wrong, path=prefix + wrong.path) for wrong in self.mismatches),
            captures=tuple(replace(captured, path=prefix + captured.path) for captured in self.captures),
        )

    def and_also(self, other: MatchOutcome) -> MatchOutcome:
        """Both together."""
        return MatchOutcome(
            mismatches=self.mismatches + other.mismatches,
            captures=self.captures + other.captures,
        )


MATCHED: Final = MatchOutcome()
"""Nothing is wrong and nothing was captured."""


def mismatch(words: str, *values: object) -> MatchOutcome:
    """A mismatch in these words, with a value or pattern for each `{}`."""
    plain, hidden = ([shown(value, is_secret=is_secret) for value in values] for is_secret in (False, True))
    masked = _ANOTHER if hidden == [f'"{MASK}"'] * _SIDES else words.format(*hidden)
    return MatchOutcome(mismatches=(Mismatch(path="", message=words.format(*plain), masked=masked),))


def json_type(value: object) -> str:
    """JSON's name for the type of a value."""
    if value is None or value is ABSENT:
        return "null" if value is None else "nothing"
    return next((name for name, types in _KINDS.items() if isinstance(value, types)), type(value).__name__)


def shown(value: object, *, is_secret: bool = False) -> str:
    """A value or a pattern on one line, as JSON, with a mask for what may be a secret; for each text if it `is_secret`.

    A value is masked before the line is cut, so that no beginning of a secret is left.
    """
    text = in_words(value, is_secret=is_secret)
    return text if len(text) <= _LINE else f"{text[: _LINE - 3]}..."


def in_words(value: object, *, is_secret: bool) -> str:
    """As JSON, with matchers in the words that make them."""
    if value is ABSENT:
        return "nothing"
    if isinstance(value, Matcher):
        return value.in_words(is_secret=is_secret)
    if isinstance(value, Mapping):
        named = is_named(value)
        members = (
            f"{in_words(key, is_secret=False)}: "
            + in_words(
                member,
                is_secret=key not in REFERENCES
                and (is_secret or is_secret_name(str(key)) or (named and key in VALUES)),
            )
            for key, member in value.items()
        )
        return f"{{{', '.join(members)}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(in_words(member, is_secret=is_secret) for member in value)}]"
    if isinstance(value, str):
        value = MASK if is_secret and value and not value.startswith(NAMES) else masked_text(value)
    elif is_secret and isinstance(value, int | float) and not isinstance(value, bool):
        value = MASK
    return json.dumps(value, ensure_ascii=False, default=repr)


class Matcher(ABC):
    """Tests one value. Subclass it for a custom matcher."""

    @abstractmethod
    def test(self, actual: object) -> MatchOutcome:
        """What is wrong with the value; `ABSENT` represents a key that is not there."""

    def in_words(self, *, is_secret: bool) -> str:
        """The matcher in messages; with `is_secret`, with a mask for each text that it quotes."""
        del is_secret
        return repr(self)
