"""JSON documents, such as policies, in a canonical form: equal documents have equal forms."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeGuard

from stackproof.core.json import JsonValue, canonical, unique_keys

__all__ = ["document_form", "exact_form", "is_list", "parsed", "text_of"]

_ACCOUNT_ROOT: Final = re.compile(r"arn:[\w-]+:iam::(\d{12}):root")


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether the value is a list as JSON has it."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def text_of(value: JsonValue) -> str:
    """A scalar as JSON writes it; a whole float as an integer."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def parsed(value: object) -> object:
    """The JSON in a string, if it holds an object or a list that names nothing twice; else the value itself."""
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            found: JsonValue = json.loads(value, object_pairs_hook=unique_keys)
        except ValueError:
            return value
        return found
    return value


def document_form(value: JsonValue, *, loose: bool) -> JsonValue:
    """A document in a form in which equal ones are the same; outside of policies 1 is not "1", unless it is `loose`."""
    found = parsed(value)
    if not isinstance(found, Mapping):
        return found  # type: ignore[return-value]
    form = _loose if loose or "Statement" in found else exact_form
    normal = {key: form(member) for key, member in found.items()}
    if "Statement" in found:
        statements = found["Statement"]
        listed = statements if is_list(statements) else [statements]
        normal["Statement"] = sorted(_statement(statement) for statement in listed)
    return normal


def exact_form(value: Any) -> JsonValue:  # noqa: ANN401 - what `parsed` gives
    """The value in which true is not 1, as Python has it, and 1.0 is 1."""
    if isinstance(value, Mapping):
        return {key: exact_form(member) for key, member in value.items()}
    if is_list(value):
        return [exact_form(element) for element in value]
    return value if isinstance(value, str) or value is None else {"scalar": text_of(value)}


def _loose(value: JsonValue) -> JsonValue:
    """Scalars as texts, since services give numbers and truth values of a document back as either."""
    if isinstance(value, Mapping):
        return {key: _loose(element) for key, element in value.items()}
    if is_list(value):
        return [_loose(element) for element in value]
    return value if value is None else text_of(value)


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
    return sorted({text_of(element) for element in (value if is_list(value) else [value])})


def _principal(value: JsonValue) -> JsonValue:
    """`"*"` and `{"AWS": "*"}` are the same, and so are an account's number and the ARN of its root."""
    if not isinstance(value, Mapping):
        value = {"AWS": value}
    return {kind: sorted({_ACCOUNT_ROOT.sub(r"\1", text) for text in _texts(named)}) for kind, named in value.items()}
