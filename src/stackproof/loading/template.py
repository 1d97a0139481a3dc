"""A template file as a value: JSON or YAML, long-form intrinsic functions, and the line of every resource."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stackproof.errors import InputError
from stackproof.loading.document import Document
from stackproof.loading.files import read_bounded
from stackproof.loading.formats import parse_document
from stackproof.loading.pointers import escaped
from stackproof.model.json import JsonObject, JsonValue
from stackproof.model.location import SourceLine
from stackproof.model.template import Resource, Template

__all__ = ["Describe", "ResourceFacts", "load_template", "parse_bytes", "parse_template", "shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFacts:
    """What someone other than the template knows of a resource; the fields are those of `Resource`."""

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
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


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
        raise InputError(f"{file}: is no CloudFormation template: Unexpected type {_type(body)} (expected mapping)")
    return Template(
        file=file,
        path=path,
        body=body,
        digest=hashlib.sha256(data).hexdigest(),
        resources=_resources(body, document, file, stack_name, describe or _by_metadata),
        stack_name=stack_name,
    )


def _by_metadata(_logical_id: str, body: JsonObject) -> ResourceFacts:
    """CDK leaves the construct path in every template that it writes."""
    metadata = body.get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, Mapping) else None
    return ResourceFacts(construct_path=path if isinstance(path, str) else None)


def _resources(
    body: JsonObject, document: Document, file: str, stack_name: str | None, describe: Describe
) -> tuple[Resource, ...]:
    section = body.get("Resources")
    if "Resources" not in body:
        raise InputError(f"{file}: is no CloudFormation template: it has no Resources")
    if not isinstance(section, Mapping):
        where = _at(file, document, "/Resources")
        raise InputError(f"{where}: Resources: Unexpected type {_type(section)} (expected mapping)")
    if not section:
        raise InputError(f"{_at(file, document, '/Resources')}: Resources is empty")
    below = _property_lines(document)
    found = []
    for logical_id, entry in sorted(section.items()):
        if logical_id.startswith("Fn::"):
            continue  # a loop or macro makes resources here; engines say what they could not look at
        entry_body, resource_type = _entry(logical_id, entry, document, file)
        facts = describe(logical_id, entry_body)
        found.append(
            Resource(
                logical_id=logical_id,
                resource_type=resource_type,
                body=entry_body,
                stack_name=stack_name,
                construct_path=facts.construct_path,
                source=facts.source,
                property_sources=facts.property_sources,
                generated=facts.generated,
                template_file=file,
                template_line=document.lines.get(f"/Resources/{escaped(logical_id)}"),
                property_lines=below.get(escaped(logical_id), {}),
            )
        )
    return tuple(found)


def _entry(logical_id: str, entry: JsonValue, document: Document, file: str) -> tuple[JsonObject, str]:
    pointer = f"/Resources/{escaped(logical_id)}"
    where = _at(file, document, pointer)
    if not isinstance(entry, Mapping):
        raise InputError(f"{where}: Resources.{logical_id}: Unexpected type {_type(entry)} (expected mapping)")
    if "Type" not in entry:
        raise InputError(f"{where}: Resources.{logical_id}: Type is missing")
    resource_type = entry["Type"]
    if not isinstance(resource_type, str):
        where = _at(file, document, f"{pointer}/Type") if f"{pointer}/Type" in document.lines else where
        raise InputError(f"{where}: Resources.{logical_id}.Type: Unexpected type {_type(resource_type)} (expected str)")
    properties = entry.get("Properties", {})
    if not isinstance(properties, Mapping):
        # CloudFormation refuses a null here as well; an engine that reads it may lose every other resource of the file
        where = _at(file, document, f"{pointer}/Properties") if f"{pointer}/Properties" in document.lines else where
        raise InputError(
            f"{where}: Resources.{logical_id}.Properties: Unexpected type {_type(properties)} (expected mapping)"
        )
    return entry, resource_type


def _property_lines(document: Document) -> dict[str, dict[str, int]]:
    """Lines of the pointers below `/Resources/<id>/Properties`, by the id as it stands in the pointer."""
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

    def visit(each: JsonValue) -> JsonValue:
        if not isinstance(each, dict | list):
            return each
        known = done.get(id(each))
        if known is not None:
            return known
        if isinstance(each, list):
            found: JsonValue = [visit(item) for item in each]
        elif len(each) == 1 and isinstance(name := each.get("Fn::GetAtt"), str):
            found = {"Fn::GetAtt": list(name.partition(".")[::2])}
        else:
            found = {key: visit(item) for key, item in each.items()}
        done[id(each)] = found
        return found

    return visit(value)


def _at(file: str, document: Document, pointer: str) -> str:
    line = document.lines.get(pointer)
    return file if line is None else f"{file}:{line}"


def _type(value: JsonValue) -> str:
    return {"dict": "mapping", "NoneType": "null"}.get(type(value).__name__, type(value).__name__)
