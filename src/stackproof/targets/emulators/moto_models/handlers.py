"""How one resource type is created and deleted on an emulator: by calls to its service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

__all__ = ["Call", "Created", "Handler", "document", "fitted", "tag_map"]

_DYNAMIC: Final = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")

_END: Final = 13  # a hyphen and moto's twelve random characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A new resource: its physical id (what `Ref` gives) and what `Fn::GetAtt` gives."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request of CloudFormation to a handler. `name` is the resource's name, generated if the template has none."""

    client: Callable[[str], Any]
    logical_id: str
    name: str
    properties: Mapping[str, Any]
    account: str
    region: str
    physical_id: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.properties[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A property, or the default where the template does not set it."""
        return self.properties.get(name, default)

    def send(self, service: str, operation: str, /, **parameters: Any) -> Any:
        """Call the service with the parameters that the operation has, each in the type that it has there."""
        client = self.client(service)
        method = client.meta.method_to_api_mapping[operation]
        shape = client.meta.service_model.operation_model(method).input_shape
        return getattr(client, operation)(**fitted(parameters, shape))

    def tag_specification(self, resource_type: str) -> list[dict[str, Any]]:
        """Tags as EC2 takes them at creation."""
        tags = self.get("Tags")
        return [{"ResourceType": resource_type, "Tags": tags}] if tags else []

    def resolved(self) -> Call:
        """The call with its dynamic references resolved, as CloudFormation does before it calls a handler."""
        return replace(self, properties=self._resolved(self.properties))

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, str):
            return _DYNAMIC.sub(lambda match: self._dynamic(match[1], match[2]), value)
        if isinstance(value, Mapping):
            return {key: self._resolved(member) for key, member in value.items()}
        if isinstance(value, Sequence):
            return [self._resolved(member) for member in value]
        return value

    def _dynamic(self, service: str, text: str) -> str:
        if service != "secretsmanager":
            name = text.partition(":")[0]
            return str(self.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
        secret, _, rest = text.partition(":SecretString")
        value = str(self.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
        key = rest.removeprefix(":").partition(":")[0]
        return str(json.loads(value)[key]) if key else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Creates and deletes resources of one type.

    `name_property` is the property that names them, if there is one; generated names are cut to `longest` characters.
    """

    create: Callable[[Call], Created]
    delete: Callable[[Call], object] = lambda _: None
    name_property: str = ""
    longest: int = 255

    def shortened(self, name: str) -> str:
        """A generated name that is not too long, with its random end kept."""
        return name if len(name) <= self.longest else f"{name[: self.longest - _END]}{name[-_END:]}"


def fitted(value: Any, shape: Any) -> Any:
    """The value in an API's types ("100" where a number is due) and in its capitals.

    Members that the API does not have are left out.
    """
    kind = shape.type_name if shape is not None else ""
    if kind == "structure" and isinstance(value, Mapping):
        return {
            name: fitted(member, shape.members[name])
            for key, member in value.items()
            if (name := _member(key, shape)) and member is not None
        }
    if kind == "list" and isinstance(value, list | tuple):
        return [fitted(member, shape.member) for member in value]
    if kind == "map" and isinstance(value, Mapping):
        return {key: fitted(member, shape.value) for key, member in value.items()}
    return _SCALARS.get(kind, lambda same: same)(value)


def _member(key: str, shape: Any) -> str:
    """The member's own spelling: many APIs begin with a small letter where CloudFormation has a capital."""
    return next((name for name in (key, f"{key[:1].lower()}{key[1:]}") if name in shape.members), "")


def document(value: Any) -> str:
    """A policy or another document as the JSON text that APIs take."""
    return value if isinstance(value, str) else json.dumps(value)


def tag_map(tags: Any) -> dict[str, str]:
    """CloudFormation's list of tags as the mapping that some APIs take."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or ()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return document(value) if isinstance(value, Mapping | list) else str(value)


_SCALARS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "boolean": lambda value: str(value).lower() == "true",
    "double": float,
    "float": float,
    "integer": int,
    "long": int,
    "string": _text,
}
