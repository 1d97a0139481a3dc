"""JSON Schemas that the package ships, and the first thing that a document has wrong, said in one line."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

__all__ = ["error_path", "first_error", "first_problem", "read_schema"]


def read_schema(name: str) -> dict[str, Any]:
    """A schema of the package, parsed."""
    text = resources.files("stackproof.config").joinpath("schemas", name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def first_problem(document: object, schema: str) -> ValidationError | None:
    """The problem that says most, or None if the document is as the schema says."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 60 ms that only a configured project pays
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    return best_match(Draft202012Validator(read_schema(schema)).iter_errors(document))


def first_error(document: object, schema: str) -> str | None:
    """`.engines.checkov.timeout: 'x' is not of type 'number'`, or None; an empty document is never wrong."""
    problem = first_problem(document, schema) if document else None
    return f".{error_path(problem)}: {problem.message}" if problem else None


def error_path(problem: ValidationError) -> str:
    """`waivers[1].expires`; "(the file)" for the document itself."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem.absolute_path)
    return path.lstrip(".") or "(the file)"
