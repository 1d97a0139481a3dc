"""JSON or YAML: what the bytes of a template are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from stackproof.core.errors import InputError
from stackproof.core.json import JsonValue
from stackproof.template.loading.document import Document, MarkedText
from stackproof.template.loading.json_document import mark_json, parse_json
from stackproof.template.loading.yaml_document import mark_yaml, parse_yaml

__all__ = ["mark_document", "parse_document"]

_Parsed = TypeVar("_Parsed")
_BOM = b"\xef\xbb\xbf"


def parse_document(data: bytes, file: str) -> Document:
    """JSON or YAML as data; raises InputError with file, line and reason."""
    try:
        text = data.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: is not UTF-8 (byte 0x{data[error.start]:02x} at offset {error.start})") from error
    if not text.strip():
        raise InputError(f"{file}: is empty")
    return _parsed(text, file, parse_json, parse_yaml)


def mark_document(text: str, file: str) -> tuple[JsonValue, list[MarkedText]]:
    """What JSON or YAML holds, each scalar with its place, and all of these; raises InputError."""
    return _parsed(text, file, mark_json, mark_yaml)


def _parsed(
    text: str, file: str, by_json: Callable[[str, str], _Parsed], by_yaml: Callable[[str, str], _Parsed]
) -> _Parsed:
    if file.endswith(".json"):
        return by_json(text, file)
    if not text.lstrip().startswith(("{", "[")):
        return by_yaml(text, file)
    try:
        return by_json(text, file)
    except InputError as error:
        try:
            return by_yaml(text, file)
        except InputError:
            raise error from None
