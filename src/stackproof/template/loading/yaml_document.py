"""YAML as CloudFormation reads it, built from the event stream, which nothing in a file can make recurse or explode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from stackproof.core.errors import InputError
from stackproof.core.json import JsonValue, WrittenFloat, WrittenInt
from stackproof.core.json_pointer import escape
from stackproof.core.secret_values import MASK, VALUES, is_named, is_secret_name
from stackproof.template.loading.document import MAX_DEPTH, MAX_VALUES, TOO_DEEP, Document, MarkedText

if TYPE_CHECKING:
    import yaml

__all__ = ["mark_yaml", "parse_yaml"]

_PLAIN_NAMES = frozenset({"Ref", "Condition"})
_FUNCTIONS = frozenset(
    {
        *("And", "Base64", "Cidr", "Contains", "EachMemberEquals", "EachMemberIn", "Equals", "FindInMap", "ForEach"),
        *("GetAZs", "GetAtt", "GetStackOutput", "If", "ImportValue", "Join", "Length", "Not", "Or", "RefAll", "Select"),
        *("Split", "Sub", "ToJsonString", "Transform", "ValueOf", "ValueOfAll"),
    }
)
_CORE = "tag:yaml.org,2002:"
_STRINGS = frozenset({f"{_CORE}str", f"{_CORE}timestamp", f"{_CORE}value", "!"})
_COLLECTIONS = frozenset({None, "!", f"{_CORE}map", f"{_CORE}seq"})
_MERGE = object()
# The anchor and the tag of a scalar, in either order.
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+){0,2}")


def parse_yaml(text: str, file: str) -> Document:
    """The document and its lines; raises InputError with the line."""
    builder = _Builder(file)
    _build(builder, text, file)
    return builder.document()


def mark_yaml(text: str, file: str) -> tuple[JsonValue, list[MarkedText]]:
    """What the document holds, each scalar with its place, and all of these; raises InputError as `parse_yaml` does."""
    builder = _Builder(file, marked_text=text)
    _build(builder, text, file)
    return builder.document().value, builder.marked


def _build(builder: _Builder, text: str, file: str) -> None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in _events(text, loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if "nesting depth" in str(error.problem):  # the parser reads ahead in flow collections, and has a bound, too
            raise InputError(f"{file}:{mark.line + 1 if mark else 1}: {TOO_DEEP}") from error
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise InputError(f"{file}{where}: is not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file}: is not valid YAML: {reason}") from error


def _events(text: str, loader: type) -> Iterator[yaml.Event]:
    import yaml

    yield from yaml.parse(text, Loader=loader)


@dataclass(slots=True)
class _Frame:
    """A collection that is being read. `pointer` is None inside an intrinsic tag, where lines are not kept."""

    value: dict[str, JsonValue] | list[JsonValue]
    tag: str | None
    anchor: str | None
    line: int
    pointer: str | None
    key: str | object | None = None
    merged: dict[str, JsonValue] = field(default_factory=dict)
    weight: int = 1
    height: int = 1


class _Builder:
    """Puts events together.

    With all aliases written out, a value's weight is the number of values in it, its height that of the levels.
    With the text in `marked_text` its scalars know their places, and are all in `marked`.
    """

    def __init__(self, file: str, marked_text: str | None = None) -> None:
        from yaml.constructor import SafeConstructor
        from yaml.resolver import Resolver

        self._file = file
        self._resolver = Resolver()
        self._constructor = SafeConstructor()
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[JsonValue, int, int] | None] = {}
        self._lines: dict[str, int] = {}
        self._roots: list[JsonValue] = []
        self._marked_text = marked_text
        self.marked: list[MarkedText] = []

    def document(self) -> Document:
        """What has been read; raises InputError if that is nothing or several documents."""
        if not self._roots:
            raise InputError(f"{self._file}: is empty")
        return Document(value=self._roots[0], lines=self._lines)

    def take(self, event: yaml.Event) -> None:
        """Take in the next event."""
        import yaml

        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open(event, is_mapping=isinstance(event, yaml.MappingStartEvent))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent) and self._roots:
            self._fail(_line(event), "holds more than one YAML document")

    def _open(self, event: yaml.CollectionStartEvent, *, is_mapping: bool) -> None:
        line = _line(event)
        if len(self._stack) >= MAX_DEPTH:
            self._fail(line, TOO_DEEP)
        if self._stack and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None:
            self._fail(line, "a key is not a string")
        if event.anchor:
            self._anchors[event.anchor] = None
        pointer = self._pointer()
        if pointer is not None and self._stack and isinstance(self._stack[-1].value, list):
            self._lines[pointer] = line
        tagged = event.tag not in _COLLECTIONS
        value: dict[str, JsonValue] | list[JsonValue] = {} if is_mapping else []
        self._stack.append(_Frame(value, event.tag, event.anchor, line, None if tagged else pointer))

    def _close(self) -> None:
        frame = self._stack.pop()
        value: JsonValue = frame.value
        if isinstance(frame.value, dict):
            value = {**frame.merged, **frame.value}
        value = self._tagged(frame.tag, value, frame.line) if frame.tag not in _COLLECTIONS else value
        self._add(value, frame.anchor, frame.line, weight=frame.weight, height=frame.height)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        line = _line(event)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            self._key(frame, event, line)
            return
        self._add(self._scalar_value(event, line), event.anchor, line)

    def _key(self, frame: _Frame, event: yaml.ScalarEvent, line: int) -> None:
        # libyaml gives "" for a plain scalar, PyYAML's own parser None.
        if event.value == "<<" and not event.style:
            frame.key = _MERGE
            return
        if event.value in frame.value:
            self._fail(line, f"the key {event.value!r} occurs twice")
        frame.key = event.value
        pointer = self._pointer()
        if pointer is not None:
            self._lines[pointer] = line
        if event.anchor:
            self._anchors[event.anchor] = (event.value, 1, 1)

    def _scalar_value(self, event: yaml.ScalarEvent, line: int) -> JsonValue:
        from yaml import ScalarNode

        tag: str = event.tag or self._resolver.resolve(ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        if tag in _STRINGS:
            return self._marked_scalar(event)
        if not tag.startswith(_CORE):
            return self._tagged(tag, self._marked_scalar(event), line)
        if tag.removeprefix(_CORE) not in {"null", "bool", "int", "float"}:
            self._fail(line, f"the tag {self._quotable(tag)} does not belong in a template")
        try:
            value: JsonValue = self._constructor.construct_object(ScalarNode(tag, event.value))
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            self._fail(line, f"{self._quotable(event.value[:40])!r} is not a valid {tag.removeprefix(_CORE)}", error)
        if isinstance(value, float) and value - value != 0:
            return self._marked_scalar(event)
        if self._marked_text is not None and isinstance(value, int | float) and not isinstance(value, bool):
            return self._marked_scalar(event)
        return _as_written(value, event.value)

    def _marked_scalar(self, event: yaml.ScalarEvent) -> str:
        """The scalar's text, marked with its position where positions are kept."""
        if self._marked_text is None:
            return event.value
        start, end = _content(self._marked_text, event)
        self.marked.append(MarkedText(event.value, start, end))
        return self.marked[-1]

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = str(event.anchor)
        found = self._anchors.get(name)
        if found is None:
            problem = "refers to itself" if name in self._anchors else "is not defined"
            self._fail(_line(event), f"the alias *{self._quotable(name)} {problem}")
        value, weight, height = found
        frame = self._stack[-1]
        if isinstance(frame.value, dict) and frame.key is None:
            if not isinstance(value, str):
                self._fail(_line(event), "a key is not a string")
            frame.key = value
            return
        self._add(value, None, _line(event), weight=weight, height=height)

    def _add(self, value: JsonValue, anchor: str | None, line: int, *, weight: int = 1, height: int = 1) -> None:
        if anchor:
            self._anchors[anchor] = (value, weight, height)
        if not self._stack:
            self._roots.append(value)
            return
        frame = self._stack[-1]
        frame.weight += weight
        frame.height = max(frame.height, height + 1)
        if frame.height > MAX_DEPTH:
            self._fail(line, TOO_DEEP)
        if frame.weight > MAX_VALUES:
            self._fail(line, f"its aliases expand to more than {MAX_VALUES:,} values")
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is _MERGE:
            self._merge(frame, value, line)
            frame.key = None
        else:
            frame.value[str(frame.key)] = value
            frame.key = None

    def _merge(self, frame: _Frame, value: JsonValue, line: int) -> None:
        """`<<: *x` or `<<: [*x, *y]`: what is written in the mapping itself wins, then the first of the list."""
        for element in value if isinstance(value, list) else [value]:
            if not isinstance(element, dict):
                self._fail(line, "<< does not name a mapping")
            for key, member in element.items():
                frame.merged.setdefault(key, member)

    def _tagged(self, tag: str | None, value: JsonValue, line: int) -> JsonValue:
        name = (tag or "").removeprefix("!")
        if name in _PLAIN_NAMES:
            return {name: value}
        if name not in _FUNCTIONS:
            self._fail(line, f"the tag {self._quotable(str(tag))} is not an intrinsic function")
        return {f"Fn::{name}": value}

    def _pointer(self) -> str | None:
        """The pointer of what comes next."""
        if not self._stack:
            return ""
        frame = self._stack[-1]
        if frame.pointer is None or frame.key is _MERGE:
            return None
        part = str(len(frame.value)) if isinstance(frame.value, list) else escape(str(frame.key))
        return f"{frame.pointer}/{part}"

    def _quotable(self, text: str) -> str:
        """The text as messages may quote it: a password may begin like a tag or an alias."""
        return MASK if any(_may_be_secret(frame) for frame in self._stack) else text

    def _fail(self, line: int, reason: str, cause: Exception | None = None) -> NoReturn:
        raise InputError(f"{self._file}:{line}: {reason}") from cause


