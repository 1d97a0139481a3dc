"""The matchers of CDK's `assertions.Match`, with the same meaning, in Python alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from stackproof.assertions.failures import StackAssertionError, is_failed_assertion
from stackproof.assertions.matcher import (
    ABSENT,
    MATCHED,
    Captured,
    Matcher,
    MatchOutcome,
    Pattern,
    in_words,
    json_type,
    mismatch,
    shown,
)
from stackproof.core.json import JsonValue
from stackproof.core.secret_values import MASK
from stackproof.template.secrets import SERIALIZED

__all__ = [
    "AbsentMatch",
    "AnyMatch",
    "ArrayMatch",
    "Capture",
    "LiteralMatch",
    "NotMatch",
    "ObjectMatch",
    "SerializedJson",
    "StringLikeRegexp",
    "matcher_of",
]

__tracebackhide__ = is_failed_assertion


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

    def in_words(self, *, is_secret: bool) -> str:
        return in_words(self.pattern, is_secret=is_secret)

    def test(self, actual: object) -> MatchOutcome:
        kind = json_type(self.pattern)
        if kind == "array":
            return ArrayMatch(self.pattern, subsequence=False, partial=self.partial).test(actual)
        if kind == "object":
            return ObjectMatch(self.pattern, partial=self.partial).test(actual)
        if kind != json_type(actual) or self.pattern != actual:
            return mismatch("expected {}, found {}", self.pattern, actual)
        return MATCHED


@dataclass(frozen=True, eq=False)
class ObjectMatch(Matcher):
    """An object; `partial` lets it, and what it holds, have more keys."""

    pattern: Mapping[str, Pattern]
    partial: bool = True

    def __repr__(self) -> str:
        return shown(self)

    def in_words(self, *, is_secret: bool) -> str:
        return in_words(self.pattern, is_secret=is_secret)

    def test(self, actual: object) -> MatchOutcome:
        if not isinstance(actual, Mapping):
            return mismatch("expected an object, found {}", actual)
        outcome = MATCHED
        if not self.partial:
            for key in sorted(actual.keys() - self.pattern.keys()):
                outcome = outcome.and_also(mismatch("not expected, found {}", actual[key]).below(key))
        for key, pattern in self.pattern.items():
            if key in actual or isinstance(pattern, AbsentMatch):
                found = matcher_of(pattern, partial=self.partial).test(actual.get(key, ABSENT))
            else:
                found = mismatch("expected {}, found nothing", pattern)
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

    def in_words(self, *, is_secret: bool) -> str:
        return in_words(self.pattern, is_secret=is_secret)

    def test(self, actual: object) -> MatchOutcome:
        if not isinstance(actual, Sequence) or isinstance(actual, str):
            return mismatch("expected an array, found {}", actual)
        return self._subsequence(actual) if self.subsequence else self._full(actual)

    def _full(self, actual: Sequence[object]) -> MatchOutcome:
        outcome = MATCHED
        for index, (pattern, value) in enumerate(zip(self.pattern, actual, strict=False)):
            outcome = outcome.and_also(matcher_of(pattern, partial=self.partial).test(value).below(index))
        if len(self.pattern) != len(actual):
            wrong = mismatch("expected {} elements, found {}", len(self.pattern), len(actual))
            outcome = outcome.and_also(wrong)
        return outcome

    def _subsequence(self, actual: Sequence[object]) -> MatchOutcome:
        outcome, start = MATCHED, 0
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
    wrong = mismatch("no element matches number {} of the pattern, {}", index, pattern)
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

    def in_words(self, *, is_secret: bool) -> str:
        return f"JSON like {in_words(self.pattern, is_secret=is_secret)}"

    def test(self, actual: object) -> MatchOutcome:
        if not isinstance(actual, str):
            return mismatch("expected JSON in a string, found {}", actual)
        try:
            parsed = json.loads(actual)
        except ValueError:
            return mismatch("expected JSON in a string, found {}", actual)
        return matcher_of(self.pattern, partial=False).test(parsed).below(SERIALIZED)


@dataclass(frozen=True, eq=False)
class NotMatch(Matcher):
    """Anything but the pattern."""

    pattern: Pattern

    def __repr__(self) -> str:
        return shown(self)

    def in_words(self, *, is_secret: bool) -> str:
        # It fails where its pattern matches, so any pattern, a regular expression too, would give the value away.
        return f"anything but {MASK if is_secret else in_words(self.pattern, is_secret=False)}"

    def test(self, actual: object) -> MatchOutcome:
        if matcher_of(self.pattern, partial=False).test(actual).matched:
            return mismatch("expected {}, found {}", self, actual)
        return MATCHED


class AnyMatch(Matcher):
    """Any value that is there and not null."""

    def __repr__(self) -> str:
        return "any value"

    def test(self, actual: object) -> MatchOutcome:
        return mismatch("expected a value, found {}", actual) if actual is ABSENT or actual is None else MATCHED


class AbsentMatch(Matcher):
    """Nothing: the key is not there."""

    def __repr__(self) -> str:
        return "Match.absent()"

    def test(self, actual: object) -> MatchOutcome:
        return MATCHED if actual is ABSENT else mismatch("expected nothing, found {}", actual)


@dataclass(frozen=True, eq=False)
class StringLikeRegexp(Matcher):
    """A string in which the regular expression is found; `^` and `$` are the ends of lines."""

    pattern: re.Pattern[str]

    def __repr__(self) -> str:
        return f"a string like /{self.pattern.pattern}/"

    def test(self, actual: object) -> MatchOutcome:
        if isinstance(actual, str) and self.pattern.search(actual):
            return MATCHED
        return mismatch("expected {}, found {}", self, actual)


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
            return mismatch("expected a value to capture, found {}", actual)
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
        if json_type(value) != kind:
            found = shown(value, is_secret=is_secret)
            raise StackAssertionError(f"expected to have captured {kind}, found {json_type(value)}: {found}")
        return value


def matcher_of(pattern: Pattern, *, partial: bool) -> Matcher:
    """The pattern as a matcher; plain values match as they are."""
    return pattern if isinstance(pattern, Matcher) else LiteralMatch(pattern, partial=partial)
