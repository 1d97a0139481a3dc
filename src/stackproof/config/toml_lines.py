"""The line of each key of a TOML file: `tomllib` gives values alone."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from typing import Final

__all__ = ["key_lines"]

_Path = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:\s|#[^\n]*|,)*")
_SPACE: Final = re.compile(r"[ \t]*")
_PART: Final = re.compile(r"[A-Za-z0-9_-]+|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'")
_TEXT: Final = re.compile(
    r'"""(?:\\.|(?!""").)*"""(?:"{0,2})' r"|'''(?:(?!''').)*'''(?:'{0,2})" r"|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'",
    re.DOTALL,
)
_PLAIN: Final = re.compile(r"[^,\]}#\n]*")


def key_lines(text: str) -> dict[_Path, int]:
    """The line of each key and of each element of a list, by path; for a text that `tomllib` has read."""
    scanner = _Scanner(text)
    with suppress(RecursionError):  # nested as no settings are: what is above is known, and is used instead
        scanner.document()
    return scanner.lines


class _Scanner:
    """Follows keys and brackets alone; `tomllib` has accepted the text before."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._repeated: dict[_Path, int] = {}
        self.lines: dict[_Path, int] = {}

    def document(self) -> None:
        """Read the tables in order, each with its keys."""
        table: _Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._next("[["):
                table = self._item_of(self._header(2))
            elif self._next("["):
                header = self._header(1)
                table = self._in_last_items(header)
                self.lines[table] = header[0]  # its own header says more than an earlier one of a table in it
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _header(self, brackets: int) -> tuple[int, _Path]:
        line = self._line
        self._at += brackets
        name = self._key()
        self._at += brackets
        return line, name

    def _item_of(self, header: tuple[int, _Path]) -> _Path:
        """`[[name]]` is another element of a list."""
        line, name = header
        owner = (*self._in_last_items((line, name[:-1])), name[-1])
        self._repeated[owner] = self._repeated.get(owner, -1) + 1
        self.lines.setdefault(owner, line)
        item = (*owner, self._repeated[owner])
        self.lines[item] = line
        return item

    def _in_last_items(self, header: tuple[int, _Path]) -> _Path:
        """`[name.more]` is in the last element of `[[name]]`, if there is one."""
        line, name = header
        path: _Path = ()
        for part in name:
            path = (*path, part)
            self.lines.setdefault(path, line)
            if path in self._repeated:
                path = (*path, self._repeated[path])
        return path

    def _pair(self, table: _Path) -> None:
        line = self._line
        path = table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._skip(_SPACE)
        self._at += len("=")
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> _Path:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            parts.append(_unquoted(self._skip(_PART)))
            self._skip(_SPACE)
            if not self._next("."):
                return tuple(parts)
            self._at += 1

    def _value(self, path: _Path) -> None:
        if self._next("["):
            self._list(path)
        elif self._next("{"):
            self._inline(path)
        elif self._next('"') or self._next("'"):
            self._skip(_TEXT)
        else:
            self._skip(_PLAIN)

    def _list(self, path: _Path) -> None:
        self._at += 1
        index = 0
        self._skip(_BLANK)
        while not self._next("]"):
            self.lines[*path, index] = self._line
            self._value((*path, index))
            self._skip(_BLANK)
            index += 1
        self._at += 1

    def _inline(self, path: _Path) -> None:
        self._at += 1
        self._skip(_BLANK)
        while not self._next("}"):
            self._pair(path)
            self._skip(_BLANK)
        self._at += 1

    def _next(self, word: str) -> bool:
        return self._text.startswith(word, self._at)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        passed = found.group() if found else ""
        self._at += len(passed)
        self._line += passed.count("\n")
        return passed


def _unquoted(part: str) -> str:
    return str(tomllib.loads(f"key = {part}")["key"]) if part.startswith(('"', "'")) else part
