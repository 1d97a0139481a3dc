"""Finds the secrets that a template holds, and masks them in every text that quotes the template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from stackproof.core.json import JsonObject, JsonValue, WrittenFloat, WrittenInt
from stackproof.core.json_pointer import steps
from stackproof.core.redaction import is_distinctive
from stackproof.core.secret_values import (
    MASK,
    NAMES,
    NAMES_OF_VALUES,
    NEVER_SECRET,
    VALUES,
    covered,
    document_in,
    is_measure,
    is_named,
    is_plain,
    is_secret_name,
    is_secret_option,
)
from stackproof.template.template import Template

__all__ = [
    "ACCESS_KEY",
    "SERIALIZED",
    "embedded_secrets",
    "is_never_secret",
    "is_no_echo",
    "is_secret_place",
    "parameter_secrets",
    "quotable_secrets",
    "secret_leaves",
    "secret_texts",
    "secret_values",
]

ACCESS_KEY: Final = re.compile(r"(?:AKIA|ASIA)[0-9A-Z]{16}")
"""The id of an access key of AWS: its form alone identifies it."""

SERIALIZED: Final = "(serialized JSON)"
"""The step of a path from a text of JSON to the value in that text."""

# None of these holds a secret: the recipe of a generated secret, the place that a task reads it from, console labels.
_RECIPES: Final = frozenset({"GenerateSecretString", "ValueFrom", "AWS::CloudFormation::Interface"})
_PRIVATE_KEY: Final = "PRIVATE KEY-----"
_VALUES_OF_ENTRIES: Final[Mapping[str, frozenset[str]]] = {
    "Parameters": frozenset({"Default", "AllowedValues"}),
    "Outputs": frozenset({"Value"}),
    "Resources": VALUES,
}
"""The keys that hold the value of an entry of these sections; for a resource, keys of its properties."""
_FIRST_VALUE: Final[Mapping[str, int]] = {
    "Fn::Base64": 0,
    "Fn::If": 1,
    "Fn::Select": 1,
    "Fn::Split": 1,
    "Fn::ToJsonString": 0,
    "Fn::Transform": 0,
}
"""Functions that return an argument, and the index of the first argument that is a value."""
_REFERENCE: Final = re.compile(r"\$\{[^!}][^}]*\}")


def is_no_echo(parameter: JsonValue) -> bool:
    """Whether CloudFormation keeps the value of this entry of `Parameters` to itself."""
    return isinstance(parameter, Mapping) and str(parameter.get("NoEcho")).lower() == "true"


def secret_values(template: Template) -> frozenset[str]:
    """The texts of the template that may be secrets: by their names, or as values of a parameter with NoEcho."""
    return secret_texts(template.body)


def secret_texts(body: JsonValue, leaves: Iterable[JsonValue] | None = None) -> frozenset[str]:
    """The texts that may be secrets in the value of any file; `leaves` are its `secret_leaves`, if they are known.

    A text that only has a secret's name counts if it is distinctive. A value that NoEcho covers always counts.
    """
    secrets = secret_leaves(body) if leaves is None else leaves
    found = {text for leaf in secrets for text in _texts(leaf) if is_distinctive(text)}
    for parameter in _mapping(_mapping(body).get("Parameters")).values():
        if is_no_echo(parameter):
            found |= _noecho_values(_mapping(parameter))
    return frozenset(text for text in found if not is_never_secret(text))


def parameter_secrets(body: JsonObject, given: Mapping[str, str]) -> frozenset[str]:
    """The secrets among the values given for parameters: the parameter has NoEcho or the name of a secret."""
    parameters = _mapping(body.get("Parameters"))
    texts = {
        text
        for name, value in given.items()
        if is_no_echo(parameters.get(name)) or is_secret_name(name)
        for text in (value, *_listed(value, _mapping(parameters.get(name))))
    }
    return frozenset(text for text in texts if not is_never_secret(text))


def is_never_secret(text: str) -> bool:
    """Whether a text is not a secret, whatever its name: a switch, or the name of a secret."""
    return text.strip().lower() in NEVER_SECRET or text.startswith(NAMES)


def secret_leaves(body: JsonValue) -> Iterator[JsonValue]:
    """The texts and numbers that may be secrets, as the same objects; a value that two places share may come twice.

    If a parameter, resource or output has the name of a secret, only its value may be one, and not its description.
    """
    if not isinstance(body, Mapping):
        yield from _below(body, is_secret=False)
        return
    others: dict[str, JsonValue] = {}
    for section, entries in body.items():
        if section in _VALUES_OF_ENTRIES and isinstance(entries, Mapping):
            for name, body_of_entry in entries.items():
                yield from _entry_leaves(section, name, body_of_entry)
        else:
            others[section] = entries
    yield from _below(others, is_secret=False)  # together: they may be a name and its value


def embedded_secrets(value: JsonValue) -> Iterator[str]:
    """The secrets within longer texts, such as the password in a URL."""
    found: list[str] = []

    def record(word: JsonValue) -> JsonValue:
        found.extend(str(leaf) for leaf in _below(word, is_secret=True, is_measured=False))
        return MASK

    if isinstance(value, Mapping):
        for child in value.values():
            yield from embedded_secrets(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from embedded_secrets(child)
    elif isinstance(value, str) and covered(value, record) != value:
        yield from (word for word in found if is_distinctive(word))


def quotable_secrets(body: JsonObject) -> frozenset[str]:
    """All that a test may quote: the secrets of a template, those within longer texts, and parts that it takes out.

    A test reads the members of a `SecretString`, and splits `NAME:PASSWORD` of a URL.
    """
    embedded = frozenset(embedded_secrets(body))
    found = secret_texts(body) | embedded
    passwords = (secret.partition(":")[2] for secret in embedded)
    members = (member for secret in found for member in _members(document_in(secret)))
    return found | {part for part in (*passwords, *members) if is_distinctive(part) and not is_never_secret(part)}


def _members(document: JsonValue) -> Iterator[str]:
    if isinstance(document, Mapping):
        for member in document.values():
            yield from _members(member)
    elif isinstance(document, list):
        for member in document:
            yield from _members(member)
    elif isinstance(document, str):
        yield document


def is_secret_place(template: Template, path: str) -> bool:
    """Whether the value at a JSON pointer into the template may be a secret, by the names on the way to it.

    The name of a parameter, resource or output counts for its value alone, as in `secret_leaves`. Below a measure, such
    as TokenValidityUnits, there are words and numbers that are not secrets.
    """
    if any(is_measure(step) for step in steps(path)[2:]):
        return False
    section, name, *below = (*steps(path), "", "")[: max(2, path.count("/"))]
    entry = template.section(section).get(name)
    inside = "/".join(["", *path.split("/")[3:]])
    if section not in _VALUES_OF_ENTRIES:
        return is_secret_name(section) or is_secret_name(name) or is_secret_at(entry, inside)
    if is_secret_name(name) or (section == "Parameters" and is_no_echo(entry)):
        values = below[1:] if section == "Resources" and below[:1] == ["Properties"] else below
        if not values or values[0] in _VALUES_OF_ENTRIES[section]:
            return True
    return is_secret_at(entry, inside)


def is_secret_at(value: JsonValue, path: str) -> bool:
    """Whether the place is below a key with the name of a secret, or is the value beside such a name."""
    for key in steps(path):
        if key in _RECIPES:
            return False
        if is_secret_name(key) or (isinstance(value, Mapping) and is_named(value) and key in VALUES):
            return True
        value = _at(value, key)
    return False


def _at(value: JsonValue, key: str) -> JsonValue:
    """The value one step below; None if there is none."""
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, str) and key == SERIALIZED:
        return document_in(value)
    return value[int(key)] if isinstance(value, list) and key.isdigit() and int(key) < len(value) else None


def _entry_leaves(section: str, name: str, entry: JsonValue) -> Iterator[JsonValue]:
    """The secret leaves of one parameter, resource or output; `Fn::ForEach` has a list in place of a mapping."""
    if not isinstance(entry, Mapping):
        yield from _below(entry, is_secret=False)
        return
    values = _mapping(entry.get("Properties")) if section == "Resources" else entry
    if is_secret_name(name) or (section == "Parameters" and is_no_echo(entry)):
        for key in _VALUES_OF_ENTRIES[section] & values.keys():
            yield from _below(values[key], is_secret=True)
    yield from _below(entry, is_secret=False)


def _below(value: JsonValue, *, is_secret: bool, is_measured: bool = False) -> Iterator[JsonValue]:
    """The secret leaves of a value; below a measure such as TokenValidityUnits, without plain words and numbers."""
    if isinstance(value, Mapping):
        named = is_named(value)
        for key, child in value.items():
            if key == "Ref" or key.startswith("Fn::"):
                yield from _within_function(key, child, is_secret=is_secret, is_measured=is_measured)
            elif key not in _RECIPES and not _is_name(key, child, value):
                beside = named and key in VALUES
                is_child_secret = is_secret or beside or is_secret_name(key)
                yield from _below(child, is_secret=is_child_secret, is_measured=is_measured or is_measure(key))
    elif isinstance(value, list | tuple):
        for option, child in zip((None, *value), value, strict=False):
            is_child_secret = is_secret or is_secret_option(option)
            yield from _below(child, is_secret=is_child_secret, is_measured=is_measured)
    elif isinstance(value, str):
        yield from _of_text(value, is_secret=is_secret and not (is_measured and is_plain(value)))
    elif is_secret and not is_measured and isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def _of_text(text: str, *, is_secret: bool) -> Iterator[str]:
    """The text itself if it may be a secret; otherwise the secret leaves of the JSON that it may be."""
    if (is_secret and not is_never_secret(text)) or _PRIVATE_KEY in text:
        yield text
    elif (document := document_in(text)) is not None:
        yield from (leaf for leaf in secret_leaves(document) if isinstance(leaf, str))


def _within_function(name: str, argument: JsonValue, *, is_secret: bool, is_measured: bool) -> Iterator[JsonValue]:
    """The secret leaves of a function's arguments, without names of resources, exports and conditions."""
    arguments = argument if isinstance(argument, list | tuple) else [argument]
    if name == "Fn::Sub" and arguments:
        text, *values = arguments
        is_text = isinstance(text, str) and bool(_REFERENCE.sub("", text).strip())
        yield from _below(text, is_secret=is_secret and is_text, is_measured=is_measured)
        yield from _below(values, is_secret=is_secret, is_measured=is_measured)
    elif name == "Fn::Join" and len(arguments) > 1:
        is_value = is_secret and not _joins_name(arguments[0], arguments[1])
        yield from _below(arguments[1], is_secret=is_value, is_measured=is_measured)
    elif name in _FIRST_VALUE:
        yield from _below(arguments[_FIRST_VALUE[name] :], is_secret=is_secret, is_measured=is_measured)
    else:
        yield from _below(argument, is_secret=False, is_measured=is_measured)


