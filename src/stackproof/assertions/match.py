"""The matchers by the names that CDK gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from stackproof.assertions.matcher import Matcher, Pattern
from stackproof.assertions.matching import (
    AbsentMatch,
    AnyMatch,
    ArrayMatch,
    LiteralMatch,
    NotMatch,
    ObjectMatch,
    SerializedJson,
    StringLikeRegexp,
)

__all__ = ["Match"]


class Match:
    """What a value may be asserted to match."""

    @staticmethod
    def absent() -> Matcher:
        """The key is not there."""
        return AbsentMatch()

    @staticmethod
    def any_value() -> Matcher:
        """Any value except null."""
        return AnyMatch()

    @staticmethod
    def array_equals(pattern: Sequence[Pattern]) -> Matcher:
        """Exactly these elements, in this order."""
        return ArrayMatch(pattern, subsequence=False)

    @staticmethod
    def array_with(pattern: Sequence[Pattern]) -> Matcher:
        """These elements, in this order; others may be in between. Objects in it are exact."""
        return ArrayMatch(pattern)

    @staticmethod
    def exact(pattern: Pattern) -> Matcher:
        """Exactly this, at any depth."""
        return LiteralMatch(pattern)

    @staticmethod
    def not_(pattern: Pattern) -> Matcher:
        """Any value except this."""
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
        """A string that contains a match of this regular expression."""
        return StringLikeRegexp(re.compile(pattern, re.MULTILINE))
