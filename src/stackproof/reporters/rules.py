"""Where a rule is explained, by the engine it comes from: no engine hands its documentation over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from stackproof.policy.finding import Finding, RuleCount

__all__ = ["RuleNote", "documentation", "rule_notes"]

_CFN_LINT = "https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md"
_CHECKOV = "https://www.checkov.io/5.Policy%20Index/cloudformation.html"
_VALIDATE = "https://github.com/aws-cloudformation/cloudformation-validate#rules"
_CDK_API = "https://docs.aws.amazon.com/cdk/api/v2/docs/aws-construct-library.html"
_CDK_ANNOTATIONS = "https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.Annotations.html"
_LINTED = re.compile(r"^[EWI]\d{4}$")
_CHECKED = re.compile(r"^CKV2?_")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleNote:
    """What is known of a rule: the engines that have it, a sentence, a page, and its denominator."""

    rule_id: str
    engines: tuple[str, ...]
    summary: str
    uri: str | None
    looked_at: int


def _cfn_lint(rule_id: str) -> str | None:
    return f"{_CFN_LINT}#{rule_id}" if _LINTED.match(rule_id) else None


def _checkov(rule_id: str) -> str | None:
    return _CHECKOV if _CHECKED.match(rule_id) else None


def _validate(_: str) -> str | None:
    return _VALIDATE


def _cdk(rule_id: str) -> str | None:
    return _CDK_API if rule_id.startswith("cdk:deprecated-api") else _CDK_ANNOTATIONS


_PAGES: Mapping[str, Callable[[str], str | None]] = {
    "cfn-lint": _cfn_lint,
    "checkov": _checkov,
    "cloudformation-validate": _validate,
    "cdk": _cdk,
}


def documentation(engine: str, rule_id: str) -> str | None:
    """The page that explains the rule, None if there is none that we know of (a rule of the project's own)."""
    page = _PAGES.get(engine)
    return page(rule_id) if page else None


def rule_notes(findings: Iterable[Finding], counts: Iterable[RuleCount]) -> tuple[RuleNote, ...]:
    """Every rule that looked at something or found something, sorted by id."""
    engines: dict[str, set[str]] = {}
    looked: dict[str, int] = {}
    said: dict[str, set[str]] = {}
    for count in counts:
        if count.looked_at:
            engines.setdefault(count.rule_id, set()).add(count.engine)
            looked[count.rule_id] = looked.get(count.rule_id, 0) + count.looked_at
    for finding in findings:
        named = [origin for origin in finding.origins if origin.rule_id == finding.rule_id] or finding.origins
        engines.setdefault(finding.rule_id, set()).update(origin.engine for origin in named)
        said.setdefault(finding.rule_id, set()).update(origin.message for origin in named)
    return tuple(
        RuleNote(
            rule_id=rule_id,
            engines=tuple(sorted(names)),
            summary=_summary(rule_id, sorted(names), said.get(rule_id, set())),
            uri=next((uri for name in sorted(names) if (uri := documentation(name, rule_id))), None),
            looked_at=looked.get(rule_id, 0),
        )
        for rule_id, names in sorted(engines.items())
    )


def _summary(rule_id: str, engines: Sequence[str], messages: set[str]) -> str:
    """Checkov says the name of its rule with every finding; what others say is about one place alone."""
    if list(engines) == ["checkov"] and len(messages) == 1:
        return next(iter(messages))
    return f"{rule_id}, a rule of {' and '.join(engines)}"