def _joins_name(delimiter: JsonValue, parts: JsonValue) -> bool:
    """Whether the joined text begins like an ARN or a dynamic reference, and so names a secret."""
    first = parts[0] if isinstance(parts, list | tuple) and parts else None
    return isinstance(first, str) and f"{first}{delimiter}".startswith(NAMES)


def _is_name(key: str, child: JsonValue, pair: JsonObject) -> bool:
    """Whether this member of a pair is its name, beside a value or the place of a value."""
    if not isinstance(child, str):
        return False
    return any(key == name and (value in pair or "ValueFrom" in pair) for name, value in NAMES_OF_VALUES)


def _noecho_values(parameter: JsonObject) -> set[str]:
    """The default and the allowed values of a parameter with NoEcho."""
    values = [parameter.get(key) for key in sorted(_VALUES_OF_ENTRIES["Parameters"])]
    texts = {text for leaf in _below(values, is_secret=True) for text in _texts(leaf)}
    return texts | {part for text in texts for part in _listed(text, parameter)}


def _listed(text: str, parameter: JsonObject) -> list[str]:
    """The parts of the value of a list parameter: engines quote each part by itself."""
    return [part.strip() for part in text.split(",")] if "List" in str(parameter.get("Type")) else []


def _texts(leaf: JsonValue) -> Iterator[str]:
    """The text of a leaf as it is written, and the parts of it between its references."""
    text = leaf.text if isinstance(leaf, WrittenInt | WrittenFloat) else str(leaf)
    yield text
    if "${" in text:
        yield from _REFERENCE.split(text)


def _mapping(value: JsonValue) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
