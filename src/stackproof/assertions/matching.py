"""Patterns for parts of a template, with the meaning of CDK's `assertions.Match`, in Python alone."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, TypeAlias, cast

from stackproof.assertions.failures import StackAssertionError, is_failed_assertion
from stackproof.core.json import JsonValue
from stackproof.core.json_pointer import child
from stackproof.core.secret_values import MASK, NAMES, REFERENCES, VALUES, is_named, is_secret_name, masked_text
from stackproof.template.secrets import SERIALIZED

__all__ = [
    "ABSENT",
    "AbsentMatch",
    "AnyMatch",
    "ArrayMatch",
    "Capture",
    "Captured",
    "LiteralMatch",
    "MatchOutcome",
    "Matcher",
    "Mismatch",
    "NotMatch",
    "ObjectMatch",
    "Pattern",
    "SerializedJson",
    "StringLikeRegexp",
    "matcher_of",
    "shown",
]

__tracebackhide__ = is_failed_assertion

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
            mismatches=tuple(replace(mismatch, path=prefix + mismatch.path) for mismatch in self.mismatches),
            captures=tuple(replace(captured, path=prefix + captured.path) for captured in self.captures),
        )

    def and_also(self, other: MatchOutcome) -> MatchOutcome:
        """Both together."""
        return MatchOutcome(
            mismatches=self.mismatches + other.mismatches,
            captures=self.captures + other.captures,
        )


_MATCHED = MatchOutcome()


def _wrong(words: str, *values: object) -> MatchOutcome:
    """A mismatch in these words, with a value or pattern for each `{}`."""
    plain, hidden = ([shown(value, is_secret=is_secret) for value in values] for is_secret in (False, True))
    masked = _ANOTHER if hidden == [f'"{MASK}"'] * _SIDES else words.format(*hidden)
    return MatchOutcome(mismatches=(Mismatch(path="", message=words.format(*plain), masked=masked),))


def _kind(value: object) -> str:
    """JSON's name for the type of a value."""
    if value is None or value is ABSENT:
        return "null" if value is None else "nothing"
    return next((name for name, types in _KINDS.items() if isinstance(value, types)), type(value).__name__)


def shown(value: object, *, is_secret: bool = False) -> str:
    """A value or a pattern on one line, as JSON, with a mask for what may be a secret; for each text if it `is_secret`.

    A value is masked before the line is cut, so that no beginning of a secret is left.
    """
    text = _in_words(value, is_secret=is_secret)
    return text if len(text) <= _LINE else f"{text[: _LINE - 3]}..."


def _in_words(value: object, *, is_secret: bool) -> str:
    """As JSON, with matchers in the words that make them."""
    if value is ABSENT:
        return "nothing"
    if isinstance(value, Matcher):
        return _matcher_in_words(value, is_secret=is_secret)
    if isinstance(value, Mapping):
        named = is_named(value)
        members = (
            f"{_in_words(key, is_secret=False)}: "
            + _in_words(
                member,
                is_secret=key not in REFERENCES
                and (is_secret or is_secret_name(str(key)) or (named and key in VALUES)),
            )
            for key, member in value.items()
        )
        return f"{{{', '.join(members)}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_in_words(member, is_secret=is_secret) for member in value)}]"
    if isinstance(value, str):
        value = MASK if is_secret and value and not value.startswith(NAMES) else masked_text(value)
    elif is_secret and isinstance(value, int | float) and not isinstance(value, bool):
        value = MASK
    return json.dumps(value, ensure_ascii=False, default=repr)


def _matcher_in_words(matcher: Matcher, *, is_secret: bool) -> str:
    if isinstance(matcher, LiteralMatch | ObjectMatch | ArrayMatch):
        return _in_words(matcher.pattern, is_secret=is_secret)
    if isinstance(matcher, SerializedJson):
        return f"JSON like {_in_words(matcher.pattern, is_secret=is_secret)}"
    if isinstance(matcher, NotMatch):
        # It fails where its pattern matches, so any pattern, a regular expression too, would give the value away.
        return f"anything but {MASK if is_secret else _in_words(matcher.pattern, is_secret=False)}"
    return repr(matcher)


