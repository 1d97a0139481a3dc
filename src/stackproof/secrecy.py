"""Finds the secrets that a template holds, and masks them in every text that quotes the template."""

from __future__ import annotations

import json
import posixpath
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from stackproof.core.json import JsonObject, JsonValue, WrittenFloat, WrittenInt
from stackproof.core.json_pointer import steps
from stackproof.core.secret_values import (
    MASK,
    NAMES,
    NAMES_OF_VALUES,
    TELLS_NOTHING,
    VALUES,
    covered,
    document_in,
    is_measure,
    is_named,
    is_plain,
    is_secret_name,
    is_secret_option,
    masked,
    masked_text,
)
from stackproof.model.finding import EngineAnswer, Finding
from stackproof.model.location import Location
from stackproof.model.observation import Change, PropertyDifference
from stackproof.model.template import Template

__all__ = [
    "ACCESS_KEY",
    "LITERAL",
    "SERIALIZED",
    "TextMask",
    "answer_without",
    "embedded_secrets",
    "is_distinctive",
    "is_no_echo",
    "is_secret_place",
    "masked_finding",
    "parameter_secrets",
    "quotable_secrets",
    "secret_leaves",
    "secret_texts",
    "secret_values",
    "tells_nothing",
    "text_without",
    "without_secrets",
]

ACCESS_KEY: Final = re.compile(r"(?:AKIA|ASIA)[0-9A-Z]{16}")
"""The id of an access key of AWS: its form alone identifies it."""
LITERAL: Final = re.compile(r"""(?P<quote>["'])(?P<value>(?:\\.|(?!(?P=quote))[^\\\n])*\\?)(?P=quote)""")
"""A text in quotes. Each character matches one alternative alone, so that a row of backslashes takes no time."""

SERIALIZED: Final = "(serialized JSON)"
"""The step of a path from a text of JSON to the value in that text."""

# None of these holds a secret: the recipe of a generated secret, the place that a task reads it from, console labels.
_RECIPES: Final = frozenset({"GenerateSecretString", "ValueFrom", "AWS::CloudFormation::Interface"})
_SHORTEST: Final = 6
"""A shorter text occurs within too many other words to be masked there."""
_SHORTEST_WORD: Final = 4
"""A shorter word or number occurs by itself in too many sentences: it is masked in quotes and in lists alone."""
_LONG_WORD: Final = 12
"""A word of this length is masked within other words, too."""
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
    return frozenset(text for text in found if not tells_nothing(text))


def is_distinctive(text: str) -> bool:
    """Whether a text is long enough to be told from other words; letters with digits or symbols need 4 characters."""
    is_mixed = any(letter.isalpha() for letter in text) and not text.isalpha()
    return len(text) >= (_SHORTEST_WORD if is_mixed else _SHORTEST)


def parameter_secrets(body: JsonObject, given: Mapping[str, str]) -> frozenset[str]:
    """The secrets among the values given for parameters: the parameter has NoEcho or the name of a secret."""
    parameters = _mapping(body.get("Parameters"))
    texts = {
        text
        for name, value in given.items()
        if is_no_echo(parameters.get(name)) or is_secret_name(name)
        for text in (value, *_listed(value, _mapping(parameters.get(name))))
    }
    return frozenset(text for text in texts if not tells_nothing(text))


def tells_nothing(text: str) -> bool:
    """Whether a text is not a secret, whatever its name: a switch, or the name of a secret."""
    return text.strip().lower() in TELLS_NOTHING or text.startswith(NAMES)


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
            for name, entry in entries.items():
                yield from _entry_leaves(section, name, entry)
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
    return found | {part for part in (*passwords, *members) if is_distinctive(part) and not tells_nothing(part)}


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
        return is_secret_name(section) or is_secret_name(name) or _is_secret_at(entry, inside)
    if is_secret_name(name) or (section == "Parameters" and is_no_echo(entry)):
        values = below[1:] if section == "Resources" and below[:1] == ["Properties"] else below
        if not values or values[0] in _VALUES_OF_ENTRIES[section]:
            return True
    return _is_secret_at(entry, inside)


def text_without(secrets: Collection[str]) -> TextMask:
    """A function that masks each of the secrets in a text, in whichever form the text quotes it."""
    forms = {form for secret in secrets for form in _forms(secret) if form.strip()}
    return TextMask(sorted(forms, key=lambda form: (-len(form), form)))


