"""`check` as SARIF 2.1.0, for code scanning; the only module with SARIF's object model.

One run with one driver, whose rules are those of every engine: GitHub names its alerts after the driver, looks rules up
there, and a finding that several engines agree on has one rule. A rule's tags name its engines.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import IO
from urllib.parse import quote

from stackproof import __version__
from stackproof.core.json import JsonValue
from stackproof.core.notification import Level, Notification
from stackproof.policy.finding import Finding, Kind, SuppressionKind
from stackproof.policy.report import CheckReport
from stackproof.reporters.places import ReportPaths
from stackproof.reporters.rules import RuleNote, rule_notes
from stackproof.reporters.wording import REMEDY, engines_of, resource_of, rule_ids, waived_because
from stackproof.template.location import Location

__all__ = ["SarifReporter"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/stackproof/stackproof"
_SOURCE_ROOT = "%SRCROOT%"
_LONGEST = 1024  # GitHub cuts descriptions there


class SarifReporter:
    """Implements `ports.Reporter`; `places` names files from the repository's root on."""

    def __init__(self, places: ReportPaths = ReportPaths()) -> None:  # noqa: B008 - a frozen value
        self._places = places

    def write(self, report: CheckReport, stream: IO[str]) -> None:
        log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [self._run(report)]}
        json.dump(log, stream, indent=2, sort_keys=True, ensure_ascii=False)
        stream.write("\n")

    def _run(self, report: CheckReport) -> dict[str, JsonValue]:
        rules = rule_notes(report.findings, report.rules)
        index = {rule.rule_id: number for number, rule in enumerate(rules)}
        seen: Counter[str] = Counter()
        results: list[JsonValue] = []
        for finding in report.findings:
            seen[finding.fingerprint] += 1
            results.append(self._result(finding, index[finding.rule_id], seen[finding.fingerprint]))
        return {
            "tool": {
                "driver": {
                    "name": "stackproof",
                    "version": __version__,
                    "semanticVersion": __version__,
                    "informationUri": _HOME,
                    "rules": [_rule(rule) for rule in rules],
                }
            },
            # Where the root lies is for the reader to say: a path of this machine would help no other.
            "originalUriBaseIds": {_SOURCE_ROOT: {"description": {"text": "The root of the repository."}}},
            "columnKind": "unicodeCodePoints",
            "invocations": [self._invocation(report)],
            "results": results,
            "properties": {"policy": report.summary.to_dict(), "inputs": list(report.inputs)},
        }

    def _invocation(self, report: CheckReport) -> JsonValue:
        return {
            "executionSuccessful": all(notification.level is not Level.ERROR for notification in report.notifications),
            "exitCode": report.exit_code,
            "toolExecutionNotifications": [self._notification(notification) for notification in report.notifications],
        }

    def _notification(self, notification: Notification) -> JsonValue:
        row: dict[str, JsonValue] = {
            "level": notification.level.value,
            "message": {"text": notification.message or "(no message)"},
        }
        if notification.engine:
            row["properties"] = {"engine": notification.engine}
        template = self._places.template(Location(template_file=notification.file))
        if template is not None:
            row["locations"] = [_physical(template, None)]
        return row

    def _result(self, finding: Finding, rule_index: int, occurrence: int) -> JsonValue:
        place = finding.location
        result: dict[str, JsonValue] = {
            "ruleId": finding.rule_id,
            "ruleIndex": rule_index,
            "kind": finding.kind.value,
            "level": _level(finding),
            "message": {"text": _message(finding)},
            "locations": [self._location(place)],
            "partialFingerprints": {
                # The one name that GitHub reads. Ours stays when lines move, and distinguishes resources of one line.
                "primaryLocationLineHash": f"{finding.fingerprint}:{occurrence}",
                "stackproof/v1": finding.fingerprint,
            },
            # Empty means not suppressed; absent would mean that nobody knows.
            "suppressions": _suppressions(finding),
            "properties": _properties(finding),
        }
        source, template = self._places.source(place), self._places.template(place)
        if template is not None and (template, place.template_line) != (source, place.line):
            result["relatedLocations"] = [{"id": 1, **_physical(template, place.template_line, text="In the template")}]
        return result

    def _location(self, place: Location) -> JsonValue:
        source = self._places.source(place)
        # GitHub needs a line: a finding about a whole file gets its first line.
        physical = _physical(source, place.line or 1) if source is not None else {}
        name = place.construct_path or place.logical_id
        if not name:
            return physical
        logical: dict[str, JsonValue] = {"fullyQualifiedName": name, "kind": "resource"}
        if place.logical_id:
            logical["name"] = place.logical_id
        return {**physical, "logicalLocations": [logical]}


def _rule(rule: RuleNote) -> JsonValue:
    summary = _cut(rule.summary)
    more = f" See {rule.uri}" if rule.uri else ""
    described: dict[str, JsonValue] = {
        "id": rule.rule_id,
        "name": f"{rule.rule_id} ({', '.join(rule.engines)})",
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": f"{summary}.{more}"},
        "properties": {"tags": list(rule.engines), "lookedAt": rule.looked_at},
    }
    if rule.uri:
        described["helpUri"] = rule.uri
    return described


def _level(finding: Finding) -> str:
    """The level of a failing finding. A generated finding is a note, so that a tool that reads levels does not fail."""
    if finding.kind is not Kind.FAIL:
        return Level.NONE.value
    if finding.generated or finding.level is Level.NONE:
        return Level.NOTE.value
    return finding.level.value


def _message(finding: Finding) -> str:
    """The message, with all that distinguishes the findings of one line."""
    rules = ", ".join(rule_ids(finding)[1:])
    parts = [
        "could not be decided: " if finding.kind is Kind.OPEN else "",
        finding.message,
        f" (in {resource_of(finding)})" if resource_of(finding) else "",
        f" [{finding.control}]" if finding.control else "",
        f" Also: {rules}." if rules else "",
        f" Generated by CDK: {REMEDY}." if finding.generated else "",
    ]
    return "".join(parts) or finding.rule_id


def _suppressions(finding: Finding) -> JsonValue:
    trace = finding.suppression
    if trace is None:
        return []
    in_source = trace.kind is SuppressionKind.IN_SOURCE
    kind = "inSource" if in_source else "external"  # SARIF has no word for what was there before
    return [{"kind": kind, "status": "accepted", "justification": waived_because(finding)}]


def _properties(finding: Finding) -> dict[str, JsonValue]:
    place = finding.location
    known: dict[str, JsonValue] = {
        "control": finding.control,
        "propertyPath": place.property_path,
        "resourceType": place.resource_type,
        "stackName": place.stack_name,
    }
    return {
        "engines": list(engines_of(finding)),
        "engineLevel": finding.level.value,
        "generated": finding.generated,
        "rules": list(rule_ids(finding)),
        **{name: value for name, value in known.items() if value},
    }


def _physical(file: str, line: int | None, *, text: str = "") -> dict[str, JsonValue]:
    physical: dict[str, JsonValue] = {"artifactLocation": _artifact(file)}
    if line is not None and line > 0:
        physical["region"] = {"startLine": line}
    message: dict[str, JsonValue] = {"message": {"text": text}} if text else {}
    return {"physicalLocation": physical, **message}


def _artifact(file: str) -> JsonValue:
    """A URI relative to the root; a file outside of the root keeps its whole path."""
    uri = quote(file, safe="/", errors="backslashreplace")
    if file.startswith("/"):
        return {"uri": f"file://{uri}"}
    return {"uri": uri, "uriBaseId": _SOURCE_ROOT}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
