"""A deployed stack as a value: the physical resource of each logical id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stackproof.core.json import JsonObject, JsonValue, as_object, as_objects, as_strings

__all__ = ["DeployedResource", "Deployment"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DeployedResource:
    """One row of CloudFormation's `ListStackResources`; `physical_id` is empty where a target gives none."""

    logical_id: str
    physical_id: str
    resource_type: str
    status: str

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "logical_id": self.logical_id,
            "physical_id": self.physical_id,
            "resource_type": self.resource_type,
            "status": self.status,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> DeployedResource:
        return cls(
            logical_id=str(data["logical_id"]),
            physical_id=str(data["physical_id"]),
            resource_type=str(data["resource_type"]),
            status=str(data["status"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One stack as it runs on one target. `parameters` are the effective values, `exports` those of the whole account.

    `zones` are what `Fn::GetAZs` gives in the region; empty where they could not be read. `pruned` are resources of
    the template that the target was not even given, with the reason; `unordered` are those that do not wait for what
    is not there of their `DependsOn`. `tags` are the stack's own, which CloudFormation gives to all that it makes.
    """

    stack_name: str
    stack_id: str
    status: str
    account: str
    region: str
    partition: str = "aws"
    resources: tuple[DeployedResource, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    pruned: Mapping[str, str] = field(default_factory=dict)
    unordered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def resource(self, logical_id: str) -> DeployedResource | None:
        """The deployed resource of that logical id, or None."""
        return next((resource for resource in self.resources if resource.logical_id == logical_id), None)

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "stack_name": self.stack_name,
            "stack_id": self.stack_id,
            "status": self.status,
            "account": self.account,
            "region": self.region,
            "partition": self.partition,
            "resources": [resource.to_dict() for resource in self.resources],
            "outputs": dict(self.outputs),
            "parameters": dict(self.parameters),
            "exports": dict(self.exports),
            "zones": list(self.zones),
            "pruned": dict(self.pruned),
            "unordered": {name: list(dependencies) for name, dependencies in self.unordered.items()},
            "tags": dict(self.tags),
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Deployment:
        return cls(
            stack_name=str(data["stack_name"]),
            stack_id=str(data["stack_id"]),
            status=str(data["status"]),
            account=str(data["account"]),
            region=str(data["region"]),
            partition=str(data["partition"]),
            resources=tuple(DeployedResource.from_dict(resource) for resource in as_objects(data["resources"])),
            outputs={key: str(value) for key, value in as_object(data["outputs"]).items()},
            parameters={key: str(value) for key, value in as_object(data["parameters"]).items()},
            exports={key: str(value) for key, value in as_object(data["exports"]).items()},
            zones=as_strings(data["zones"]),
            pruned={key: str(value) for key, value in as_object(data["pruned"]).items()},
            unordered={
                key: as_strings(dependencies) for key, dependencies in as_object(data.get("unordered", {})).items()
            },
            tags={key: str(value) for key, value in as_object(data.get("tags", {})).items()},
        )