class TextMask:
    """Masks the forms of secrets in texts. `keep` are names that stay where they occur as whole words."""

    def __init__(self, forms: Sequence[str]) -> None:
        """Prepare for forms in the order in which they are looked for: a longer secret may contain a shorter one."""
        self._forms = [(form, form if is_plain(form) else form.lower(), is_plain(form)) for form in forms]
        self._short = frozenset(form for form in forms if len(form) < _SHORTEST_WORD)

    def __call__(self, text: str, keep: Collection[str] = ()) -> str:
        """The text with a mask for each secret."""
        lowered = text.lower()
        # A text has few of them: a pattern of all would be tried at every letter.
        found = [_pattern(form) for form, key, is_cased in self._forms if key in (text if is_cased else lowered)]
        if not found:
            return text
        masked_words = _masked_matches(re.compile("|".join(found)), text, _kept_spans(text, keep))
        if not self._short:
            return masked_words
        return _ALONE_ON_LINE.sub(lambda match: self._masked_line(match, keep), masked_words)

    def _masked_line(self, match: re.Match[str], keep: Collection[str]) -> str:
        is_secret = match["word"] in self._short and match["word"] not in keep
        return f"{match['before']}{MASK}" if is_secret else match[0]


_ALONE_ON_LINE: Final = re.compile(
    r"^(?P<before>(?:E(?=[ \t]))?[ \t]{0,64}[-+?]?[ \t]{0,8})(?P<word>\S{1,3})(?=[ \t]{0,8}\r?$)",
    re.MULTILINE,
)
"""A short word that is all of a line, behind the sign of a diff and pytest's `E`."""


def _kept_spans(text: str, keep: Collection[str]) -> list[tuple[int, int]]:
    """From where to where the text has the names that stay, in order."""
    names = sorted((name for name in keep if name and name in text), key=lambda name: (-len(name), name))
    if not names:
        return []
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")
    return [match.span() for match in pattern.finditer(text)]


def _masked_matches(pattern: re.Pattern[str], text: str, kept: list[tuple[int, int]]) -> str:
    """The text with a mask for each match that does not lie within a kept span."""
    shown: list[str] = []
    end = start = 0
    starts = [first for first, _ in kept]
    while (match := pattern.search(text, start)) is not None:
        span = bisect_right(starts, match.start()) - 1
        if span >= 0 and match.end() <= kept[span][1]:
            start = match.start() + 1  # a secret that reaches beyond the name may begin within it
            continue
        shown += [text[end : match.start()], MASK]
        end = start = match.end()
    return "".join([*shown, text[end:]])


def answer_without(answer: EngineAnswer, secrets: Collection[str]) -> EngineAnswer:
    """The answer with a mask for each of the secrets, and for each secret that a message shows by its form."""
    without = text_without(secrets)
    findings = tuple(_finding_without(finding, without) for finding in answer.findings)
    notifications = tuple(
        replace(notification, message=_masked_literals(without(notification.message), masked_text))
        for notification in answer.notifications
    )
    if (findings, notifications) == (answer.findings, answer.notifications):
        return answer
    return replace(answer, findings=tuple(sorted(findings, key=Finding.sort_key)), notifications=notifications)


def _finding_without(finding: Finding, without: TextMask) -> Finding:
    names = _names_of(finding.location)
    return masked_finding(finding.reworded(lambda message: without(message, keep=names)))


def masked_finding(finding: Finding) -> Finding:
    """The finding without values of secrets in its messages; the names of its own place stay.

    At a property that holds a secret, whatever a message quotes is masked.
    """
    names = _names_of(finding.location)
    is_secret = _is_named_path(finding.location.property_path or "")

    def reworded(message: str) -> str:
        message = _masked_literals(_masked_beside_names(message, names), lambda text: _masked_beside_names(text, names))
        if not is_secret:
            return message
        return LITERAL.sub(
            lambda match: match[0] if _is_path_of(match["value"], names) else _masked_literal(match), message
        )

    return finding.reworded(reworded)


def _is_named_path(path: str) -> bool:
    """Whether a step of the path is the name of a secret; below a measure, such as TokenValidityUnits, none is."""
    names = steps(path)
    return any(is_secret_name(name) for name in names) and not any(is_measure(name) for name in names)


