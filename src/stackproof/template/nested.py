"""Nested stacks: which file is the template of one, which of them were not evaluated, and another template for one."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from stackproof.core.json import JsonObject, JsonValue, digest
from stackproof.core.notification import Level, Notification
from stackproof.core.secret_values import masked_text
from stackproof.template.assembly import FileAsset, Stack
from stackproof.template.intrinsics import resolve, static_context
from stackproof.template.template import Resource, Template

__all__ = ["file_of_nested", "is_nested_stack", "unevaluated_nested", "why_no_file", "with_nested_template"]

_URL_OF: Final = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_PSEUDO: Final = {
    name: f"${{{name}}}" for name in ("AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::URLSuffix")
}
"""Pseudo parameters as asset manifests write them, so that a URL and a destination can be compared."""


def is_nested_stack(resource: Resource) -> bool:
    """Whether the resource is a stack that another template describes."""
    return resource.resource_type in _URL_OF


def file_of_nested(resource: Resource, parent: Stack, published: Mapping[tuple[str, str], str]) -> str | None:
    """The template's file in a cloud assembly, relative to the folder of its manifest; None where there is none.

    `published` maps bucket and object key of each asset to its file. CDK's `NestedStack` writes the file into the
    metadata; for a `CfnStack` with an asset, only the URL identifies the file.
    """
    metadata = resource.body.get("Metadata")
    file = metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None
    if isinstance(file, str):
        return file
    url = _in_environment(_url_of(resource, parent.template) or "", parent)
    for (bucket, key), path in sorted(published.items()):
        if _is_url_of(url, bucket=_in_environment(bucket, parent), key=_in_environment(key, parent)):
            return path
    return None


def why_no_file(resource: Resource, template: Template) -> str:
    """Why the template of a nested stack is not known, for messages; possible secrets in its URL are masked."""
    name = _URL_OF[resource.resource_type]
    if name not in resource.properties:
        return f"it has no {name}"
    url = _url_of(resource, template)
    if url is not None and "://" not in url and not template.stack_name:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(template.file), url))
        return f"{path} is not part of this run (check both: stackproof check {template.file} {path})"
    if url is not None:
        return f"{masked_text(url)} is not part of {'the app' if template.stack_name else 'this run'}"
    if isinstance(resource.properties[name], Mapping) and "ApplicationId" in str(resource.properties[name]):
        return "its template is in the Serverless Application Repository"
    return f"its {name} depends on values that only a deployment knows"


def unevaluated_nested(templates: Sequence[Template], stacks: Sequence[Stack]) -> Iterator[Notification]:
    """An error for each nested stack whose template is not part of the run.

    `stacks` know their missing templates. A template by itself may name another one of `templates` by a path, as
    before `aws cloudformation package`; no file of the run shows which template a URL leads to.
    """
    for stack in stacks:
        for logical_id, why in stack.missing_nested.items():
            resource = stack.template.resource(logical_id)
            if resource is not None:
                yield _unevaluated(resource, why)
    for template in templates:
        for resource in template.resources:
            if is_nested_stack(resource) and not _is_path_to(resource, template, templates):
                yield _unevaluated(resource, why_no_file(resource, template))


def _unevaluated(resource: Resource, why: str) -> Notification:
    message = f"nested stack {resource.logical_id} was not evaluated: {why}"
    return Notification(level=Level.ERROR, message=message, file=str(resource.location()))


def _is_path_to(resource: Resource, template: Template, templates: Sequence[Template]) -> bool:
    url = _url_of(resource, template)
    if not url or "://" in url:
        return False
    path = posixpath.normpath(posixpath.join(posixpath.dirname(template.path), url))
    return any(path == posixpath.normpath(other.path) for other in templates if other is not template)


def _url_of(resource: Resource, template: Template) -> str | None:
    """The URL or path of the template as far as the parent's template has it, else None."""
    found = resolve(resource.properties.get(_URL_OF[resource.resource_type]), static_context(template, pseudo=_PSEUDO))
    return found if isinstance(found, str) else None


def _in_environment(text: str, stack: Stack) -> str:
    """The text with the account and region of the stack, where the app names them."""
    known = {"${AWS::AccountId}": stack.account, "${AWS::Region}": stack.region}
    for variable, value in known.items():
        text = text.replace(variable, value or variable)
    return text


def _is_url_of(url: str, *, bucket: str, key: str) -> bool:
    """Whether a URL is that of an object in S3: with the bucket in the path, in the host, or as `s3://`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "s3":
        return (parts.netloc, parts.path) == (bucket, f"/{key}")
    if parts.netloc.startswith(f"{bucket}.s3"):
        return parts.path == f"/{key}"
    return parts.netloc.partition(".")[0].startswith("s3") and parts.path == f"/{bucket}/{key}"


def with_nested_template(stack: Stack, path: str, body: JsonObject) -> Stack:
    """The stack with the body for the nested template of that path: another file at another key, and its URL.

    A stack that has no such file is given back as it is.
    """
    name = path.replace("\\", "/").rpartition("/")[2]
    asset = next((asset for asset in stack.assets if asset.path.replace("\\", "/").rpartition("/")[2] == name), None)
    if asset is None:
        return stack
    made = FileAsset(
        path=asset.path,
        packaging="file",
        bucket=asset.bucket,
        key=f"stackproof/{digest(body)}.json",
        content=json.dumps(body, separators=(",", ":"), sort_keys=True),
    )
    assets = tuple(made if other is asset else other for other in stack.assets)
    return replace(stack, assets=assets, template=_pointing(stack.template, asset.key, made.key))


def _pointing(template: Template, before: str, after: str) -> Template:
    """The template with another key in each `TemplateURL` that names the one before."""
    resources = []
    bodies: dict[str, JsonValue] = {}
    for resource in template.resources:
        url = resource.properties.get("TemplateURL")
        if url is None or before not in json.dumps(url):
            resources.append(resource)
            continue
        body = {**resource.body, "Properties": {**resource.properties, "TemplateURL": _replaced(url, before, after)}}
        resources.append(replace(resource, body=body))
        bodies[resource.logical_id] = body
    whole = {**template.body, "Resources": {**template.section("Resources"), **bodies}}
    return replace(template, body=whole, resources=tuple(resources))


def _replaced(value: JsonValue, before: str, after: str) -> JsonValue:
    if isinstance(value, Mapping):
        return {name: _replaced(element, before, after) for name, element in value.items()}
    if isinstance(value, list):
        return [_replaced(element, before, after) for element in value]
    return value.replace(before, after) if isinstance(value, str) else value
