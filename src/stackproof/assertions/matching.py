"""Patterns for parts of a template, with the meaning of CDK's `assertions.Match`, in Python alone."""

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

__all__ = [
    "ABSENT",
    "AbsentMatch",
    "AnyMatch",
    "ArrayMatch",
    "Capture",
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
    "pointer",
]

Pattern: TypeAlias = Any
"""JSON, with matchers anywhere in it."""


class _Absent(Enum):
    ABSENT = "nothing"


_LINE = 120

_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "boolean": (bool,),  # before number: to Python true is one
    "number": (int, float),
    "string": (str,),
    "object": (Mapping,),
    "array": (Sequence,),
}

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
    if value is None or value is ABSENT:
        return "null" if value is None else "nothing"
    return next((name for name, types in _KINDS.items() if isinstance(value, types)), type(value).__name__)


def _shown(value: object) -> str:
    text = _in_words(value)
    return text if len(text) <= _LINE else f"{text[: _LINE - 3]}..."


def _in_words(value: object) -> str:
    """As JSON, with matchers in the words that make them."""
    if value is ABSENT:
        return "nothing"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_in_words(key)}: {_in_words(each)}' for key, each in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_in_words(each) for each in value)}]"
    return repr(value) if isinstance(value, Matcher) else json.dumps(value, ensure_ascii=False, default=repr)


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

    def __repr__(self) -> str:
        return _shown(self.pattern)

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

    def __repr__(self) -> str:
        return _shown(self.pattern)

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
                found = _wrong(f"expected {_shown(pattern)}, found nothing")
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
                raise StackAssertionError(f"{_shown(each)} in Match.array_with() says nothing of any element")

    def __repr__(self) -> str:
        return _shown(self.pattern)

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
    wrong = _wrong(f"no element matches number {index} of the pattern, {_shown(pattern)}")
    if not failed:
        return wrong
    at, closest = min(failed, key=lambda each: len(each[1].mismatches))
    return wrong.and_also(closest.below(at))


@dataclass(frozen=True, eq=False)
class SerializedJson(Matcher):
    """A string that holds JSON."""

    pattern: Pattern

    def __repr__(self) -> str:
        return f"JSON like {_shown(self.pattern)}"

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

    def __repr__(self) -> str:
        return f"anything but {_shown(self.pattern)}"

    def test(self, actual: object) -> MatchOutcome:
        if matcher_of(self.pattern, partial=False).test(actual).matched:
            return _wrong(f"expected anything but {_shown(self.pattern)}, found {_shown(actual)}")
        return _MATCHED


class AnyMatch(Matcher):
    """Any value that is there and not null."""

    def __repr__(self) -> str:
        return "any value"

    def test(self, actual: object) -> MatchOutcome:
        return _wrong(f"expected a value, found {_shown(actual)}") if actual is ABSENT or actual is None else _MATCHED


class AbsentMatch(Matcher):
    """Nothing: the key is not there."""

    def __repr__(self) -> str:
        return "Match.absent()"

    def test(self, actual: object) -> MatchOutcome:
        return _MATCHED if actual is ABSENT else _wrong(f"expected nothing, found {_shown(actual)}")


@dataclass(frozen=True, eq=False)
class StringLikeRegexp(Matcher):
    """A string in which the regular expression is found; `^` and `$` are the ends of lines."""

    pattern: re.Pattern[str]

    def __repr__(self) -> str:
        return f"a string like /{self.pattern.pattern}/"

    def test(self, actual: object) -> MatchOutcome:
        if isinstance(actual, str) and self.pattern.search(actual):
            return _MATCHED
        return _wrong(f"expected {self}, found {_shown(actual)}")


class Capture(Matcher):
    """Keeps what it matched, one value for each resource that matched as a whole; `next` moves on."""

    def __init__(self, pattern: Pattern = ABSENT) -> None:
        self.pattern = pattern
        self._values: list[JsonValue] = []
        self._index = 0

    def __repr__(self) -> str:
        return "a value to capture"

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
