"""Patterns for parts of a template, with the names and the meaning of CDK's `assertions.Match`, in Python alone."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias, cast

from stackproof.assertions.failures import StackAssertionError
from stackproof.model.json import JsonValue

__all__ = ["ABSENT", "Capture", "Match", "MatchOutcome", "Matcher", "Mismatch", "Pattern", "matcher_of", "pointer"]

Pattern: TypeAlias = Any
"""JSON, with matchers anywhere in it."""


class _Absent(Enum):
    ABSENT = "nothing"


_LINE = 120

ABSENT: Final = _Absent.ABSENT
"""The value of a key that is not there; null is a value."""


def pointer(path: str, part: str | int) -> str:
    """The JSON pointer one step below another."""
    return f"{path}/{str(part).replace('~', '~0').replace('/', '~1')}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mismatch:
    """What is wrong at one place (a JSON pointer below the value that was tested)."""

    path: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchOutcome:
    """What testing a value gave; captures count only if everything matched."""

    mismatches: tuple[Mismatch, ...] = ()
    captures: tuple[tuple[Capture, JsonValue], ...] = ()

    @property
    def matched(self) -> bool:
        """Whether nothing is wrong."""
        return not self.mismatches

    def below(self, part: str | int) -> MatchOutcome:
        """The same, seen from one step above."""
        prefix = pointer("", part)
        moved = tuple(Mismatch(path=prefix + each.path, message=each.message) for each in self.mismatches)
        return MatchOutcome(mismatches=moved, captures=self.captures)

    def and_also(self, other: MatchOutcome) -> MatchOutcome:
        """Both together."""
        return MatchOutcome(
            mismatches=self.mismatches + other.mismatches,
            captures=self.captures + other.captures,
        )


_MATCHED = MatchOutcome()


def _wrong(message: str) -> MatchOutcome:
    return MatchOutcome(mismatches=(Mismatch(path="", message=message),))


def _kind(value: object) -> str:
    """JSON's name for the type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return "object"
        case Sequence():
            return "array"
        case _:
            return "nothing" if value is ABSENT else type(value).__name__


def _shown(value: object) -> str:
    text = "nothing" if value is ABSENT else json.dumps(value, ensure_ascii=False, default=_in_words)
    return text if len(text) <= _LINE else f"{text[: _LINE - 3]}..."


def _in_words(value: object) -> str:
    return _described(value) if isinstance(value, Matcher) else repr(value)


class Matcher(ABC):
    """Tests one value. Subclass it for a matcher of your own."""

    @abstractmethod
    def test(self, actual: object) -> MatchOutcome:
        """What is wrong with the value; `ABSENT` stands for a key that is not there."""


@dataclass(frozen=True, eq=False)
class LiteralMatch(Matcher):
    """The value itself; `partial` lets objects in it have more keys."""

    pattern: Pattern
    partial: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.pattern, Matcher):
            raise StackAssertionError("Match.exact() takes a plain value: use the matcher in it by itself")

    def test(self, actual: object) -> MatchOutcome:
        kind = _kind(self.pattern)
        if kind == "array":
            return ArrayMatch(self.pattern, subsequence=False, partial=self.partial).test(actual)
        if kind == "object":
            return ObjectMatch(self.pattern, partial=self.partial).test(actual)
        if kind != _kind(actual) or self.pattern != actual:
            return _wrong(f"expected {_shown(self.pattern)}, found {_shown(actual)}")
        return _MATCHED


@dataclass(frozen=True, eq=False)
class ObjectMatch(Matcher):
    """An object; `partial` lets it, and what it holds, have more keys."""

    pattern: Mapping[str, Pattern]
    partial: bool = True

    def test(self, actual: object) -> MatchOutcome:
        if not isinstance(actual, Mapping):
            return _wrong(f"expected an object, found {_shown(actual)}")
        outcome = _MATCHED
        if not self.partial:
            for key in sorted(actual.keys() - self.pattern.keys()):
                outcome = outcome.and_also(_wrong(f"not expected, found {_shown(actual[key])}").below(key))
        for key, pattern in self.pattern.items():
            if key in actual or isinstance(pattern, AbsentMatch):
                found = matcher_of(pattern, partial=self.partial).test(actual.get(key, ABSENT))
            else:
                found = _wrong(f"expected {_described(pattern)}, found nothing")
            outcome = outcome.and_also(found.below(key))
        return outcome


@dataclass(frozen=True, eq=False)
class ArrayMatch(Matcher):
    """An array, element by element, or a subsequence of one: in this order, with others in between."""

    pattern: Sequence[Pattern]
    subsequence: bool = True
    partial: bool = False

    def __post_init__(self) -> None:
        for each in self.pattern if self.subsequence else ():
            if isinstance(each, AbsentMatch | AnyMatch):
                raise StackAssertionError(f"{_described(each)} in Match.array_with() says nothing of any element")

    def test(self, actual: object) -> MatchOutcome:
        if not isinstance(actual, Sequence) or isinstance(actual, str):
            return _wrong(f"expected an array, found {_shown(actual)}")
        return self._subsequence(actual) if self.subsequence else self._full(actual)

    def _full(self, actual: Sequence[object]) -> MatchOutcome:
        outcome = _MATCHED
        for index, (pattern, value) in enumerate(zip(self.pattern, actual, strict=False)):
            outcome = outcome.and_also(matcher_of(pattern, partial=self.partial).test(value).below(index))
        if len(self.pattern) != len(actual):
            wrong = _wrong(f"expected {len(self.pattern)} elements, found {len(actual)}")
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
    wrong = _wrong(f"no element matches number {index} of the pattern, {_described(pattern)}")
    if not failed:
        return wrong
    at, closest = min(failed, key=lambda each: len(each[1].mismatches))
    return wrong.and_also(closest.below(at))


