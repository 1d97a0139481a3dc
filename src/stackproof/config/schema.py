"""JSON Schemas that the package ships, and the first thing that a document has wrong, said in one line."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

__all__ = ["first_error", "first_problem", "read_schema"]


def read_schema(name: str) -> dict[str, Any]:
    """A schema of the package, parsed."""
    text = resources.files("stackproof.config").joinpath("schemas", name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def first_problem(document: object, schema: str) -> ValidationError | None:
    """The problem that says most, or None if the document is as the schema says."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 60 ms that only a configured project pays
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    found: ValidationError | None = best_match(Draft202012Validator(read_schema(schema)).iter_errors(document))
    return found


def first_error(document: object, schema: str) -> str | None:
    """`.engines.checkov.timeout: 'x' is not of type 'number'`, or None; an empty mapping is never wrong."""
    problem = None if document == {} else first_problem(document, schema)
    return f"{_shown_path(problem)}: {problem.message}" if problem else None


def _shown_path(problem: ValidationError) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem.absolute_path)
