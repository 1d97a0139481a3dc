"""The values of intrinsic functions in a running stack: physical ids, attributes, exports."""

from __future__ import annotations

from collections.abc import Mapping

from stackproof.deployment.deployment import Deployment
from stackproof.template.intrinsics import Attribute, Context, Reference, references, typed
from stackproof.template.template import Template

__all__ = ["circular_resources", "live_context"]


def live_context(
    template: Template,
    deployment: Deployment,
    *,
    reference: Reference | None = None,
    attribute: Attribute | None = None,
) -> Context:
    """The known values of a deployed stack: effective parameters, pseudo parameters, exports and its resources."""
    sections = template.section("Parameters")
    kinds = {
        name: str(section.get("Type")) if isinstance(section, Mapping) else "String"
        for name, section in sections.items()
    }
    suffix = "amazonaws.com.cn" if deployment.partition == "aws-cn" else "amazonaws.com"
    return Context(
        parameters={name: typed(value, kinds[name]) for name, value in deployment.parameters.items() if name in kinds},
        pseudo={
            "AWS::AccountId": deployment.account,
            "AWS::Partition": deployment.partition,
            "AWS::Region": deployment.region,
            "AWS::StackId": deployment.stack_id,
            "AWS::StackName": deployment.stack_name,
            "AWS::URLSuffix": suffix,
        },
        conditions=template.section("Conditions"),
        mappings=template.section("Mappings"),
        declared=frozenset(sections),
        exports=deployment.exports,
        zones=deployment.zones,
        reference=reference,
        attribute=attribute,
    )


def circular_resources(template: Template) -> frozenset[str]:
    """Resources that refer to themselves in the end; no such stack deploys, and waiting for them would not end."""
    edges = {resource.logical_id: references(resource.properties) for resource in template.resources}

    def reaches_itself(start: str) -> bool:
        seen: set[str] = set()
        waiting = list(edges[start])
        while waiting:
            here = waiting.pop()
            if here == start:
                return True
            if here in edges and here not in seen:
                seen.add(here)
                waiting.extend(edges[here])
        return False

    return frozenset(edge for edge in edges if reaches_itself(edge))
