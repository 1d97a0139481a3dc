"""The one type for data as JSON has it, and how it is written when bytes have to be the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Self, TypeAlias

__all__ = [
    "DuplicateKeyError",
    "JsonObject",
    "JsonValue",
    "WrittenFloat",
    "WrittenInt",
    "as_bool",
    "as_int",
    "as_object",
    "as_objects",
    "as_str",
    "as_strings",
    "canonical",
    "canonical_values",
    "digest",
    "objects_in",
    "optional_int",
    "optional_str",
    "require_keys",
    "unique_keys",
]

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
JsonObject: TypeAlias = Mapping[str, JsonValue]


class WrittenFloat(float):
    """A number that was written in another way than it reads: `text` is "17.10" where the value is 17.1."""

    text: str

    def __new__(cls, value: float, text: str) -> Self:
        made = super().__new__(cls, value)
        made.text = text
        return made

    def __getnewargs__(self) -> tuple[float, str]:  # type: ignore[override]
        return (float(self), self.text)


class WrittenInt(int):
    """The same for whole numbers: `text` is "010" where the value is 8."""

    text: str

    def __new__(cls, value: int, text: str) -> Self:
        made = super().__new__(cls, value)
        made.text = text
        return made

    def __getnewargs__(self) -> tuple[int, str]:  # type: ignore[override]
        return (int(self), self.text)


def canonical(value: JsonValue) -> str:
    """The same text for the same data: sorted keys, no spaces, no escapes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_values(value: JsonValue) -> str:
    """The same text for the same values, in any order of a list: services return lists in any order."""
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{canonical(key)}:{canonical_values(value[key])}' for key in sorted(value))}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(sorted(map(canonical_values, value)))}]"
    return canonical(int(value) if isinstance(value, float) and value.is_integer() else value)


def digest(value: JsonValue) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def as_object(value: JsonValue) -> JsonObject:
    """The value if it is an object; anything else is a TypeError."""
    if isinstance(value, Mapping):
        return value
    raise TypeError(f"Unexpected type {type(value).__name__} (expected object)")


def as_objects(value: JsonValue) -> tuple[JsonObject, ...]:
    """The items of a list of objects; anything else is a TypeError."""
    if isinstance(value, list | tuple):
        return tuple(as_object(element) for element in value)
    raise TypeError(f"Unexpected type {type(value).__name__} (expected list)")


def objects_in(value: JsonValue) -> list[JsonObject]:
    """The objects among the items of a list; none of anything else. For files that may hold anything."""
    return [element for element in value if isinstance(element, Mapping)] if isinstance(value, list) else []


def as_strings(value: JsonValue) -> tuple[str, ...]:
    """The items of a list as strings; anything else is a TypeError."""
    if isinstance(value, list | tuple):
        return tuple(str(element) for element in value)
    raise TypeError(f"Unexpected type {type(value).__name__} (expected list)")


def as_int(value: JsonValue) -> int:
    """The value if it is an integer; anything else is a TypeError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"Unexpected type {type(value).__name__} (expected int)")


def as_str(value: JsonValue) -> str:
    """The value if it is a string; anything else is a TypeError."""
    if isinstance(value, str):
        return value
    raise TypeError(f"Unexpected type {type(value).__name__} (expected str)")


def as_bool(value: JsonValue) -> bool:
    """The value if it is a boolean; anything else is a TypeError."""
    if isinstance(value, bool):
        return value
    raise TypeError(f"Unexpected type {type(value).__name__} (expected bool)")


def require_keys(data: JsonObject, keys: Collection[str]) -> None:
    """Refuse an object with a missing or an unknown key, by a ValueError that names them."""
    missing, unknown = sorted({*keys} - data.keys()), sorted(data.keys() - {*keys})
    if missing or unknown:
        raise ValueError(f"missing keys: {', '.join(missing) or 'none'}; unknown keys: {', '.join(unknown) or 'none'}")


class DuplicateKeyError(ValueError):
    """A key occurs twice in one object; JSON's readers silently keep the last value."""


def unique_keys(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """An `object_pairs_hook` for `json.loads`; raises DuplicateKeyError naming the first key that occurs twice."""
    found: dict[str, JsonValue] = {}
    for key, value in pairs:
        if key in found:
            raise DuplicateKeyError(f"the key {key!r} occurs twice")
        found[key] = value
    return found


def optional_str(value: JsonValue) -> str | None:
    """The value if it is a string, None if it is null; anything else is a TypeError."""
    if value is None or isinstance(value, str):
        return value
    message = f"Unexpected type {type(value).__name__} (expected str or null)"
    raise TypeError(message)


def optional_int(value: JsonValue) -> int | None:
    """The value if it is an integer, None if it is null; anything else is a TypeError."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    message = f"Unexpected type {type(value).__name__} (expected int or null)"
    raise TypeError(message)
