"""What intrinsic functions give for a stack that runs: physical ids, attributes, exports."""

from __future__ import annotations

from collections.abc import Mapping

from stackproof.deployment.deployment import Deployment
from stackproof.template.intrinsics import Attribute, Context, Reference, typed
from stackproof.template.template import Template

__all__ = ["live_context"]


def live_context(
    template: Template,
    deployment: Deployment,
    *,
    reference: Reference | None = None,
    attribute: Attribute | None = None,
) -> Context:
    """What is known of a deployed stack: effective parameters, pseudo parameters, exports and its resources."""
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
