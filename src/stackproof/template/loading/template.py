"""A template file as a value: JSON or YAML, long-form intrinsic functions, and the line of every resource."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stackproof.core.errors import InputError
from stackproof.core.json import JsonObject, JsonValue
from stackproof.core.json_pointer import escape
from stackproof.template.loading.document import Document
from stackproof.template.loading.files import read_bounded
from stackproof.template.loading.formats import parse_document
from stackproof.template.location import SourceLine
from stackproof.template.template import Resource, Template

__all__ = ["STAND_IN", "Describe", "ResourceFacts", "load_template", "parse_bytes", "parse_template", "shown"]

_FORMS: Final = {"list": "a list", "int": "a number", "float": "a number", "str": "text", "null": "empty"}
"""What a document is that is not a template."""

STAND_IN: JsonObject = {
    "Type": "Custom::Unreadable",
    "Properties": {"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:unreadable"},
}
"""What engines see in place of an entry that is not a resource, so that what refers to it is still evaluated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFacts:
    """Facts about a resource that the template does not have; the fields are those of `Resource`."""

    construct_path: str | None = None
    source: SourceLine | None = None
    property_sources: Mapping[str, SourceLine] = field(default_factory=dict)
    generated: bool = False


Describe = Callable[[str, JsonObject], ResourceFacts]
"""From a logical id and the resource's body to what is known of it."""


def load_template(path: Path, *, name: str | None = None, stack_name: str | None = None) -> Template:
    """A template by itself, called `name` in reports (default: the path); raises InputError naming file and reason."""
    return parse_template(path, file=name or shown(path), stack_name=stack_name)


def shown(path: Path) -> str:
    """The path as text that can be printed on one line, whatever bytes are in it."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def parse_template(
    path: Path, *, file: str, stack_name: str | None = None, describe: Describe | None = None
) -> Template:
    """A template of a cloud assembly, where `describe` knows more of its resources; raises InputError."""
    return parse_bytes(read_bounded(path, file), path=str(path), file=file, stack_name=stack_name, describe=describe)


def parse_bytes(
    data: bytes, *, path: str, file: str, stack_name: str | None = None, describe: Describe | None = None
) -> Template:
    """A template that has been read already; raises InputError naming file and reason."""
    document = parse_document(data, file)
    body = _normalised(document.value)
    if not isinstance(body, dict):
        found = _FORMS.get(_type(body), "a single value")
        raise InputError(
            f"{file}: is not a CloudFormation template: the top level is {found}; expected an object with Resources"
        )
    section = _section(body, document, file)
    entries = {name: member for name, member in sorted(section.items()) if not name.startswith("Fn::")}
    problems = {name: problem for name, member in entries.items() if (problem := _problem(name, member, document))}
    if problems and len(problems) == len(entries):
        raise InputError(f"{file}{next(iter(problems.values()))}")
    return Template(
        file=file,
        path=path,
        body={**body, "Resources": {**section, **dict.fromkeys(problems, STAND_IN)}} if problems else body,
        digest=hashlib.sha256(data).hexdigest(),
        resources=_resources(
            {name: member for name, member in entries.items() if isinstance(member, Mapping) and name not in problems},
            document,
            file,
            stack_name,
            describe or _by_metadata,
        ),
        unreadable={name: f"{file}{problem}" for name, problem in problems.items()},
        stack_name=stack_name,
    )


def _by_metadata(_logical_id: str, body: JsonObject) -> ResourceFacts:
    """CDK leaves the construct path in every template that it writes."""
    metadata = body.get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, Mapping) else None
    return ResourceFacts(construct_path=path if isinstance(path, str) else None)


def _section(body: JsonObject, document: Document, file: str) -> JsonObject:
    section = body.get("Resources")
    if "Resources" not in body:
        raise InputError(f"{file}: is not a CloudFormation template: it has no Resources")
    where = f"{file}{_line(document, '/Resources')}"
    if not isinstance(section, Mapping):
        raise InputError(f"{where}: Resources: Unexpected type {_type(section)} (expected mapping)")
    if not section:
        raise InputError(f"{where}: Resources is empty")
    return section


def _problem(logical_id: str, entry: JsonValue, document: Document) -> str | None:
    """Why an entry is not a resource, after the file's name; None if it is. CloudFormation refuses these, too."""
    pointer, name = f"/Resources/{escape(logical_id)}", f"Resources.{logical_id}"
    if not isinstance(entry, Mapping):
        return f"{_line(document, pointer)}: {name}: Unexpected type {_type(entry)} (expected mapping)"
    if "Type" not in entry:
        return f"{_line(document, pointer)}: {name}: Type is missing"
    if not isinstance(entry["Type"], str):
        where = _line(document, f"{pointer}/Type", pointer)
        return f"{where}: {name}.Type: Unexpected type {_type(entry['Type'])} (expected str)"
    if not isinstance(properties := entry.get("Properties", {}), Mapping):
        where = _line(document, f"{pointer}/Properties", pointer)
        return f"{where}: {name}.Properties: Unexpected type {_type(properties)} (expected mapping)"
    return None


def _resources(
    entries: Mapping[str, JsonObject], document: Document, file: str, stack_name: str | None, describe: Describe
) -> tuple[Resource, ...]:
    """Loops and macros that make resources are none: engines report what they could not check."""
    below = _property_lines(document)
    found = []
    for logical_id, body in entries.items():
        facts = describe(logical_id, body)
        found.append(
            Resource(
                logical_id=logical_id,
                resource_type=str(body["Type"]),
                body=body,
                stack_name=stack_name,
                construct_path=facts.construct_path,
                source=facts.source,
                property_sources=facts.property_sources,
                generated=facts.generated,
                template_file=file,
                template_line=document.lines.get(f"/Resources/{escape(logical_id)}"),
                property_lines=below.get(escape(logical_id), {}),
            )
        )
    return tuple(found)


def _property_lines(document: Document) -> dict[str, dict[str, int]]:
    """Lines of the pointers below `/Resources/<id>/Properties`, by the id as the pointer has it."""
    below: dict[str, dict[str, int]] = defaultdict(dict)
    for pointer, line in document.lines.items():
        if pointer.startswith("/Resources/"):
            logical_id, _, rest = pointer[len("/Resources/") :].partition("/")
            if rest.startswith("Properties/"):
                below[logical_id][rest[len("Properties") :]] = line
    return below


def _normalised(value: JsonValue) -> JsonValue:
    """The same data with `Fn::GetAtt` in its list form; what is shared by aliases stays shared."""
    done: dict[int, JsonValue] = {}

    def visit(node: JsonValue) -> JsonValue:
        if not isinstance(node, dict | list):
            return node
        known = done.get(id(node))
        if known is not None:
            return known
        if isinstance(node, list):
            found: JsonValue = [visit(element) for element in node]
        elif len(node) == 1 and isinstance(name := node.get("Fn::GetAtt"), str):
            found = {"Fn::GetAtt": list(name.partition(".")[::2])}
        else:
            found = {key: visit(member) for key, member in node.items()}
        done[id(node)] = found
        return found

    return visit(value)


def _line(document: Document, *pointers: str) -> str:
    """`:12`, the line of the first pointer that has one; empty if none has."""
    return next((f":{document.lines[pointer]}" for pointer in pointers if pointer in document.lines), "")


def _type(value: JsonValue) -> str:
    return {"dict": "mapping", "NoneType": "null"}.get(type(value).__name__, type(value).__name__)
