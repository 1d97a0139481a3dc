"""Violations of a schema by a configuration file, in plain English: where, what, and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Protocol, cast

from stackproof.config.regions import REGION_PATTERN
from stackproof.config.schema import read_schema
from stackproof.core.errors import ConfigError

__all__ = ["KeyPath", "Problem", "nearest_line", "of_kind", "problems", "refusal"]

KeyPath = tuple[str | int, ...]

_MOST: Final = 50
_LONGEST: Final = 60
_KINDS: Final = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "a switch",
    "array": "a list",
    "object": "a mapping of keys to values",
    "null": "nothing",
}
_WANTED: Final = {**_KINDS, "boolean": "true or false"}
_DAY: Final = "give a day as YYYY-MM-DD"
_ACCOUNT: Final = "give the twelve digits of an account, in quotes"
_REGION: Final = "give a region as AWS writes it (eu-central-1)"
_PATTERNS: Final[Mapping[str, str]] = {
    r"^[0-9]{12}$": _ACCOUNT,
    r"^\d{12}$": _ACCOUNT,
    REGION_PATTERN: _REGION,
    r"^[A-Za-z_][A-Za-z0-9_]*$": "give the name of an environment variable (HOOK_SECRET)",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": _DAY,
    r"^\d{4}-\d{2}-\d{2}$": _DAY,
    r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?$": f"{_DAY} or YYYY-MM-DDThh:mm:ssZ",
    r"^[0-9a-f]{64}$": "give a SHA-256 in hexadecimal",
    r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$": (
        "give the ARN of a topic (arn:aws:sns:eu-central-1:111122223333:drift)"
    ),
    r"^[a-z][a-z0-9-]*$": "give IAM's prefix of a service (kms), or default",
    r"^[\w+=,.@-]+(/[\w+=,.@-]+)*$": "give the name of the role, with its path and without its ARN (audit/reader)",
    r"^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$": (
        "give the id of a unit or of a root (ou-abcd-11112222, r-abcd)"
    ),
    r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$": "use capital letters, digits and hyphens (NET-1)",
    r"^/": "give a JSON pointer as reports show it, with a slash in front (/Tags)",
}
"""What to write where a schema has a regular expression."""


class _Violation(Protocol):
    """The attributes of an error of jsonschema that are read here; jsonschema types each as possibly unset."""

    validator: Any
    validator_value: Any
    instance: Any
    schema: Any
    absolute_path: Any
    schema_path: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong at one place of a document, and what to do about it."""

    path: KeyPath
    text: str


def problems(document: object, schema: str) -> tuple[Problem, ...]:
    """The document's violations of a schema of the package, each once."""
    from jsonschema import Draft202012Validator

    errors = Draft202012Validator(read_schema(schema)).iter_errors(document)
    return tuple(dict.fromkeys(problem for error in errors for problem in _worded(error)))


def refusal(
    file: str, found: Sequence[Problem], line: Callable[[KeyPath], int | None] | None = None, *, section: str = ""
) -> ConfigError:
    """One error for a file: `FILE:LINE: PATH: what is wrong: what to do`, a line for each problem, sorted by line."""
    placed = [(line(problem.path) if line else None, problem) for problem in found]
    placed.sort(key=lambda placed_problem: placed_problem[0] or 0)
    rows = []
    for at, problem in placed:
        where = f"{file}:{at}" if at else file
        inside = " ".join(word for word in (section, _shown_path(problem.path)) if word)
        rows.append(": ".join(word for word in (where, inside, problem.text) if word))
    if len(rows) > _MOST:
        rows = [*rows[:_MOST], f"{file}: and {len(rows) - _MOST} more"]
    return ConfigError("\n".join(rows))


def nearest_line(lines: Mapping[KeyPath, int], path: Sequence[str | int]) -> int:
    """The line of the path, or of its nearest parent with a known line."""
    at = tuple(path)
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at, 1)


