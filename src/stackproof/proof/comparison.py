"""Comparison of what a template sets with what is live: property by property, in the schema's sense of "equal".

A property is a leaf path that the template sets. These count once, as a whole:

- scalars, and empty lists and objects;
- an array that is a set: by its schema (`insertionOrder: false` or `uniqueItems: true`), tags, and `SETS` where
  schemas forget to say so. Any other array is a list and counts element by element;
- a JSON document, such as a policy: an object whose members the schema does not describe. The order of a policy's
  statements and actions means nothing, and services rewrite them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeGuard

from stackproof.core.json import JsonObject, JsonValue, canonical, unique_keys
from stackproof.proof.equivalences import DOCUMENTS, EQUAL, LISTS, SETS, TELLING, aliases_in, in_other_words, with_keys
from stackproof.proof.observation import Change, PropertyDifference
from stackproof.template.intrinsics import Resolved, known, unresolved_in
from stackproof.template.schema import ResourceSchema

__all__ = ["Comparison", "KeyOfAlias", "compared", "leaf_paths", "matches"]

_TAGS: Final = re.compile(r"/\w*Tags$")  # some services have a name of their own, such as FileSystemTags
_LOOSE: Final = re.compile(r"/(Redrive(Allow)?Policy|Parameters|Properties)$")
"""Documents whose numbers services give back as texts: of queues, and the settings of parameter groups."""

_INDEX: Final = re.compile(r"/\d+(?=/|$)")
_DATE: Final = re.compile(r"/\w*(Date|Time)$")

_ABSENT: Final = object()
KeyOfAlias: TypeAlias = Callable[[str], str | None]
_Actual: TypeAlias = "JsonValue | object"
_ACCOUNT_ROOT: Final = re.compile(r"arn:[\w-]+:iam::(\d{12}):root")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Of every leaf path: proven, different, or not resolved. Differences of kind ADD have paths of their own."""

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
    shape = _Shape(schema)
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

    `keys` gives the ARN of the key that an alias stands for, None if nobody knows; `inherited` are the tags that the
    stack has given to all that is its.
    """
    leaves = list(_Walk(_Shape(schema), keys, inherited).walk("", expected, actual))
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
        node.difference is None and node.reason is None for node in _Walk(_Shape(schema)).walk(path, expected, actual)
    )


class _Shape:
    """What the schema says of paths."""

    def __init__(self, schema: ResourceSchema | None) -> None:
        self.schema = schema
        self.resource_type = schema.resource_type if schema else ""
        transforms = schema.document.get("propertyTransform") if schema else None
        self.transforms = {
            key.removeprefix("/properties").replace("/properties/", "/"): str(value)
            for key, value in (transforms.items() if isinstance(transforms, Mapping) else ())
        }

    def leaves(self, path: str, value: Resolved) -> Iterator[tuple[str, Resolved]]:
        """Every leaf below the path, with its value."""
        if isinstance(value, Mapping) and (value or not path) and not self.is_document(path):
            for key, element in value.items():
                yield from self.leaves(f"{path}/{key}", element)
        elif _is_list(value) and value and not self.is_set(path):
            for index, element in enumerate(value):
                yield from self.leaves(f"{path}/{index}", element)
        else:
            yield path, value

    def at(self, path: str) -> JsonObject | None:
        return self.schema.at(path) if self.schema else None

    def types(self, path: str) -> frozenset[str]:
        """The JSON types that the schema allows, through `anyOf` and its like."""
        here = self.at(path)
        if self.schema is None or here is None:
            return frozenset()
        found: set[str] = set()
        options = [element for word in ("oneOf", "anyOf", "allOf") for element in _listed(here.get(word))]
        for element in (here, *options):
            kinds = (self.schema.followed(element) if isinstance(element, Mapping) else {}).get("type")
            found.update(str(kind) for kind in (_listed(kinds) or ([kinds] if kinds else [])))
        return frozenset(found)

    def is_set(self, path: str) -> bool:
        pattern = _pattern(path)
        if _TAGS.search(path) or (self.resource_type, pattern) in SETS:
            return True
        if (self.resource_type, pattern) in LISTS:
            return False
        here = self.at(path) or {}
        return here.get("insertionOrder") is False or (
            here.get("uniqueItems") is True and here.get("insertionOrder") is not True
        )

    def is_document(self, path: str) -> bool:
        if not path:
            return False
        here = self.at(path)
        if here is None:
            return bool(DOCUMENTS.search(path))
        described = ("properties", "patternProperties", "oneOf", "anyOf", "allOf", "items")
        return "object" in self.types(path) and not any(here.get(name) for name in described)

    def is_described(self, path: str) -> bool:
        """Whether it is an object whose members the schema names, and no others."""
        return bool((self.at(path) or {}).get("properties")) and not self.is_map(path)

    def is_map(self, path: str) -> bool:
        """Whether its keys are free, such as names of environment variables."""
        return bool((self.at(path) or {}).get("patternProperties"))

    def telling(self, path: str) -> Mapping[str, tuple[str, ...]]:
        """Members that are not free where the template leaves them out, and their other names."""
        return TELLING.get((self.resource_type, _pattern(path)), {})

    def equals(self, path: str) -> Callable[[str, str], bool]:
        """How two texts that are not the same may be equal."""
        return EQUAL.get((self.resource_type, _pattern(path)), lambda _, __: False)

    def transform(self, path: str) -> str | None:
        return self.transforms.get(_pattern(path))


def _pattern(path: str) -> str:
    """The path as tables have it, with `*` for every index."""
    return _INDEX.sub("/*", path)


class _Walk:
    """One comparison."""

    def __init__(
        self, shape: _Shape, keys: KeyOfAlias = lambda _: None, inherited: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.shape = shape
        self.keys = keys
        self.inherited = inherited

    def walk(self, path: str, expected: Resolved, actual: _Actual) -> Iterator[_Leaf]:
        if isinstance(expected, Mapping) and (expected or not path) and not self.shape.is_document(path):
            yield from self._object(path, expected, actual)
        elif _is_list(expected) and expected and not self.shape.is_set(path):
            yield from self._array(path, expected, actual)
        elif unknown := unresolved_in(expected):
            yield _Leaf(path=path, reason=unknown[0].reason)
        else:
            yield self._judged(path, known(expected), actual)

    def _judged(self, path: str, wanted: JsonValue, actual: _Actual) -> _Leaf:
        """One leaf; where a key is named by its alias on one side alone, the key of the alias is what counts."""
        difference = self._difference(path, wanted, actual)
        if difference is None or self.shape.is_document(path) or not in_other_words(wanted, difference.actual):
            return _Leaf(path=path, difference=difference)
        keys = {alias: self.keys(alias) for alias in aliases_in(wanted)}
        if None in keys.values():
            return _Leaf(path=path, reason="which key the alias stands for is not known")
        ids: dict[str, str | None] = {alias: str(key).rpartition("/")[2] for alias, key in keys.items()}
        forms = (ids, keys)
        if any(self._difference(path, with_keys(wanted, form), actual) is None for form in forms):
            return _Leaf(path=path)
        return _Leaf(path=path, difference=difference)

    def _object(self, path: str, expected: Mapping[str, Resolved], actual: _Actual) -> Iterator[_Leaf]:
        live = _parsed(actual)
        if not isinstance(live, Mapping):
            live = {}
        for key, element in expected.items():
            yield from self.walk(f"{path}/{key}", element, live.get(key, _ABSENT))
        if self.shape.is_map(path):
            for key in live.keys() - expected.keys():
                if _TAGS.search(path) and self._is_given(str(key), live[key]):
                    continue
                yield _added(f"{path}/{key}", live[key])
        for key, others in self.shape.telling(path).items():
            if live.get(key) and not expected.keys() & {key, *others}:
                yield _added(f"{path}/{key}", live[key])

    def _array(self, path: str, expected: Sequence[Resolved], actual: _Actual) -> Iterator[_Leaf]:
        live: Sequence[JsonValue] = actual if _is_list(actual) else []
        for index, element in enumerate(expected):
            yield from self.walk(f"{path}/{index}", element, live[index] if index < len(live) else _ABSENT)
        for index in range(len(expected), len(live)):
            yield _added(f"{path}/{index}", live[index])

    def _difference(self, path: str, expected: JsonValue, actual: _Actual) -> PropertyDifference | None:
        """How one leaf differs, or None."""
        if self.shape.is_set(path) and _is_list(expected):
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
        live: list[JsonValue] = list(actual) if _is_list(actual) else []
        if _TAGS.search(path):
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
            return _document(expected, loose=loose) == _document(live, loose=loose)
        if _is_list(expected) or isinstance(expected, Mapping):
            return canonical(expected) == canonical(live)
        if _is_list(live) or isinstance(live, Mapping):
            return _exact(_parsed(expected)) == _exact(live)
        types = self.shape.types(path)
        return (
            _text(expected) == _text(live)
            or (_has_numbers(types) and _number(expected) is not None and _number(expected) == _number(live))
            or (_has_booleans(types) and _text(expected).lower() == _text(live).lower())
            or _same_json(expected, live)
            or (_DATE.search(path) is not None and _same_instant(_text(expected), _text(live)))
            or _transformed(self.shape.transform(path), _text(expected), _text(live))
            or self.shape.equals(path)(_text(expected), _text(live))
        )


def _same_instant(expected: str, live: str) -> bool:
    """Whether two dates of ISO 8601 are the same point in time; one without a zone is in UTC."""
    try:
        one, other = (datetime.fromisoformat(part) for part in (expected, live))
    except ValueError:
        return False
    return one.replace(tzinfo=one.tzinfo or UTC) == other.replace(tzinfo=other.tzinfo or UTC)


def _added(path: str, value: JsonValue) -> _Leaf:
    return _Leaf(path=path, difference=PropertyDifference(path=path, expected=None, actual=value, change=Change.ADD))


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _has_numbers(types: frozenset[str]) -> bool:
    return not types or bool(types & {"number", "integer"})


def _has_booleans(types: frozenset[str]) -> bool:
    return "boolean" in types


def _listed(value: JsonValue) -> list[JsonValue]:
    return list(value) if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(str(value))
    except ValueError:
        return None


def _parsed(value: _Actual) -> _Actual:
    """The JSON in a string, if it holds an object or a list that names nothing twice; else the value itself."""
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            found: JsonValue = json.loads(value, object_pairs_hook=unique_keys)
        except ValueError:
            return value
        return found
    return value


def _same_json(expected: JsonValue, live: JsonValue) -> bool:
    left, right = _parsed(expected), _parsed(live)
    return left is not expected and right is not live and _exact(left) == _exact(right)


# -- policy documents


def _document(value: JsonValue, *, loose: bool) -> JsonValue:
    """A document in a form in which equal ones are the same; outside of policies 1 is not "1", unless it is `loose`."""
    found = _parsed(value)
    if not isinstance(found, Mapping):
        return found  # type: ignore[return-value]
    normal = {key: _loose(member) if loose or "Statement" in found else _exact(member) for key, member in found.items()}
    if "Statement" in found:
        statements = found["Statement"]
        listed = statements if _is_list(statements) else [statements]
        normal["Statement"] = sorted(_statement(element) for element in listed)
    return normal


def _exact(value: Any) -> JsonValue:  # noqa: ANN401 - what `_parsed` gives
    """The value in which true is not 1, as Python has it, and 1.0 is 1."""
    if isinstance(value, Mapping):
        return {key: _exact(member) for key, member in value.items()}
    if _is_list(value):
        return [_exact(element) for element in value]
    return value if isinstance(value, str) or value is None else {"scalar": _text(value)}


def _loose(value: JsonValue) -> JsonValue:
    """Scalars as texts, since services give numbers and truth values of a document back as either."""
    if isinstance(value, Mapping):
        return {key: _loose(element) for key, element in value.items()}
    if _is_list(value):
        return [_loose(element) for element in value]
    return value if value is None else _text(value)


def _statement(value: JsonValue) -> str:
    """One statement as canonical text: single values as lists, lists sorted, principals in one form."""
    if not isinstance(value, Mapping):
        return canonical(value)
    normal: dict[str, JsonValue] = {}
    for key, element in value.items():
        if key in {"Action", "NotAction"}:
            normal[key] = sorted(text.lower() for text in _texts(element))
        elif key in {"Resource", "NotResource"}:
            normal[key] = _texts(element)
        elif key in {"Principal", "NotPrincipal"}:
            normal[key] = _principal(element)
        elif key == "Condition" and isinstance(element, Mapping):
            normal[key] = {
                operator: {name: _texts(test) for name, test in tests.items()} if isinstance(tests, Mapping) else tests
                for operator, tests in element.items()
            }
        else:
            normal[key] = _loose(element)
    return canonical(normal)


def _texts(value: JsonValue) -> list[str]:
    return sorted({_text(element) for element in (value if _is_list(value) else [value])})


def _principal(value: JsonValue) -> JsonValue:
    """`"*"` and `{"AWS": "*"}` are the same, and so are an account's number and the ARN of its root."""
    if not isinstance(value, Mapping):
        value = {"AWS": value}
    return {kind: sorted({_ACCOUNT_ROOT.sub(r"\1", text) for text in _texts(named)}) for kind, named in value.items()}


