"""Masks secrets in the two sides of a difference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from stackproof.core.json import JsonValue
from stackproof.core.json_pointer import steps
from stackproof.core.secret_values import MASK, is_measure, is_plain, masked
from stackproof.proof.observation import Change, PropertyDifference
from stackproof.template.secrets import is_secret_at

__all__ = ["mask_difference"]

_ALL: Final = r"/\w*Environment(?:Variables)?(?:/(?:Environment)?Variables)?"

_VARIABLE: Final = re.compile(rf"{_ALL}/[^/]+$")

_VARIABLES: Final = re.compile(rf"{_ALL}$")


def mask_difference(difference: PropertyDifference, *sides: JsonValue) -> PropertyDifference:
    """The difference with a mask for each text that may be a secret; `sides` are the whole properties.

    ARNs and dynamic references are names, not values, and stay; so do numbers. An environment variable that no template
    sets may hold anything and is masked as a whole. In other variables, secrets are found by their names and forms.
    """
    actual = difference.actual
    is_foreign = False
    if _VARIABLES.search(difference.path):
        actual = _without_foreign(difference)
    elif difference.change is Change.ADD and _VARIABLE.search(difference.path):
        is_foreign = not isinstance(actual, Mapping)
        actual = actual if is_foreign else _hidden(actual)
    is_secret = is_foreign or any(is_secret_at(side, difference.path) for side in (None, *sides))
    is_measured = not is_foreign and any(is_measure(step) for step in steps(difference.path))

    def shown(value: JsonValue) -> JsonValue:
        return masked(value, is_secret=is_secret and not (is_measured and is_plain(str(value))))

    return replace(difference, expected=shown(difference.expected), actual=shown(actual))


def _without_foreign(difference: PropertyDifference) -> JsonValue:
    """All variables at once, with a mask for each that the template does not set."""
    expected, live = difference.expected, difference.actual
    if isinstance(live, list | tuple):
        listed = expected if isinstance(expected, list | tuple) else ()
        names = [variable.get("Name") for variable in listed if isinstance(variable, Mapping)]
        return [
            variable if isinstance(variable, Mapping) and variable.get("Name") in names else _hidden(variable)
            for variable in live
        ]
    if not isinstance(live, Mapping):
        return live
    own = expected if isinstance(expected, Mapping) else {}
    return {name: value if name in own else MASK for name, value in live.items()}


def _hidden(variable: JsonValue) -> JsonValue:
    """A variable of a list of them: its name stays."""
    return {**variable, "Value": MASK} if isinstance(variable, Mapping) and "Value" in variable else MASK
