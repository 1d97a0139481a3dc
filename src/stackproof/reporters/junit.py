"""`check` as JUnit XML, for the page of tests that a CI server shows.

A finding that fails, is waived or is open is a separate test case, by rule and resource: servers follow cases by name
and show one message for each. A rule that held is one case, so the number of tests is the denominator. What could not
be evaluated is an error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import IO
from xml.etree import ElementTree as ET

from stackproof.core.notification import Level, Notification
from stackproof.policy.finding import Finding, RuleCount
from stackproof.policy.report import CheckReport
from stackproof.reporters.standing import Standing, by_standing, standing
from stackproof.reporters.wording import REMEDY, engines_of, resource_of, rule_ids, visible, waived_because

__all__ = ["JunitReporter"]

_CASES = frozenset({Standing.VIOLATED, Standing.WAIVED, Standing.BASELINE, Standing.OPEN})
_RUN = "run"


class JunitReporter:
    """Implements `ports.Reporter`; no times, so that the same findings are the same bytes."""

    def write(self, report: CheckReport, stream: IO[str]) -> None:
        root = ET.Element("testsuites", name="stackproof check")
        suites = [*_engine_suites(report), *_run_suite(report.notifications)]
        root.extend(suites)
        for count in ("tests", "failures", "errors"):
            root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
        ET.indent(root)
        stream.write('<?xml version="1.0" encoding="utf-8"?>\n')
        stream.write(ET.tostring(root, encoding="unicode"))
        stream.write("\n")


def _engine_suites(report: CheckReport) -> Iterator[ET.Element]:
    """A suite for each engine: first its findings, then the rules that held; the rest is its output."""
    findings = [finding for finding in report.findings if standing(finding, report.fail_level) in _CASES]
    named = {
        rule for finding in findings for rule in (*rule_ids(finding), *(origin.rule_id for origin in finding.origins))
    }
    held = [rule for rule in report.rules if rule.looked_at and rule.rule_id not in named]
    groups = by_standing(report.findings, report.fail_level)
    rest = [*groups[Standing.GENERATED], *groups[Standing.NOTED]]
    engines = {count.engine for count in held} | {_engine(finding) for finding in [*findings, *rest]}
    for engine in sorted(engines):
        own = [finding for finding in findings if _engine(finding) == engine]
        files = _files(own)
        cases = [_finding_case(finding, report, files) for finding in own]
        cases += [_held_case(count) for count in held if count.engine == engine]
        yield _suite(engine, cases, [_line(finding) for finding in rest if _engine(finding) == engine])


def _run_suite(notifications: Sequence[Notification]) -> Iterator[ET.Element]:
    """The notifications of the run. Only an error is a case, because only an error means a missing evaluation."""
    cases = []
    for notification in notifications:
        if notification.level is Level.ERROR:
            case = _case(
                _RUN,
                " ".join(part for part in (notification.engine, notification.file) if part) or notification.message,
            )
            ET.SubElement(case, "error", message=_safe(notification.message), type="not judged")
            cases.append(case)
    output = [
        f"{notification.level.value}: {notification.message}"
        for notification in notifications
        if notification.level is not Level.ERROR
    ]
    if cases or output:
        yield _suite(_RUN, cases, output)


def _suite(name: str, cases: Sequence[ET.Element], output: Sequence[str]) -> ET.Element:
    suite = ET.Element(
        "testsuite",
        name=_safe(f"stackproof.{name}"),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time="0",
    )
    suite.extend(cases)
    if output:
        ET.SubElement(suite, "system-out").text = "\n".join(_safe(line) for line in output)
    return suite


def _name(finding: Finding) -> str:
    return " ".join(part for part in (finding.rule_id, resource_of(finding)) if part)


def _files(findings: Sequence[Finding]) -> Mapping[str, frozenset[str | None]]:
    """The templates that have a case of this name."""
    found: dict[str, set[str | None]] = defaultdict(set)
    for finding in findings:
        found[_name(finding)].add(finding.location.template_file)
    return {name: frozenset(files) for name, files in found.items()}


def _finding_case(finding: Finding, report: CheckReport, files: Mapping[str, frozenset[str | None]]) -> ET.Element:
    """A case; its name has the template if several templates have that name, of which servers would show one."""
    name = _name(finding)
    case = _case(_engine(finding), f"{name} in {finding.location.template_file}" if len(files[name]) > 1 else name)
    place = standing(finding, report.fail_level)
    if place is Standing.VIOLATED:
        head = f"{finding.location}: {finding.level.value}: {finding.message}"
        ET.SubElement(case, "failure", message=_safe(head), type=_safe(finding.rule_id)).text = _safe(_line(finding))
    else:
        waived = {Standing.WAIVED: f"waived {waived_because(finding)}", Standing.BASELINE: waived_because(finding)}
        because = waived.get(place, f"open: {finding.message}")
        ET.SubElement(case, "skipped", message=_safe(f"{finding.location}: {because}"), type=place.value)
    return case


def _held_case(rule: RuleCount) -> ET.Element:
    case = _case(rule.engine, rule.rule_id)
    ET.SubElement(case, "system-out").text = f"held: it checked {rule.looked_at}"
    return case


def _case(engine: str, name: str) -> ET.Element:
    return ET.Element("testcase", classname=_safe(f"stackproof.{engine}"), name=_safe(name), time="0")


def _engine(finding: Finding) -> str:
    """The engine whose rule leads the finding."""
    named = [origin.engine for origin in finding.origins if origin.rule_id == finding.rule_id]
    return min(named or engines_of(finding))


def _line(finding: Finding) -> str:
    rules = ", ".join(rule_ids(finding))
    where = f" in {resource_of(finding)}" if resource_of(finding) else ""
    remedy = f" (generated by CDK: {REMEDY})" if finding.generated else ""
    control = f" [{finding.control}]" if finding.control else ""
    return f"{finding.location}: {finding.level.value}: {rules}: {finding.message}{control}{where}{remedy}"


def _safe(text: str) -> str:
    """The text with control characters as escapes: XML cannot contain most of them."""
    return visible(text, keep="\n\t")
