"""Keeps the values of secrets out of reports: engines quote what a template sets, and source lines show it."""

from __future__ import annotations

import re
from dataclasses import replace

from stackproof.model.finding import Finding
from stackproof.model.report import CheckReport
from stackproof.model.secret_values import MASK, NAME_IN_TEXT, SECRET_NAME, is_secret_name, masked_text
from stackproof.model.source_literal import Literal
from stackproof.secrecy import ACCESS_KEY, LITERAL, masked_finding

__all__ = ["MASK", "is_about_secrets", "line_without_literals", "masked_line", "masked_report"]

# A key and its plain value, as YAML has them: `MasterUserPassword: hunter2`.
_VALUE = r"[^\s\"'!{\[&*|>].*$"
_PLAIN = re.compile(rf"^(?P<key>\s*(?:-\s+)?[\"']?[\w.-]{{0,64}}?{NAME_IN_TEXT}[\"']?\s*:\s+){_VALUE}", re.IGNORECASE)
# The same within a flow collection: `{DB_PASSWORD: [hunter2], …`.
_BARE = re.compile(r"(?P<before>:\s*\[?\s*)[^\s\"'\[\]{}(),!&*|>]+(?=\s*[\],}])")
_ANY_PLAIN = re.compile(rf"^(?P<key>\s*(?:-\s+)?[\"']?[\w.-]+[\"']?\s*:\s+|\s*-\s+){_VALUE}")
# One pair among others, wherever it is: `Username: admin, DB_PASS: hunter2}`, `DB_PASS=hunter2`.
_PAIR = re.compile(
    rf"(?P<key>{NAME_IN_TEXT}[\"']?(?:\s{{0,8}}:\s{{1,8}}|\s{{0,8}}=>?\s{{0,8}}))[^\s\"'`!{{\[(&*|>,}}\])][^\s,}}\])]*",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"{SECRET_NAME.pattern}|{NAME_IN_TEXT}", re.IGNORECASE)
# The value in a pair whose name may come behind it: `{ value: 'hunter2', name: 'DB_PASS' }`.
_VALUE_OF_PAIR = re.compile(r"(?P<before>value[\"']?\s*[:=]\s*[\"'`])[^\"'`]+", re.IGNORECASE)
# The words of a line, and how those go on that are keys, or code that calls something.
_WORD = re.compile(
    r"!(?:Ref|GetAtt|Condition)\s+[\w.:]+|[^\s(){}\[\],;:=\"']+(?P<key>\s*(?::(?=\s|$)|=(?!=|\s*$)|\())?"
)
_STRUCTURE = re.compile(r"![\w:.]+(?:\s.*)?|[-|>+&*!#/.]+|new|const|let|var|return|await|this|self", re.DOTALL)
# As other languages have it; the last one of a line may go on below.
_ANY_LITERAL = re.compile(r"""(?P<quote>["'`])(?P<value>(?:\\.|(?!(?P=quote)).)*)(?P=quote)""")
_UNCLOSED = re.compile(r"""(?P<before>[:=(,\[]\s*["'`])[^"'`]+$""")
_COMMENT = re.compile(r"(?P<before>(?:^|\s)#\s?).*$")
# What a name refers to is another name, not a value.
_REFERENCE = re.compile(r"(?:!(?:Ref|GetAtt|Condition)\s+|[\"']?(?:Ref|Fn::GetAtt)[\"']?\s*:\s*)[\"']?$")


def is_about_secrets(finding: Finding) -> bool:
    """Whether a value at the finding's place may be a secret, by the names of the place or by what is said of it."""
    place = finding.location
    named = (place.property_path or "", place.logical_id or "")
    said = (*named, finding.message, *(each.message for each in finding.origins))
    return any(SECRET_NAME.search(each) for each in said)


def line_without_literals(line: str, literals: tuple[Literal, ...], *, everything: bool = False) -> str:
    """A source line without those of its literals that may be secrets; with `everything`, without any.

    What the others betray goes as well, and what a comment betrays.
    """
    shown: list[str] = []
    end = 0
    for literal in literals:
        shown += [line[end : literal.start], _shown(line, literal, everything=everything)]
        end = literal.end
    shown.append(_COMMENT.sub(lambda match: _masked_comment(match, everything=everything), line[end:]))
    return ACCESS_KEY.sub(MASK, "".join(shown))


def masked_line(line: str, *, everything: bool = False) -> str:
    """The same by guessing at one line of a file that nobody can read: literals behind the name of a secret."""
    line = _ANY_PLAIN.sub(_masked_plain, LITERAL.sub(_masked_within, ACCESS_KEY.sub(MASK, line)))
    if everything:
        return _masked_whole(line)
    line = _PAIR.sub(rf"\g<key>{MASK}", line)
    quoted = next((literal for literal in _ANY_LITERAL.finditer(line) if is_secret_name(literal["value"])), None)
    if quoted is not None:
        line = _VALUE_OF_PAIR.sub(rf"\g<before>{MASK}", line)
    name = _NAMED.search(line)
    ends = [match.end() for match in (name, quoted) if match is not None]
    if not ends:
        return line
    # The quote that closes a quoted key opens no literal.
    end = min(ends) + (line[min(ends) : min(ends) + 1] in {'"', "'"})
    masked = _UNCLOSED.sub(rf"\g<before>{MASK}", _ANY_LITERAL.sub(_masked, line[end:]))
    masked = _BARE.sub(rf"\g<before>{MASK}", masked)
    return _PLAIN.sub(rf"\g<key>{MASK}", line[:end] + masked)


def masked_report(report: CheckReport) -> CheckReport:
    """The report without what its messages quote of properties that hold secrets."""
    return replace(report, findings=tuple(masked_finding(finding) for finding in report.findings))


def _shown(line: str, literal: Literal, *, everything: bool) -> str:
    text = line[literal.start : literal.end]
    if literal.is_secret or (everything and not _REFERENCE.search(line[: literal.start])):
        return _masked_part(text)
    return masked_text(text)


def _masked_part(text: str) -> str:
    """What one line has of a value, with the quotes that it begins or ends with: Python joins texts side by side."""
    value = text.strip("\"'")
    before, _, after = text.partition(value) if value else (text, "", "")
    return f"{before}{MASK}{after}" if value else text


def _masked_comment(match: re.Match[str], *, everything: bool) -> str:
    return f"{match['before']}{MASK}" if everything else masked_line(match[0])


def _masked_whole(line: str) -> str:
    """A line without any value: what stays are its keys, and code without its literals."""

    def masked_word(match: re.Match[str]) -> str:
        return match[0] if match["key"] or _STRUCTURE.fullmatch(match[0]) else MASK

    return _WORD.sub(masked_word, _UNCLOSED.sub(rf"\g<before>{MASK}", _ANY_LITERAL.sub(_masked, line)))


def _masked(match: re.Match[str]) -> str:
    return f"{match['quote']}{MASK}{match['quote']}" if match["value"] else match[0]


def _masked_within(match: re.Match[str]) -> str:
    """What is quoted without what its text betrays: a connection string, JSON, the query of a URL."""
    return f"{match['quote']}{masked_text(match['value'])}{match['quote']}"


def _masked_plain(match: re.Match[str]) -> str:
    """The same for a plain value of YAML."""
    return f"{match['key']}{masked_text(match[0].removeprefix(match['key']))}"
