"""By which names a value may be that of a secret, and the value with a mask in its place, within texts too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from stackproof.model.json import JsonObject, JsonValue, unique_keys

__all__ = [
    "MASK",
    "NAMES",
    "NAMES_OF_VALUES",
    "NAME_IN_TEXT",
    "REFERENCES",
    "SECRET_NAME",
    "SHORTEST_NUMBER",
    "TELLS_NOTHING",
    "VALUES",
    "Cover",
    "covered",
    "document_in",
    "is_named",
    "is_secret_name",
    "masked",
    "masked_text",
]

MASK: Final = "***"
"""What is shown of a value that may be a secret."""

_WORDS: Final = (
    r"pwd|secret|token(?<!httptoken)(?<!http[_-]token)|api[_-]?key|access[_-]?key|private[_-]?key|credential"
)
# Compass and Bypass end in another word, and pass_role is a verb with its object. What must not be before a word is
# looked for behind it: few places have the word, and every place has something before it.
_PASS: Final = "pass" + "".join(f"(?<!{word})" for word in ("compass", "bypass", "trespass", "surpass", "overpass"))
_OBJECTS: Final = "(?:role|through|thru|rate|fail|count|on|if)(?![a-z])"
_PASSWORD: Final = rf"pass(?:word|wd|phrase|code)|{_PASS}\d{{0,4}}(?:$|[_/-](?!{_OBJECTS}))"
SECRET_NAME: Final = re.compile(rf"(?:{_PASSWORD}|{_WORDS})\w*", re.IGNORECASE)
# HttpTokens says how an instance is asked, and is no token
NAMES_OF_VALUES: Final = (
    *(("Name", "Value"), ("Key", "Value"), ("ParameterKey", "ParameterValue")),
    *(("name", "value"), ("key", "value")),  # as APIs have it, in what a rule hands to a task
    *(("OptionName", "Value"), ("ParameterName", "ParameterValue")),
)
VALUES: Final = frozenset(value for _, value in NAMES_OF_VALUES)
NAMES: Final = ("{{resolve:", "arn:")
"""How texts begin that only name a secret."""

REFERENCES: Final = frozenset(
    {"Condition", "Fn::FindInMap", "Fn::GetAZs", "Fn::GetAtt", "Fn::GetStackOutput", "Fn::ImportValue", "Ref"}
)
"""Intrinsic functions whose arguments are names, not values."""
SHORTEST_NUMBER: Final = 6
"""Digits of a number that may be a password: a shorter one is a length, an age or a port."""

Cover = Callable[[JsonValue], JsonValue]
"""What is put in place of a secret; in place of a text it puts a text."""

_HEADERS: Final = frozenset({"authorization", "proxy-authorization"})
TELLS_NOTHING: Final = frozenset({"", MASK, "bearer", "true", "false", "null", "none"})
"""Texts in lower case that are no secrets, whatever their name."""

# -- within a text. Every repetition before a value is bounded: a text may be long, and made to be slow.

_IN_TEXT: Final = rf"{_PASS}\d{{0,4}}(?:_(?!{_OBJECTS})|(?=[\"'\\ ]{{0,4}}[:=]))"
NAME_IN_TEXT: Final = rf"(?:pass(?:word|wd|phrase|code)|{_IN_TEXT}|{_WORDS})[\w.\]-]{{0,64}}"
"""The end of such a name with what belongs to it, where a value may come next."""
_QUOTE: Final = r"\\{0,8}[\"']"
_SETS: Final = (
    rf"(?:(?:{_QUOTE})?[ \t]{{0,8}}=+>?[ \t]{{0,8}}|{_QUOTE}[ \t]{{0,8}}:[ \t]{{0,8}}|[ \t]{{0,8}}:[ \t]{{1,8}})"
)
# To the quote that closes it, or the end of the line; without quotes to a space or the next pair.
_VALUE: Final = (
    rf"(?:(?P<quote>{_QUOTE})(?P<quoted>[^\n]*?)(?:(?<!\\)(?P=quote)|$)"
    r"|(?P<bare>(?:[^\s;&,\"\\]|[;&,](?!\s|$|[\w.%-]{1,64}[=:])|\\(?![\"\\]))+))"
)
_WORD: Final = r"(?P<bare>[^\s\"'\\,;]+)"
_SCHEMES: Final = r"(?:(?:basic|bearer|digest|negotiate|token)[ \t]{1,8})?"
_PATTERNS: Final = tuple(
    re.compile(each, re.IGNORECASE | re.MULTILINE)
    for each in (
        # The name and the password in a URL, and the paths that are the secret of a hook.
        r"(?P<before>://)(?P<bare>[^/\s\"'<>]+)(?=@)",
        r"(?P<before>hooks\.slack\.com/\w{1,16}/|discord(?:app)?\.com/api/webhooks/)(?P<bare>[^\s\"'?]+)",
        r"(?P<before>-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----)(?P<bare>[\s\S]+?)(?=-----END|\Z)",
        rf"(?P<before>\bauthorization(?:{_QUOTE})?[ \t]{{0,8}}[:=][ \t]{{0,8}}(?:{_QUOTE})?{_SCHEMES}){_WORD}",
        rf"(?P<before>\bbearer[ \t]{{1,8}})(?!tokens?\b){_WORD}",
        rf"(?P<before>--[\w-]{{0,32}}?{NAME_IN_TEXT}[ \t]{{1,8}})(?!-){_VALUE}",
        rf"(?P<before>[?&](?:[\w-]{{0,32}}sig(?:nature)?|key|auth|code)=){_VALUE}",
        rf"(?P<before>{NAME_IN_TEXT}{_SETS}){_VALUE}",
    )
)
_PART: Final = r"[\w .-]{1,64}=(?:\"[^\"]*\"|'[^']*'|[^;\"'])*"
_CONNECTION: Final = re.compile(rf"\s*{_PART}(?:;{_PART})+;?\s*")
"""A connection string, such as `Server=db;Password=it may have spaces`."""
_PARTS: Final = re.compile(r"(?P<name>[\w .-]+)=(?P<value>(?:\"[^\"]*\"|'[^']*'|[^;\"'])*)")


def masked(value: JsonValue, *, is_secret: bool = False) -> JsonValue:
    """The value with a mask for each text that may be a secret; with `is_secret`, for each text."""
    return covered(value, _mask, is_secret=is_secret)


@lru_cache(maxsize=8192)  # engines say the same of many resources
def masked_text(text: str) -> str:
    """The same for a text."""
    return _covered_text(text, _mask)


def covered(value: JsonValue, cover: Cover, *, is_secret: bool = False) -> JsonValue:
    """The value after `cover` of all that may be a secret: what is below or beside the name of one, and within texts.

    In a text that is JSON it is looked for as in any value; in others behind `name=`, in URLs and in headers.
    """
    if is_secret:
        return cover(value)
    if isinstance(value, Mapping):
        named = is_named(value)
        return {
            key: covered(each, cover, is_secret=(named and key in VALUES) or is_secret_name(key))
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [covered(each, cover) for each in value]
    return _covered_text(value, cover) if isinstance(value, str) else value


def is_named(value: JsonObject) -> bool:
    """Whether a mapping is a pair of a name and a value, and the name is that of a secret."""
    return any(each in value and name in value and is_secret_name(str(value[name])) for name, each in NAMES_OF_VALUES)


@lru_cache(maxsize=8192)
def is_secret_name(name: str) -> bool:
    """Whether what has this name may be a secret."""
    return SECRET_NAME.search(name) is not None or name.lower() in _HEADERS


def _mask(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _mask(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_mask(each) for each in value]
    return MASK if isinstance(value, str) and value and not value.startswith(NAMES) else value


def _covered_text(text: str, cover: Cover) -> str:
    document = document_in(text)
    if document is not None:
        after = covered(document, cover)
        return text if after == document else json.dumps(after, separators=(",", ":"), ensure_ascii=False)
    if _CONNECTION.fullmatch(text):
        return _PARTS.sub(lambda match: _covered_part(match, cover), text)
    return _within(text, cover)


def document_in(text: str) -> JsonObject | list[JsonValue] | None:
    """What a text that is JSON holds; a key that comes twice would hide one of its values."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        found = json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _covered_part(match: re.Match[str], cover: Cover) -> str:
    value = match["value"]
    if is_secret_name(match["name"].strip()):
        return f"{match['name']}={_covered_word(value, cover)}"
    return f"{match['name']}={_within(value, cover)}"


def _within(text: str, cover: Cover) -> str:
    def replaced(match: re.Match[str]) -> str:
        found = match.groupdict()
        if found["bare"] is not None:
            return f"{match['before']}{_covered_word(match['bare'], cover)}"
        start, end = match.span("quoted")
        behind = match.string[end : match.end()]
        return f"{match.string[match.start() : start]}{_covered_word(match['quoted'], cover)}{behind}"

    for each in _PATTERNS:
        text = each.sub(replaced, text)
    return text


def _covered_word(word: str, cover: Cover) -> str:
    """Names of secrets and switches are none, whoever covers."""
    return word if word.lower() in TELLS_NOTHING or word.startswith(NAMES) else str(cover(word))
