"""One template file as a value, or one clear line on what is wrong with it."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stackproof.errors import InputError
from stackproof.loading.syntax import MAX_BYTES, Document, SyntaxProblem, parse_text
from stackproof.model.json import JsonObject, JsonValue
from stackproof.model.location import SourceLine
from stackproof.model.template import Resource, Template

__all__ = ["STDIN", "ResourceFacts", "parse_template", "read_bounded"]

STDIN = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFacts:
    """What someone else knows of a resource: a cloud assembly's metadata."""

    construct_path: str | None = None
    source: SourceLine | None = None
    property_sources: Mapping[str, SourceLine] = field(default_factory=dict)
    generated: bool = False


def parse_template(
    path: Path,
    *,
    file: str,
    stack_name: str | None = None,
    describe: Callable[[str, JsonObject], ResourceFacts] | None = None,
) -> Template:
    """Read a template; `file` is its name in reports. Raises InputError with that name and the reason."""
    raw = read_bounded(path, file)
    try:
        text = raw.decode("utf-8-sig")
        document = parse_text(text)
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 (byte {error.start})") from error
    except SyntaxProblem as error:
        raise InputError(f"{file}: {error}") from error
    body = _template_body(document, file)
    return Template(
        file=file,
        path=str(path),
        body=body,
        digest=hashlib.sha256(raw).hexdigest(),
        resources=_resources(body, document, file=file, stack_name=stack_name, describe=describe or _known_by_path),
        stack_name=stack_name,
    )


def read_bounded(path: Path, file: str) -> bytes:
    """The bytes of a regular file (or of standard input for "-"), not more than a template may have."""
    try:
        if path == STDIN:
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as stream:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise InputError(f"{file}: no regular file")
                raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(f"{file}: there is no such file") from error
    except IsADirectoryError as error:
        raise InputError(f"{file}: is a folder") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InputError(f"{file}: cannot be read: {reason}") from error
    if len(raw) > MAX_BYTES:
        raise InputError(f"{file}: larger than {MAX_BYTES // 1_000_000} MB, which no template may be")
    if not raw.strip():
        raise InputError(f"{file}: empty")
    return raw


def _template_body(document: Document, file: str) -> JsonObject:
    body = document.body
    if not isinstance(body, Mapping):
        raise InputError(f"{file}: no template: it holds {_kind(body)}, not an object with Resources")
    resources = body.get("Resources")
    if resources is None:
        raise InputError(f"{file}: no template: it has no Resources")
    if not isinstance(resources, Mapping):
        raise InputError(f"{file}: Resources is {_kind(resources)}, not an object")
    if not resources:
        raise InputError(f"{file}: Resources is empty: there is nothing to judge")
    return body


def _resources(
    body: JsonObject,
    document: Document,
    *,
    file: str,
    stack_name: str | None,
    describe: Callable[[str, JsonObject], ResourceFacts],
) -> tuple[Resource, ...]:
    found: list[Resource] = []
    resources = body["Resources"]
    for logical_id, entry in sorted(resources.items()) if isinstance(resources, Mapping) else ():
        if logical_id.startswith("Fn::"):
            continue  # Fn::ForEach makes resources only where it is deployed; engines say that they did not look.
        line = document.lines.get(logical_id)
        place = f"{file}:{line}: {logical_id}" if line else f"{file}: {logical_id}"
        resource_type = _resource_type(entry, place)
        facts = describe(logical_id, entry) if isinstance(entry, Mapping) else ResourceFacts()
        found.append(
            Resource(
                logical_id=logical_id,
                resource_type=resource_type,
                body=entry if isinstance(entry, Mapping) else {},
                stack_name=stack_name,
                construct_path=facts.construct_path,
                source=facts.source,
                property_sources=facts.property_sources,
                generated=facts.generated,
                template_file=file,
                template_line=line,
            )
        )
    return tuple(found)


def _resource_type(entry: JsonValue, place: str) -> str:
    if not isinstance(entry, Mapping):
        raise InputError(f"{place}: a resource must be an object, not {_kind(entry)}")
    resource_type = entry.get("Type")
    if "Type" not in entry:
        raise InputError(f"{place}: the resource has no Type")
    if not isinstance(resource_type, str):
        raise InputError(f"{place}: Type must be a string, not {_kind(resource_type)}")
    properties = entry.get("Properties", {})
    if not isinstance(properties, Mapping):
        raise InputError(f"{place}: Properties must be an object, not {_kind(properties)}")
    return resource_type


def _known_by_path(_: str, entry: JsonObject) -> ResourceFacts:
    """A template that CDK wrote names its constructs also where the rest of the assembly is missing."""
    metadata = entry.get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, Mapping) else None
    return ResourceFacts(construct_path=path if isinstance(path, str) else None)


def _kind(value: JsonValue) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
