"""What in a template may be the value of a secret, so that nothing that quotes it keeps it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from stackproof.model.finding import EngineAnswer, Finding
from stackproof.model.json import JsonObject, JsonValue
from stackproof.model.observation import PropertyDifference
from stackproof.model.template import Template

__all__ = ["MASK", "NAMES_OF_VALUES", "SECRET_NAME", "answer_without", "secret_values", "without_secrets"]

MASK = "***"
SECRET_NAME = re.compile(
    r"(?:pass(?:word|wd|phrase)|secret|token|api_?key|access_?key|private_?key|credential)\w*", re.IGNORECASE
)
NAMES_OF_VALUES = (("Name", "Value"), ("Key", "Value"), ("ParameterKey", "ParameterValue"))
_VALUES = frozenset(value for _, value in NAMES_OF_VALUES)
_NAMES = ("{{resolve:", "arn:")
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
    return frozenset(each for each in found if len(each) >= _SHORTEST and not each.startswith(_NAMES))


def answer_without(answer: EngineAnswer, secrets: Collection[str]) -> EngineAnswer:
    """The answer with a mask for each of the texts, in whatever was said."""
    if not secrets:
        return answer
    pattern = re.compile("|".join(re.escape(each) for each in sorted(secrets, key=lambda one: (-len(one), one))))

    def masked(message: str) -> str:
        return pattern.sub(MASK, message)

    return replace(
        answer,
        findings=tuple(sorted((each.reworded(masked) for each in answer.findings), key=Finding.sort_key)),
        notifications=tuple(replace(each, message=masked(each.message)) for each in answer.notifications),
    )


def without_secrets(difference: PropertyDifference, *sides: JsonValue) -> PropertyDifference:
    """The difference with a mask for each text that may be the value of a secret; `sides` are the whole properties.

    ARNs and dynamic references are names, not values, and stay; so do numbers.
    """
    is_secret = any(_is_secret_at(each, difference.path) for each in sides)
    return replace(
        difference,
        expected=_masked(difference.expected, is_secret=is_secret),
        actual=_masked(difference.actual, is_secret=is_secret),
    )


def _is_secret_at(value: JsonValue, path: str) -> bool:
    """Whether the place lies below a key that is named like a secret, or is the value beside such a name."""
    for key in (each.replace("~1", "/").replace("~0", "~") for each in path.split("/")[1:]):
        if SECRET_NAME.search(key) or (isinstance(value, Mapping) and _is_named(value) and key in _VALUES):
            return True
        if isinstance(value, Mapping):
            value = value.get(key)
        else:
            value = value[int(key)] if isinstance(value, list) and key.isdigit() and int(key) < len(value) else None
    return False


def _masked(value: JsonValue, *, is_secret: bool) -> JsonValue:
    if isinstance(value, Mapping):
        named = _is_named(value)
        return {
            key: _masked(each, is_secret=is_secret or (named and key in _VALUES) or SECRET_NAME.search(key) is not None)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_masked(each, is_secret=is_secret) for each in value]
    return MASK if is_secret and isinstance(value, str) and value and not value.startswith(_NAMES) else value


def _is_named(value: JsonObject) -> bool:
    """Whether a mapping is a pair of a name and a value, and the name is that of a secret."""
    return any(SECRET_NAME.search(str(value.get(name))) and each in value for name, each in NAMES_OF_VALUES)


def _below(value: JsonValue, *, is_secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        named = _is_named(value)
        for key, each in value.items():
            if key in _RECIPES or key == "Ref" or key.startswith("Fn::"):
                continue
            beside = named and key in _VALUES
            yield from _below(each, is_secret=is_secret or beside or SECRET_NAME.search(key) is not None)
    elif isinstance(value, list):
        for each in value:
            yield from _below(each, is_secret=is_secret)
    elif is_secret and isinstance(value, str):
        yield value
