"""Bytes of a file that may be anything: a pipe, a device, a folder, or gigabytes."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from stackproof.core.errors import InputError
from stackproof.template.loading.document import MAX_BYTES

__all__ = ["read_bounded", "read_stream"]


def read_bounded(path: Path, file: str) -> bytes:
    """The bytes of a regular file; raises InputError for anything else, and never waits on a pipe or device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise InputError(f"{file}: there is no such file") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{file}: cannot be read: {reason}") from error
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{file}: is a directory")
        if not stat.S_ISREG(mode):
            raise InputError(f"{file}: is not a regular file")
        with os.fdopen(handle, "rb", closefd=False) as stream:
            return read_stream(stream, file)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    finally:
        os.close(handle)


def read_stream(stream: IO[bytes], file: str) -> bytes:
    """All bytes of a stream; raises InputError if there are too many."""
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError(f"{file}: is larger than {MAX_BYTES:,} bytes")
    return data
