"""Evaluates the versions of a whole template: finds them, resolves their possible values, and applies the rules."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from stackproof.core.json import JsonValue, WrittenFloat, WrittenInt
from stackproof.core.notification import Level
from stackproof.policy.finding import Kind
from stackproof.policy.versions.candidates import Candidate, candidates, dug
from stackproof.policy.versions.case import Knowledge, Subject, Verdict, open_question, title
from stackproof.policy.versions.engine_version import OnAbsent
from stackproof.policy.versions.families import UNCOVERED, Carrier, Form, carriers_of
from stackproof.policy.versions.rules import evaluate_version
from stackproof.template.intrinsics import Resolved, Unresolved
from stackproof.template.secrets import secret_values
from stackproof.template.template import Resource, Template

__all__ = ["Deployed", "Evaluation", "Statement", "deployed_by", "evaluate_template"]

Deployed: TypeAlias = Mapping[str, str]
"""Versions that run already, by logical id."""

_GROUP: Final = re.compile(r"(?P<engine>[a-z][a-z0-9-]*?[a-z])-?(?P<major>\d+(\.(\d+|x))*)")
_UNCOVERED: Final = "no source covers it, so it was not evaluated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The verdict of a rule on a property; `resource` is None for a block that makes resources."""

    verdict: Verdict
    logical_id: str
    pointer: str
    resource: Resource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The verdicts on a template, how many properties each rule checked, and the families in use."""

    statements: tuple[Statement, ...] = ()
    looked_at: Mapping[str, int] = field(default_factory=dict)
    families: frozenset[str] = frozenset()

    @classmethod
    def merged(cls, evaluations: Iterable[Evaluation]) -> Evaluation:
        """All of them as one, sorted."""
        parts = tuple(evaluations)
        statements = (statement for part in parts for statement in part.statements)
        checked = Counter(rule_id for part in parts for rule_id in Counter(part.looked_at).elements())
        return cls(
            statements=tuple(
                sorted(statements, key=lambda statement: (statement.logical_id, statement.pointer, statement.verdict))
            ),
            looked_at=dict(sorted(checked.items())),
            families=frozenset(family for part in parts for family in part.families),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdicts:
    """The verdicts on one value, or on several values of one property; the rules that checked it, and its families."""

    verdicts: tuple[Verdict, ...] = ()
    checked: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()

    @classmethod
    def merged(cls, found: Iterable[_Verdicts]) -> _Verdicts:
        """All of them as one, in their order."""
        parts = tuple(found)
        return cls(
            verdicts=tuple(verdict for part in parts for verdict in part.verdicts),
            checked=frozenset(rule_id for part in parts for rule_id in part.checked),
            families=frozenset(family for part in parts for family in part.families),
        )


def evaluate_template(
    template: Template,
    knowledge: Knowledge,
    *,
    deployed: Deployed | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Evaluation:
    """Evaluate every property that carries a version; `deployed` are those that run already."""
    running = deployed or {}
    return Evaluation.merged(
        (
            *(
                _evaluate_resource(resource, template, knowledge, running.get(resource.logical_id), parameters)
                for resource in template.resources
            ),
            *_loops(template),
        )
    )


def _evaluate_resource(
    resource: Resource,
    template: Template,
    knowledge: Knowledge,
    running: str | None,
    parameters: Mapping[str, str] | None,
) -> Evaluation:
    whole = _with_globals(resource, template)
    return Evaluation.merged(
        (
            *(
                _evaluate_property(
                    whole,
                    carrier,
                    candidates(template, whole, carrier.reads, parameters=parameters),
                    running,
                    knowledge,
                )
                for carrier in carriers_of(resource.resource_type)
            ),
            *(_not_covered(template, resource, path) for path in UNCOVERED.get(resource.resource_type, ())),
        )
    )


def deployed_by(template: Template, *, parameters: Mapping[str, str] | None = None) -> dict[str, str]:
    """Versions that run, by logical id, read from a template that is deployed.

    Versions with several possible values are left out. So are NoEcho values: messages quote what runs.
    """
    found: dict[str, str] = {}
    secrets = secret_values(template)
    for resource in template.resources:
        whole = _with_globals(resource, template)
        for carrier in carriers_of(resource.resource_type):
            values = {
                _text(dug(candidate.values, carrier.path))
                for candidate in candidates(template, whole, carrier.reads, parameters=parameters)
            }
            if len(values) == 1 and (text := values.pop()) is not None and text not in secrets:
                found.setdefault(resource.logical_id, text)
    return found


def _evaluate_property(
    resource: Resource, carrier: Carrier, found: Sequence[Candidate], running: str | None, knowledge: Knowledge
) -> Evaluation:
    """Everything about one property: each rule counts it once, however many values it may have."""
    evaluated = [
        (candidate.branch, _evaluate_candidate(resource, carrier, candidate, running, knowledge)) for candidate in found
    ]
    branches_of: dict[Verdict, list[str]] = {}
    for branch, answer in evaluated:
        for verdict in answer.verdicts:
            branches_of.setdefault(verdict, []).append(branch)
    together = _Verdicts.merged(answer for _, answer in evaluated)
    return Evaluation(
        statements=tuple(
            Statement(
                verdict=_with_branches(verdict, branches, generated=resource.generated),
                logical_id=resource.logical_id,
                pointer="/" + carrier.path.replace(".", "/"),
                resource=resource,
            )
            for verdict, branches in branches_of.items()
        ),
        looked_at=dict.fromkeys(together.checked, 1),
        families=together.families,
    )


def _with_branches(verdict: Verdict, branches: Sequence[str], *, generated: bool) -> Verdict:
    """The verdict with the conditions under which it holds, and with advice on a resource that CDK made."""
    where = "" if "" in branches else "; or ".join(sorted(set(branches)))
    message = f"{verdict.message} [{where}]" if where else verdict.message
    if generated and verdict.kind is Kind.FAIL:
        message = f"{message}; CDK made this resource: upgrade aws-cdk-lib"
    return replace(verdict, message=message)


def _evaluate_candidate(
    resource: Resource, carrier: Carrier, candidate: Candidate, running: str | None, knowledge: Knowledge
) -> _Verdicts:
    value = dug(candidate.values, carrier.path)
    if value is None:
        return _absent(resource, carrier, candidate, knowledge)
    elements = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return _Verdicts.merged(_evaluate_element(element, carrier, candidate, running, knowledge) for element in elements)


def _evaluate_element(
    element: Resolved, carrier: Carrier, candidate: Candidate, running: str | None, knowledge: Knowledge
) -> _Verdicts:
    if isinstance(element, Unresolved):
        return _open(carrier, element.reason)
    text = _text(element)
    if text is None:
        return _open(carrier, "it is neither text nor a number")
    written = _Verdicts(verdicts=tuple(_number(element, text)), checked=frozenset({"EV022"}))
    family, version = _family(carrier, candidate, text)
    if isinstance(family, Verdict):
        return _Verdicts.merged((written, _Verdicts(verdicts=(family,), checked=frozenset({family.rule_id}))))
    subject = _subject(carrier, candidate, family, version, running)
    verdicts, checked = evaluate_version(subject, knowledge)
    families = frozenset({family} & knowledge.versions.families.keys())
    return _Verdicts.merged((written, _Verdicts(verdicts=verdicts, checked=checked, families=families)))


def _open(carrier: Carrier, reason: str) -> _Verdicts:
    """EV030: a value that could not be evaluated."""
    return _Verdicts(verdicts=(open_question(_only_family(carrier), reason),), checked=frozenset({"EV030"}))


def _subject(carrier: Carrier, candidate: Candidate, family: str, text: str, running: str | None) -> Subject:
    declines = False
    if carrier.no_extended_support is not None:
        path, word = carrier.no_extended_support
        declines = dug(candidate.values, path) == word
    moves = False
    if carrier.auto_minor is not None:
        switch = dug(candidate.values, carrier.auto_minor)
        moves = switch is None or switch is True or str(switch).lower() == "true"
    return Subject(
        family=family,
        text=text,
        form=carrier.form,
        deployed=running,
        declines_extended=declines,
        moves_minor=moves,
    )


def _family(carrier: Carrier, candidate: Candidate, text: str) -> tuple[str | Verdict, str]:
    """The family that the value belongs to, and the version in it; a verdict if there is no family."""
    if carrier.form is Form.GROUP:
        match = _GROUP.fullmatch(text.lower())
        name = carrier.families.get(match["engine"]) if match else None
        if name is not None and match is not None:
            return name, match["major"]
        message = f"{text!r} is not a known parameter group family"
        return Verdict(rule_id="EV010", kind=Kind.FAIL, level=Level.ERROR, message=message), text
    if carrier.engine is None:
        prefixed = [family for family in carrier.families if family and text.lower().startswith(family)]
        return carrier.families[prefixed[0] if prefixed else ""], text
    return _family_by_engine(carrier, carrier.engine, candidate, text), text


def _family_by_engine(carrier: Carrier, path: str, candidate: Candidate, text: str) -> str | Verdict:
    engine = dug(candidate.values, path) or carrier.default_engine
    if isinstance(engine, Unresolved):
        return open_question(None, f"its {path} is not known: {engine.reason}")
    if engine is None:
        return open_question(None, f"the template does not name its {path}")
    name = carrier.families.get(str(engine).lower())
    if name is not None:
        return name
    message = f"no family covers the {path} {str(engine)!r}: {text} was not evaluated"
    return Verdict(rule_id="EV004", kind=Kind.OPEN, level=Level.WARNING, message=message)


def _absent(resource: Resource, carrier: Carrier, candidate: Candidate, knowledge: Knowledge) -> _Verdicts:
    """EV020: AWS chooses, and chooses anew for the next stack."""
    if "Fn::Transform" in resource.properties:
        return _open(carrier, "Fn::Transform may set it")
    if carrier.optional or carrier.form is not Form.VERSION:
        return _Verdicts()
    checked = frozenset({"EV020"})
    if any(dug(candidate.values, inherit) is not None for inherit in carrier.inherits):
        return _Verdicts(checked=checked)
    name = _only_family(carrier)
    if name is None:
        engine = dug(candidate.values, carrier.engine or "") or carrier.default_engine
        name = carrier.families.get(str(engine).lower())
    family = knowledge.versions.families.get(name or "")
    if family is None or name is None or family.on_absent is OnAbsent.ALLOW:
        return _Verdicts(checked=checked)
    if carrier.resource_type == "AWS::RDS::DBInstance" and name.startswith("rds/aurora-"):
        return _Verdicts(checked=checked)
    level = Level.ERROR if family.on_absent is OnAbsent.ERROR else Level.WARNING
    message = f"the template names no version of {title(name)}: AWS takes its default, which changes with time"
    verdict = Verdict(rule_id="EV020", kind=Kind.FAIL, level=level, message=message)
    return _Verdicts(verdicts=(verdict,), checked=checked, families=frozenset({name}))


def _number(value: Resolved, text: str) -> Iterator[Verdict]:
    """EV022: what YAML or JSON made of a version that is written without quotes."""
    if isinstance(value, str):
        return
    if isinstance(value, WrittenFloat | WrittenInt):
        message = f"{value.text} is written without quotes and was read as the number {text}: write '{value.text}'"
        yield Verdict(rule_id="EV022", kind=Kind.FAIL, level=Level.WARNING, message=message)
        return
    message = f"the version is written as the number {text}: in quotes it stays as it is written"
    yield Verdict(rule_id="EV022", kind=Kind.FAIL, level=Level.NOTE, message=message)


def _not_covered(template: Template, resource: Resource, path: str) -> Evaluation:
    """EV004: a version that no source covers."""
    top = path.partition(".")[0]
    found = candidates(template, resource, (top,))
    values = [dug(candidate.values, path) for candidate in found]
    if all(value is None for value in values):
        return Evaluation()
    texts = sorted({text for value in values if (text := _text(value)) is not None})
    shown = f" {', '.join(texts)}" if texts else ""
    service = resource.resource_type.removeprefix("AWS::").replace("::", " ")
    message = f"{service} {path}{shown}: {_UNCOVERED}"
    statement = Statement(
        verdict=Verdict(rule_id="EV004", kind=Kind.OPEN, level=Level.WARNING, message=message),
        logical_id=resource.logical_id,
        pointer="/" + path.replace(".", "/"),
        resource=resource,
    )
    return Evaluation(statements=(statement,), looked_at={"EV004": 1})


def _loops(template: Template) -> Iterator[Evaluation]:
    """EV030: resources that `Fn::ForEach` or a macro makes cannot be evaluated."""
    for name, block in template.section("Resources").items():
        if not name.startswith("Fn::"):
            continue
        types = {
            resource_type
            for resource_type in _types(block)
            if any(carriers_of(resource_type)) or resource_type in UNCOVERED
        }
        for resource_type in sorted(types):
            verdict = open_question(None, f"{name.rpartition('::')[0] or name} makes its {resource_type}")
            statement = Statement(verdict=verdict, logical_id=name, pointer="")
            yield Evaluation(statements=(statement,), looked_at={"EV030": 1})


def _types(value: JsonValue) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(kind := value.get("Type"), str):
            yield kind
        for member in value.values():
            yield from _types(member)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for element in value:
            yield from _types(element)


def _with_globals(resource: Resource, template: Template) -> Resource:
    """A serverless function with what it takes over from `Globals`."""
    if resource.resource_type != "AWS::Serverless::Function":
        return resource
    shared = template.section("Globals").get("Function")
    if not isinstance(shared, Mapping):
        return resource
    return replace(resource, body={**resource.body, "Properties": {**shared, **resource.properties}})


def _only_family(carrier: Carrier) -> str | None:
    """The family that the property is sure to belong to, whatever its value."""
    names = set(carrier.families.values())
    return names.pop() if len(names) == 1 else carrier.families.get("")


def _text(value: Resolved) -> str | None:
    """A scalar as CloudFormation hands it on; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return json.dumps(value)
