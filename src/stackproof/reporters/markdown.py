"""`check` as one comment on a pull request, which the next run finds by its first line and replaces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO
from urllib.parse import quote

from stackproof.core.notification import Level
from stackproof.gate.report import GateReport
from stackproof.policy.engines.table import documentation
from stackproof.policy.finding import Finding, Kind
from stackproof.policy.report import CheckReport
from stackproof.reporters.places import ReportPaths
from stackproof.reporters.standing import Standing, by_standing
from stackproof.reporters.types_table import TYPES_HEAD, type_rows, types_of
from stackproof.reporters.wording import (
    REMEDY,
    counted,
    resource_of,
    rule_ids,
    verdict_word,
    visible,
    waived_because,
)

__all__ = ["GATE_MARKER", "LONGEST", "MARKER", "MarkdownReporter", "escaped"]

MARKER = "<!-- stackproof:check -->"
GATE_MARKER = "<!-- stackproof:gate -->"
LONGEST = 65_536  # GitHub refuses a longer comment
_RESERVE = 200  # for the line that says what is left out
# What means something inside a line; what means something only at its start cannot occur there.
_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
# What would notify people or refer to issues.
_CALL = re.compile(r"@|#(?=\d)")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line of a table, and the table that it belongs to."""

    head: str
    text: str


class MarkdownReporter:
    """Implements `ports.Reporter`. With `blob_url` (".../blob/<commit>") places in the repository are links.

    With a `gate` it is that one's comment, which leads with its stages.
    """

    def __init__(
        self, places: ReportPaths | None = None, *, blob_url: str = "", gate: GateReport | None = None
    ) -> None:
        self._places = places or ReportPaths()
        self._blob_url = blob_url.rstrip("/")
        self._gate = gate

    def write(self, report: CheckReport, stream: IO[str]) -> None:
        groups = by_standing(report.findings, report.fail_level)
        head = _head(report) if self._gate is None else _gate_head(self._gate) + _figures(report)
        foot = _foot(groups)
        stream.write(head)
        stream.write(self._fitting([*_notes(report), *self._rows(report)], LONGEST - len(head) - len(foot)))
        stream.write(foot)

    def _rows(self, report: CheckReport) -> Iterator[_Row]:
        groups = by_standing(report.findings, report.fail_level)
        head = "\n| | place | rule | what |\n|---|---|---|---|\n"
        for group in (*groups[Standing.VIOLATED], *groups[Standing.OPEN]):
            word = "open" if group.kind is Kind.OPEN else group.level.value
            control = f" \\[{escaped(group.control)}\\]" if group.control else ""
            resource = f"<br>in {escaped(resource_of(group))}" if resource_of(group) else ""
            what = f"{escaped(group.message)}{control}{resource}"
            yield _Row(head=head, text=f"| {word} | {self._place(group)} | {_rules(group)} | {what} |\n")
        head = "\n| waived | rule | why |\n|---|---|---|\n"
        for group in groups[Standing.WAIVED]:
            yield _Row(
                head=head, text=f"| {self._place(group)} | {_rules(group)} | {escaped(waived_because(group))} |\n"
            )
        if self._gate is not None and self._gate.proof is not None:
            for row in type_rows(types_of(self._gate.proof)):
                cells = " | ".join(escaped(cell) for cell in row)
                yield _Row(head=f"\n{TYPES_HEAD}", text=f"| {cells} |\n")

    def _fitting(self, rows: Sequence[_Row], room: int) -> str:
        """As many rows as fit; the rest is counted, never dropped silently."""
        text, head = "", ""
        for number, row in enumerate(rows):
            more = row.text if row.head == head else row.head + row.text
            if len(text) + len(more) > room - _RESERVE:
                left = len(rows) - number
                return f"{text}\n_{counted(left, 'more line')} left out: the comment would be too long._\n"
            text, head = text + more, row.head
        return text

    def _place(self, finding: Finding) -> str:
        place = finding.location
        file = self._places.source(place)
        if file is None:
            return _code(str(place))
        name = file if place.line is None else f"{file}:{place.line}"
        if not self._blob_url or not self._places.is_file(place):
            return _code(name)
        anchor = "" if place.line is None else f"#L{place.line}"
        return f"[{_code(name)}]({self._blob_url}/{quote(file, safe='/', errors='backslashreplace')}{anchor})"


def _head(report: CheckReport) -> str:
    """The marker, the verdict, and the figures with their denominator."""
    return f"{MARKER}\n### stackproof check: {verdict_word(report.exit_code)}\n{_figures(report)}"


def _gate_head(gate: GateReport) -> str:
    """Without seconds, which differ from run to run."""
    rows = "".join(f"| {escaped(stage.name)} | {stage.outcome} | {escaped(stage.detail)} |\n" for stage in gate.stages)
    return (
        f"{GATE_MARKER}\n### stackproof gate: {verdict_word(gate.exit_code)}\n\n"
        f"| stage | outcome | detail |\n|---|---|---|\n{rows}"
    )


def _figures(report: CheckReport) -> str:
    summary = report.summary
    return (
        f"\n| rules that checked something | held | violated | waived | open |\n"
        f"|--:|--:|--:|--:|--:|\n"
        f"| {summary.total} | {summary.held} | {summary.violated} | {summary.waived} | {summary.open} |\n"
    )


def _notes(report: CheckReport) -> Iterator[_Row]:
    """What could not be evaluated comes before all findings: it outranks them."""
    for notification in report.notifications:
        if notification.level in {Level.ERROR, Level.WARNING}:
            where = (
                f"{_code(notification.file)}: "
                if notification.file and not notification.message.startswith(notification.file)
                else ""
            )
            who = f"{escaped(notification.engine)}: " if notification.engine else ""
            yield _Row(
                head="\n", text=f"- **{notification.level.value}**: {where}{who}{escaped(notification.message)}\n"
            )


def _foot(groups: Mapping[Standing, Sequence[Finding]]) -> str:
    noted, known, generated = (groups[standing] for standing in (Standing.NOTED, Standing.BASELINE, Standing.GENERATED))
    counts = [counted(len(noted), "note")] if noted else []
    if known:
        counts.append(f"{counted(len(known), 'finding')} in the baseline")
    if generated:
        counts.append(f"{counted(len(generated), 'finding')} on what CDK generates ({REMEDY})")
    return f"\nNot listed: {'; '.join(counts)}.\n" if counts else ""


def _rules(finding: Finding) -> str:
    names = []
    for rule_id in rule_ids(finding):
        engines = sorted({origin.engine for origin in finding.origins if origin.rule_id == rule_id})
        uri = next((uri for engine in engines if (uri := documentation(engine, rule_id))), None)
        names.append(f"[{escaped(rule_id)}]({uri})" if uri else escaped(rule_id))
    return ", ".join(names)


def _code(text: str) -> str:
    """As code in HTML: inside a table, nothing can escape backticks."""
    return f"<code>{escaped(text)}</code>"


def escaped(text: str) -> str:
    """On one line, with Markdown, HTML and mentions of users escaped."""
    plain = visible(" ".join(text.split()))
    plain = "".join(_HTML.get(name, name) for name in plain)
    return _CALL.sub(r"\g<0><!-- -->", _SPECIAL.sub(r"\\\1", plain))
