"""The messages of the command line: plain words, a whole sentence, and a place or a remedy in each error."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from lint.words import phrases
from stackproof.core import errors

SOURCE: Final = Path(__file__).parents[1] / "src" / "stackproof"
ERRORS: Final = {*errors.__all__, "UsageError", "BadParameter"}
WRONG_INPUT: Final = {"ConfigError", "InputError", "UsageError", "BadParameter"}
PLACE_OR_REMEDY: Final = (":", "give", "name", "leave out", "--", "run", "expected", "set", "see", "(")
EXCEPTIONS: Final = {
    "{}: is empty": "no more can be stated about an empty file, and it is named",
    "{}:1: is empty": "the same, with a line",
    "its template {} nests itself": "the caller puts the nested stack before it",
    "stacks are nested deeper than {} levels": "the caller puts the nested stack before it",
    "nothing is synthesized": "only a stage that runs before the synth raises it, which no input can cause",
    "stack {} has no resource for the nested stack {}": "the two stacks are the place; the assembly is damaged",
    "{} would be asked at {}, which is not AWS": "the host is the place: an endpoint of the environment",
    "there are no resource schemas for the region {}": "cfn-lint has the regions; the text has the one that it lacks",
}
"""An error's text → why it needs no more words. At most ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text of the source. `name` is the error's class, `echo` or `help`; `{}` represents a value in `text`."""

    place: str
    name: str
    text: str


def texts_of(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may have; none for a name or a call, whose text another place has."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in values)
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*texts_of(body), *texts_of(orelse))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            firsts, lasts = tuple(texts_of(left)) or ("{}",), tuple(texts_of(right)) or ("{}",)
            yield from (first + last for first in firsts for last in lasts)


def messages_in(source: str, file: str) -> Iterator[Message]:
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        found = {name: call.args[0]} if call.args and (name in ERRORS or (name == "echo" and "err" in named)) else {}
        for kind, value in {**found, **({"help": named["help"]} if "help" in named else {})}.items():
            for text in texts_of(value):
                yield Message(place=f"{file}:{value.lineno}", name=kind, text=text)


@cache
def messages() -> tuple[Message, ...]:
    files = sorted(SOURCE.rglob("*.py"))
    return tuple(
        message
        for file in files
        for message in messages_in(file.read_text(encoding="utf-8"), file.relative_to(SOURCE).as_posix())
    )


def faults(message: Message) -> Iterator[str]:
    """What is wrong with a message."""
    yield from (f"{words!r}: write {instead!r}" for _, words, instead in phrases(message.text))
    if message.text.endswith("..") or message.text.startswith(" "):
        yield "it begins with a space or ends in two full stops"
    if message.name not in ERRORS or message.text in EXCEPTIONS:
        return
    if len(message.text.split()) <= 3 and not message.text.endswith("{}"):  # the value is another message
        yield "an error has more than three words"
    has_words = re.search(r"\w", message.text) is not None
    if message.name in WRONG_INPUT and has_words and not any(mark in message.text for mark in PLACE_OR_REMEDY):
        yield f"it names neither a place nor a remedy (one of {PLACE_OR_REMEDY})"


def test_messages_are_plain_whole_and_lead_to_a_remedy() -> None:
    found = [f"{message.place}: {message.text!r}: {fault}" for message in messages() for fault in faults(message)]
    assert found == [], "\n".join(found)


def test_every_kind_of_message_is_collected_and_every_exception_is_needed() -> None:
    assert {"ConfigError", "InputError", "TargetError", "echo", "help"} <= {message.name for message in messages()}
    assert len(EXCEPTIONS) <= 10
    assert set(EXCEPTIONS) <= {message.text for message in messages()}


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("ConfigError('a.yaml: is no valid YAML')", "'is no valid YAML': write 'is not valid YAML'"),
        ("click.echo(f' {count} left over', err=True)", "it begins with a space or ends in two full stops"),
        ("option('--all', help='All stacks..')", "it begins with a space or ends in two full stops"),
        ("StoreError('it is damaged')", "an error has more than three words"),
        ("InputError('a' if one else f'the file {name} is broken')", "it names neither a place nor a remedy"),
        ("click.UsageError('these two options ' + 'exclude each other')", "it names neither a place nor a remedy"),
    ],
)
def test_a_faulty_message_is_found(source: str, fault: str) -> None:
    assert any(found.startswith(fault) for message in messages_in(source, "m.py") for found in faults(message))