@dataclass(frozen=True, eq=False)
class SerializedJson(Matcher):
    """A string that holds JSON."""

    pattern: Pattern

    def test(self, actual: object) -> MatchOutcome:
        if not isinstance(actual, str):
            return _wrong(f"expected JSON in a string, found {_shown(actual)}")
        try:
            parsed = json.loads(actual)
        except ValueError:
            return _wrong(f"expected JSON in a string, found {_shown(actual)}")
        return matcher_of(self.pattern, partial=False).test(parsed).below("(serialized JSON)")


@dataclass(frozen=True, eq=False)
class NotMatch(Matcher):
    """Anything but the pattern."""

    pattern: Pattern

    def test(self, actual: object) -> MatchOutcome:
        if matcher_of(self.pattern, partial=False).test(actual).matched:
            return _wrong(f"expected anything but {_described(self.pattern)}, found {_shown(actual)}")
        return _MATCHED


class AnyMatch(Matcher):
    """Any value that is there and not null."""

    def test(self, actual: object) -> MatchOutcome:
        return _wrong(f"expected a value, found {_shown(actual)}") if actual is ABSENT or actual is None else _MATCHED


class AbsentMatch(Matcher):
    """Nothing: the key is not there."""

    def test(self, actual: object) -> MatchOutcome:
        return _MATCHED if actual is ABSENT else _wrong(f"expected nothing, found {_shown(actual)}")


@dataclass(frozen=True, eq=False)
class StringLikeRegexp(Matcher):
    """A string in which the regular expression is found; `^` and `$` are the ends of lines."""

    pattern: re.Pattern[str]

    def test(self, actual: object) -> MatchOutcome:
        if isinstance(actual, str) and self.pattern.search(actual):
            return _MATCHED
        return _wrong(f"expected a string like /{self.pattern.pattern}/, found {_shown(actual)}")


class Capture(Matcher):
    """Keeps what it matched, one value for each resource that matched as a whole; `next` moves on."""

    def __init__(self, pattern: Pattern = ABSENT) -> None:
        self.pattern = pattern
        self._values: list[JsonValue] = []
        self._index = 0

    def test(self, actual: object) -> MatchOutcome:
        if actual is ABSENT or actual is None:
            return _wrong(f"expected a value to capture, found {_shown(actual)}")
        if self.pattern is not ABSENT:
            found = matcher_of(self.pattern, partial=True).test(actual)
            if not found.matched:
                return found
        return MatchOutcome(captures=((self, cast("JsonValue", actual)),))

    def keep(self, value: JsonValue) -> None:
        """Remember a captured value."""
        self._values.append(value)

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
        value = self._values[self._index]
        if _kind(value) != kind:
            raise StackAssertionError(f"expected to have captured {kind}, found {_kind(value)}: {_shown(value)}")
        return value


def matcher_of(pattern: Pattern, *, partial: bool) -> Matcher:
    """The pattern as a matcher; plain values match as they are."""
    return pattern if isinstance(pattern, Matcher) else LiteralMatch(pattern, partial=partial)


def _described(pattern: Pattern) -> str:
    """A pattern in the words that make it."""
    match pattern:
        case AbsentMatch():
            return "Match.absent()"
        case AnyMatch():
            return "any value"
        case Capture():
            return "a value to capture"
        case StringLikeRegexp():
            return f"a string like /{pattern.pattern.pattern}/"
        case NotMatch():
            return f"anything but {_described(pattern.pattern)}"
        case ObjectMatch() | ArrayMatch() | LiteralMatch() | SerializedJson():
            return _shown(pattern.pattern)
        case _:
            return repr(pattern) if isinstance(pattern, Matcher) else _shown(pattern)


class Match:
    """The matchers, by CDK's names."""

    @staticmethod
    def absent() -> Matcher:
        """The key is not there."""
        return AbsentMatch()

    @staticmethod
    def any_value() -> Matcher:
        """Any value but null."""
        return AnyMatch()

    @staticmethod
    def array_equals(pattern: Sequence[Pattern]) -> Matcher:
        """Exactly these elements, in this order."""
        return ArrayMatch(pattern, subsequence=False)

    @staticmethod
    def array_with(pattern: Sequence[Pattern]) -> Matcher:
        """These elements, in this order, perhaps with others in between; objects in it are exact."""
        return ArrayMatch(pattern)

    @staticmethod
    def exact(pattern: Pattern) -> Matcher:
        """Exactly this, at any depth."""
        return LiteralMatch(pattern)

    @staticmethod
    def not_(pattern: Pattern) -> Matcher:
        """Anything but this."""
        return NotMatch(pattern)

    @staticmethod
    def object_equals(pattern: Mapping[str, Pattern]) -> Matcher:
        """Exactly these keys, at any depth."""
        return ObjectMatch(pattern, partial=False)

    @staticmethod
    def object_like(pattern: Mapping[str, Pattern]) -> Matcher:
        """At least these keys, at any depth; arrays have exactly these elements."""
        return ObjectMatch(pattern)

    @staticmethod
    def serialized_json(pattern: Pattern) -> Matcher:
        """A string of JSON that matches."""
        return SerializedJson(pattern)

    @staticmethod
    def string_like_regexp(pattern: str) -> Matcher:
        """A string in which this is found."""
        return StringLikeRegexp(re.compile(pattern, re.MULTILINE))
