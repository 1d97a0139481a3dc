"""Comparison of what a template sets with what is live: property by property, in the schema's sense of "equal".

A property is a leaf path that the template sets. These count once, as a whole:

- scalars, and empty lists and objects;
- an array that is a set: by its schema (`insertionOrder: false` or `uniqueItems: true`), tags, and `SETS` where
  schemas leave it open. Any other array is a list and counts element by element;
- a JSON document, such as a policy: an object whose members the schema does not describe. The order of a policy's
  statements and actions means nothing, and services rewrite them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from stackproof.core.json import JsonObject, JsonValue, canonical
from stackproof.proof.documents import document_form, exact_form, is_list, parsed, text_of
from stackproof.proof.equivalences import aliases_in, in_other_words, with_keys
from stackproof.proof.observation import Change, PropertyDifference
from stackproof.proof.shape import TAGS, Shape
from stackproof.proof.transforms import is_transformed
from stackproof.template.intrinsics import Resolved, known, unresolved_in
from stackproof.template.schema import ResourceSchema

__all__ = ["Comparison", "KeyOfAlias", "compared", "leaf_paths", "matches"]

_LOOSE: Final = re.compile(r"/(Redrive(Allow)?Policy|Parameters|Properties)$")
"""Documents whose numbers services give back as texts: of queues, and the settings of parameter groups."""

_DATE: Final = re.compile(r"/\w*(Date|Time)$")

_ABSENT: Final = object()
KeyOfAlias: TypeAlias = Callable[[str], str | None]
_Actual: TypeAlias = "JsonValue | object"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Each leaf path is proven, different or unresolved. Differences of kind ADD have additional paths."""

    proven: tuple[str, ...] = ()
    differences: tuple[PropertyDifference, ...] = ()
    unresolved: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaf:
    """One leaf: the state "differs" carries the difference, "unresolved" the reason."""

    path: str
    difference: PropertyDifference | None = None
    reason: str | None = None


def leaf_paths(properties: Mapping[str, Resolved], schema: ResourceSchema | None) -> tuple[str, ...]:
    """Every property that the template sets, as a JSON pointer below `Properties`, sorted."""
    shape = Shape(schema)
    return tuple(sorted(path for path, _ in shape.leaves("", properties)))


def compared(
    expected: Mapping[str, Resolved],
    actual: JsonObject,
    schema: ResourceSchema | None,
    *,
    keys: KeyOfAlias = lambda _: None,
    inherited: Mapping[str, str] = MappingProxyType({}),
) -> Comparison:
    """The template's resolved properties against the live ones.

    `keys` gives the ARN of the key that an alias names, None if it is not known; `inherited` are the tags that the
    stack has given to all of its resources.
    """
    leaves = list(_Walk(Shape(schema), keys, inherited).walk("", expected, actual))
    return Comparison(
        proven=tuple(sorted(leaf.path for leaf in leaves if leaf.difference is None and leaf.reason is None)),
        differences=tuple(
            sorted((leaf.difference for leaf in leaves if leaf.difference), key=lambda difference: difference.path)
        ),
        unresolved=tuple(sorted((leaf.path, leaf.reason) for leaf in leaves if leaf.reason is not None)),
    )


def matches(expected: Resolved, actual: JsonValue, schema: ResourceSchema | None, path: str) -> bool:
    """Whether the live value at the path is what is expected there; members that the template does not set are free."""
    return all(
        node.difference is None and node.reason is None for node in _Walk(Shape(schema)).walk(path, expected, actual)
    )


