"""Stacks for one run alone: they have separate names, and nothing in them outlives their deletion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from stackproof.core.json import JsonObject, JsonValue
from stackproof.deployment.ephemeral_stack import Overridden
from stackproof.template.assembly import Stack
from stackproof.template.nested import with_nested_template
from stackproof.template.template import Resource, Template

__all__ = ["OVERRIDES", "Ephemeral", "ephemeral"]

OVERRIDES: Final[Mapping[tuple[str, str], JsonValue]] = {
    ("AWS::Cognito::UserPool", "DeletionProtection"): "INACTIVE",
    ("AWS::DSQL::Cluster", "DeletionProtectionEnabled"): False,
    ("AWS::DocDB::DBCluster", "DeletionProtection"): False,
    ("AWS::DynamoDB::Table", "DeletionProtectionEnabled"): False,
    ("AWS::EC2::Instance", "DisableApiTermination"): False,
    ("AWS::ECR::Repository", "EmptyOnDelete"): True,
    ("AWS::EKS::Cluster", "DeletionProtection"): False,
    ("AWS::Logs::LogGroup", "DeletionProtectionEnabled"): False,
    ("AWS::Neptune::DBCluster", "DeletionProtection"): False,
    ("AWS::NetworkFirewall::Firewall", "DeleteProtection"): False,
    ("AWS::RDS::DBCluster", "DeletionProtection"): False,
    ("AWS::RDS::DBInstance", "DeleteAutomatedBackups"): True,
    ("AWS::RDS::DBInstance", "DeletionProtection"): False,
    ("AWS::RDS::GlobalCluster", "DeletionProtection"): False,
}
"""What would keep a resource, or something of it, from being deleted: (type, property) → what it is instead.

Besides these: `DeletionPolicy` and `UpdateReplacePolicy` are Delete everywhere, the deletion protection of load
balancers and of the replicas of global tables is off, and buckets are emptied before the stack is deleted. Nothing else
of a template is touched.
"""

_POLICIES: Final = ("DeletionPolicy", "UpdateReplacePolicy")
_SNAPSHOT_BY_DEFAULT: Final = frozenset({"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"})
_DEFAULTS: Final[Mapping[tuple[str, str], JsonValue]] = {
    key: value for key, value in OVERRIDES.items() if value in {False, "INACTIVE"} or key[1] == "DeleteAutomatedBackups"
}
"""Those that are so already where a template does not set them."""

_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_PROTECTED: Final = "DeletionProtectionEnabled"
_BALANCER_KEY: Final = "deletion_protection.enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ephemeral:
    """The stacks of one run, under their own names, and everything that they have otherwise than the app's."""

    stacks: tuple[Stack, ...]
    overridden: tuple[Overridden, ...]


def ephemeral(stacks: Sequence[Stack], suffix: str) -> Ephemeral:
    """The stacks with a suffix to their names and to the exports that pass between them, and nothing that stays.

    A name that is fixed in the template stays as it is: CloudFormation refuses it where it is taken, except for what is
    attached to something else (see `stackproof.deployment.attachments`).
    """
    exports = {name for stack in stacks for name in _exported(stack.template.body)}
    trees = [_tree(stack, stacks, exports, suffix) for stack in stacks if stack.parent is None]
    made = (stack for tree in trees for stack in tree.stacks)
    overridden = (change for tree in trees for change in tree.overridden)
    return Ephemeral(stacks=tuple(sorted(made, key=lambda stack: stack.name)), overridden=tuple(sorted(overridden)))


def _tree(stack: Stack, stacks: Sequence[Stack], exports: set[str], suffix: str) -> Ephemeral:
    """The stack, first, and all that are nested in it."""
    body, changes = _overridden(stack)
    made = replace(
        stack, template=_with_body(stack.template, _suffixed(body, exports, suffix)), termination_protection=False
    )
    below: list[Stack] = []
    within = (other for other in stacks if other.parent == stack.artifact)
    for nested in sorted(within, key=lambda other: other.name):
        tree = _tree(replace(nested, assets=made.assets), stacks, exports, suffix)  # the files are all the root's
        inner = tree.stacks[0]
        made = replace(made, assets=inner.assets)
        made = with_nested_template(made, nested.template.path, inner.template.body)
        below.extend(tree.stacks)
        changes = [*changes, *tree.overridden]
    made = replace(made, name=_renamed(stack.name, suffix))
    return Ephemeral(stacks=(made, *below), overridden=tuple(changes))


