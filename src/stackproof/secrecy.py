"""What in a template may be the value of a secret, so that nothing that quotes it keeps it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from stackproof.model.finding import EngineAnswer, Finding
from stackproof.model.json import JsonValue
from stackproof.model.template import Template

__all__ = ["MASK", "NAMES_OF_VALUES", "SECRET_NAME", "answer_without", "secret_values"]

MASK = "***"
SECRET_NAME = re.compile(
    r"(?:pass(?:word|wd|phrase)|secret|token|api_?key|access_?key|private_?key|credential)\w*", re.IGNORECASE
)
NAMES_OF_VALUES = (("Name", "Value"), ("Key", "Value"), ("ParameterKey", "ParameterValue"))
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
    return frozenset(each for each in found if len(each) >= _SHORTEST and not each.startswith(("{{resolve:", "arn:")))


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


def _below(value: JsonValue, *, is_secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        named = any(SECRET_NAME.search(str(value.get(name))) and each in value for name, each in NAMES_OF_VALUES)
        for key, each in value.items():
            if key in _RECIPES or key == "Ref" or key.startswith("Fn::"):
                continue
            beside = named and key in {"Value", "ParameterValue"}
            yield from _below(each, is_secret=is_secret or beside or SECRET_NAME.search(key) is not None)
    elif isinstance(value, list):
        for each in value:
            yield from _below(each, is_secret=is_secret)
    elif is_secret and isinstance(value, str):
        yield value
