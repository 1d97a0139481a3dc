"""What in a template may be the value of a secret, so that nothing that quotes it keeps it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from stackproof.model.finding import EngineAnswer, Finding
from stackproof.model.json import JsonObject, JsonValue, WrittenFloat, WrittenInt
from stackproof.model.observation import Change, PropertyDifference
from stackproof.model.secret_values import (
    MASK,
    NAMES,
    NAMES_OF_VALUES,
    SECRET_NAME,
    TELLS_NOTHING,
    VALUES,
    covered,
    document_in,
    is_named,
    is_secret_name,
    masked,
    masked_text,
)
from stackproof.model.template import Template

__all__ = [
    "ACCESS_KEY",
    "LITERAL",
    "SERIALIZED",
    "answer_without",
    "embedded_secrets",
    "is_no_echo",
    "is_secret_place",
    "masked_finding",
    "parameter_secrets",
    "secret_leaves",
    "secret_texts",
    "secret_values",
    "tells_nothing",
    "text_without",
    "without_secrets",
]

ACCESS_KEY: Final = re.compile(r"(?:AKIA|ASIA)[0-9A-Z]{16}")
"""What AWS calls an access key, which betrays itself wherever it is."""
LITERAL: Final = re.compile(r"""(?P<quote>["'])(?P<value>(?:\\.|(?!(?P=quote)).)*)(?P=quote)""")
"""A text in quotes."""

SERIALIZED: Final = "(serialized JSON)"
"""The step of a path from a text of JSON into what it holds."""

# How a secret is made tells nothing of it, nor does the place that a task reads it from, nor a label in the console.
_RECIPES: Final = frozenset({"GenerateSecretString", "ValueFrom", "AWS::CloudFormation::Interface"})
_SHORTEST: Final = 6
"""A shorter text is part of too many words to be taken out of every sentence."""
_SHORTEST_WORD: Final = 4
"""A shorter text is too often a word by itself: only in quotes or in a list it is the value."""
_PRIVATE_KEY: Final = "PRIVATE KEY-----"
_VALUES_OF_ENTRIES: Final[Mapping[str, frozenset[str]]] = {
    "Parameters": frozenset({"Default", "AllowedValues"}),
    "Outputs": frozenset({"Value"}),
    "Resources": VALUES,
}
"""Where the value is of what has a name in these sections; of a resource, among its properties."""
_FIRST_VALUE: Final[Mapping[str, int]] = {
    "Fn::Base64": 0,
    "Fn::If": 1,
    "Fn::Select": 1,
    "Fn::Split": 1,
    "Fn::ToJsonString": 0,
    "Fn::Transform": 0,
}
"""Functions that give what they are given, and the first of their arguments that is a value; others give names."""
_REFERENCE: Final = re.compile(r"\$\{[^!}][^}]*\}")


def is_no_echo(parameter: JsonValue) -> bool:
    """Whether CloudFormation keeps the value of this entry of `Parameters` to itself."""
    return isinstance(parameter, Mapping) and str(parameter.get("NoEcho")).lower() == "true"


def secret_values(template: Template) -> frozenset[str]:
    """Texts below keys that are named like secrets, beside such names, and those that a parameter with NoEcho takes."""
    return secret_texts(template.body)


def secret_texts(body: JsonValue, leaves: Iterable[JsonValue] | None = None) -> frozenset[str]:
    """The same of what a file holds, be it a template or not; `leaves` are its `secret_leaves`, where they are known.

    What only has a secret's name is too often a word where it is short; what NoEcho covers counts at any length.
    """
    secrets = secret_leaves(body) if leaves is None else leaves
    found = {text for leaf in secrets for text in _texts(leaf) if len(text) >= _SHORTEST}
    for parameter in _mapping(_mapping(body).get("Parameters")).values():
        if is_no_echo(parameter):
            found |= _unheard(_mapping(parameter))
    return frozenset(text for text in found if not tells_nothing(text))


def parameter_secrets(body: JsonObject, given: Mapping[str, str]) -> frozenset[str]:
    """Of values that someone gives for parameters, those that the template keeps to itself or names like a secret."""
    parameters = _mapping(body.get("Parameters"))
    texts = {
        text
        for name, value in given.items()
        if is_no_echo(parameters.get(name)) or is_secret_name(name)
        for text in (value, *_listed(value, _mapping(parameters.get(name))))
    }
    return frozenset(text for text in texts if not tells_nothing(text))


def tells_nothing(text: str) -> bool:
    """Whether a text is no secret whatever its name: a switch, or the name of one."""
    return text.strip().lower() in TELLS_NOTHING or text.startswith(NAMES)


def secret_leaves(body: JsonValue) -> Iterator[JsonValue]:
    """The texts and numbers themselves that may be secrets; one that two places share may come twice.

    The names of parameters, resources and outputs are no keys of values: of what has a secret's name there, only the
    value is one.
    """
    for section, entries in _mapping(body).items():
        if section in _VALUES_OF_ENTRIES and isinstance(entries, Mapping):
            for name, entry in entries.items():
                yield from _entry_leaves(section, name, entry)
        else:
            yield from _below({section: entries}, is_secret=False)
    if not isinstance(body, Mapping):
        yield from _below(body, is_secret=False)


def embedded_secrets(value: JsonValue) -> Iterator[str]:
    """The words within texts that may be secrets, such as the password in a URL."""
    found: list[str] = []

    def record(word: JsonValue) -> JsonValue:
        found.extend(str(leaf) for leaf in _below(word, is_secret=True))
        return MASK

    if isinstance(value, Mapping):
        for child in value.values():
            yield from embedded_secrets(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from embedded_secrets(child)
    elif isinstance(value, str) and covered(value, record) != value:
        yield from (word for word in found if len(word) >= _SHORTEST)


def is_secret_place(template: Template, path: str) -> bool:
    """Whether the value at a JSON pointer into the template may be a secret, by the names on the way to it.

    The name of a parameter, resource or output counts for its value alone, as in `secret_leaves`.
    """
    section, name, *below = (*_steps(path), "", "")[: max(2, path.count("/"))]
    entry = template.section(section).get(name)
    inside = "/".join(["", *path.split("/")[3:]])
    if section not in _VALUES_OF_ENTRIES:
        return is_secret_name(section) or is_secret_name(name) or _is_secret_at(entry, inside)
    if is_secret_name(name) or (section == "Parameters" and is_no_echo(entry)):
        values = below[1:] if section == "Resources" and below[:1] == ["Properties"] else below
        if not values or values[0] in _VALUES_OF_ENTRIES[section]:
            return True
    return _is_secret_at(entry, inside)


def text_without(secrets: Collection[str]) -> Callable[[str], str]:
    """What puts a mask in place of each of the secrets, in whichever form a text quotes it."""
    forms = sorted({form for secret in secrets for form in _forms(secret)}, key=lambda form: (-len(form), form))
    lowered = [(form, form.lower()) for form in forms]

    def replaced(text: str) -> str:
        within = text.lower()
        # Few of them are in any one text: a pattern of all would be tried at every letter.
        found = [_pattern(form) for form, low in lowered if low in within]
        return re.sub("|".join(found), MASK, text, flags=re.IGNORECASE) if found else text

    return replaced


def answer_without(answer: EngineAnswer, secrets: Collection[str]) -> EngineAnswer:
    """The answer with a mask for each of the texts, and for what a message betrays by itself."""
    without = text_without(secrets)
    findings = tuple(masked_finding(finding.reworded(without)) for finding in answer.findings)
    notifications = tuple(
        replace(notification, message=_masked_literals(without(notification.message)))
        for notification in answer.notifications
    )
    if (findings, notifications) == (answer.findings, answer.notifications):
        return answer
    return replace(answer, findings=tuple(sorted(findings, key=Finding.sort_key)), notifications=notifications)


def masked_finding(finding: Finding) -> Finding:
    """The finding without what its messages quote of a property that holds a secret, and without what they betray."""
    place = finding.location
    names = {*(place.property_path or "").split("/"), place.logical_id, place.resource_type}
    is_secret = SECRET_NAME.search(place.property_path or "") is not None

    def reworded(message: str) -> str:
        message = _masked_literals(masked_text(message))
        if not is_secret:
            return message
        return LITERAL.sub(lambda match: match[0] if match["value"] in names else _masked_literal(match), message)

    return finding.reworded(reworded)


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


def _entry_leaves(section: str, name: str, entry: JsonValue) -> Iterator[JsonValue]:
    """Those of one parameter, resource or output; a block that makes resources is none of these."""
    if not isinstance(entry, Mapping):
        yield from _below(entry, is_secret=False)
        return
    values = _mapping(entry.get("Properties")) if section == "Resources" else entry
    if is_secret_name(name) or (section == "Parameters" and is_no_echo(entry)):
        for key in _VALUES_OF_ENTRIES[section] & values.keys():
            yield from _below(values[key], is_secret=True)
    yield from _below(entry, is_secret=False)


def _below(value: JsonValue, *, is_secret: bool) -> Iterator[JsonValue]:
    if isinstance(value, Mapping):
        named = is_named(value)
        for key, child in value.items():
            if key == "Ref" or key.startswith("Fn::"):
                yield from _within_function(key, child, is_secret=is_secret)
            elif key not in _RECIPES and not _is_name(key, child, value):
                beside = named and key in VALUES
                yield from _below(child, is_secret=is_secret or beside or is_secret_name(key))
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _below(child, is_secret=is_secret)
    elif isinstance(value, str):
        yield from _of_text(value, is_secret=is_secret)
    elif is_secret and isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def _of_text(text: str, *, is_secret: bool) -> Iterator[str]:
    """The text if it may be a secret, else those of the JSON that it is."""
    if (is_secret and not tells_nothing(text)) or _PRIVATE_KEY in text:
        yield text
    elif (document := document_in(text)) is not None:
        yield from (leaf for leaf in secret_leaves(document) if isinstance(leaf, str))


def _within_function(name: str, argument: JsonValue, *, is_secret: bool) -> Iterator[JsonValue]:
    """Those that a function is given; what names a resource, an export or a condition is none."""
    arguments = argument if isinstance(argument, list | tuple) else [argument]
    if name == "Fn::Sub" and arguments:
        text, *values = arguments
        is_text = isinstance(text, str) and bool(_REFERENCE.sub("", text).strip())
        yield from _below(text, is_secret=is_secret and is_text)
        yield from _below(values, is_secret=is_secret)
    elif name == "Fn::Join" and len(arguments) > 1:
        yield from _below(arguments[1], is_secret=is_secret and not _joins_name(arguments[0], arguments[1]))
    elif name in _FIRST_VALUE:
        yield from _below(arguments[_FIRST_VALUE[name] :], is_secret=is_secret)
    else:
        yield from _below(argument, is_secret=False)


def _joins_name(delimiter: JsonValue, parts: JsonValue) -> bool:
    """Whether what is joined begins like an ARN or a dynamic reference: then it names a secret."""
    first = parts[0] if isinstance(parts, list | tuple) and parts else None
    return isinstance(first, str) and f"{first}{delimiter}".startswith(NAMES)


def _is_name(key: str, child: JsonValue, pair: JsonObject) -> bool:
    """Whether it is the name in a pair of a name and a value, or of a name and the place of the value."""
    if not isinstance(child, str):
        return False
    return any(key == name and (value in pair or "ValueFrom" in pair) for name, value in NAMES_OF_VALUES)


def _unheard(parameter: JsonObject) -> set[str]:
    """The texts that a parameter with NoEcho takes."""
    values = [parameter.get(key) for key in sorted(_VALUES_OF_ENTRIES["Parameters"])]
    texts = {text for leaf in _below(values, is_secret=True) for text in _texts(leaf)}
    return texts | {part for text in texts for part in _listed(text, parameter)}


def _listed(text: str, parameter: JsonObject) -> list[str]:
    """The parts of the value of a parameter that is a list: each is quoted by itself."""
    return [part.strip() for part in text.split(",")] if "List" in str(parameter.get("Type")) else []


def _texts(leaf: JsonValue) -> Iterator[str]:
    """How it is written; of a text with references, what stands between these as well."""
    text = leaf.text if isinstance(leaf, WrittenInt | WrittenFloat) else str(leaf)
    yield text
    if "${" in text:
        yield from _REFERENCE.split(text)


def _mapping(value: JsonValue) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _forms(secret: str) -> Iterator[str]:
    """How programs quote a text: as it is, on one line, line by line, and as Python, JSON, and JSON within JSON do."""
    lines = [line.strip() for line in secret.splitlines()[1:] and secret.splitlines()]
    for text in (secret, " ".join(secret.split()), *(line for line in lines if len(line) >= _SHORTEST_WORD)):
        in_json = json.dumps(text)[1:-1]
        yield text
        yield repr(text)[1:-1]
        yield text.replace("'", "\\'")
        yield text.replace("'", "''")
        yield in_json
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield json.dumps(in_json)[1:-1]


def _pattern(form: str) -> str:
    """Where a form is the secret, and not a part of some other word."""
    literal = re.escape(form)
    if len(form) >= _SHORTEST:
        return literal
    if len(form) >= _SHORTEST_WORD:
        return rf"(?<!\w){literal}(?!\w)"
    # cloudformation-validate writes `Default 5 exceeds MaxValue 3`.
    return rf"(?:(?:(?<=[\"'`\[,])|(?<=[\[,]\s)){literal}(?=[\"'`\],])|(?<=Default\s){literal}(?![\w.]))"


def _masked_literals(message: str) -> str:
    """A message without access keys, and what it quotes without what that betrays: a connection string, JSON, a URL."""
    return LITERAL.sub(
        lambda match: f"{match['quote']}{masked_text(match['value'])}{match['quote']}", ACCESS_KEY.sub(MASK, message)
    )


def _masked_literal(match: re.Match[str]) -> str:
    return f"{match['quote']}{MASK}{match['quote']}" if match["value"] else match[0]
