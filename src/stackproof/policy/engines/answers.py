"""From an engine's own words to findings: places as JSON pointers and source lines, messages on one line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from stackproof.core.json import JsonObject, JsonValue, objects_in
from stackproof.core.json_pointer import child
from stackproof.core.notification import Level, Notification
from stackproof.policy.finding import EngineAnswer, Finding, Kind, Origin, RuleCount
from stackproof.template.location import Location
from stackproof.template.template import Template

__all__ = ["answer_of", "pointer_of", "split_dotted"]

_INTRINSIC = re.compile(r"^(Fn::.+|Ref|Condition)$")
_EXPANDED_BY_ENGINES = frozenset({"AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"})
# The same rules in both engines that have them; cloudformation-validate calls what is sure to fail F instead of E.
_FALSE_BEFORE_MACROS = frozenset(
    f"{letter}{number}" for letter in "EF" for number in (3001, 3002, 3003, 3006, 3012, 3024)
)


def answer_of(name: str, template: Template, reply: JsonObject) -> EngineAnswer:
    """An `EngineAnswer` from a worker's `findings`, `counts` and `notifications`."""
    rewritten = _rewritten(template)
    findings = {}
    for row in objects_in(reply.get("findings")):
        finding = _finding(name, template, row, rewritten)
        findings[finding.sort_key()] = finding
    found = tuple(finding for _, finding in sorted(findings.items()))
    return EngineAnswer(
        findings=found,
        counts=_counts(name, found, reply),
        notifications=tuple(
            sorted(
                Notification(
                    level=Level(str(row["level"])), message=_one_line(row["message"]), engine=name, file=template.file
                )
                for row in objects_in(reply.get("notifications"))
            )
        ),
    )


def _counts(name: str, findings: Iterable[Finding], reply: JsonObject) -> tuple[RuleCount, ...]:
    """The engine's denominators. A rule without one has evaluated at least the places of its findings.

    A project's rule is counted also where it evaluated nothing: it is not applicable there.
    """
    failed = Counter(finding.rule_id for finding in findings if finding.kind is Kind.FAIL)
    undecided = Counter(finding.rule_id for finding in findings if finding.kind is Kind.OPEN)
    looks, own = reply.get("counts"), reply.get("project_rules")
    known = looks if isinstance(looks, Mapping) else {}
    project = {str(element) for element in own} if isinstance(own, list) else set()
    return tuple(
        RuleCount(
            rule_id=rule_id,
            engine=name,
            looked_at=max(int(known.get(rule_id, 0)), failed[rule_id] + undecided[rule_id]),  # type: ignore[arg-type]
            failed=failed[rule_id],
            open=undecided[rule_id],
            project=rule_id in project,
        )
        for rule_id in sorted({*known, *failed, *undecided, *project})
    )


def _finding(name: str, template: Template, row: JsonObject, rewritten: frozenset[str] | None) -> Finding:
    rule_id, message = str(row["rule_id"]), _one_line(row["message"])
    location = _location(template, row)
    resource = template.resource(location.logical_id or "") if location.resource_type else None
    may_be_false = rule_id in _FALSE_BEFORE_MACROS and (rewritten is None or location.logical_id in rewritten)
    is_open = may_be_false or row.get("kind") == Kind.OPEN.value
    return Finding(
        rule_id=rule_id,
        kind=Kind.OPEN if is_open else Kind.FAIL,
        level=Level(str(row["level"])),
        message=message,
        location=location,
        origins=(Origin(engine=name, rule_id=rule_id, message=message),),
        generated=resource is not None and resource.generated,
    )


def _location(template: Template, row: JsonObject) -> Location:
    """Where it is, from a path like `["Resources", id, "Properties", …]`."""
    given = row.get("path")
    path = [element for element in given if isinstance(element, str | int)] if isinstance(given, list) else []
    if len(path) > 1 and path[0] == "Resources":
        logical_id = str(path[1])
        resource = template.resource(logical_id)
        if resource is None:
            return _elsewhere(template, logical_id)
        below = path[3:] if len(path) > 3 and path[2] == "Properties" else []  # noqa: PLR2004 - what comes after
        return resource.location(pointer_of(below))
    return _elsewhere(template, str(path[1]) if len(path) > 1 else None)


def _elsewhere(template: Template, logical_id: str | None) -> Location:
    """A location in the template outside of its resources."""
    return Location(
        stack_name=template.stack_name, logical_id=logical_id, file=template.file, template_file=template.file
    )


def pointer_of(path: Sequence[str | int]) -> str | None:
    """A JSON pointer to the property; what is inside an intrinsic function is at the property that it gives."""
    pointer = ""
    for key in path:
        if isinstance(key, str) and _INTRINSIC.match(key):
            break
        pointer = child(pointer, key)
    return pointer or None


def split_dotted(value: JsonValue, dotted: str) -> list[str | int]:
    """`Policy.Statement.0.Condition.a.b` as keys, given the value below which it points: keys may hold dots."""
    parts = dotted.split(".") if dotted else []
    path: list[str | int] = []
    while parts:
        if isinstance(value, list) and parts[0].isdigit() and int(parts[0]) < len(value):
            path.append(int(parts[0]))
            value = value[int(parts.pop(0))]
        elif isinstance(value, Mapping):
            size = next((n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in value), 1)
            key = ".".join(parts[:size])
            path.append(key)
            value = value.get(key)
            parts = parts[size:]
        else:
            path.append(parts.pop(0))
    return path


def _rewritten(template: Template) -> frozenset[str] | None:
    """The resources that something rewrites which no engine can run; None where that may be all of them.

    `Fn::Transform` sees and changes what stands beside it, and no other resource.
    """
    if set(template.transforms) - _EXPANDED_BY_ENGINES:
        return None
    sections = {name: member for name, member in template.body.items() if name != "Resources"}
    resources = template.section("Resources")
    if _holds_transform(sections) or "Fn::Transform" in resources:
        return None
    return frozenset(name for name, resource in resources.items() if _holds_transform(resource))


def _holds_transform(value: JsonValue) -> bool:
    pending: list[JsonValue] = [value]
    seen: set[int] = set()
    while pending:
        each = pending.pop()
        if id(each) in seen:
            continue
        if isinstance(each, Mapping):
            seen.add(id(each))
            if "Fn::Transform" in each:
                return True
            pending.extend(each.values())
        elif isinstance(each, list):
            seen.add(id(each))
            pending.extend(each)
    return False


def _one_line(text: JsonValue) -> str:
    return " ".join(str(text).split())
