"""Reads the suppressions in templates and apps, so that they apply and are listed like any waiver."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stackproof.core.json import JsonObject, JsonValue
from stackproof.policy.finding import Finding, Kind, Origin
from stackproof.policy.ledger import InSourceWaiver
from stackproof.template.assembly import Assembly
from stackproof.template.location import Location
from stackproof.template.template import Resource, Template

__all__ = ["SILENCING_KEYS", "InSource", "acknowledged", "covers", "covers_origin", "in_source"]

SILENCING_KEYS = frozenset(
    {"cfn-lint", "cfn_nag", "cdk_nag", "checkov", "bridgecrew", "guard", "cfn-guard", "cloudformation-validate"}
)
_FULL_CFN_LINT_ID = re.compile(r"[A-Z][0-9]{4}")
# cloudformation-validate has cfn-lint's rules under cfn-lint's ids.
_LINTERS = frozenset({"cfn-lint", "cloudformation-validate"})
_CDK = frozenset({"cdk"})
_VALIDATE = "CloudFormation-Validate"
_ANNOTATION = "Annotation::"


@dataclass(frozen=True, slots=True, kw_only=True)
class InSource:
    """The waivers in a template, and the places of what would silence an engine but is not heeded."""

    waivers: tuple[InSourceWaiver, ...] = ()
    unheeded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _NamedRule:
    """One rule that metadata names; without a rule, something there that is not heeded."""

    source: str
    below: str
    rule: str | None = None
    reason: str = ""
    engines: frozenset[str] = frozenset()
    is_prefix: bool = False


def in_source(template: Template) -> InSource:
    """The suppressions for cfn-lint, Checkov, cdk-nag and Guard in the metadata of the template and its resources."""
    waivers: list[InSourceWaiver] = []
    unheeded: list[str] = []
    owners: list[tuple[str, JsonObject, Resource | None]] = [("Metadata", template.body, None)]
    owners += [
        (f"Resources.{resource.logical_id}.Metadata", resource.body, resource) for resource in template.resources
    ]
    for place, owner, resource in owners:
        for named_rule in _named_rules(owner, is_template=resource is None):
            if named_rule.rule is None:
                unheeded.append(f"{place}.{named_rule.below}")
            else:
                waivers.append(_waiver(named_rule, named_rule.rule, f"{place}.{named_rule.below}", template, resource))
    return InSource(waivers=tuple(sorted(waivers, key=InSourceWaiver.sort_key)), unheeded=tuple(sorted(unheeded)))


def acknowledged(assembly: Assembly) -> tuple[InSourceWaiver, ...]:
    """The rules that the app acknowledged, each for a construct and all below it.

    What was acknowledged by `Annotations.acknowledgeWarning` leaves no trace in an assembly: no one can list it.
    """
    files = frozenset(stack.template.file for stack in assembly.stacks)
    # The report of validation plugins repeats the metadata of the stacks, and adds that of the app.
    by_construct = {
        (acknowledgement.location.construct_path or "", acknowledgement.rule_id): acknowledgement
        for acknowledgement in assembly.acknowledgements
    }
    for stack in assembly.stacks:
        by_construct |= {
            (acknowledgement.location.construct_path or "", acknowledgement.rule_id): acknowledgement
            for acknowledgement in stack.acknowledgements
        }
    found = []
    for acknowledgement in by_construct.values():
        namespace, _, rule = acknowledgement.rule_id.partition("::")
        path = acknowledgement.location.construct_path or ""
        found.append(
            InSourceWaiver(
                source="cdk",
                rule=rule if namespace == _VALIDATE else acknowledgement.rule_id.removeprefix(_ANNOTATION),
                reason=acknowledgement.reason,
                where=str(acknowledgement.location) if acknowledgement.location.file else path or "the app",
                location=acknowledgement.location,
                engines=_CDK | {"cloudformation-validate"} if namespace == _VALIDATE else _CDK,
                files=files,
                construct_path=path,
                is_broad=acknowledgement.is_broad,
                is_final=namespace != _VALIDATE,
            )
        )
    return tuple(sorted(found, key=InSourceWaiver.sort_key))


def covers(waiver: InSourceWaiver, finding: Finding) -> bool:
    """Whether one of its engines reported its rule at its place; the beginning of an id covers nothing."""
    ids = {origin.rule_id for origin in finding.origins if origin.engine in waiver.engines}
    return (
        finding.kind in {Kind.FAIL, Kind.OPEN}
        and bool(ids)
        and not waiver.is_prefix
        and finding.location.template_file in waiver.files
        and any(_is_named(waiver, id_) for id_ in {*ids, finding.rule_id})
        and _is_at(waiver, finding.location)
    )


def covers_origin(waiver: InSourceWaiver, origin: Origin, finding: Finding) -> bool:
    """Whether a waiver that covers the finding is about this voice of it."""
    return origin.engine in waiver.engines and any(
        _is_named(waiver, name) for name in {origin.rule_id, *([finding.rule_id] if finding.control is None else [])}
    )


def _is_named(waiver: InSourceWaiver, rule_id: str) -> bool:
    """Letter by letter, but for how CDK qualifies ids and for cdk-nag's `Rule[detail]`."""
    plain = rule_id.removeprefix(_ANNOTATION)
    if waiver.source == "cdk":
        return plain.replace(" ", "-") == waiver.rule
    return plain == waiver.rule or (waiver.source == "cdk-nag" and plain.startswith(f"{waiver.rule}["))


