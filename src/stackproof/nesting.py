"""Nested stacks: which file is the template of one, which of them nobody can judge, and another template for one."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from stackproof.model.assembly import FileAsset, Stack
from stackproof.model.finding import Level, Notification
from stackproof.model.json import JsonObject, JsonValue, digest
from stackproof.model.secret_values import masked_text
from stackproof.model.template import Resource, Template

__all__ = ["file_of_nested", "is_nested_stack", "unjudged_nested", "url_in_words", "with_nested_template"]

_URL_OF: Final = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_OPEN: Final = "…"
"""What is put in place of a part of a URL that only a deployment knows."""


def is_nested_stack(resource: Resource) -> bool:
    """Whether the resource is a stack that another template describes."""
    return resource.resource_type in _URL_OF


def file_of_nested(resource: Resource, published: Mapping[str, str]) -> str | None:
    """The template's file in a cloud assembly, relative to the folder of its manifest; None where there is none.

    `published` maps the object keys of the asset manifests to files. CDK's `NestedStack` writes the file into the
    metadata; of a `CfnStack` that takes an asset only the URL tells which one it is.
    """
    metadata = resource.body.get("Metadata")
    file = metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None
    if isinstance(file, str):
        return file
    url = _url_of(resource).partition("?")[0]
    return next((path for key, path in sorted(published.items()) if url.endswith(f"/{key}")), None)


def url_in_words(resource: Resource) -> str:
    """The URL of the template as far as it is known, without what may be a secret in it."""
    url = _url_of(resource)
    return masked_text(url) if url else f"no {_URL_OF[resource.resource_type]}"


def unjudged_nested(templates: Sequence[Template], stacks: Sequence[Stack]) -> Iterator[Notification]:
    """An error for each nested stack whose template is not part of the run: nothing in it was judged.

    `stacks` know which of theirs are missing. A template by itself may name another one of `templates`, by a path or
    by a URL that ends in the name of just one of them; the second is a guess, and a note names it.
    """
    for stack in stacks:
        for logical_id, why in stack.missing_nested.items():
            resource = stack.template.resource(logical_id)
            if resource is not None:
                remedy = "make its template an asset of the app, or check it as well"
                yield _told(resource, stack.template, templates, why=f"{why}; {remedy}")
    for template in templates:
        for resource in template.resources:
            if is_nested_stack(resource) and not _is_path_to(resource, template, templates):
                why = f"{url_in_words(resource)} is not among the templates of this run; check it as well"
                yield _told(resource, template, templates, why=why)


def _told(resource: Resource, template: Template, templates: Sequence[Template], *, why: str) -> Notification:
    return _judged_elsewhere(resource, template, templates) or _missing(resource, template, why)


def _missing(resource: Resource, template: Template, why: str) -> Notification:
    given = posixpath.dirname(template.file) if template.stack_name else template.file
    message = f"nested stack {resource.logical_id} was not judged: {why}: stackproof check {given} NESTED-TEMPLATE"
    return Notification(level=Level.ERROR, message=message, file=str(resource.location()))


def _is_path_to(resource: Resource, template: Template, templates: Sequence[Template]) -> bool:
    """Whether it names another template of the run by a path, as before `aws cloudformation package`."""
    url = _url_of(resource)
    if not url or "://" in url:
        return False
    path = posixpath.normpath(posixpath.join(posixpath.dirname(template.path), url))
    return any(path == posixpath.normpath(other.path) for other in templates if other is not template)


def _judged_elsewhere(resource: Resource, template: Template, templates: Sequence[Template]) -> Notification | None:
    """A note where the URL ends in the name of just one other template of the run."""
    name = posixpath.basename(_url_of(resource).partition("?")[0])
    named = [other for other in templates if other is not template and posixpath.basename(other.path) == name]
    if len(named) != 1 or not name or "://" not in _url_of(resource):
        return None
    message = f"nested stack {resource.logical_id} was judged as {named[0].file}, the template of that name in this run"
    return Notification(level=Level.NOTE, message=message, file=str(resource.location()))


def _url_of(resource: Resource) -> str:
    """The URL or path of the template, with a mark for each part that is not known; "" for none."""
    return _text(resource.properties.get(_URL_OF.get(resource.resource_type, "")))


def _text(url: JsonValue) -> str:
    if isinstance(url, str):
        return url
    if isinstance(url, Mapping) and len(url) == 1:
        ((function, argument),) = url.items()
        if function == "Fn::Sub":
            return _text(argument[0] if isinstance(argument, list) and argument else argument)
        if function == "Fn::Join":
            return _joined(argument)
    return _OPEN if url is not None else ""


def _joined(argument: JsonValue) -> str:
    match argument:
        case [str() as delimiter, list() as parts]:
            return delimiter.join(_text(part) for part in parts)
        case _:
            return _OPEN


def with_nested_template(stack: Stack, path: str, body: JsonObject) -> Stack:
    """The stack with the body for the nested template of that path: another file at another key, and its URL.

    A stack that has no such file is given back as it is.
    """
    name = path.replace("\\", "/").rpartition("/")[2]
    asset = next((each for each in stack.assets if each.path.replace("\\", "/").rpartition("/")[2] == name), None)
    if asset is None:
        return stack
    made = FileAsset(
        path=asset.path,
        packaging="file",
        bucket=asset.bucket,
        key=f"stackproof/{digest(body)}.json",
        content=json.dumps(body, separators=(",", ":"), sort_keys=True),
    )
    assets = tuple(made if each is asset else each for each in stack.assets)
    return replace(stack, assets=assets, template=_pointing(stack.template, asset.key, made.key))


def _pointing(template: Template, before: str, after: str) -> Template:
    """The template with another key in each `TemplateURL` that names the one before."""
    resources = []
    bodies: dict[str, JsonValue] = {}
    for each in template.resources:
        url = each.properties.get("TemplateURL")
        if url is None or before not in json.dumps(url):
            resources.append(each)
            continue
        body = {**each.body, "Properties": {**each.properties, "TemplateURL": _replaced(url, before, after)}}
        resources.append(replace(each, body=body))
        bodies[each.logical_id] = body
    whole = {**template.body, "Resources": {**template.section("Resources"), **bodies}}
    return replace(template, body=whole, resources=tuple(resources))


def _replaced(value: JsonValue, before: str, after: str) -> JsonValue:
    if isinstance(value, Mapping):
        return {name: _replaced(each, before, after) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, before, after) for each in value]
    return value.replace(before, after) if isinstance(value, str) else value