def _names_of(place: Location) -> frozenset[str]:
    """The names of a finding's own place, which its messages may always show; an index is too often a value."""
    on_the_way = [step for step in steps(place.property_path or "") if not step.isdecimal()]
    file = place.template_file or ""
    names = (place.logical_id, place.resource_type, file, posixpath.basename(file), *on_the_way, *_SECTIONS)
    return frozenset(name for name in names if name)


_SECTIONS: Final = ("Resources", "Properties")
"""The first and the third step of the path to a property."""
_INDEX: Final = re.compile(r"\d{1,3}")


def _is_path_of(text: str, names: Collection[str]) -> bool:
    """Whether a text is one of the names, or a path of them with indices."""
    words = text.strip("/").split("/")
    return any(word in names for word in words) and all(word in names or _INDEX.fullmatch(word) for word in words)


def _masked_beside_names(text: str, names: Collection[str]) -> str:
    """The text without secrets within it; a name behind the name of a secret is not its value."""
    shown = masked_text(text)
    if shown == text or not any(name in text for name in names):
        return shown
    return str(covered(text, lambda word: word if str(word).strip(".:;,()[]") in names else MASK))


_ALL: Final = r"/\w*Environment(?:Variables)?(?:/(?:Environment)?Variables)?"
_VARIABLE: Final = re.compile(rf"{_ALL}/[^/]+$")
_VARIABLES: Final = re.compile(rf"{_ALL}$")


def without_secrets(difference: PropertyDifference, *sides: JsonValue) -> PropertyDifference:
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
    is_secret = is_foreign or any(_is_secret_at(side, difference.path) for side in (None, *sides))
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


def _is_secret_at(value: JsonValue, path: str) -> bool:
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
    if (is_secret and not tells_nothing(text)) or _PRIVATE_KEY in text:
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


def _forms(secret: str) -> Iterator[str]:
    """How programs quote a text: as it is, on one line, line by line, and as Python, JSON, and JSON within JSON do."""
    lines = [line.strip() for line in secret.splitlines()[1:] and secret.splitlines()]
    for text in (secret, " ".join(secret.split()), *(line for line in lines if len(line) >= _SHORTEST_WORD)):
        in_json = json.dumps(text)[1:-1]
        yield text
        yield repr(text)[1:-1]
        yield ascii(text)[1:-1]
        yield repr(text.encode(errors="surrogatepass"))[2:-1]
        yield text.replace("'", "\\'")
        yield text.replace("'", "''")
        yield in_json
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield json.dumps(in_json)[1:-1]


_BEFORE: Final = r"(?:(?<!\w)|(?<=\\[abfnrtv]))"
"""The boundary in front of a word; the letter of an escape such as `\\n` does not belong to the word behind it."""


def _pattern(form: str) -> str:
    """The regular expression for a form where it is the secret, and not a part of some other word.

    A plain word or number keeps its letter case, as it may be a word of the message. A mixed form has any letter case.
    """
    plain = is_plain(form)
    literal = re.escape(form) if plain else f"(?i:{re.escape(form)})"
    if len(form) >= (_LONG_WORD if plain else _SHORTEST):
        return literal
    has_letters_and_digits = any(letter.isalpha() for letter in form) and any(letter.isdigit() for letter in form)
    if len(form) >= _SHORTEST_WORD or has_letters_and_digits:
        return rf"{_BEFORE}{literal}(?!\w)"
    # cloudformation-validate writes `Default 5 exceeds MaxValue 3`.
    in_quotes_or_list = rf"(?:(?<=[\"'`\[,])|(?<=[\[,]\s)){literal}(?=\\{{0,8}}[\"'`]|[\],])"
    return rf"(?:{in_quotes_or_list}|(?<=Default\s){literal}(?![\w.]))"


def _masked_literals(message: str, masked_value: Callable[[str], str]) -> str:
    """A message without access keys, and without the secrets within its quoted texts, such as a connection string."""
    return LITERAL.sub(
        lambda match: f"{match['quote']}{masked_value(match['value'])}{match['quote']}", ACCESS_KEY.sub(MASK, message)
    )


def _masked_literal(match: re.Match[str]) -> str:
    return f"{match['quote']}{MASK}{match['quote']}" if match["value"] else match[0]