class Matcher(ABC):
    """Tests one value. Subclass it for a custom matcher."""

    @abstractmethod
    def test(self, actual: object) -> MatchOutcome:
        """What is wrong with the value; `ABSENT` represents a key that is not there."""


@dataclass(frozen=True, eq=False)
class LiteralMatch(Matcher):
    """The value itself; `partial` lets objects in it have more keys."""

    pattern: Pattern
    partial: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.pattern, Matcher):
            raise StackAssertionError("Match.exact() takes a plain value: use the matcher in it by itself")

    def __repr__(self) -> str:
        return shown(self)

    def test(self, actual: object) -> MatchOutcome:
        kind = _kind(self.pattern)
        if kind == "array":
            return ArrayMatch(self.pattern, subsequence=False, partial=self.partial).test(actual)
        if kind == "object":
            return ObjectMatch(self.pattern, partial=self.partial).test(actual)
        if kind != _kind(actual) or self.pattern != actual:
            return _wrong("expected {}, found {}", self.pattern, actual)
        return _MATCHED


@dataclass(frozen=True, eq=False)
class ObjectMatch(Matcher):
    """An object; `partial` lets it, and what it holds, have more keys."""

    pattern: Mapping[str, Pattern]
    partial: bool = True

    def __repr__(self) -> str:
        return shown(self)

    def test(self, actual: object) -> MatchOutcome:
        if not isinstance(actual, Mapping):
            return _wrong("expected an object, found {}", actual)
        outcome = _MATCHED
        if not self.partial:
            for key in sorted(actual.keys() - self.pattern.keys()):
                outcome = outcome.and_also(_wrong("not expected, found {}", actual[key]).below(key))
        for key, pattern in self.pattern.items():
            if key in actual or isinstance(pattern, AbsentMatch):
                found = matcher_of(pattern, partial=self.partial).test(actual.get(key, ABSENT))
            else:
                found = _wrong("expected {}, found nothing", pattern)
            outcome = outcome.and_also(found.below(key))
        return outcome


@dataclass(frozen=True, eq=False)
class ArrayMatch(Matcher):
    """An array, element by element, or a subsequence of one: in this order, with others in between."""

    pattern: Sequence[Pattern]
    subsequence: bool = True
    partial: bool = False

    def __post_init__(self) -> None:
        for element in self.pattern if self.subsequence else ():
            if isinstance(element, AbsentMatch | AnyMatch):
                raise StackAssertionError(f"{shown(element)} in Match.array_with() says nothing of any element")

    def __repr__(self) -> str:
        return shown(self)

    def test(self, actual: object) -> MatchOutcome:
        if not isinstance(actual, Sequence) or isinstance(actual, str):
            return _wrong("expected an array, found {}", actual)
        return self._subsequence(actual) if self.subsequence else self._full(actual)

    def _full(self, actual: Sequence[object]) -> MatchOutcome:
        outcome = _MATCHED
        for index, (pattern, value) in enumerate(zip(self.pattern, actual, strict=False)):
            outcome = outcome.and_also(matcher_of(pattern, partial=self.partial).test(value).below(index))
        if len(self.pattern) != len(actual):
            wrong = _wrong("expected {} elements, found {}", len(self.pattern), len(actual))
            outcome = outcome.and_also(wrong)
        return outcome

    def _subsequence(self, actual: Sequence[object]) -> MatchOutcome:
        outcome, start = _MATCHED, 0
        for index, pattern in enumerate(self.pattern):
            matcher = matcher_of(pattern, partial=self.partial)
            failed: list[tuple[int, MatchOutcome]] = []
            for at in range(start, len(actual)):
                found = matcher.test(actual[at])
                if found.matched:
                    outcome, start = outcome.and_also(found), at + 1
                    break
                failed.append((at, found))
            else:
                return _no_element(index, pattern, failed)
        return outcome


def _no_element(index: int, pattern: Pattern, failed: Sequence[tuple[int, MatchOutcome]]) -> MatchOutcome:
    wrong = _wrong("no element matches number {} of the pattern, {}", index, pattern)
    if not failed:
        return wrong
    at, closest = min(failed, key=lambda candidate: len(candidate[1].mismatches))
    return wrong.and_also(closest.below(at))


