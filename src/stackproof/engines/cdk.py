"""What CDK itself said while it synthesized, as findings: annotations of constructs and deprecated APIs."""

from __future__ import annotations

import re

from stackproof.model.assembly import Annotation, Assembly, Deprecation
from stackproof.model.finding import EngineAnswer, Finding, Kind, Level, Origin, RuleCount
from stackproof.model.json import canonical
from stackproof.model.location import Location
from stackproof.model.template import Template

__all__ = ["CdkEngine"]

_NAME = "cdk"
_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING, "info": Level.NOTE}
_ACKNOWLEDGEABLE = re.compile(r"\s*\[ack: (?P<rule_id>[^\]]+)\]\s*$")
_ANNOTATION_RULES = tuple(f"cdk:annotation-{level}" for level in sorted(_LEVELS))
_DEPRECATED = "cdk:deprecated-api"


class CdkEngine:
    """Implements `ports.PolicyEngine` over an assembly that is already there; it has no process."""

    name = _NAME

    def __init__(self, assembly: Assembly) -> None:
        self._annotations = {each.name: each.annotations for each in assembly.stacks}
        self._deprecations = assembly.deprecations
        self._home = assembly.stacks[0].name
        self._observed = assembly.key is not None

    @property
    def identity(self) -> str:
        said = [each.api for each in self._deprecations]
        return f"{_NAME} 2 {canonical(said)} {self._annotations!r} {self._observed}"

    def start(self) -> None:
        """Nothing to start: it has said all it will."""

    def close(self) -> None:
        """Nothing to close."""

    def judge(self, template: Template) -> EngineAnswer:
        """Annotations on the template's stack; deprecated APIs belong to the app and stand with its first stack."""
        findings = [_annotated(each, template) for each in self._annotations.get(template.stack_name or "", ())]
        looked_at = len(template.resources)
        counts = [RuleCount(rule_id=rule, engine=_NAME, looked_at=looked_at) for rule in _ANNOTATION_RULES]
        if template.stack_name == self._home and self._observed:
            findings += [_deprecated(each, template) for each in self._deprecations]
            counts.append(
                RuleCount(
                    rule_id=_DEPRECATED,
                    engine=_NAME,
                    looked_at=looked_at,
                    failed=len(self._deprecations),
                )
            )
        return EngineAnswer(
            findings=tuple(sorted(findings, key=Finding.sort_key)),
            counts=tuple(sorted(counts)),
        )


def _annotated(annotation: Annotation, template: Template) -> Finding:
    match = _ACKNOWLEDGEABLE.search(annotation.message)
    rule_id = match["rule_id"] if match else f"cdk:annotation-{annotation.level}"
    message = " ".join(_ACKNOWLEDGEABLE.sub("", annotation.message).split())
    place = annotation.location
    location = Location(
        stack_name=template.stack_name,
        construct_path=place.construct_path,
        file=place.file or template.file,
        line=place.line,
        template_file=template.file,
    )
    return _finding(rule_id, _LEVELS[annotation.level], message, location)


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
    return Finding(
        rule_id=rule_id,
        kind=Kind.FAIL,
        level=level,
        message=message,
        location=location,
        origins=(Origin(engine=_NAME, rule_id=origin or rule_id, message=message),),
    )
