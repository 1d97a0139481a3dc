"""`check` as GitHub Actions annotations: workflow commands on standard output, beside the changed lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import IO

from stackproof.core.notification import Level, Notification
from stackproof.policy.finding import Finding
from stackproof.policy.report import CheckReport
from stackproof.reporters.places import ReportPaths
from stackproof.reporters.standing import Standing, by_standing
from stackproof.reporters.wording import counted, policy_line, resource_of, rule_ids, visible

__all__ = ["GithubReporter"]

_SHOWN = 10  # of each command in one step; GitHub drops the others without a word
_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning"}


class GithubReporter:
    """Implements `ports.Reporter`. Waived and generated findings are left out; `verbose` adds notes."""

    def __init__(self, places: ReportPaths = ReportPaths(), *, verbose: bool = False) -> None:  # noqa: B008 - a frozen value
        self._places = places
        self._verbose = verbose

    def write(self, report: CheckReport, stream: IO[str]) -> None:
        commands = [*self._notifications(report.notifications), *self._findings(report)]
        order = ("error", "warning", "notice")
        commands.sort(key=lambda command: order.index(command[0]))  # stable: within a command they stay as they are
        counts = Counter(name for name, _ in commands)
        stream.writelines(f"{line}\n" for _, line in commands)
        more = [counted(counts[name] - _SHOWN, f"more {name}") for name in order if counts[name] > _SHOWN]
        if more:
            stream.write(f"{', '.join(more)} than GitHub shows ({_SHOWN} of each in a step); all are in this log\n")
        stream.write(f"{policy_line(report)}\n")

    def _findings(self, report: CheckReport) -> Iterator[tuple[str, str]]:
        groups = by_standing(report.findings, report.fail_level)
        for group in groups[Standing.VIOLATED]:
            yield self._finding(_COMMANDS.get(group.level, "notice"), group)
        for group in groups[Standing.OPEN]:
            yield self._finding("notice", group, "could not be decided: ")
        if self._verbose:
            for group in groups[Standing.NOTED]:
                yield self._finding("notice", group)

    def _finding(self, command: str, finding: Finding, before: str = "") -> tuple[str, str]:
        where = f" (in {resource_of(finding)})" if resource_of(finding) else ""
        control = f" [{finding.control}]" if finding.control else ""
        return command, _command(
            command,
            f"{before}{finding.message}{control}{where}",
            file=self._places.source(finding.location),
            line=finding.location.line,
            title=", ".join(rule_ids(finding)),
        )

    def _notifications(self, notifications: tuple[Notification, ...]) -> Iterator[tuple[str, str]]:
        """Without a file, which GitHub may be unable to open; the message names it."""
        for notification in notifications:
            if notification.level in _COMMANDS or self._verbose:
                name = _COMMANDS.get(notification.level, "notice")
                where = (
                    f"{notification.file}: "
                    if notification.file and not notification.message.startswith(notification.file)
                    else ""
                )
                yield (
                    name,
                    _command(
                        name, f"{where}{notification.message}", title=f"stackproof {notification.engine or ''}".strip()
                    ),
                )


def _command(name: str, message: str, *, file: str | None = None, line: int | None = None, title: str) -> str:
    given = {"file": file, "line": line, "title": title}
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in given.items() if value)
    return f"::{name}{' ' if properties else ''}{properties}::{_data(message)}"


def _data(text: str) -> str:
    """Escape as the runner expects: the percent sign first, then characters that end the line."""
    return visible(text, keep="\r\n\t").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
