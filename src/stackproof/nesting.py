"""A stack whose nested template is another one than the app wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from stackproof.model.assembly import FileAsset, Stack
from stackproof.model.json import JsonObject, JsonValue, digest
from stackproof.model.template import Template

__all__ = ["with_nested_template"]


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
