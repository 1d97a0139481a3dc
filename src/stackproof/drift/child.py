"""What is live beside the templates: children of resources, and resources of a list."""

from __future__ import annotations

from dataclasses import dataclass, field

from stackproof.core.json import JsonObject, JsonValue

__all__ = ["Child", "Listed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """Something live that hangs on a resource: what CloudFormation would call it, and what tells it from others.

    `child_id` names it for a person and a waiver. `physical_id` is what CloudFormation would have for it, empty where
    that is not known. `identity` are properties by which a resource of a template is recognised as this one.
    """

    resource_type: str
    child_id: str
    value: JsonValue
    physical_id: str = ""
    identity: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A live resource out of a list.

    `vpc_id` is None where the type knows no VPC, `region` empty where the list does not tell it.
    """

    resource_type: str
    physical_id: str
    name: str
    arn: str
    vpc_id: str | None = None
    region: str = ""
