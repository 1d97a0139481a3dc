"""What `check` does with a baseline: compare with one, write one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from stackproof.cli.errors import print_error
from stackproof.config.baseline import baseline_text
from stackproof.core.notification import Level
from stackproof.policy.baseline import baseline_of
from stackproof.policy.baseline_file import Baseline
from stackproof.policy.scan import baselined
from stackproof.policy.scan_result import ScanResult
from stackproof.reporters.file import write_file

__all__ = ["baseline_options", "compared"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def baseline_options(function: _Function) -> _Function:
    """`--baseline` and `--write-baseline`."""
    function = click.option(
        "--write-baseline",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the findings that are not waived into this file, and let them pass.",
    )(function)
    return click.option(
        "--baseline",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Fail only for findings that are not in this file.",
    )(function)


def compared(
    result: ScanResult,
    known: Baseline | None,
    baseline: Path | None,
    write_baseline: Path | None,
    *,
    not_waivable: frozenset[str],
) -> ScanResult:
    """The result against the baseline that was written now, else against the one that was given."""
    written = _written(result, write_baseline, not_waivable) if write_baseline else None
    if written is not None:
        return baselined(result, written, name=str(write_baseline), not_waivable=not_waivable)
    return result if known is None else baselined(result, known, name=str(baseline), not_waivable=not_waivable)


def _written(result: ScanResult, path: Path, not_waivable: frozenset[str]) -> Baseline | None:
    """The written baseline; None if something was not evaluated, since its findings would later count as new."""
    if any(notification.level is Level.ERROR for notification in result.notifications):
        print_error(f"{path} was not written: not everything could be evaluated")
        return None
    found = baseline_of(result.findings, not_waivable=not_waivable, shared_names=result.shared_names)

    def write(stream: IO[str]) -> None:
        stream.write(baseline_text(found))

    write_file(path, write)
    return found
