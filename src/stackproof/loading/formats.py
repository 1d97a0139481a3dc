"""JSON or YAML: what the bytes of a template are."""

from __future__ import annotations

from stackproof.errors import InputError
from stackproof.loading.document import Document
from stackproof.loading.json_document import parse_json
from stackproof.loading.yaml_document import parse_yaml

__all__ = ["parse_document"]

_BOM = b"\xef\xbb\xbf"


def parse_document(data: bytes, file: str) -> Document:
    """JSON or YAML as data; raises InputError with file, line and reason."""
    try:
        text = data.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: is not UTF-8 (byte 0x{data[error.start]:02x} at offset {error.start})") from error
    if not text.strip():
        raise InputError(f"{file}: is empty")
    if file.endswith(".json"):
        return parse_json(text, file)
    if not text.lstrip().startswith(("{", "[")):
        return parse_yaml(text, file)
    try:
        return parse_json(text, file)
    except InputError as error:
        try:
            return parse_yaml(text, file)
        except InputError:
            raise error from None
