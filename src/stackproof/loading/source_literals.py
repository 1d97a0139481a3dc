"""Finds the values in a template or in an app's Python that may be secrets, so that a line is shown without them."""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.errors import InputError
from stackproof.loading.document import MarkedText
from stackproof.loading.formats import mark_document
from stackproof.loading.json_document import mark_json
from stackproof.loading.python_literals import python_literals
from stackproof.model.json import JsonValue
from stackproof.model.secret_values import document_in
from stackproof.model.source_literal import SourceLiterals, literals_of_spans
from stackproof.secrecy import secret_leaves, secret_texts

__all__ = ["source_literals", "template_literals"]

_DOCUMENTS = (".json", ".yaml", ".yml", ".template")
_Span = tuple[int, int, bool]


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
    """The span of a scalar; if it is JSON over several lines, those of the scalars in that JSON.

    A line of such JSON does not show that it is beside the name of a secret. Where the JSON is not written as it is,
    because of escapes for instance, it is a secret as a whole if it holds any.
    """
    written = text[scalar.start : scalar.end]
    document = None if is_secret or "\n" not in written else document_in(scalar)
    if document is None:
        yield scalar.start, scalar.end, is_secret
        return
    try:
        body, marked = mark_json(written, "")
    except InputError:
        yield scalar.start, scalar.end, any(True for _ in secret_leaves(document))
        return
    for inner, is_inner_secret in _scalars(marked, list(secret_leaves(body))):
        yield scalar.start + inner.start, scalar.start + inner.end, is_inner_secret
