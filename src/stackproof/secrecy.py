"""What in a template may be the value of a secret, so that nothing that quotes it keeps it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Final

from stackproof.model.finding import EngineAnswer, Finding
from stackproof.model.json import JsonObject, JsonValue
from stackproof.model.observation import Change, PropertyDifference
from stackproof.model.secret_values import MASK, NAMES, VALUES, document_in, is_named, is_secret_name, masked
from stackproof.model.template import Template

__all__ = [
    "SERIALIZED",
    "answer_without",
    "is_no_echo",
    "is_secret_place",
    "secret_values",
    "text_without",
    "without_pieces",
    "without_secrets",
]

# How a secret is made tells nothing of it.
_RECIPES = frozenset({"GenerateSecretString"})
_VALUES_OF_PARAMETERS: Final = frozenset({"AllowedPattern", "AllowedValues", "ConstraintDescription", "Default"})
SERIALIZED: Final = "(serialized JSON)"
"""The step of a path from a text of JSON into what it holds."""
_PIECE = 12
_DISTINCT = 5
_LEAST_OVERLAP = 3
_CUT: Final = re.compile(r"(?P<before>[^\n]{0,240}?)\.\.\.(?P<after>[^\n.]{0,240})")
"""A text that was cut in the middle, as pytest's `saferepr` does."""
_SHORTEST = 6
"""A shorter text is part of too many words to be taken out of every sentence."""


def secret_values(template: Template) -> frozenset[str]:
    """Texts below keys that are named like secrets, beside such names, and defaults of parameters with NoEcho."""
    found = set(_below(template.body, is_secret=False))
    for parameter in template.section("Parameters").values():
        if isinstance(parameter, Mapping) and is_no_echo(parameter):
            found |= set(_below(parameter.get("Default"), is_secret=True))
    return frozenset(each for each in found if len(each) >= _SHORTEST and not each.startswith(NAMES))


def is_no_echo(parameter: JsonObject) -> bool:
    """Whether CloudFormation shows the value of the parameter to nobody."""
    return str(parameter.get("NoEcho")).lower() == "true"


def answer_without(answer: EngineAnswer, secrets: Collection[str]) -> EngineAnswer:
    """The answer with a mask for each of the texts, in whatever was said."""
    if not secrets:
        return answer

    def reworded(message: str) -> str:
        return text_without(message, secrets)

    return replace(
        answer,
        findings=tuple(sorted((each.reworded(reworded) for each in answer.findings), key=Finding.sort_key)),
        notifications=tuple(replace(each, message=reworded(each.message)) for each in answer.notifications),
    )


def text_without(text: str, secrets: Collection[str]) -> str:
    """The text with a mask for each of the secrets in it."""
    if not secrets:
        return text
    longest_first = sorted(secrets, key=lambda secret: (-len(secret), secret))
    return re.sub("|".join(map(re.escape, longest_first)), MASK, text)


def without_pieces(text: str, secrets: Collection[str]) -> str:
    """The same for text that may hold only pieces of a secret: cut in the middle ("hunt...er2"), or folded into lines.

    A piece is what `...` cuts off, from three characters on, or any `_PIECE` characters in a row of a longer secret.
    """
    text = text_without(text, secrets)
    forms = sorted({form for secret in secrets for form in (secret, repr(secret)[1:-1])})
    text = _without_runs(text, [form for form in forms if len(form) > _PIECE])
    return _CUT.sub(lambda match: _without_ends(match, forms), text)


def _without_runs(text: str, secrets: Collection[str]) -> str:
    """The text with a mask for each run of characters that is part of a secret, and long enough to be no accident."""
    known = {piece for secret in secrets for piece in _pieces(secret)}
    if not known:
        return text
    hidden = bytearray(len(text))
    for start in range(len(text) - _PIECE + 1):
        if text[start : start + _PIECE] in known:
            hidden[start : start + _PIECE] = b"\1" * _PIECE
    runs = groupby(enumerate(text), key=lambda place: hidden[place[0]])
    return "".join(MASK if is_hidden else "".join(letter for _, letter in run) for is_hidden, run in runs)


def _pieces(secret: str) -> Iterator[str]:
    """The parts of a secret by which it is known; a row of spaces or dashes is none."""
    for start in range(len(secret) - _PIECE + 1):
        piece = secret[start : start + _PIECE]
        if len({letter for letter in piece if letter.isalnum()}) >= _DISTINCT:
            yield piece


