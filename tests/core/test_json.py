"""JSON values are read strictly: a value of another type is reported, never converted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stackproof.core.json import (
    DuplicateKeyError,
    JsonObject,
    JsonValue,
    as_int,
    as_object,
    as_objects,
    as_strings,
    canonical,
    digest,
    unique_keys,
)


@pytest.mark.parametrize(
    ("read", "value", "said"),
    [
        (as_object, [], r"Unexpected type list \(expected object\)"),
        (as_objects, {}, r"Unexpected type dict \(expected list\)"),
        (as_objects, [1], r"Unexpected type int \(expected object\)"),
        (as_strings, "text", r"Unexpected type str \(expected list\)"),
        (as_int, True, r"Unexpected type bool \(expected int\)"),
        (as_int, 1.0, r"Unexpected type float \(expected int\)"),
    ],
)
def test_another_type_is_refused(read: Callable[[JsonValue], object], value: JsonValue, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        read(value)


def test_the_right_type_comes_through() -> None:
    assert as_object({"a": 1}) == {"a": 1}
    assert as_objects([{"a": 1}]) == ({"a": 1},)
    assert as_strings(["a", "b"]) == ("a", "b")
    assert as_int(7) == 7


def test_the_order_of_keys_does_not_change_the_digest() -> None:
    one: JsonObject = {"a": 1, "b": [2]}
    other: JsonObject = {"b": [2], "a": 1}
    assert canonical(one) == canonical(other)
    assert digest(one) == digest(other)
    assert digest(one) != digest({**one, "a": 2})


def test_a_key_that_stands_twice_is_refused_and_the_first_of_them_named() -> None:
    assert unique_keys([("a", 1), ("b", 2)]) == {"a": 1, "b": 2}
    with pytest.raises(DuplicateKeyError, match="the key 'b' occurs twice"):
        unique_keys([("a", 1), ("b", 2), ("b", 2), ("a", 1)])
