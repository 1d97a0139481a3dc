"""Masks the secrets of the app's templates in what pytest reports: its own introspection quotes any value."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

from stackproof.plugin.fixtures import secrets_of
from stackproof.secrecy import without_pieces

__all__ = ["Masking", "mask_report"]

_NOT_SHOWN = frozenset({"path", "style"})
"""What a traceback's parts hold besides text: a place has to be found again."""


class Masking:
    """Masks each report before the terminal, JUnit or xdist's controller gets it.

    What a test prints without capture (`-s`, `log_cli`) does not pass here.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

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
        secrets, message = secrets_of(self._config), warning_message.message
        if secrets and isinstance(message, Warning):
            message.args = _masked(message.args, lambda text: without_pieces(text, secrets))

    def _mask(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        secrets = secrets_of(self._config)
        if secrets:
            mask_report(report, lambda text: without_pieces(text, secrets))


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
    if isinstance(part, list | tuple):
        return type(part)(_masked(member, hide) for member in part)
    for name, value in vars(part).items() if hasattr(part, "toterminal") else ():
        if name not in _NOT_SHOWN:
            setattr(part, name, _masked(value, hide))
    return part
