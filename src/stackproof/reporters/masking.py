"""Masks secrets in reports: engines quote the values of a template, and source lines show them."""

from __future__ import annotations

import re
from dataclasses import replace

from stackproof.core.redaction import LITERAL
from stackproof.core.secret_values import (
    MASK,
    NAME_IN_TEXT,
    PASS_AS_WORD,
    SECRET_NAME,
    is_measure,
    is_secret_name,
    masked_text,
)
from stackproof.policy.finding import Finding
from stackproof.policy.redaction import masked_finding
from stackproof.policy.report import CheckReport
from stackproof.template.loading.source_literal import Literal
from stackproof.template.secrets import ACCESS_KEY

__all__ = ["LONGEST_LINE", "MASK", "is_about_secrets", "line_without_literals", "masked_line", "masked_report"]

LONGEST_LINE = 4_096
"""The number of characters of a line that are masked and shown; terminals show far fewer."""
# Where a value may begin or end: a line is cut there, so that no beginning of a secret is left.
_DELIMITERS = " \t\"'`,;{}[]()"
# A key and its plain value, as YAML has them: `MasterUserPassword: hunter2`.
_VALUE = r"[^\s\"'!{\[&*|>].*$"
_PLAIN = re.compile(rf"^(?P<key>\s*(?:-\s+)?[\"']?[\w.-]{{0,64}}?{NAME_IN_TEXT}[\"']?\s*:\s+){_VALUE}", re.IGNORECASE)
# The same within a flow collection: `{DB_PASSWORD: [hunter2], …`.
_BARE = re.compile(r"(?P<before>:\s{0,8}(?:\[\s{0,8})?)[^\s\"'\[\]{}(),!&*|>]+(?=\s*[\],}])")
_ANY_PLAIN = re.compile(rf"^(?P<key>\s*(?:-\s+)?[\"']?[\w.-]+[\"']?\s*:\s+|\s*-\s+){_VALUE}")
# One pair among others, wherever it is: `Username: admin, DB_PASS: hunter2}`, `DB_PASS=hunter2`.
_PAIR = re.compile(
    rf"(?P<key>{NAME_IN_TEXT}[\"']?(?:\s{{0,8}}:\s{{1,8}}|\s{{0,8}}=>?\s{{0,8}}))[^\s\"'`!{{\[(&*|>,}}\])][^\s,}}\])]*",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"{PASS_AS_WORD}|{SECRET_NAME.pattern}|{NAME_IN_TEXT}", re.IGNORECASE)
# The value in a pair whose name may come behind it: `{ value: 'hunter2', name: 'DB_PASS' }`.
_VALUE_OF_PAIR = re.compile(r"(?P<before>value[\"']?\s*[:=]\s*[\"'`])[^\"'`]+", re.IGNORECASE)
# The words of a line, and how those go on that are keys, or code that calls something.
_WORD = re.compile(
    r"!(?:Ref|GetAtt|Condition)\s+[\w.:]+|[^\s(){}\[\],;:=\"']+(?P<key>\s*(?::(?=\s|$)|=(?!=|\s*$)|\())?"
)
_STRUCTURE = re.compile(r"![\w:.]+(?:\s.*)?|[-|>+&*!#/.]+|new|const|let|var|return|await|this|self", re.DOTALL)
# A text in quotes as other languages write it; the last of a line may go on in the next line.
_ANY_LITERAL = re.compile(r"""(?P<quote>["'`])(?P<value>(?:\\.|(?!(?P=quote))[^\\\n])*\\?)(?P=quote)""")
_UNCLOSED = re.compile(r"""(?P<before>[:=(,\[]\s*["'`])[^"'`]+$""")
_COMMENT = re.compile(r"(?P<before>(?:^|\s)#\s?).*$")
# A reference holds the name of a value, not the value.
_REFERENCE = re.compile(r"(?:!(?:Ref|GetAtt|Condition)\s+|[\"']?(?:Ref|Fn::GetAtt)[\"']?\s*:\s*)[\"']?$")


def is_about_secrets(finding: Finding) -> bool:
    """Whether the value at the finding's place may be a secret, by the names of the place or by its messages."""
    place = finding.location
    names = ((place.property_path or "").replace("/", " "), place.logical_id or "")
    messages = (finding.message, *(origin.message for origin in finding.origins))
    is_named = any(is_secret_name(name) for text in names for name in text.split())
    return is_named or any(SECRET_NAME.search(message) for message in messages)


