"""Keeps the values of secrets out of reports: engines quote what a template sets, and source lines show it."""

from __future__ import annotations

import re
from dataclasses import replace

from stackproof.model.finding import Finding
from stackproof.model.report import CheckReport
from stackproof.model.secret_values import MASK, SECRET_NAME, masked_text

__all__ = ["MASK", "is_about_secrets", "masked_line", "masked_report"]

_TOKEN = re.compile(r"(?:AKIA|ASIA)[0-9A-Z]{16}")
_LITERAL = re.compile(r"""(?P<quote>["'])(?P<value>(?:\\.|(?!(?P=quote)).)*)(?P=quote)""")
# A key and its plain value, as YAML has them: `MasterUserPassword: hunter2`.
_VALUE = r"[^\s\"'!{\[&*|>].*$"
_PLAIN = re.compile(rf"^(?P<key>\s*(?:-\s+)?[\"']?\w*{SECRET_NAME.pattern}[\"']?\s*:\s+){_VALUE}", re.IGNORECASE)
# The same within a flow collection: `{DB_PASSWORD: [hunter2], …`.
_BARE = re.compile(r"(?P<before>:\s*\[?\s*)[^\s\"'\[\]{}(),!&*|>]+(?=\s*[\],}])")
_ANY_PLAIN = re.compile(rf"^(?P<key>\s*(?:-\s+)?[\"']?[\w.-]+[\"']?\s*:\s+|\s*-\s+){_VALUE}")


def is_about_secrets(finding: Finding) -> bool:
    """Whether a value at the finding's place may be a secret, by the names of the place or by what is said of it."""
    place = finding.location
    named = (place.property_path or "", place.logical_id or "")
    said = (*named, finding.message, *(each.message for each in finding.origins))
    return any(SECRET_NAME.search(each) for each in said)


def masked_line(line: str, *, everything: bool = False) -> str:
    """A source line without literals that stand behind the name of a secret; with `everything`, without any."""
    line = _ANY_PLAIN.sub(_masked_plain, _LITERAL.sub(_masked_within, _TOKEN.sub(MASK, line)))
    if everything:
        return _ANY_PLAIN.sub(rf"\g<key>{MASK}", _LITERAL.sub(_masked, line))
    name = SECRET_NAME.search(line)
    if name is None:
        return line
    # The quote that closes a quoted key opens no literal.
    end = name.end() + (line[name.end() : name.end() + 1] in {'"', "'"})
    masked = _BARE.sub(rf"\g<before>{MASK}", _LITERAL.sub(_masked, line[end:]))
    return _PLAIN.sub(rf"\g<key>{MASK}", line[:end] + masked)


def masked_report(report: CheckReport) -> CheckReport:
    """The report without what its messages quote of properties that hold secrets."""
    return replace(report, findings=tuple(_masked_finding(each) for each in report.findings))


def _masked_finding(finding: Finding) -> Finding:
    return finding.reworded(lambda message: _masked_message(message, finding))


def _masked_message(message: str, finding: Finding) -> str:
    message = _LITERAL.sub(_masked_within, _TOKEN.sub(MASK, masked_text(message)))
    place = finding.location
    if SECRET_NAME.search(place.property_path or "") is None:
        return message
    names = {*(place.property_path or "").split("/"), place.logical_id, place.resource_type}
    return _LITERAL.sub(lambda match: match[0] if match["value"] in names else _masked(match), message)


def _masked(match: re.Match[str]) -> str:
    return f"{match['quote']}{MASK}{match['quote']}" if match["value"] else match[0]


def _masked_within(match: re.Match[str]) -> str:
    """What is quoted without what its text betrays: a connection string, JSON, the query of a URL."""
    return f"{match['quote']}{masked_text(match['value'])}{match['quote']}"


def _masked_plain(match: re.Match[str]) -> str:
    """The same for a plain value of YAML."""
    return f"{match['key']}{masked_text(match[0].removeprefix(match['key']))}"
