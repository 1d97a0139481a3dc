"""Decides by its name whether a value may be a secret, and puts a mask in its place, within texts too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from stackproof.core.json import JsonObject, JsonValue, unique_keys

__all__ = [
    "MASK",
    "NAMES",
    "NAMES_OF_VALUES",
    "NAME_IN_TEXT",
    "NEVER_SECRET",
    "PASS_AS_WORD",
    "REFERENCES",
    "SECRET_NAME",
    "VALUES",
    "Cover",
    "covered",
    "document_in",
    "is_measure",
    "is_named",
    "is_plain",
    "is_secret_name",
    "is_secret_option",
    "masked",
    "masked_text",
]

MASK: Final = "***"
"""Reports show this in place of a value that may be a secret."""

_WORDS: Final = (
    r"pwd|secret|token(?<!httptoken)(?<!http[_-]token)|api[_-]?key|access[_-]?key|private[_-]?key|credential"
)
# Compass and Bypass end in another word, and pass_role is a verb with its object. What must not be before a word is
# looked for behind it: few places have the word, and every place has something before it.
_PASS: Final = "pass" + "".join(f"(?<!{word})" for word in ("compass", "bypass", "trespass", "surpass", "overpass"))
_OBJECTS: Final = "(?:role|through|thru|rate|fail|count|on|if)(?![a-z])"
_PASSWORD: Final = rf"pass(?:word|wd|phrase|code)|{_PASS}\d{{0,4}}(?:$|[_/-](?!{_OBJECTS}))"
SECRET_NAME: Final = re.compile(rf"(?:{_PASSWORD}|{_WORDS})\w*", re.IGNORECASE)
# HttpTokens states how an instance is asked, and is not a token.
_MEASURES: Final = (
    # How long a secret is valid or must be: a number and its unit.
    *("Age", "Count", "Days", "Expiration", "Expiry", "Hours", "Length", "Minutes", "Period", "Seconds", "Size"),
    *("Units", "Validity"),
    # How it is made, sent or checked: one word of a fixed set, which the documentation lists.
    *("Algorithm", "AuthenticationMethod", "Encryption", "Mode", "ProviderVendor", "Status", "Type"),
    # Whether something is done with it.
    *("Enabled", "Encrypted", "Required", "ReusePrevention"),
    # Where a request has it, such as `$request.header.x-api-key`.
    "SelectionExpression",
)
"""Endings of names that measure or classify a secret, such as TokenValidityUnits: their values are not the secret."""
_SNAKE_MEASURES: Final = tuple(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", ending).lower() for ending in _MEASURES)
# A capital or a separator begins the ending: Stage does not end in Age.
_MEASURE: Final = re.compile(
    rf"[\w-]*(?:{'|'.join(_MEASURES)}|[_-](?i:{'|'.join(ending.replace('_', '[_-]?') for ending in _SNAKE_MEASURES)}))"
)
_NO_MEASURE: Final = "(?-i:{})".format("".join(f"(?<!{ending})" for ending in _MEASURES)) + "".join(
    f"(?<![_-]{ending.replace('_', separator)})"
    for ending in _SNAKE_MEASURES
    for separator in (("_", "-", "") if "_" in ending else ("_",))
)
"""The same for the end of a name within a text."""
NAMES_OF_VALUES: Final = (
    *(("Name", "Value"), ("Key", "Value"), ("ParameterKey", "ParameterValue")),
    *(("name", "value"), ("key", "value")),  # as APIs write it, in the input that a rule hands to a task
    *(("OptionName", "Value"), ("ParameterName", "ParameterValue")),
)
VALUES: Final = frozenset(value for _, value in NAMES_OF_VALUES)
NAMES: Final = ("{{resolve:", "arn:")
"""A text that begins like this only names a secret."""

REFERENCES: Final = frozenset(
    {"Condition", "Fn::FindInMap", "Fn::GetAZs", "Fn::GetAtt", "Fn::GetStackOutput", "Fn::ImportValue", "Ref"}
)
"""Intrinsic functions whose arguments are names, not values."""

Cover = Callable[[JsonValue], JsonValue]
"""A function that returns the replacement of a secret; for a text it returns a text."""

_OPTION: Final = re.compile(r"--?[A-Za-z][\w-]{0,64}")
_HEADERS: Final = frozenset({"authorization", "proxy-authorization"})
NEVER_SECRET: Final = frozenset({"", MASK, "bearer", "true", "false", "null", "none"})
"""Texts in lower case that are not secrets, whatever their name."""

# -- within a text. Every repetition before a value is bounded: a text may be long, and made to be slow.

_IN_TEXT: Final = rf"{_PASS}\d{{0,4}}(?:_(?!{_OBJECTS})|(?=[\"'\\ ]{{0,4}}[:=]))"
_END_OF_NAME: Final = rf"[\w.\]-]{{0,64}}(?![\w.\]-]){_NO_MEASURE}"
NAME_IN_TEXT: Final = rf"(?:pass(?:word|wd|phrase|code)|{_IN_TEXT}|{_WORDS}){_END_OF_NAME}"
"""The name of a secret from the word that marks it to its end, where a value may come next."""
PASS_AS_WORD: Final = rf"(?:(?=(?-i:PASS|Pass))|(?<=\.)){_PASS}\d{{0,4}}\b"
"""`DB_PASS`, `dbPass` and `x.pass` in code, whatever comes next; the word `pass` by itself is not a name."""
_NAME_BEFORE_SPACE: Final = rf"(?:{NAME_IN_TEXT}|{_PASS}\d{{0,4}})(?![\w-])"
_QUOTE: Final = r"\\{0,8}[\"']"
_SETS: Final = (
    rf"(?:(?:{_QUOTE})?[ \t]{{0,8}}=+>?[ \t]{{0,8}}|{_QUOTE}[ \t]{{0,8}}:[ \t]{{0,8}}|[ \t]{{0,8}}:[ \t]{{1,8}})"
)
# To the quote that closes it, or the end of the line; without quotes to a space or the next pair.
_VALUE: Final = (
    rf"(?:(?P<quote>{_QUOTE})(?P<quoted>[^\n]*?)(?:(?<!\\)(?P=quote)|$)"
    r"|(?P<bare>(?:[^\s;&,\"\\]|[;&,](?!\s|$|[\w.%-]{1,64}[=:])|\\(?![\"\\]))+))"
)
# `export DB_PASSWORD hunter2`: in capitals, as sentences have no variables ("set the password of the user").
_VARIABLE: Final = rf"(?=\w{{0,32}}?{_NAME_BEFORE_SPACE})(?-i:[A-Z][A-Z0-9_]{{2,64}})"
_NO_PREPOSITION: Final = r"(?!(?:and|as|for|from|in|is|of|or|to|via|with)\b)"
_WORD: Final = r"(?P<bare>[^\s\"'\\,;]+)"
_SCHEMES: Final = r"(?:(?:basic|bearer|digest|negotiate|token)[ \t]{1,8})?"
_PATTERNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        # The name and the password in a URL, and the paths that are the secret of a hook.
        r"(?P<before>://)(?P<bare>[^/\s\"'<>]+)(?=@)",
        r"(?P<before>hooks\.slack\.com/\w{1,16}/|discord(?:app)?\.com/api/webhooks/)(?P<bare>[^\s\"'?]+)",
        r"(?P<before>-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----)(?P<bare>[\s\S]+?)(?=-----END|\Z)",
        rf"(?P<before>\bauthorization(?:{_QUOTE})?[ \t]{{0,8}}[:=][ \t]{{0,8}}(?:{_QUOTE})?{_SCHEMES}){_WORD}",
        rf"(?P<before>\bbearer[ \t]{{1,8}})(?!tokens?\b){_WORD}",
        rf"(?P<before>(?<!-)--[\w-]{{0,32}}?{_NAME_BEFORE_SPACE}[ \t]{{1,8}})(?!-){_VALUE}",
        rf"(?P<before>\b(?:export|env|set|setenv|setx)[ \t]{{1,8}}{_VARIABLE}[ \t]{{1,8}}){_NO_PREPOSITION}{_VALUE}",
        rf"(?P<before><[\w:.-]{{0,32}}?{_NAME_BEFORE_SPACE}[^<>\n]{{0,64}}>)(?P<bare>[^<>\n]+)(?=</)",
        rf"(?P<before>[?&](?:[\w-]{{0,32}}sig(?:nature)?|key|auth|code)=){_VALUE}",
        rf"(?P<before>{NAME_IN_TEXT}{_SETS}){_VALUE}",
    )
)
_PART: Final = r"[\w .-]{1,64}=(?:\"[^\"]*\"|'[^']*'|[^;\"'])*"
_CONNECTION: Final = re.compile(rf"\s{{0,64}}{_PART}(?:;{_PART})+(?:;\s*)?")
"""A connection string, such as `Server=db;Password=it may have spaces`."""
_PARTS: Final = re.compile(r"(?P<name>[\w .-]{1,64})=(?P<value>(?:\"[^\"]*\"|'[^']*'|[^;\"'])*)")


def masked(value: JsonValue, *, is_secret: bool = False) -> JsonValue:
    """The value with a mask for each text that may be a secret; with `is_secret`, for each text."""
    return covered(value, _mask, is_secret=is_secret)


@lru_cache(maxsize=8192)  # engines report the same message for many resources
def masked_text(text: str) -> str:
    """The text with a mask for each secret within it."""
    return _covered_text(text, _mask)


def covered(value: JsonValue, cover: Cover, *, is_secret: bool = False) -> JsonValue:
    """The value with `cover(secret)` in place of each secret.

    A secret is below or beside the name of one, or behind an option such as `--password`. A text that is JSON is
    searched like any value; other texts are searched behind `name=`, in URLs, in headers and in commands.
    """
    return _covered(value, cover, is_secret=is_secret, is_measured=False)


def _covered(value: JsonValue, cover: Cover, *, is_secret: bool, is_measured: bool) -> JsonValue:
    if is_secret and not (is_measured and is_plain(str(value))):
        return cover(value)
    if isinstance(value, Mapping):
        named = is_named(value)
        return {
            key: _covered(
                child,
                cover,
                is_secret=(named and key in VALUES) or is_secret_name(key),
                is_measured=is_measured or is_measure(key),
            )
            for key, child in value.items()
        }
    if isinstance(value, list | tuple):
        return _covered_list(value, cover, is_measured=is_measured)
    return _covered_text(value, cover) if isinstance(value, str) else value


def _covered_list(values: Sequence[JsonValue], cover: Cover, *, is_measured: bool) -> list[JsonValue]:
    options = (None, *values)
    return [
        _covered(child, cover, is_secret=isinstance(child, str) and is_secret_option(option), is_measured=is_measured)
        for option, child in zip(options, values, strict=False)
    ]


def is_named(value: JsonObject) -> bool:
    """Whether a mapping is a pair of a name and a value, and the name is that of a secret."""
    return any(
        value_key in value and name_key in value and is_secret_name(str(value[name_key]))
        for name_key, value_key in NAMES_OF_VALUES
    )


@lru_cache(maxsize=8192)
def is_secret_name(name: str) -> bool:
    """Whether the value of this name may be a secret."""
    if name.lower() in _HEADERS:
        return True
    return SECRET_NAME.search(name) is not None and _MEASURE.fullmatch(name) is None


@lru_cache(maxsize=8192)
def is_measure(name: str) -> bool:
    """Whether the name measures or classifies a secret: a plain word or a number below it is not a secret."""
    return SECRET_NAME.search(name) is not None and _MEASURE.fullmatch(name) is not None


def is_secret_option(argument: object) -> bool:
    """Whether an argument in a list is an option such as `--password`, whose value comes next."""
    return isinstance(argument, str) and _OPTION.fullmatch(argument) is not None and is_secret_name(argument)


def is_plain(text: str) -> bool:
    """Whether a text is a word or a number: it has only letters, or only digits."""
    return text.isalpha() or text.isdecimal()


def _mask(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _mask(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_mask(child) for child in value]
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
    """The object or list that a text of JSON holds; None for other texts, and where a key occurs twice."""
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

    for pattern in _PATTERNS:
        text = pattern.sub(replaced, text)
    return text


def _covered_word(word: str, cover: Cover) -> str:
    """The cover of a word; names of secrets and switches stay as they are."""
    return word if word.lower() in NEVER_SECRET or word.startswith(NAMES) else str(cover(word))
