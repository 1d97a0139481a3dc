"""Ten-line stand-ins for the ports, and values that tests build from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from stackproof.core.errors import EngineError
from stackproof.core.json import JsonObject, JsonValue, digest
from stackproof.core.notification import Level
from stackproof.policy.finding import EngineAnswer, Finding, Kind, Origin, Waiver
from stackproof.policy.ledger import InSourceWaiver
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.location import Location
from stackproof.template.schema import ResourceSchema
from stackproof.template.template import Resource, Template

TODAY = date(2026, 11, 23)


@dataclass
class FakeEngine:
    """Gives the answers that it has, and counts how often it was asked; an answer of None is a crash."""

    answers: Mapping[str, EngineAnswer | None] = field(default_factory=dict)
    name: str = "fake"
    identity: str = "fake 1"
    judged: list[str] = field(default_factory=list)
    started: int = 0
    closed: int = 0

    def start(self) -> None:
        self.started += 1

    def evaluate(self, template: Template) -> EngineAnswer:
        self.judged.append(template.file)
        answer = self.answers.get(template.file, EngineAnswer())
        if answer is None:
            raise EngineError(f"{self.name} broke on {template.file}")
        return answer

    def close(self) -> None:
        self.closed += 1


class FakeStore:
    """A store in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], JsonValue] = {}

    def get(self, kind: str, key: str) -> JsonValue | None:
        return self.kept.get((kind, key))

    def put(self, kind: str, key: str, value: JsonValue) -> None:
        self.kept[kind, key] = value


class FakeSchemas:
    """Schemas out of a dictionary."""

    def __init__(self, documents: Mapping[str, JsonObject]) -> None:
        self._documents = documents

    def schema(self, resource_type: str) -> ResourceSchema | None:
        document = self._documents.get(resource_type)
        return None if document is None else ResourceSchema(resource_type=resource_type, document=document)

    def resource_types(self) -> tuple[str, ...]:
        return tuple(sorted(self._documents))


class FakeClock:
    """Every look is a second later."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 1.0
        return self._now


def resource(logical_id: str = "Topic", resource_type: str = "AWS::SNS::Topic", **changes: Any) -> Resource:
    """A resource of a template."""
    body: JsonObject = {"Type": resource_type}
    return Resource(**{"logical_id": logical_id, "resource_type": resource_type, "body": body, **changes})


def template(file: str = "t.json", *resources: Resource, stack_name: str | None = None) -> Template:
    """A template with a topic, or with these resources."""
    held = resources or (resource(stack_name=stack_name, template_file=file),)
    body: JsonObject = {"Resources": {resource.logical_id: resource.body for resource in held}}
    return Template(file=file, path=file, body=body, digest=digest(body), resources=held, stack_name=stack_name)


def finding(rule_id: str = "E1", *, engine: str = "fake", message: str = "wrong", **changes: Any) -> Finding:
    """A failed rule at a place; keywords of `Location` and of `Finding` change either."""
    place = {name: changes.pop(name) for name in list(changes) if name in Location.__dataclass_fields__}
    return Finding(
        **{
            "rule_id": rule_id,
            "kind": Kind.FAIL,
            "level": Level.ERROR,
            "message": message,
            "location": Location(**{"stack_name": "S", "logical_id": "Topic", "template_file": "t.json", **place}),
            "origins": (Origin(engine=engine, rule_id=rule_id, message=message),),
            **changes,
        }
    )


def waiver(**changes: Any) -> Waiver:
    """A waiver of `finding()`, good until the end of the year."""
    return Waiver(
        **{
            "rule": "E1",
            "stack": "S",
            "construct_path": "Topic",
            "reason": "a known exception",
            "owner": "platform",
            "expires": date(2026, 12, 31),
            **changes,
        }
    )


def in_source_waiver(**changes: Any) -> InSourceWaiver:
    """What the template of `finding()` says against its rule."""
    return InSourceWaiver(
        **{
            "source": "cfn-lint",
            "rule": "E1",
            "reason": "because",
            "where": "t.json:3: Metadata",
            "location": Location(stack_name="S", logical_id="Topic", file="t.json", line=3, template_file="t.json"),
            "engines": frozenset({"fake", "cfn-lint"}),
            "files": frozenset({"t.json"}),
            "logical_id": "Topic",
            **changes,
        }
    )


def assembly(*templates: Template, **changes: Any) -> Assembly:
    """An assembly of stacks with these templates."""
    stacks = tuple(Stack(name=template.stack_name or template.file, template=template) for template in templates)
    return Assembly(**{"directory": "cdk.out", "stacks": stacks, **changes})


def written(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below the folder, and give the folder."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder
