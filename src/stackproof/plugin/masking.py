"""Masks the secrets of templates in what pytest reports: its own introspection quotes any value."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any, Final

import pytest

from stackproof.core.redaction import text_without
from stackproof.core.secret_values import MASK
from stackproof.plugin.cut_texts import cut_text_without
from stackproof.plugin.stacks import templates_of
from stackproof.template.secrets import quotable_secrets

__all__ = ["Masking", "mask_report"]

_KEPT: Final = frozenset({"lineno", "path", "style"})
"""What the parts of a traceback hold besides text: a person has to find the place again."""
_TEXTS: Final = ("longrepr", "sections", "user_properties", "wasxfail", "context")
"""What a report may hold that quotes a template."""
_Mask = Callable[[str], str]


class Masking:
    """Masks each report before the terminal, JUnit or xdist's controller gets it.

    What a test prints without capture (`-s`) does not pass here.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._templates = 0
        self._in_texts: _Mask = text_without(())
        self._in_cut_texts: _Mask = cut_text_without(())

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """The log of a run, in a file (`--log-file`) or on the terminal (`log_cli`)."""
        plugin = self._config.pluginmanager.get_plugin("logging-plugin")
        for name in ("log_file_handler", "log_cli_handler"):
            handler = getattr(plugin, name, None)
            if isinstance(handler, logging.Handler) and handler.formatter is not None:
                handler.setFormatter(_MaskingFormatter(handler.formatter, self._masked_text))

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
        """A warning, which the summary quotes. The test's own object stays as it is."""
        text = str(warning_message.message)
        shown = self._masked_text(text)
        if shown != text:
            warning_message.message = shown

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """The reason of `pytest.exit`, which ends the run."""
        excinfo.value.args = _masked(excinfo.value.args, self._masked_text)

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: Any) -> None:  # noqa: ANN401 - pytest's failures have many shapes
        """An error of pytest or of a plugin."""
        self._update()
        _masked(excrepr, self._in_cut_texts)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Properties of the whole run, which JUnit keeps by itself."""
        for plugin in self._config.pluginmanager.get_plugins():
            properties = getattr(plugin, "global_properties", None)
            if isinstance(properties, list):
                properties[:] = _masked(properties, self._masked_text)

    def _mask(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not any(getattr(report, name, None) for name in _TEXTS):
            return  # most tests pass and write nothing: no template is searched for them
        self._update()
        if self._templates:
            mask_report(report, self._in_texts, self._in_cut_texts)

    def _masked_text(self, text: str) -> str:
        self._update()
        return self._in_texts(text)

    def _update(self) -> None:
        """Learn the secrets of templates that were loaded meanwhile."""
        known = templates_of(self._config)
        if len(known) != self._templates:
            secrets = frozenset[str]().union(*(quotable_secrets(template.body) for template in known.values()))
            self._templates = len(known)
            self._in_texts, self._in_cut_texts = text_without(secrets), cut_text_without(secrets)


class _MaskingFormatter(logging.Formatter):
    """A formatter whose lines are masked."""

    def __init__(self, formatter: logging.Formatter, mask: _Mask) -> None:
        super().__init__()
        self._formatter = formatter
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        return self._mask(self._formatter.format(record))


def mask_report(report: pytest.TestReport | pytest.CollectReport, in_texts: _Mask, in_cut_texts: _Mask) -> None:
    """Mask the report's failure, its captured output, its properties, and the reason and the subtest that it is about.

    pytest cuts values in failures alone. A failure that cannot be masked is not shown.
    """
    try:
        report.longrepr = _masked(report.longrepr, in_cut_texts)
    except Exception as error:  # noqa: BLE001 - whatever a plugin's failure looks like, it ends no run
        report.longrepr = f"{MASK} (this failure could not be masked: {type(error).__name__})"
    report.sections = [(title, in_texts(text)) for title, text in report.sections]
    if isinstance(report, pytest.TestReport):
        report.user_properties = _masked(report.user_properties, in_texts)
        if hasattr(report, "wasxfail"):
            report.wasxfail = in_texts(str(report.wasxfail))
    context = getattr(report, "context", None)
    if context is not None:  # a frozen value, whose texts are quoted again when it is copied
        object.__setattr__(context, "msg", _masked(context.msg, in_cut_texts))
        object.__setattr__(context, "kwargs", _masked(context.kwargs, in_cut_texts))


def _masked(part: Any, mask: _Mask) -> Any:  # noqa: ANN401 - pytest's failures have many shapes
    """Text as pytest keeps it: by itself, in collections, or in the objects that hold the lines of tracebacks."""
    if isinstance(part, str):
        return mask(part)
    if type(part) is tuple:
        return tuple(_masked(member, mask) for member in part)
    if type(part) is list:
        return [_masked(member, mask) for member in part]
    if type(part) is dict:
        return {_masked(name, mask): _masked(member, mask) for name, member in part.items()}
    if hasattr(part, "toterminal"):
        for name, value in vars(part).items():
            if name not in _KEPT:
                setattr(part, name, _masked(value, mask))
        return part
    return _masked_value(part, mask)


def _masked_value(value: Any, mask: _Mask) -> Any:  # noqa: ANN401 - a property may be anything
    """Any other value as it is, or as masked text where its text holds a secret."""
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    shown = mask(text)
    return value if shown == text else shown