def _is_at(waiver: InSourceWaiver, place: Location) -> bool:
    path = place.construct_path
    if waiver.logical_id is not None:
        return place.logical_id == waiver.logical_id or (
            place.logical_id is None and path is not None and path == waiver.construct_path
        )
    if not waiver.construct_path:
        return True
    return path is not None and (path == waiver.construct_path or path.startswith(f"{waiver.construct_path}/"))


def _waiver(
    named_rule: _NamedRule, rule: str, place: str, template: Template, resource: Resource | None
) -> InSourceWaiver:
    location = (
        Location(stack_name=template.stack_name, file=template.file, template_file=template.file)
        if resource is None
        else resource.location()
    )
    return InSourceWaiver(
        source=named_rule.source,
        rule=rule,
        reason=named_rule.reason,
        where=f"{location}: {place}",
        location=location,
        engines=named_rule.engines,
        files=frozenset({template.file}),
        logical_id=resource.logical_id if resource else None,
        construct_path=resource.construct_path if resource else None,
        is_prefix=named_rule.is_prefix,
        is_broad=resource is None,
        is_final=named_rule.source == "cdk-nag",
        generated=resource is not None and resource.generated,
    )


def _named_rules(owner: JsonObject, *, is_template: bool) -> Iterator[_NamedRule]:
    metadata = _mapping(owner.get("Metadata"))
    for key in sorted(metadata.keys() & SILENCING_KEYS):
        value = metadata[key]
        if key == "cfn-lint":
            yield from _cfn_lint(value)
        elif key in {"checkov", "bridgecrew"} and not is_template:
            yield from _checkov(key, value)
        elif key == "cdk_nag":
            yield from _cdk_nag(value)
        elif key == "guard" and not is_template:
            yield from _guard(value)
        else:
            yield _NamedRule(source=key, below=key)


def _cfn_lint(value: JsonValue) -> Iterator[_NamedRule]:
    """`{config: {ignore_checks: [id or its beginning]}}`; any other setting would change what rules mean."""
    for key, config in _mapping(value).items():
        for name, setting in _mapping(config).items():
            below = f"cfn-lint.{key}.{name}"
            if (key, name) != ("config", "ignore_checks") or not isinstance(setting, list):
                yield _NamedRule(source="cfn-lint", below=below)
                continue
            for place, rule in _numbered(below, setting):
                yield _NamedRule(
                    source="cfn-lint",
                    below=place,
                    rule=rule if isinstance(rule, str) else None,
                    engines=_LINTERS,
                    is_prefix=not (isinstance(rule, str) and _FULL_CFN_LINT_ID.fullmatch(rule)),
                )


def _checkov(key: str, value: JsonValue) -> Iterator[_NamedRule]:
    """`{skip: [{id, comment}]}`, under either of the two names that Checkov knows."""
    for place, row in _rows(key, value, "skip"):
        rule = row.get("id")
        yield _NamedRule(
            source="checkov",
            below=place,
            rule=rule if isinstance(rule, str) else None,
            reason=_text(row.get("comment")),
            engines=frozenset({"checkov"}),
            is_prefix=isinstance(rule, str) and not _is_full(rule),
        )


def _cdk_nag(value: JsonValue) -> Iterator[_NamedRule]:
    """`{rules_to_suppress: [{id, reason, applies_to: [detail]}]}`."""
    for place, row in _rows("cdk_nag", value, "rules_to_suppress"):
        rule, details = row.get("id"), row.get("applies_to")
        ids = [rule] if not isinstance(details, list) else [f"{rule}[{detail}]" for detail in details]
        for id_ in ids:
            yield _NamedRule(
                source="cdk-nag",
                below=place,
                rule=id_ if isinstance(rule, str) and isinstance(id_, str) else None,
                reason=_text(row.get("reason")),
                engines=_CDK,
                is_prefix=isinstance(rule, str) and not _is_full(rule),
            )


def _guard(value: JsonValue) -> Iterator[_NamedRule]:
    """`{SuppressedRules: [name]}`, as AWS's registry of Guard rules reads it."""
    names = _mapping(value).get("SuppressedRules")
    for place, rule in _numbered("guard.SuppressedRules", names if isinstance(names, list) else [None]):
        yield _NamedRule(
            source="guard",
            below=place,
            rule=rule if isinstance(rule, str) else None,
            engines=frozenset({"cloudformation-validate"}),
            is_prefix=isinstance(rule, str) and not _is_full(rule),
        )


def _is_full(rule: str) -> bool:
    return bool(rule) and not rule.endswith("*")


def _rows(key: str, value: JsonValue, name: str) -> Iterator[tuple[str, JsonObject]]:
    """The rows of a list, each with its place; an element that is not a mapping becomes an empty row."""
    rows = _mapping(value).get(name)
    if not isinstance(rows, list):
        yield key, {}
        return
    for place, row in _numbered(f"{key}.{name}", rows):
        yield place, _mapping(row)


def _numbered(place: str, values: Iterable[JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    return ((f"{place}[{index}]", value) for index, value in enumerate(values))


def _mapping(value: JsonValue) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _text(value: JsonValue) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