# -- `propertyTransform`: what a schema says may stand for a value; the part of JSONata that is in common use


def _transformed(expression: str | None, expected: str, live: str) -> bool:
    """Whether the live value is what one of the expression's alternatives makes of the expected one."""
    if expression is None:
        return False
    return any(_alternative(part.strip(), expected, live) for part in expression.split("$OR"))


def _alternative(expression: str, expected: str, live: str) -> bool:
    if re.fullmatch(r"\$lowercase\([\w.]+\)", expression):
        return expected.lower() == live
    if re.fullmatch(r"\$uppercase\([\w.]+\)", expression):
        return expected.upper() == live
    joined = re.fullmatch(r"\$join\(\[(.*)\]\)", expression)
    return _joined(joined[1] if joined else expression, expected, live)


_PIECE: Final = re.compile(
    r'\s*(?:(?P<literal>"(?:[^"\\]|\\.)*")|(?P<last>\$split\(\w+, ?":"\)\[-1\])|(?P<name>\$string\([\w.]+\)|[\w.]+))\s*'
)


def _joined(pieces: str, expected: str, live: str) -> bool:
    """A join of regular expressions in quotes with the value itself, matched against what is live.

    Whatever follows a value (`".*"`) begins at a dot, as parts of a version do: 15.1 is not 15.13. An expression
    without the value in it says nothing of the value.
    """
    pattern, position, is_named = "", 0, False
    try:
        while match := _PIECE.match(pieces, position):
            if match["literal"] is not None:
                literal = str(json.loads(match["literal"].replace(r"\/", "/")))
                pattern += r"(\..*)?" if literal == ".*" and is_named else literal
            else:
                is_named = True
                pattern += re.escape(_last(expected) if match["last"] else expected)
            position = match.end() + 1
            if pieces[match.end() : position] != ",":
                break
        return is_named and position >= len(pieces) and bool(re.fullmatch(pattern, live))
    except (re.error, ValueError):
        return False


_QUALIFIED: Final = re.compile(r".*:(function|layer):[^:]+:[^:]+|(?!arn:)[^:]+:[^:]+")


def _last(name: str) -> str:
    """The last part of an ARN; a version or an alias of a function is not the function."""
    return name if _QUALIFIED.fullmatch(name) else name.rpartition(":")[2]
