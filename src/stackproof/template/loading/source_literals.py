"""Finds the values in a template or in an app's Python that may be secrets, so that a line is shown without them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stackproof.core.errors import InputError
from stackproof.core.json import JsonValue
from stackproof.core.secret_values import document_in
from stackproof.template.loading.document import MarkedText
from stackproof.template.loading.formats import mark_document
from stackproof.template.loading.json_document import mark_json
from stackproof.template.loading.python_literals import python_literals
from stackproof.template.loading.source_literal import SourceLiterals, literals_of_spans
from stackproof.template.secrets import secret_leaves, secret_texts

__all__ = ["source_literals", "template_literals"]

_DOCUMENTS = (".json", ".yaml", ".yml", ".template")
_Span = tuple[int, int, bool]
_CHARACTER = re.compile(r"\\u[0-9A-Fa-f]{4}|\\?.", re.DOTALL)
_ESCAPED = {"\\b": "\b", "\\f": "\f", "\\n": "\n", "\\r": "\r", "\\t": "\t"}


def source_literals(text: str, file: str, *, is_template: bool = False) -> SourceLiterals | None:
    """The literals of a file by its name; None if it does not parse, or is in a language that we do not read."""
    if is_template or file.lower().endswith(_DOCUMENTS):
        return template_literals(text, file)
    return python_literals(text) if file.endswith(".py") else None


def template_literals(text: str, file: str) -> SourceLiterals | None:
    """The literals of JSON or YAML; None if it is neither, or too deep or too large."""
    try:
        body, marked = mark_document(text, file)
    except InputError:
        return None
    leaves = list(secret_leaves(body))
    spans = (
        span for scalar, is_secret in _scalars(marked, leaves) for span in _spans(text, scalar, is_secret=is_secret)
    )
    return SourceLiterals(by_line=literals_of_spans(text, spans), secrets=secret_texts(body, leaves))


def _scalars(marked: list[MarkedText], leaves: list[JsonValue]) -> Iterator[tuple[MarkedText, bool]]:
    secrets = {id(leaf) for leaf in leaves}
    return ((scalar, id(scalar) in secrets) for scalar in marked)


def _spans(text: str, scalar: MarkedText, *, is_secret: bool) -> Iterator[_Span]:
    """The span of a scalar; if it is JSON over several lines or with escapes, those of the scalars in that JSON.

    A part of such JSON does not show that it is beside the name of a secret.
    """
    written = text[scalar.start : scalar.end]
    document = None if is_secret or written == scalar else document_in(scalar)
    if document is None:
        yield scalar.start, scalar.end, is_secret
        return
    inside = _spans_inside(written, scalar)
    if inside is None:
        yield scalar.start, scalar.end, any(True for _ in secret_leaves(document))
        return
    yield from ((scalar.start + start, scalar.start + end, is_inner) for start, end, is_inner in inside)


def _spans_inside(written: str, value: str) -> list[_Span] | None:
    """The spans of the scalars in JSON, as it is written or behind escapes; None if it is written in another way."""
    indices: Sequence[int] | None = range(len(written) + 1)
    for json_text in (written, value):
        try:
            body, marked = mark_json(json_text, "")
        except InputError:
            indices = _written_indices(written, value)
            continue
        if indices is None:
            return None
        scalars = _scalars(marked, list(secret_leaves(body)))
        return [(indices[scalar.start], indices[scalar.end], is_secret) for scalar, is_secret in scalars]
    return None


def _written_indices(written: str, value: str) -> list[int] | None:
    """For each index of a value, the index where it is written with escapes; None if they are not those of JSON."""
    pieces = list(_CHARACTER.finditer(written))
    if "".join(_ESCAPED.get(piece[0]) or _unescaped(piece[0]) for piece in pieces) != value:
        return None
    return [*(piece.start() for piece in pieces), len(written)]


def _unescaped(piece: str) -> str:
    return piece[-1] if len(piece) <= len(r"\n") else chr(int(piece.removeprefix(r"\u"), 16))