def _renamed(name: str, suffix: str) -> str:
    """A nested stack's name begins with that of the stack that nests it."""
    root, slash, rest = name.partition("/")
    return f"{root}-{suffix}{slash}{rest}"


def _overridden(stack: Stack) -> tuple[JsonObject, list[Overridden]]:
    changes: list[Overridden] = []
    resources: dict[str, JsonValue] = {}
    for resource in stack.template.resources:
        policies = _policies(resource)
        properties = _switched_off(resource)
        body: dict[str, JsonValue] = {**resource.body, **dict.fromkeys(policies, "Delete")}
        if properties or resource.properties:
            body["Properties"] = {**resource.properties, **{name: value for name, (value, _) in properties.items()}}
        resources[resource.logical_id] = body
        overridden = {f"/{name}": "Delete" for name in policies}
        overridden |= {f"/Properties/{name}": words for name, (_, words) in properties.items()}
        changes += [
            Overridden(
                stack_name=stack.template.stack_name or stack.name,
                logical_id=resource.logical_id,
                resource_type=resource.resource_type,
                path=path,
                value=value,
            )
            for path, value in overridden.items()
        ]
    written = stack.template.section("Resources")
    return {**stack.template.body, "Resources": {**written, **resources}}, changes


def _policies(resource: Resource) -> tuple[str, ...]:
    """The policies of a resource by which it would outlive its stack."""
    by_default = resource.resource_type in _SNAPSHOT_BY_DEFAULT
    return tuple(
        policy
        for policy in _POLICIES
        if (policy in resource.body or by_default) and resource.body.get(policy) != "Delete"
    )


def _switched_off(resource: Resource) -> dict[str, tuple[JsonValue, str]]:
    """The properties that keep a resource from being deleted, with what they are instead, and that in words."""
    found: dict[str, tuple[JsonValue, str]] = {
        name: (value, str(value))
        for (resource_type, name), value in OVERRIDES.items()
        if resource_type == resource.resource_type
        and resource.properties.get(name, _DEFAULTS.get((resource_type, name))) != value
    }
    attributes = resource.properties.get("LoadBalancerAttributes")
    if resource.resource_type == _BALANCER and isinstance(attributes, list):
        kept = [
            attribute
            for attribute in attributes
            if not (isinstance(attribute, Mapping) and attribute.get("Key") == _BALANCER_KEY)
        ]
        if len(kept) < len(attributes):
            off: JsonValue = [*kept, {"Key": _BALANCER_KEY, "Value": "false"}]
            found["LoadBalancerAttributes"] = (off, f"{_BALANCER_KEY} = false")
    replicas = resource.properties.get("Replicas")
    if resource.resource_type == "AWS::DynamoDB::GlobalTable" and isinstance(replicas, list):
        bare: JsonValue = [
            {**replica, _PROTECTED: False}
            if isinstance(replica, Mapping) and replica.get(_PROTECTED, False)
            else replica
            for replica in replicas
        ]
        if bare != replicas:
            found["Replicas"] = (bare, f"{_PROTECTED} = False")
    return found


def _with_body(template: Template, body: JsonObject) -> Template:
    """The template with another body, its resources where they were written."""
    written = body["Resources"] if isinstance(body.get("Resources"), Mapping) else {}
    assert isinstance(written, Mapping)  # noqa: S101 - the line above says so
    resources = []
    for resource in template.resources:
        own = written[resource.logical_id]
        resources.append(replace(resource, body=own) if isinstance(own, Mapping) else resource)
    return replace(template, body=body, resources=tuple(resources))


def _exported(body: JsonObject) -> list[str]:
    found: list[str] = []
    outputs = body.get("Outputs")
    for output in outputs.values() if isinstance(outputs, Mapping) else ():
        export = output.get("Export") if isinstance(output, Mapping) else None
        name = export.get("Name") if isinstance(export, Mapping) else None
        if isinstance(name, str):
            found.append(name)
    return found


def _suffixed(value: JsonObject, exports: set[str], suffix: str) -> JsonObject:
    """The same with a suffix to each export of these, where it is made and where it is taken."""

    def walk(here: JsonValue, key: str) -> JsonValue:
        if isinstance(here, Mapping):
            return {
                name: walk(element, "Export" if key == "Export" and name == "Name" else name)
                for name, element in here.items()
            }
        if isinstance(here, list):
            return [walk(member, "") for member in here]
        if isinstance(here, str) and key in {"Fn::ImportValue", "Export"} and here in exports:
            return f"{here}-{suffix}"
        return here

    found = walk(value, "")
    return found if isinstance(found, Mapping) else value