class _Walk:
    """One comparison."""

    def __init__(
        self, shape: Shape, keys: KeyOfAlias = lambda _: None, inherited: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.shape = shape
        self.keys = keys
        self.inherited = inherited

    def walk(self, path: str, expected: Resolved, actual: _Actual) -> Iterator[_Leaf]:
        if isinstance(expected, Mapping) and (expected or not path) and not self.shape.is_document(path):
            yield from self._object(path, expected, actual)
        elif is_list(expected) and expected and not self.shape.is_set(path):
            yield from self._array(path, expected, actual)
        elif unknown := unresolved_in(expected):
            yield _Leaf(path=path, reason=unknown[0].reason)
        else:
            yield self._leaf(path, known(expected), actual)

    def _leaf(self, path: str, wanted: JsonValue, actual: _Actual) -> _Leaf:
        """One leaf; where a key is named by its alias on one side alone, the key of the alias is what counts."""
        difference = self._difference(path, wanted, actual)
        if difference is None or self.shape.is_document(path) or not in_other_words(wanted, difference.actual):
            return _Leaf(path=path, difference=difference)
        keys = {alias: self.keys(alias) for alias in aliases_in(wanted)}
        if None in keys.values():
            return _Leaf(path=path, reason="the key of the alias is not known")
        ids: dict[str, str | None] = {alias: str(key).rpartition("/")[2] for alias, key in keys.items()}
        forms = (ids, keys)
        if any(self._difference(path, with_keys(wanted, form), actual) is None for form in forms):
            return _Leaf(path=path)
        return _Leaf(path=path, difference=difference)

    def _object(self, path: str, expected: Mapping[str, Resolved], actual: _Actual) -> Iterator[_Leaf]:
        live = parsed(actual)
        if not isinstance(live, Mapping):
            live = {}
        for key, element in expected.items():
            yield from self.walk(f"{path}/{key}", element, live.get(key, _ABSENT))
        if self.shape.is_map(path):
            for key in live.keys() - expected.keys():
                if TAGS.search(path) and self._is_given(str(key), live[key]):
                    continue
                yield _added(f"{path}/{key}", live[key])
        for key, others in self.shape.telling(path).items():
            if live.get(key) and not expected.keys() & {key, *others}:
                yield _added(f"{path}/{key}", live[key])

    def _array(self, path: str, expected: Sequence[Resolved], actual: _Actual) -> Iterator[_Leaf]:
        live: Sequence[JsonValue] = actual if is_list(actual) else []
        for index, element in enumerate(expected):
            yield from self.walk(f"{path}/{index}", element, live[index] if index < len(live) else _ABSENT)
        for index in range(len(expected), len(live)):
            yield _added(f"{path}/{index}", live[index])

    def _difference(self, path: str, expected: JsonValue, actual: _Actual) -> PropertyDifference | None:
        """How one leaf differs, or None."""
        if self.shape.is_set(path) and is_list(expected):
            return self._set_difference(path, expected, actual)
        if actual is _ABSENT or actual is None:
            if expected in (None, {}) or expected == []:
                return None
            if expected == "" and not self.shape.is_map(path.rpartition("/")[0]):
                return None  # services keep no empty text
            return PropertyDifference(path=path, expected=expected, actual=None, change=Change.REMOVE)
        live: JsonValue = actual  # type: ignore[assignment]
        if self._equal(path, expected, live):
            return None
        return PropertyDifference(path=path, expected=expected, actual=live, change=Change.NOT_EQUAL)

    def _set_difference(self, path: str, expected: Sequence[JsonValue], actual: _Actual) -> PropertyDifference | None:
        live: list[JsonValue] = list(actual) if is_list(actual) else []
        if TAGS.search(path):
            own = {element.get("Key") for element in expected if isinstance(element, Mapping)}
            live = [
                element
                for element in live
                if not isinstance(element, Mapping)
                or element.get("Key") in own
                or not self._is_given(str(element.get("Key", "")), element.get("Value"))
            ]
        missing, extra = self._unmatched(path, expected, live)
        if not missing and not extra:
            return None
        change = Change.NOT_EQUAL if missing and extra else Change.ADD if extra else Change.REMOVE
        return PropertyDifference(path=path, expected=expected, actual=live, change=change)

    def _is_given(self, key: str, value: JsonValue) -> bool:
        """Whether a tag that the template does not set comes from AWS, or from the stack as a whole."""
        return key.startswith("aws:") or (key in self.inherited and self.inherited[key] == value)

    def _unmatched(
        self, path: str, expected: Sequence[JsonValue], live: Sequence[JsonValue]
    ) -> tuple[list[JsonValue], list[JsonValue]]:
        """Elements without a partner on the other side, by the largest matching there is (augmenting paths)."""
        fits = [
            [index for index, element in enumerate(live) if self._same(f"{path}/*", wanted, element)]
            for wanted in expected
        ]
        partner: dict[int, int] = {}

        def placed(wanted: int, seen: set[int]) -> bool:
            for index in fits[wanted]:
                if index in seen:
                    continue
                seen.add(index)
                if index not in partner or placed(partner[index], seen):
                    partner[index] = wanted
                    return True
            return False

        missing = [expected[wanted] for wanted in range(len(expected)) if not placed(wanted, set())]
        return missing, [element for index, element in enumerate(live) if index not in partner]

    def _same(self, path: str, expected: JsonValue, actual: JsonValue) -> bool:
        return all(node.difference is None and node.reason is None for node in self.walk(path, expected, actual))

    def _equal(self, path: str, expected: JsonValue, live: JsonValue) -> bool:
        if expected == {} and isinstance(live, Mapping) and self.shape.is_described(path):
            return True  # nothing is set in it
        if self.shape.is_document(path):
            loose = _LOOSE.search(path) is not None
            return document_form(expected, loose=loose) == document_form(live, loose=loose)
        if is_list(expected) or isinstance(expected, Mapping):
            return canonical(expected) == canonical(live)
        if is_list(live) or isinstance(live, Mapping):
            return exact_form(parsed(expected)) == exact_form(live)
        types = self.shape.types(path)
        return (
            text_of(expected) == text_of(live)
            or (_has_numbers(types) and _number(expected) is not None and _number(expected) == _number(live))
            or (_has_booleans(types) and text_of(expected).lower() == text_of(live).lower())
            or _same_json(expected, live)
            or (_DATE.search(path) is not None and _same_instant(text_of(expected), text_of(live)))
            or is_transformed(self.shape.transform(path), text_of(expected), text_of(live))
            or self.shape.equals(path)(text_of(expected), text_of(live))
        )


def _same_instant(expected: str, live: str) -> bool:
    """Whether two dates of ISO 8601 are the same point in time; one without a zone is in UTC."""
    try:
        wanted, found = (datetime.fromisoformat(text) for text in (expected, live))
    except ValueError:
        return False
    return wanted.replace(tzinfo=wanted.tzinfo or UTC) == found.replace(tzinfo=found.tzinfo or UTC)


def _added(path: str, value: JsonValue) -> _Leaf:
    return _Leaf(path=path, difference=PropertyDifference(path=path, expected=None, actual=value, change=Change.ADD))


def _has_numbers(types: frozenset[str]) -> bool:
    return not types or bool(types & {"number", "integer"})


def _has_booleans(types: frozenset[str]) -> bool:
    return "boolean" in types


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(str(value))
    except ValueError:
        return None


def _same_json(expected: JsonValue, live: JsonValue) -> bool:
    left, right = parsed(expected), parsed(live)
    return left is not expected and right is not live and exact_form(left) == exact_form(right)