def _without_ends(match: re.Match[str], secrets: Collection[str]) -> str:
    """Both sides of a cut without the beginning and the end of a secret."""
    before, after = match["before"], match["after"]
    head = max((_overlap(before, secret) for secret in secrets), default=0)
    tail = max((_overlap(secret, after) for secret in secrets), default=0)
    before = f"{before[: len(before) - head]}{MASK}" if head else before
    after = f"{MASK}{after[tail:]}" if tail else after
    return f"{before}...{after}"


def _overlap(left: str, right: str) -> int:
    """How many characters, if not too few, are both the end of the one and the beginning of the other."""
    longest = min(len(left), len(right))
    return next((size for size in range(longest, _LEAST_OVERLAP - 1, -1) if left.endswith(right[:size])), 0)


_ALL: Final = r"/\w*Environment(?:Variables)?(?:/(?:Environment)?Variables)?"
_VARIABLE: Final = re.compile(rf"{_ALL}/[^/]+$")
_VARIABLES: Final = re.compile(rf"{_ALL}$")


def without_secrets(difference: PropertyDifference, *sides: JsonValue) -> PropertyDifference:
    """The difference with a mask for each text that may be the value of a secret; `sides` are the whole properties.

    ARNs and dynamic references are names, not values, and stay; so do numbers. Nobody knows what somebody has put into
    a variable that no template sets: of one that it does set, what its name or its text betrays is masked.
    """
    actual = difference.actual
    is_foreign = False
    if _VARIABLES.search(difference.path):
        actual = _without_foreign(difference)
    elif difference.change is Change.ADD and _VARIABLE.search(difference.path):
        is_foreign = not isinstance(actual, Mapping)
        actual = actual if is_foreign else _hidden(actual)
    is_secret = is_foreign or any(_is_secret_at(each, difference.path) for each in (None, *sides))
    return replace(
        difference,
        expected=masked(difference.expected, is_secret=is_secret),
        actual=masked(actual, is_secret=is_secret),
    )


def _without_foreign(difference: PropertyDifference) -> JsonValue:
    """All variables at once, with a mask for each that the template does not set."""
    expected, live = difference.expected, difference.actual
    if isinstance(live, list | tuple):
        listed = expected if isinstance(expected, list | tuple) else ()
        names = [each.get("Name") for each in listed if isinstance(each, Mapping)]
        return [each if isinstance(each, Mapping) and each.get("Name") in names else _hidden(each) for each in live]
    if not isinstance(live, Mapping):
        return live
    own = expected if isinstance(expected, Mapping) else {}
    return {name: each if name in own else MASK for name, each in live.items()}


def _hidden(variable: JsonValue) -> JsonValue:
    """A variable of a list of them: its name stays."""
    return {**variable, "Value": MASK} if isinstance(variable, Mapping) and "Value" in variable else MASK


def _is_secret_at(value: JsonValue, path: str) -> bool:
    """Whether the place lies below a key that is named like a secret, or is the value beside such a name."""
    for key in _steps(path):
        if key in _RECIPES:
            return False
        if is_secret_name(key) or (isinstance(value, Mapping) and is_named(value) and key in VALUES):
            return True
        value = _at(value, key)
    return False


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _at(value: JsonValue, key: str) -> JsonValue:
    """What is one step below; None where nothing is."""
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, str) and key == SERIALIZED:
        return document_in(value)
    return value[int(key)] if isinstance(value, list) and key.isdigit() and int(key) < len(value) else None


def _below(value: JsonValue, *, is_secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        named = is_named(value)
        for key, each in value.items():
            if key in _RECIPES or key == "Ref" or key.startswith("Fn::"):
                continue
            beside = named and key in VALUES
            yield from _below(each, is_secret=is_secret or beside or is_secret_name(key))
    elif isinstance(value, list):
        for each in value:
            yield from _below(each, is_secret=is_secret)
    elif is_secret and isinstance(value, str):
        yield value


def is_secret_place(template: Template, path: str) -> bool:
    """Whether the value at a JSON pointer into the template may be a secret.

    The name of a parameter, output or mapping counts for its values, that of a resource does not: nobody sees the value
    of a `DatabaseSecret`.
    """
    section, name, *below = (*_steps(path), "", "")[: max(2, path.count("/"))]
    entry = template.section(section).get(name)
    if section == "Parameters":
        is_secret = is_secret_name(name) or (isinstance(entry, Mapping) and is_no_echo(entry))
        return is_secret and (not below or below[0] in _VALUES_OF_PARAMETERS)
    if section == "Outputs" and is_secret_name(name):
        return not below or below[0] == "Value"
    is_secret = section == "Mappings" and is_secret_name(name)
    return is_secret or _is_secret_at(entry, "/".join(["", *path.split("/")[3:]]))
