"""What a template says to engines about themselves: taken out, since waivers stand in one place only, and told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from stackproof.model.finding import Level, Notification
from stackproof.model.json import JsonObject, JsonValue
from stackproof.model.template import Template

__all__ = ["without_silencers"]

_KEYS = frozenset({"cfn-lint", "cfn_nag", "checkov", "bridgecrew", "guard", "cfn-guard", "cloudformation-validate"})
_COMMENTS = (b"checkov:skip=", b"bridgecrew:skip=")


def without_silencers(template: Template) -> tuple[JsonObject, tuple[Notification, ...]]:
    """The body without them, and a note that names each; `Metadata` that is no mapping goes as well."""
    body, places = _stripped(template.body), list(_silencers(template.body, "Metadata"))
    resources = body.get("Resources")
    if isinstance(resources, Mapping):
        body["Resources"] = {
            logical_id: _stripped(each) if isinstance(each, Mapping) else each for logical_id, each in resources.items()
        }
        for logical_id, each in resources.items():
            if isinstance(each, Mapping):
                places += _silencers(each, f"Resources.{logical_id}.Metadata")
    if _has_comments(template):
        places.append("a comment")
    notes = (
        Notification(
            level=Level.NOTE,
            message=f"{place} would silence rules and was not heeded: waivers stand in waivers.yaml",
            file=template.file,
        )
        for place in sorted(places)
    )
    return body, tuple(notes)


def _stripped(owner: JsonObject) -> dict[str, JsonValue]:
    copy = dict(owner)
    metadata = copy.pop("Metadata", None)
    if isinstance(metadata, Mapping):
        copy["Metadata"] = {key: value for key, value in metadata.items() if key not in _KEYS}
    return copy


def _silencers(owner: JsonObject, place: str) -> Iterator[str]:
    metadata = owner.get("Metadata")
    if isinstance(metadata, Mapping):
        yield from (f"{place}.{key}" for key in metadata if key in _KEYS)


def _has_comments(template: Template) -> bool:
    try:
        data = Path(template.path).read_bytes() if Path(template.path).is_file() else b""
    except OSError:
        return False
    return any(each in data for each in _COMMENTS)