@dataclass(frozen=True, eq=False)
class SerializedJson(Matcher):
    """A string that holds JSON."""

    pattern: Pattern

    def __repr__(self) -> str:
        return shown(self)

    def test(self, actual: object) -> MatchOutcome:
        if not isinstance(actual, str):
            return _wrong("expected JSON in a string, found {}", actual)
        try:
            parsed = json.loads(actual)
        except ValueError:
            return _wrong("expected JSON in a string, found {}", actual)
        return matcher_of(self.pattern, partial=False).test(parsed).below(SERIALIZED)


@dataclass(frozen=True, eq=False)
class NotMatch(Matcher):
    """Anything but the pattern."""

    pattern: Pattern

    def __repr__(self) -> str:
        return shown(self)

    def test(self, actual: object) -> MatchOutcome:
        if matcher_of(self.pattern, partial=False).test(actual).matched:
            return _wrong("expected {}, found {}", self, actual)
        return _MATCHED


class AnyMatch(Matcher):
    """Any value that is there and not null."""

    def __repr__(self) -> str:
        return "any value"

    def test(self, actual: object) -> MatchOutcome:
        return _wrong("expected a value, found {}", actual) if actual is ABSENT or actual is None else _MATCHED


class AbsentMatch(Matcher):
    """Nothing: the key is not there."""

    def __repr__(self) -> str:
        return "Match.absent()"

    def test(self, actual: object) -> MatchOutcome:
        return _MATCHED if actual is ABSENT else _wrong("expected nothing, found {}", actual)


@dataclass(frozen=True, eq=False)
class StringLikeRegexp(Matcher):
    """A string in which the regular expression is found; `^` and `$` are the ends of lines."""

    pattern: re.Pattern[str]

    def __repr__(self) -> str:
        return f"a string like /{self.pattern.pattern}/"

    def test(self, actual: object) -> MatchOutcome:
        if isinstance(actual, str) and self.pattern.search(actual):
            return _MATCHED
        return _wrong("expected {}, found {}", self, actual)


class Capture(Matcher):
    """Keeps what it matched, one value for each resource that matched as a whole; `next` moves on."""

    def __init__(self, pattern: Pattern = ABSENT) -> None:
        self.pattern = pattern
        self._values: list[tuple[JsonValue, bool]] = []
        self._index = 0

    def __repr__(self) -> str:
        return "a value to capture"

    def test(self, actual: object) -> MatchOutcome:
        if actual is ABSENT or actual is None:
            return _wrong("expected a value to capture, found {}", actual)
        if self.pattern is not ABSENT:
            found = matcher_of(self.pattern, partial=True).test(actual)
            if not found.matched:
                return found
        return MatchOutcome(captures=(Captured(capture=self, value=cast("JsonValue", actual)),))

    def keep(self, value: JsonValue, *, is_secret: bool = False) -> None:
        """Remember a captured value; of one that may be a secret no message shows the text."""
        self._values.append((value, is_secret))

    def next(self) -> bool:
        """Move on to the next captured value; False if there is none."""
        if self._index + 1 >= len(self._values):
            return False
        self._index += 1
        return True

    def as_string(self) -> str:
        """The value, which must be a string."""
        return str(self._value("string"))

    def as_number(self) -> int | float:
        """The value, which must be a number."""
        return cast("int | float", self._value("number"))

    def as_boolean(self) -> bool:
        """The value, which must be true or false."""
        return bool(self._value("boolean"))

    def as_array(self) -> list[Any]:
        """The value, which must be an array."""
        return list(cast("Sequence[Any]", self._value("array")))

    def as_object(self) -> dict[str, Any]:
        """The value, which must be an object."""
        return dict(cast("Mapping[str, Any]", self._value("object")))

    def _value(self, kind: str) -> JsonValue:
        if not self._values:
            raise StackAssertionError("nothing was captured")
        value, is_secret = self._values[self._index]
        if _kind(value) != kind:
            found = shown(value, is_secret=is_secret)
            raise StackAssertionError(f"expected to have captured {kind}, found {_kind(value)}: {found}")
        return value


def matcher_of(pattern: Pattern, *, partial: bool) -> Matcher:
    """The pattern as a matcher; plain values match as they are."""
    return pattern if isinstance(pattern, Matcher) else LiteralMatch(pattern, partial=partial)