def _shown_path(path: Sequence[str | int]) -> str:
    """`waivers[1].expires`, on one line whatever a key has in it."""
    shown = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
    return shown if shown.isprintable() else repr(shown)


def of_kind(value: object, types: Sequence[str], path: KeyPath = ()) -> str:
    """That a value is of another kind than it should be."""
    wanted = " or ".join(_WANTED[resource_type] for resource_type in types)
    is_scalar = isinstance(value, bool | int | float)
    if is_scalar and "string" in types:
        return f"{_is(value, path)}: give {wanted}, in quotes"
    if isinstance(value, str) and {"number", "integer", "boolean"} & {*types}:
        return f"{_is(value, path)}: give {wanted}, without quotes"
    return f"{_is(value, path)}: give {wanted}"


def _near(name: str, known: Sequence[str]) -> str | None:
    """The known word that was probably meant."""
    folded = {_folded(name): name for name in reversed(known)}
    close = get_close_matches(_folded(name), list(folded), n=1, cutoff=0.7)
    return folded[close[0]] if close else None


def _listed(words: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _worded(error: _Violation) -> Iterator[Problem]:
    path: KeyPath = tuple(error.absolute_path)
    rule = str(error.validator)
    if "propertyNames" in error.schema_path:
        yield Problem(path=(*path, str(error.instance)), text=f"this key is not as expected: {_do(error)}")
    elif rule in {"anyOf", "oneOf"}:
        yield from _formed(error, path)
    elif found := [*_SEVERAL.get(rule, _none)(error)]:
        yield from (Problem(path=(*path, *below), text=text) for below, text in found)
    else:
        yield Problem(path=path, text=_SINGLE.get(rule, _otherwise)(error))


def _formed(error: _Violation, path: KeyPath) -> Iterator[Problem]:
    """For a value with several permitted forms, the problems of the form that is nearest to it."""
    from jsonschema.exceptions import best_match

    text, best = _one_of(error), best_match(cast("Any", [error]))
    if text is None and best is not None and best is not error:
        yield from _worded(best)
    else:
        yield Problem(path=path, text=text or _otherwise(error))


def _none(_: _Violation) -> Iterator[tuple[KeyPath, str]]:
    return iter(())


def _one_of(error: _Violation) -> str | None:
    """Where each form is only a key that has to be there."""
    forms = error.validator_value
    if not all(isinstance(form, Mapping) and [*form] == ["required"] and len(form["required"]) == 1 for form in forms):
        return None
    names = [str(form["required"][0]) for form in forms]
    there = [repr(name) for name in names if isinstance(error.instance, Mapping) and name in error.instance]
    if there:
        return f"{_listed(there)} exclude one another: leave one out"
    least = "at least one" if error.validator == "anyOf" else "one"
    return f"{_listed([repr(name) for name in names], 'or')} is missing: give {least} of them"


def _unknown(error: _Violation) -> Iterator[tuple[KeyPath, str]]:
    known = [*error.schema.get("properties", {})]
    for key in error.instance:
        if key not in known:
            meant = _near(str(key), known)
            yield (str(key),), f"unknown key: {f'did you mean {meant!r}?' if meant else f'known are {_listed(known)}'}"


def _missing(error: _Violation) -> Iterator[tuple[KeyPath, str]]:
    names = [repr(element) for element in error.validator_value if element not in error.instance]
    verb, them = ("is", "it") if len(names) == 1 else ("are", "them")
    yield (), f"{_listed(names)} {verb} missing: add {them}"


def _lonely(error: _Violation) -> Iterator[tuple[KeyPath, str]]:
    for key, needs in error.validator_value.items():
        missing = [repr(need) for need in needs if key in error.instance and need not in error.instance]
        if missing:
            yield (str(key),), f"needs {_listed(missing)} beside it: add {'it' if len(missing) == 1 else 'them'}"


def _twice(error: _Violation) -> Iterator[tuple[KeyPath, str]]:
    seen: list[object] = []
    for index, element in enumerate(error.instance):
        if element in seen:
            yield (index,), f"{_shown(element)} is there already: leave one out"
        seen.append(element)


def _kind(error: _Violation) -> str:
    types = error.validator_value
    return of_kind(error.instance, [types] if isinstance(types, str) else types, tuple(error.absolute_path))


def _choice(error: _Violation) -> str:
    known = [str(element) for element in error.validator_value]
    meant = _near(str(error.instance), known)
    do = f"did you mean {meant!r}?" if meant else f"give {_listed(known, 'or')}"
    return f"{_shown(error.instance)} is none of {_listed(known)}: {do}"


def _only(error: _Violation) -> str:
    return f"{_shown(error.instance)} is not as expected: give {_shown(error.validator_value)}"


def _form(error: _Violation) -> str:
    return f"{_shown(error.instance, tuple(error.absolute_path))} is not as expected: {_do(error)}"


def _do(error: _Violation) -> str:
    words = _PATTERNS.get(str(error.validator_value)) if error.validator == "pattern" else None
    description = error.schema.get("description") if isinstance(error.schema, Mapping) else None
    return words or (
        f"give this: {str(description).rstrip('.')}" if description else f"give what matches {error.validator_value}"
    )


def _short(error: _Violation) -> str:
    least, found = error.validator_value, len(error.instance)
    if not found:
        names = [*error.schema.get("properties", {})]
        return f"is empty: give at least {_counted(least, error.instance)}{f' of {_listed(names)}' if names else ''}"
    return f"has {_counted(found, error.instance)}: give at least {least}"


def _long(error: _Violation) -> str:
    return f"has {_counted(len(error.instance), error.instance)}: give at most {error.validator_value}"


def _counted(count: int, of: object) -> str:
    if isinstance(of, str):
        return "one character" if count == 1 else f"{count} characters"
    if isinstance(of, list):
        return "one entry" if count == 1 else f"{count} entries"
    return "one key" if count == 1 else f"{count} keys"


def _bound(error: _Violation) -> str:
    limit = error.validator_value
    reason = {
        "minimum": f"is too small: give {limit} or more",
        "exclusiveMinimum": f"is too small: give more than {limit}",
        "maximum": f"is too large: give {limit} or less",
        "exclusiveMaximum": f"is too large: give less than {limit}",
    }[str(error.validator)]
    return f"{_shown(error.instance)} {reason}"


def _not(error: _Violation) -> str:
    refused = error.validator_value
    if isinstance(refused, Mapping) and [*refused] == ["required"]:
        return f"{_listed([repr(element) for element in refused['required']])} exclude one another: leave one out"
    return _otherwise(error)


def _otherwise(error: _Violation) -> str:
    return f"{_is(error.instance, tuple(error.absolute_path))}, and not as expected: {_do(error)}"


def _is(value: object, path: KeyPath) -> str:
    if value is None:
        return "is empty"
    if isinstance(value, list):
        return "is a list"
    if isinstance(value, Mapping):
        return "is a mapping of keys to values"
    kind = "text" if isinstance(value, str) else "a switch" if isinstance(value, bool) else "a number"
    return f"{_shown(value, path)} is {kind}"


def _shown(value: object, path: KeyPath = ()) -> str:
    """The value as the file has it, unless it may be a secret in the place of its name."""
    if path and "secret" in str(path[-1]):
        return "the value"
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_")


_SEVERAL: Final[Mapping[str, Callable[[Any], Iterator[tuple[KeyPath, str]]]]] = {
    "additionalProperties": _unknown,
    "required": _missing,
    "dependentRequired": _lonely,
    "uniqueItems": _twice,
}
_SINGLE: Final[Mapping[str, Callable[[Any], str]]] = {
    "type": _kind,
    "enum": _choice,
    "const": _only,
    "pattern": _form,
    "not": _not,
    **dict.fromkeys(("minLength", "minItems", "minProperties"), _short),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties"), _long),
    **dict.fromkeys(("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"), _bound),
}
