"""What in a template may be the value of a secret, so that nothing that quotes it keeps it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from stackproof.model.finding import EngineAnswer, Finding
from stackproof.model.json import JsonValue
from stackproof.model.observation import Change, PropertyDifference
from stackproof.model.secret_values import MASK, NAMES, VALUES, is_named, is_secret_name, masked
from stackproof.model.template import Template

__all__ = ["answer_without", "secret_values", "without_secrets"]

# How a secret is made tells nothing of it.
_RECIPES = frozenset({"GenerateSecretString"})
_SHORTEST = 6
"""A shorter text is part of too many words to be taken out of every sentence."""


def secret_values(template: Template) -> frozenset[str]:
    """Texts below keys that are named like secrets, beside such names, and defaults of parameters with NoEcho."""
    found = set(_below(template.body, is_secret=False))
    for parameter in template.section("Parameters").values():
        if isinstance(parameter, Mapping) and str(parameter.get("NoEcho")).lower() == "true":
            found |= set(_below(parameter.get("Default"), is_secret=True))
    return frozenset(each for each in found if len(each) >= _SHORTEST and not each.startswith(NAMES))


def answer_without(answer: EngineAnswer, secrets: Collection[str]) -> EngineAnswer:
    """The answer with a mask for each of the texts, in whatever was said."""
    if not secrets:
        return answer
    pattern = re.compile("|".join(re.escape(each) for each in sorted(secrets, key=lambda one: (-len(one), one))))

    def reworded(message: str) -> str:
        return pattern.sub(MASK, message)

    return replace(
        answer,
        findings=tuple(sorted((each.reworded(reworded) for each in answer.findings), key=Finding.sort_key)),
        notifications=tuple(replace(each, message=reworded(each.message)) for each in answer.notifications),
    )


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
    for key in (each.replace("~1", "/").replace("~0", "~") for each in path.split("/")[1:]):
        if is_secret_name(key) or (isinstance(value, Mapping) and is_named(value) and key in VALUES):
            return True
        if isinstance(value, Mapping):
            value = value.get(key)
        else:
            value = value[int(key)] if isinstance(value, list) and key.isdigit() and int(key) < len(value) else None
    return False


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
