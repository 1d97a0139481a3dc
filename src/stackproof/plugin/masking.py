"""Masks the secrets of the app's templates in what pytest reports: its own introspection quotes any value."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Iterator
from itertools import groupby
from typing import Any, Final

import pytest

from stackproof.model.secret_values import MASK
from stackproof.plugin.fixtures import secrets_of
from stackproof.secrecy import text_without

__all__ = ["Masking", "mask_report", "text_without_pieces"]

_NOT_SHOWN: Final = frozenset({"path", "style"})
"""What a traceback's parts hold besides text: a place has to be found again."""
_TEXTS: Final = ("user_properties", "context")
_PIECE: Final = 12
_DISTINCT: Final = 5
_LEAST_OVERLAP: Final = 3
_CUT: Final = re.compile(r"(?P<before>[^\n]{0,240}?)\.\.\.(?P<after>[^\n.]{0,240})")
"""A text that was cut in the middle, as pytest's `saferepr` does."""


class Masking:
    """Masks each report before the terminal, JUnit or xdist's controller gets it.

    What a test prints without capture (`-s`, `log_cli`) does not pass here.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._hide: Callable[[str], str] | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The report of a test or subtest."""
        self._mask(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """The report of a module or folder that was collected."""
        self._mask(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """A warning, which the summary quotes."""
        message = warning_message.message
        if isinstance(message, Warning):
            message.args = _masked(message.args, self._hidden)

    def _mask(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        texts = (report.longrepr, report.sections, *(getattr(report, name, None) for name in _TEXTS))
        if any(texts):  # most tests pass and say nothing
            mask_report(report, self._hidden)

    def _hidden(self, text: str) -> str:
        """The text without secrets; what they are is known once the app's templates are loaded."""
        if self._hide is None:
            secrets = secrets_of(self._config)
            if secrets is None:
                return text
            self._hide = text_without_pieces(secrets)
        return self._hide(text)


def mask_report(report: pytest.TestReport | pytest.CollectReport, hide: Callable[[str], str]) -> None:
    """Hide what must not be shown in the report's failure, captured output, properties and parameters of a subtest."""
    report.longrepr = _masked(report.longrepr, hide)
    report.sections = [(title, hide(text)) for title, text in report.sections]
    if isinstance(report, pytest.TestReport):
        report.user_properties = [
            (name, hide(value) if isinstance(value, str) else value) for name, value in report.user_properties
        ]
    context = getattr(report, "context", None)
    if context is not None:  # a frozen value, whose texts are quoted once more where it is made anew
        object.__setattr__(context, "msg", _masked(context.msg, hide))
        object.__setattr__(context, "kwargs", {name: hide(value) for name, value in context.kwargs.items()})


def _masked(part: Any, hide: Callable[[str], str]) -> Any:  # noqa: ANN401 - pytest's failures have many shapes
    """A failure as pytest keeps it: text, a skip's place and reason, or objects that hold the lines of tracebacks."""
    if isinstance(part, str):
        return hide(part)
    if isinstance(part, tuple):
        return tuple(_masked(member, hide) for member in part)
    if isinstance(part, list):
        return [_masked(member, hide) for member in part]
    for name, value in vars(part).items() if hasattr(part, "toterminal") else ():
        if name not in _NOT_SHOWN:
            setattr(part, name, _masked(value, hide))
    return part


def text_without_pieces(secrets: Collection[str]) -> Callable[[str], str]:
    """What puts a mask in place of the secrets, also where a text has only pieces of them.

    pytest cuts a value in the middle ("hunt...er2") and folds it into lines. A piece is what `...` cuts off, from
    `_LEAST_OVERLAP` characters on, or any `_PIECE` characters in a row of a longer secret.
    """
    without = text_without(secrets)
    forms = sorted({form for secret in secrets for form in (secret, repr(secret)[1:-1])})
    known = frozenset(piece for form in forms for piece in _pieces(form))

    def hidden(text: str) -> str:
        return _CUT.sub(lambda match: _without_ends(match, forms), _without_runs(without(text), known))

    return hidden


def _without_runs(text: str, known: Collection[str]) -> str:
    """The text with a mask for each run of characters of which every piece is known."""
    if not known:
        return text
    hidden = bytearray(len(text))
    for start in range(len(text) - _PIECE + 1):
        if text[start : start + _PIECE] in known:
            hidden[start : start + _PIECE] = b"\1" * _PIECE
    runs = groupby(enumerate(text), key=lambda place: hidden[place[0]])
    return "".join(MASK if is_hidden else "".join(letter for _, letter in run) for is_hidden, run in runs)


def _pieces(secret: str) -> Iterator[str]:
    """The parts of a secret by which it is known; a row of spaces or dashes is none."""
    for start in range(len(secret) - _PIECE + 1):
        piece = secret[start : start + _PIECE]
        if len({letter for letter in piece if letter.isalnum()}) >= _DISTINCT:
            yield piece


def _without_ends(match: re.Match[str], secrets: Collection[str]) -> str:
    """Both sides of a cut without the beginning and the end of a secret."""
    before, after = match["before"], match["after"]
    head = max((_overlap(before, secret) for secret in secrets), default=0)
    tail = max((_overlap(secret, after) for secret in secrets), default=0)
    before = f"{before[: len(before) - head]}{MASK}" if head else before
    after = f"{MASK}{after[tail:]}" if tail else after
    return f"{before}...{after}"


def _overlap(left: str, right: str) -> int:
    """How many characters, if not too few, are both the end of the one and the beginning of the other."""
    longest = min(len(left), len(right))
    return next((size for size in range(longest, _LEAST_OVERLAP - 1, -1) if left.endswith(right[:size])), 0)
