"""Masks secrets in what engines report: findings and notifications."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from stackproof.core.json_pointer import steps
from stackproof.core.redaction import LITERAL, TextMask, text_without
from stackproof.core.secret_values import MASK, covered, is_measure, is_secret_name, masked_text
from stackproof.policy.finding import EngineAnswer, Finding
from stackproof.template.location import Location
from stackproof.template.secrets import ACCESS_KEY

__all__ = ["answer_without", "masked_finding"]


def answer_without(answer: EngineAnswer, secrets: Collection[str]) -> EngineAnswer:
    """The answer with a mask for each of the secrets, and for each secret that a message shows by its form."""
    without = text_without(secrets)
    findings = tuple(_finding_without(finding, without) for finding in answer.findings)
    notifications = tuple(
        replace(notification, message=_masked_literals(without(notification.message), masked_text))
        for notification in answer.notifications
    )
    if (findings, notifications) == (answer.findings, answer.notifications):
        return answer
    return replace(answer, findings=tuple(sorted(findings, key=Finding.sort_key)), notifications=notifications)


def _finding_without(finding: Finding, without: TextMask) -> Finding:
    names = _names_of(finding.location)
    return masked_finding(finding.reworded(lambda message: without(message, keep=names)))


def masked_finding(finding: Finding) -> Finding:
    """The finding without values of secrets in its messages; the names of its location stay.

    At a property that holds a secret, everything that a message quotes is masked.
    """
    names = _names_of(finding.location)
    is_secret = _is_named_path(finding.location.property_path or "")

    def reworded(message: str) -> str:
        message = _masked_literals(_masked_beside_names(message, names), lambda text: _masked_beside_names(text, names))
        if not is_secret:
            return message
        return LITERAL.sub(
            lambda match: match[0] if _is_path_of(match["value"], names) else _masked_literal(match), message
        )

    return finding.reworded(reworded)


def _is_named_path(path: str) -> bool:
    """Whether a step of the path is the name of a secret; below a measure, such as TokenValidityUnits, none is."""
    names = steps(path)
    return any(is_secret_name(name) for name in names) and not any(is_measure(name) for name in names)


def _names_of(place: Location) -> frozenset[str]:
    """The names of a finding's own place, which its messages may always show; an index is too often a value."""
    on_the_way = [step for step in steps(place.property_path or "") if not step.isdecimal()]
    file = place.template_file or ""
    names = (place.logical_id, place.resource_type, file, posixpath.basename(file), *on_the_way, *_SECTIONS)
    return frozenset(name for name in names if name)


_SECTIONS: Final = ("Resources", "Properties")
"""The first and the third step of the path to a property."""

_INDEX: Final = re.compile(r"\d{1,3}")


def _is_path_of(text: str, names: Collection[str]) -> bool:
    """Whether a text is one of the names, or a path of them with indices."""
    words = text.strip("/").split("/")
    return any(word in names for word in words) and all(word in names or _INDEX.fullmatch(word) for word in words)


def _masked_beside_names(text: str, names: Collection[str]) -> str:
    """The text without secrets within it; a name behind the name of a secret is not its value."""
    shown = masked_text(text)
    if shown == text or not any(name in text for name in names):
        return shown
    return str(covered(text, lambda word: word if str(word).strip(".:;,()[]") in names else MASK))


def _masked_literals(message: str, masked_value: Callable[[str], str]) -> str:
    """A message without access keys, and without the secrets within its quoted texts, such as a connection string."""
    return LITERAL.sub(
        lambda match: f"{match['quote']}{masked_value(match['value'])}{match['quote']}", ACCESS_KEY.sub(MASK, message)
    )


def _masked_literal(match: re.Match[str]) -> str:
    return f"{match['quote']}{MASK}{match['quote']}" if match["value"] else match[0]
