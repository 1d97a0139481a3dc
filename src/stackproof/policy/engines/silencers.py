"""Removes a template's instructions to engines, so that the findings they cover are found, listed and waived."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stackproof.core.json import JsonObject, JsonValue
from stackproof.core.notification import Level, Notification
from stackproof.policy.engines.table import TABLE
from stackproof.policy.in_source import SILENCING_KEYS
from stackproof.template.template import Template

__all__ = ["silencing_comments", "without_silencers"]

_COMMENTS = tuple(comment for row in TABLE for comment in row.skip_comments)


def without_silencers(template: Template) -> JsonObject:
    """The body without them, and without a `Metadata` that is not a mapping."""
    body = _stripped(template.body)
    resources = body.get("Resources")
    if isinstance(resources, Mapping):
        body["Resources"] = {
            logical_id: _stripped(resource) if isinstance(resource, Mapping) else resource
            for logical_id, resource in resources.items()
        }
    return body


def silencing_comments(template: Template) -> tuple[Notification, ...]:
    """A note if the file has a comment that would skip rules: what has no place in the data is heeded by no one."""
    try:
        data = Path(template.path).read_bytes() if Path(template.path).is_file() else b""
    except OSError:
        return ()
    if not any(comment in data for comment in _COMMENTS):
        return ()
    message = "a comment would skip rules and was not heeded: write it as Metadata of the resource, or as a waiver"
    return (Notification(level=Level.NOTE, message=message, file=template.file),)


def _stripped(owner: JsonObject) -> dict[str, JsonValue]:
    copy = dict(owner)
    metadata = copy.pop("Metadata", None)
    if isinstance(metadata, Mapping):
        copy["Metadata"] = {key: value for key, value in metadata.items() if key not in SILENCING_KEYS}
    return copy