def line_without_literals(line: str, literals: tuple[Literal, ...], *, everything: bool = False) -> str:
    """A source line without those of its literals that may be secrets; with `everything`, without any literal.

    Secrets within other literals and in a comment are masked, too.
    """
    shown: list[str] = []
    end = 0
    for literal in literals:
        if literal.end > LONGEST_LINE:
            break
        shown += [line[end : literal.start], _shown(line, literal, everything=everything)]
        end = literal.end
    else:
        rest = line[end:] if len(line) <= LONGEST_LINE else _cut(line[end:LONGEST_LINE])
        shown.append(_COMMENT.sub(lambda match: _masked_comment(match, everything=everything), rest))
        return ACCESS_KEY.sub(MASK, "".join(shown))
    shown += [line[end : min(literal.start, LONGEST_LINE)], MASK]
    return ACCESS_KEY.sub(MASK, "".join(shown))


def masked_line(line: str, *, everything: bool = False, is_code: bool = True) -> str:
    """A line of a file that does not parse, without the literals behind the name of a secret.

    With `everything`, only keys stay, and in code the names of variables that are set and of functions.
    """
    if len(line) > LONGEST_LINE:
        line = _cut(line[:LONGEST_LINE])
    line = _ANY_PLAIN.sub(_masked_plain, LITERAL.sub(_masked_within, ACCESS_KEY.sub(MASK, line)))
    if everything:
        return _masked_whole(line, is_code=is_code)
    line = _PAIR.sub(rf"\g<key>{MASK}", line)
    quoted = next((literal for literal in _ANY_LITERAL.finditer(line) if is_secret_name(literal["value"])), None)
    if quoted is not None:
        line = _VALUE_OF_PAIR.sub(rf"\g<before>{MASK}", line)
    name = next((match for match in _NAMED.finditer(line) if not is_measure(match[0])), None)
    ends = [match.end() for match in (name, quoted) if match is not None]
    if not ends:
        return line
    # The quote that closes a quoted key does not open a literal.
    end = min(ends) + (line[min(ends) : min(ends) + 1] in {'"', "'"})
    masked = _UNCLOSED.sub(rf"\g<before>{MASK}", _ANY_LITERAL.sub(_masked, line[end:]))
    masked = _BARE.sub(rf"\g<before>{MASK}", masked)
    return _PLAIN.sub(rf"\g<key>{MASK}", line[:end] + masked)


def _cut(line: str) -> str:
    """The beginning of a longer line, without the word that was cut."""
    return line[: max(line.rfind(delimiter) for delimiter in _DELIMITERS) + 1]


def masked_report(report: CheckReport) -> CheckReport:
    """The report without secrets in its messages."""
    return replace(report, findings=tuple(masked_finding(finding) for finding in report.findings))


def _shown(line: str, literal: Literal, *, everything: bool) -> str:
    text = line[literal.start : literal.end]
    if literal.is_secret or (everything and not _REFERENCE.search(line[: literal.start])):
        return _masked_part(text)
    return masked_text(text)


def _masked_part(text: str) -> str:
    """A mask for the part of a value in one line; quotes around the part stay, as Python joins texts side by side."""
    value = text.strip("\"'")
    before, _, after = text.partition(value) if value else (text, "", "")
    return f"{before}{MASK}{after}" if value else text


def _masked_comment(match: re.Match[str], *, everything: bool) -> str:
    return f"{match['before']}{MASK}" if everything else masked_line(match[0])


def _masked_whole(line: str, *, is_code: bool) -> str:
    """A line without any value: its keys stay, and code without its literals."""

    def masked_word(match: re.Match[str]) -> str:
        name = match["key"]
        if name is None:
            return match[0] if _STRUCTURE.fullmatch(match[0]) else MASK
        return match[0] if is_code or ":" in name else f"{MASK}{name}"

    return _WORD.sub(masked_word, _UNCLOSED.sub(rf"\g<before>{MASK}", _ANY_LITERAL.sub(_masked, line)))


def _masked(match: re.Match[str]) -> str:
    return f"{match['quote']}{MASK}{match['quote']}" if match["value"] else match[0]


def _masked_within(match: re.Match[str]) -> str:
    """A quoted text without the secrets within it, as in a connection string, JSON or the query of a URL."""
    return f"{match['quote']}{masked_text(match['value'])}{match['quote']}"


def _masked_plain(match: re.Match[str]) -> str:
    """The same for a plain value of YAML."""
    return f"{match['key']}{masked_text(match[0].removeprefix(match['key']))}"
