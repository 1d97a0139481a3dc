"""By which names a value may be that of a secret, and the value with a mask in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from stackproof.model.json import JsonObject, JsonValue

__all__ = ["MASK", "NAMES", "NAMES_OF_VALUES", "SECRET_NAME", "VALUES", "is_named", "masked"]

MASK: Final = "***"
"""What is shown of a value that may be a secret."""

SECRET_NAME: Final = re.compile(
    r"(?:pass(?:word|wd|phrase|$|_)|pwd|secret|(?<!http)token|api_?key|access_?key|private_?key|credential)\w*",
    re.IGNORECASE,
)  # HttpTokens says how an instance is asked, and is no token
NAMES_OF_VALUES: Final = (("Name", "Value"), ("Key", "Value"), ("ParameterKey", "ParameterValue"))
VALUES: Final = frozenset(value for _, value in NAMES_OF_VALUES)
NAMES: Final = ("{{resolve:", "arn:")
"""How texts begin that only name a secret."""


_USER_INFO: Final = re.compile(r"(://)[^/\s:@]*:[^/\s@]+@")
"""Name and password in a URL."""


def masked(value: JsonValue, *, is_secret: bool = False) -> JsonValue:
    """The value with a mask for each text below or beside the name of a secret; with `is_secret`, for each text."""
    if isinstance(value, Mapping):
        named = is_named(value)
        return {
            key: masked(each, is_secret=is_secret or (named and key in VALUES) or SECRET_NAME.search(key) is not None)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [masked(each, is_secret=is_secret) for each in value]
    if not isinstance(value, str) or not value or value.startswith(NAMES):
        return value
    return MASK if is_secret else _USER_INFO.sub(rf"\1{MASK}@", value)


def is_named(value: JsonObject) -> bool:
    """Whether a mapping is a pair of a name and a value, and the name is that of a secret."""
    return any(SECRET_NAME.search(str(value.get(name))) and each in value for name, each in NAMES_OF_VALUES)
