"""The bytes of one file as data with lines: bounded in size, depth and number of values, whatever is in them."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from stackproof.errors import InputError
from stackproof.model.json import JsonValue

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_VALUES", "Document", "parse_document", "read_bounded", "read_stream"]

MAX_BYTES = 5_000_000
"""CloudFormation takes a megabyte; the rest is for white space."""
MAX_DEPTH = 200
MAX_VALUES = 500_000

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Parsed data; `lines` maps JSON pointers (of keys and items that are not inside an intrinsic tag) to lines from 1."""

    value: JsonValue
    lines: Mapping[str, int] = field(default_factory=dict)


def read_bounded(path: Path, file: str) -> bytes:
    """The bytes of a regular file; raises InputError for anything else, and never waits on a pipe or device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise InputError(f"{file}: there is no such file") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{file}: cannot be read: {reason}") from error
    with os.fdopen(handle, "rb") as stream:
        mode = os.fstat(stream.fileno()).st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{file}: is a directory")
        if not stat.S_ISREG(mode):
            raise InputError(f"{file}: is not a regular file")
        return read_stream(stream, file)


def read_stream(stream: IO[bytes], file: str) -> bytes:
    """All bytes of a stream; raises InputError if there are too many."""
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError(f"{file}: is larger than {MAX_BYTES:,} bytes")
    return data


def parse_document(data: bytes, file: str) -> Document:
    """JSON or YAML as data; raises InputError with file, line and reason."""
    from stackproof.loading.json_document import parse_json  # noqa: PLC0415
    from stackproof.loading.yaml_document import parse_yaml  # noqa: PLC0415

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