def _may_be_secret(frame: _Frame) -> bool:
    """Whether what is being read may be a secret: the value of a parameter, whose NoEcho may come below, is one."""
    if not isinstance(frame.key, str) or not isinstance(frame.value, dict):
        return False
    beside = is_named({**frame.value, frame.key: None}) and frame.key in VALUES
    return beside or frame.key in {"Default", "AllowedValues"} or is_secret_name(frame.key)


def _content(text: str, event: yaml.ScalarEvent) -> tuple[int, int]:
    """From where to where the text is the scalar: behind anchor and tag, within quotes, below the head of a block."""
    if event.start_mark is None or event.end_mark is None:
        return 0, 0
    start, end = event.start_mark.index, event.end_mark.index
    if event.anchor or event.tag:
        properties = _PROPERTIES.match(text, start, end)
        start = properties.end() if properties else start
    if event.style in {"|", ">"}:
        head = text.find("\n", start, end)
        return (end, end) if head < 0 else (head + 1, end)
    return (start + 1, end - 1) if event.style else (start, end)


def _as_written(value: JsonValue, text: str) -> JsonValue:
    """The value; a number that does not read as it is written (17.10, 010) keeps its text."""
    if isinstance(value, bool) or not isinstance(value, int | float) or repr(value) == text:
        return value
    return WrittenFloat(value, text) if isinstance(value, float) else WrittenInt(value, text)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
