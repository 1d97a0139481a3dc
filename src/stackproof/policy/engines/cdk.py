"""CDK's reports during synthesis as findings: annotations, validation plugins, and deprecated APIs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from stackproof.core.json import JsonValue, canonical
from stackproof.core.notification import Level, Notification
from stackproof.policy.engines.code import code_digest
from stackproof.policy.finding import EngineAnswer, Finding, Kind, Origin, RuleCount
from stackproof.template.assembly import Annotation, Assembly, Deprecation, Violation
from stackproof.template.location import Location
from stackproof.template.template import Template

__all__ = ["CdkEngine"]

_NAME = "cdk"
_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING, "info": Level.NOTE}
_ACKNOWLEDGEABLE = re.compile(r"\s*\[ack: (?P<rule_id>[^\]]+)\]\s*$")
# The packs that cdk-nag ships. Version 2 annotates constructs, version 3 is a validation plugin.
_NAG_RULE = r"(?:AwsSolutions|HIPAA\.Security|NIST\.800\.53\.R[45]|PCI\.DSS\.321|Serverless)-\w+(?:\[.*\])?"
_NAG = re.compile(rf"(?P<rule_id>{_NAG_RULE}): ", re.DOTALL)
_IS_NAG = re.compile(_NAG_RULE, re.DOTALL)
# The plugin that is built into CDK: its rules are those of our engine of that name.
_BUILT_IN = "CloudFormation Validate"
# How cdk-nag reports that a rule of it broke, in versions 2 and 3.
_BROKEN = re.compile(r"CdkNagValidationFailure\b|.*\bthrew an error during validation\b", re.DOTALL)
_ANNOTATION_RULES = tuple(f"cdk:annotation-{level}" for level in sorted(_LEVELS))
_DEPRECATED = "cdk:deprecated-api"


_Place: TypeAlias = tuple[str, str]


def _place(template: Template) -> _Place:
    return template.file, template.stack_name or ""


class CdkEngine:
    """Implements `ports.PolicyEngine` over assemblies that are already there; it has no process."""

    name = _NAME

    def __init__(self, *assemblies: Assembly) -> None:
        self._annotations: dict[_Place, tuple[Annotation, ...]] = {}
        for stack in (stack for assembly in assemblies for stack in assembly.stacks):
            place = _place(stack.template)  # two stacks may have one template
            self._annotations[place] = (*self._annotations.get(place, ()), *stack.annotations)
        self._violations = tuple(violation for assembly in assemblies for violation in assembly.violations)
        # What belongs to the app stands with its first stack.
        self._apps = {assembly.stacks[0].template.file: assembly for assembly in assemblies}

    @property
    def identity(self) -> str:
        apps: list[JsonValue] = [
            [
                file,
                app.key is not None,
                [repr(deprecation) for deprecation in app.deprecations],
                list(app.not_validated),
            ]
            for file, app in sorted(self._apps.items())
        ]
        return f"{_NAME} {code_digest()} {canonical(apps)} {self._annotations!r} {self._violations!r}"

    def start(self) -> None:
        """Nothing to start: synthesis has already reported everything."""

    def close(self) -> None:
        """Nothing to close."""

    def evaluate(self, template: Template) -> EngineAnswer:
        """The findings of the template's stack, and those of its app if it is the first of the app's stacks."""
        app = self._apps.get(template.file)
        findings = [_annotated(annotation, template) for annotation in self._annotations.get(_place(template), ())]
        findings += [_violated(violation, template) for violation in self._violations_in(template, app)]
        counts = _counts(findings, looked_at=len(template.resources)) if _place(template) in self._annotations else []
        if app is not None and app.key is not None:
            deprecated = [_deprecated(deprecation, template) for deprecation in app.deprecations]
            findings += deprecated
            looked_at = max(len(template.resources), len(deprecated))
            counts.append(RuleCount(rule_id=_DEPRECATED, engine=_NAME, looked_at=looked_at, failed=len(deprecated)))
        return EngineAnswer(
            findings=tuple(sorted(findings, key=Finding.sort_key)),
            counts=tuple(sorted(counts)),
            notifications=tuple(
                Notification(level=Level.ERROR, message=message, engine=_NAME, file=template.file)
                for message in (app.not_validated if app else ())
            ),
        )

    def _violations_in(self, template: Template, app: Assembly | None) -> Iterable[Violation]:
        """Those of the template, and those without a template in the app whose first stack it is."""
        homeless = app.violations if app else ()
        yield from (violation for violation in self._violations if violation.location.template_file == template.file)
        yield from (violation for violation in homeless if violation.location.template_file is None)


def _counts(findings: Iterable[Finding], *, looked_at: int) -> list[RuleCount]:
    """Counts of the rules that any construct may break and of the broken ones; both evaluated every resource."""
    failed = Counter(finding.rule_id for finding in findings if finding.kind is Kind.FAIL)
    undecided = Counter(finding.rule_id for finding in findings if finding.kind is Kind.OPEN)
    return [
        RuleCount(
            rule_id=rule,
            engine=_NAME,
            looked_at=max(looked_at, failed[rule] + undecided[rule]),
            failed=failed[rule],
            open=undecided[rule],
        )
        for rule in sorted({*_ANNOTATION_RULES, *failed, *undecided})
    ]


def _annotated(annotation: Annotation, template: Template) -> Finding:
    """The finding. An annotation that names a rule gets that rule's id and, on a resource, the resource's location."""
    match = _ACKNOWLEDGEABLE.search(annotation.message) or _NAG.match(annotation.message)
    rule_id = match["rule_id"] if match else f"cdk:annotation-{annotation.level}"
    message = annotation.message[: match.start()] + annotation.message[match.end() :] if match else annotation.message
    place = annotation.location
    location = Location(
        stack_name=template.stack_name,
        construct_path=place.construct_path,
        file=place.file or template.file,
        line=place.line,
        template_file=template.file,
    )
    finding = _finding(rule_id, _LEVELS[annotation.level], message, location)
    resource = next(
        (resource for resource in template.resources if resource.construct_path == place.construct_path), None
    )
    if match is None or resource is None:
        return finding
    return replace(finding, location=resource.location(), generated=resource.generated)


def _violated(violation: Violation, template: Template) -> Finding:
    place = violation.location
    location = place if place.template_file else replace(place, stack_name=template.stack_name, file=template.file)
    finding = _finding(_qualified(violation), _LEVELS[violation.level], violation.message, location)
    resource = template.resource(place.logical_id) if place.logical_id else None
    return replace(
        finding,
        location=replace(finding.location, template_file=template.file),
        generated=resource is not None and resource.generated,
    )


def _qualified(violation: Violation) -> str:
    """The rule's id that CDK wants in an acknowledgement; ids that are known everywhere stay as they are."""
    rule_id = violation.rule_id
    if violation.plugin == _BUILT_IN or "::" in rule_id or _IS_NAG.fullmatch(rule_id):
        return rule_id
    return f"{violation.plugin}::{rule_id}".replace(" ", "-")


def _deprecated(deprecation: Deprecation, template: Template) -> Finding:
    message = f"{deprecation.api} is deprecated: {deprecation.message}".removesuffix(": ")
    location = Location(
        stack_name=template.stack_name,
        file=deprecation.file,
        line=deprecation.line,
        template_file=template.file,
    )
    api = deprecation.api.removeprefix("aws-cdk-lib.")
    return _finding(f"{_DEPRECATED}/{api}", Level.WARNING, message, location, origin=_DEPRECATED)


def _finding(rule_id: str, level: Level, message: str, location: Location, *, origin: str | None = None) -> Finding:
    """A rule that broke on a construct did not find anything: that is open."""
    text = " ".join(message.split())
    return Finding(
        rule_id=rule_id,
        kind=Kind.OPEN if _BROKEN.match(message) else Kind.FAIL,
        level=level,
        message=text,
        location=location,
        origins=(Origin(engine=_NAME, rule_id=origin or rule_id, message=text),),
    )
