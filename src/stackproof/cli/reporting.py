"""`check`'s report in every format that was asked for: what its reporters have to know of the world."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import IO

from stackproof.cli.outputs import Wanted, Write, write_wanted
from stackproof.gate.report import GateReport
from stackproof.policy.report import CheckReport
from stackproof.reporters import check_reporters
from stackproof.reporters.masking import masked_report
from stackproof.reporters.places import ReportPaths, SourceLines, repository_root
from stackproof.reporters.style import PLAIN, style_for
from stackproof.template.assembly import Assembly
from stackproof.template.secrets import secret_values

__all__ = ["check_writers", "secrets_of", "source_lines", "write_check"]

_NO_SECRETS: Callable[[], Collection[str]] = frozenset


def check_writers(
    report: CheckReport,
    root: Path,
    *,
    templates: Path | None,
    verbose: bool = False,
    gate: GateReport | None = None,
    secrets: Callable[[], Collection[str]] = _NO_SECRETS,
) -> Callable[[IO[str] | None], Mapping[str, Write]]:
    """The writers of a report about the project at `root`, for `write_wanted`.

    `templates` is the folder that the templates' names are relative to, None where they are an app's, which have a name
    and no file to show; `secrets` gives the texts that templates hold which no file shows.
    """
    masked = masked_report(report)

    def writers(stream: IO[str] | None) -> Mapping[str, Write]:
        reporters = check_reporters(
            read_line=source_lines(root, templates=templates, secrets=secrets),
            places=ReportPaths(
                repository=str(repository_root(root)),
                project=str(root),
                templates=str(templates or root),
                synthesizes=templates is None,
            ),
            style=PLAIN if stream is None else style_for(stream, os.environ),
            verbose=verbose,
            blob_url=_blob_url(os.environ),
            gate=gate,
        )
        return {
            name: lambda stream, reporter=reporter: reporter.write(masked, stream)  # type: ignore[misc]
            for name, reporter in reporters.items()
        }

    return writers


def write_check(
    wanted: Sequence[Wanted],
    report: CheckReport,
    root: Path,
    *,
    templates: Path | None,
    verbose: bool,
    secrets: Callable[[], Collection[str]] = _NO_SECRETS,
) -> None:
    """Write the report of `check` wherever it was asked for."""
    write_wanted(wanted, check_writers(report, root, templates=templates, verbose=verbose, secrets=secrets))


def source_lines(
    root: Path, *, templates: Path | None = None, secrets: Callable[[], Collection[str]] = _NO_SECRETS
) -> SourceLines:
    """The lines of a project and of templates, as they may be shown."""
    from stackproof.template.loading.source_literals import source_literals

    return SourceLines(project=root, templates=templates, read_literals=source_literals, secrets=secrets)


def secrets_of(assembly: Assembly) -> Callable[[], Collection[str]]:
    """The texts that the assembly's templates hold as secrets, looked for when the first line is shown."""
    return lambda: frozenset(text for stack in assembly.stacks for text in secret_values(stack.template))


def _blob_url(environment: Mapping[str, str]) -> str:
    """Where a workflow's commit can be read, for links in comments; "" elsewhere."""
    server, repository, commit = (environment.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "SHA"))
    return f"{server}/{repository}/blob/{commit}" if server and repository and commit else ""
