"""The values in a template or in the Python of an app that may be secrets, so that a line can be shown without them."""

from __future__ import annotations

from stackproof.errors import InputError
from stackproof.loading.formats import mark_document
from stackproof.loading.python_literals import python_literals
from stackproof.model.source_literal import SourceLiterals, literals_of_spans
from stackproof.secrecy import secret_leaves, secret_texts

__all__ = ["source_literals", "template_literals"]

_DOCUMENTS = (".json", ".yaml", ".yml", ".template")


def source_literals(text: str, file: str, *, is_template: bool = False) -> SourceLiterals | None:
    """Those of a file by its name; None for one that does not parse, or in a language that we do not read."""
    if is_template or file.lower().endswith(_DOCUMENTS):
        return template_literals(text, file)
    return python_literals(text) if file.endswith(".py") else None


def template_literals(text: str, file: str) -> SourceLiterals | None:
    """Those of JSON or YAML; None where it is neither, or too deep or too much."""
    try:
        body, marked = mark_document(text, file)
    except InputError:
        return None
    leaves = list(secret_leaves(body))
    secrets = {id(leaf) for leaf in leaves}
    spans = ((scalar.start, scalar.end, id(scalar) in secrets) for scalar in marked)
    return SourceLiterals(by_line=literals_of_spans(text, spans), secrets=secret_texts(body, leaves))
